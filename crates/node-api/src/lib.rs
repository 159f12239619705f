//! A typed client of a storage node's own HTTP API, over its versions.
//!
//! 1. **What nodes answer** ([`answer`]): from bytes to values with units, without I/O. What differs
//!    between versions is resolved there and nowhere else.
//! 2. **How they are asked** ([`Client`]): plain HTTP, one connection for a question, with limits on
//!    time and size ([`Limits`]) that hold against whatever answers, and a few tries for what may
//!    pass.
//! 3. **What belongs together** ([`poll`]): a few questions, the [`Fact`](piecewatch_model::Fact)s
//!    that they bring, and what they cost the node.
//!
//! Every [`Error`] says to an operator what is the matter with the address that was asked. Nothing
//! here reads a clock but to measure; which month it is follows from the `now` of the caller and
//! from what the node says.
//!
//! ```
//! use piecewatch_model::{ByteCount, MicroUsd};
//! use piecewatch_node_api::{Address, answer::{Dashboard, Estimates}};
//!
//! let address: Address = "http://192.168.1.20:14002".parse()?;
//! assert_eq!(address.to_string(), "http://192.168.1.20:14002");
//!
//! // `available` is the whole up to v1.142, and what is left from v1.143 on.
//! let old = br#"{"nodeID":"1abc","diskSpace":{"used":600,"trash":100,"available":1000}}"#;
//! let new = br#"{"nodeID":"1abc","diskSpace":{"used":700,"trash":100,"available":300,"allocated":1000}}"#;
//! let (old, new) = (Dashboard::from_json(old)?.space, Dashboard::from_json(new)?.space);
//! assert_eq!(old, new);
//! assert_eq!(new.available, Some(ByteCount::new(300)));
//!
//! // Nodes reckon in cents with a fraction; here money is exact.
//! let answer = br#"{"currentMonth":{"egressBandwidthPayout":5.83},"previousMonth":{}}"#;
//! let estimates = Estimates::of_satellite(answer)?;
//! assert_eq!(estimates.current.egress_payout, MicroUsd::new(58_300));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
pub mod answer;
mod client;
mod date;
mod error;
mod exchange;
mod gate;
mod limits;
pub mod poll;
mod wire;

pub use address::Address;
pub use client::{Client, Cost};
pub use error::{Error, Result};
pub use gate::Gate;
pub use limits::{Backoff, Limits};
