//! A hub that tells a thousand watchers the newest state, as snapshots and merge patches.
//!
//! An application has states, a JSON value for each *topic* and set of nodes, that change many times
//! a second. Browsers want to see them. This crate stands between: it knows neither what the states
//! mean nor how frames travel, and has one promise. **Each client that reads ends at the latest
//! state, and none ever goes back to an older one, whoever else is slow, silent or hostile.**
//!
//! # The policy
//!
//! - **The newest state wins.** A change is a mark, not a message. When it may go out the application
//!   is asked for the state, once for all who watch it ([`Want`]), and answers when it can. What
//!   changed in between is in the state anyway.
//! - **One window for all.** Changes within 75 ms go out together. After a pause the first one goes at
//!   once, so that a lone event waits for nothing. Under load ([`Broadcaster::press`], and the hub's
//!   own) the window widens up to a second, and narrows again; frames tell the load.
//! - **Urgent topics** ([`Urgency::AtOnce`]) go past the window.
//! - **Rates.** A topic has a highest rate, a client may ask for a lower one, and a tab that nobody
//!   looks at gets an update every five seconds. A *view* is a topic, a set of nodes and a [`Class`] of
//!   rates: clients that want nearly the same share one, and its messages are made once.
//! - **Patches.** A view counts its updates. Whoever has the one before gets an RFC 7396 merge patch,
//!   whoever has not, a snapshot. Members that are null do not exist: a merge patch means a removal
//!   by them.
//! - **A slow client costs a number.** Nothing is stored for it but the last update that it was given.
//!   It has one slot; while that is full it is left alone, and when it reads again it gets the newest.
//! - **Everything has a limit** ([`Limits`]). What is beyond is told why, and closed if it goes on. A
//!   client that answers no ping for 30 s, or takes nothing for 30 s, is closed.
//!
//! # The parts
//!
//! [`Hub`] is the core: it does no I/O and takes `now`. [`start`] gives the task around it: a
//! [`Broadcaster`] for those who tell of changes and bring clients, [`Want`]s for the application to
//! answer, and a [`Driver`] to spawn. A transport moves what [`Outbound::next`] gives to a socket, and
//! what the socket gives to [`Inbound::receive`]. [`Mirror`] is the client's side. An application that
//! gathers its changes is told when to have them ready: [`Driver::before_windows`].
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use piecewatch_broadcast::{CloseReason, Config, Mirror, Outgoing, TopicConfig, start};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let topics = [TopicConfig::new("overview"), TopicConfig::urgent("alerts")];
//! // A binary gives the time of day; here it stands still.
//! let clock = || SystemTime::UNIX_EPOCH;
//! let (broadcaster, mut wants, driver) = start(Config::new("e1", "1.0.0"), &topics, clock)?;
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let shutdown = async { drop(stopped.await) };
//! let driver = tokio::spawn(driver.run(shutdown, Duration::from_secs(1)));
//!
//! // The application: whoever asks is told how many uploads there were.
//! let (uploads, seen) = tokio::sync::watch::channel(41);
//! tokio::spawn(async move {
//!     while let Some(want) = wants.recv().await {
//!         want.answer(json!({"uploads": *seen.borrow(), "node": "n1"}));
//!     }
//! });
//!
//! // A client: a hello, the subscription, the state.
//! let mut connection = broadcaster.connect().await?;
//! connection.inbound.receive(br#"{"op":"subscribe","sub":1,"topic":"overview"}"#).await;
//! let mut mirror = Mirror::new();
//! while mirror.state(1).is_none() {
//!     if let Outgoing::Text(text) = connection.outbound.next().await {
//!         mirror.take(&text)?;
//!     }
//! }
//! assert_eq!(mirror.state(1), Some(&json!({"uploads": 41, "node": "n1"})));
//!
//! // One more upload: the frame brings what changed.
//! uploads.send(42)?;
//! broadcaster.changed("overview", Some("n1"));
//! let Outgoing::Text(text) = connection.outbound.next().await else { panic!("no frame") };
//! assert!(text.ends_with(br#""base":1,"kind":"patch","data":{"uploads":42}}]}"#));
//! mirror.take(&text)?;
//! assert_eq!(mirror.state(1), Some(&json!({"uploads": 42, "node": "n1"})));
//!
//! drop(stop);
//! assert_eq!(connection.outbound.next().await, Outgoing::Close(CloseReason::GoingAway));
//! drop(connection);
//! driver.await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it leaves to those who use it
//!
//! - **Who may connect**: origins, tokens, and the size at which a transport reads no further.
//! - **The size of states**: a topic bounds its tables to the top so many, and holds series as objects
//!   keyed by time: a patch sends arrays whole.
//! - **Which nodes there are**: a want names what the client named; [`Want::refuse`] says no.
//! - **Ordering**: what an application answers must be no older than what it answered before.

mod client;
mod config;
mod connection;
mod diff;
mod error;
mod frame;
mod hub;
mod inbox;
mod message;
mod mirror;
mod pacing;
mod statistics;
mod task;
mod topic;
mod view;

pub use client::{ClientId, CloseReason, Refused};
pub use config::{Config, Limits, Switch, Switches};
pub use connection::{Closing, Connection, Inbound, Outbound};
pub use diff::{Diff, apply, diff, strip_nulls};
pub use error::{Error, Result};
pub use hub::{Farewell, Hub, Outgoing, Wanted};
pub use message::{ClientMessage, Fault, Reply};
pub use mirror::Mirror;
pub use statistics::Statistics;
pub use task::{Broadcaster, Driver, WallClock, Want, start};
pub use topic::{Class, Nodes, TopicConfig, Urgency};
pub use view::ChannelId;
