//! A hub that tells a thousand watchers the newest state.

mod client;
mod config;
mod diff;
mod error;
mod frame;
mod hub;
mod message;
mod mirror;
mod pacing;
mod statistics;
mod topic;
mod view;

pub use client::{ClientId, CloseReason, Refused};
pub use config::{Config, Limits, Switch, Switches};
pub use diff::{Diff, apply, diff, strip_nulls};
pub use error::{Error, Result};
pub use hub::{Farewell, Hub, Outgoing, Wanted};
pub use message::{ClientMessage, Fault, Reply};
pub use mirror::Mirror;
pub use statistics::Statistics;
pub use topic::{Class, Nodes, TopicConfig, Urgency};
pub use view::ChannelId;
