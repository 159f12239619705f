//! What can go wrong when a node is asked, in words for its operator.

use std::{error::Error as _, io, time::Duration};

use piecewatch_model::Timestamp;

use crate::Address;

/// What went wrong when a node was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text is no address.
    #[error("{text:?} is no address of a node: {wrong}; write it as http://192.168.1.20:14002")]
    Address {
        /// The text.
        text: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// No connection was made.
    #[error("{address} does not answer")]
    NoConnection {
        /// Whom we asked.
        address: Address,
        /// The system's own words.
        #[source]
        source: io::Error,
    },
    /// No connection was made in time.
    #[error("{address} does not answer: no connection within {}", seconds(after))]
    NoConnectionInTime {
        /// Whom we asked.
        address: Address,
        /// How long we waited.
        after: Duration,
    },
    /// An answer was not complete in time.
    #[error(
        "{address} is too slow: its answer to {path} was not complete after {}",
        seconds(after)
    )]
    Slow {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// How long we waited.
        after: Duration,
    },
    /// A connection broke off.
    #[error("{address} broke off its answer to {path}")]
    BrokenOff {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// The protocol's own words.
        #[source]
        source: hyper::Error,
    },
    /// An answer is longer than any should be.
    #[error("{address} answers {path} with more than {max_bytes} bytes")]
    TooLong {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// The most that is taken.
        max_bytes: u64,
    },
    /// The node, or who stands before it, says that it cannot.
    #[error("{address} answers {path} with {status}{}", said(text))]
    Status {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// The status of HTTP.
        status: u16,
        /// The node's own words; empty when it said none.
        text: String,
    },
    /// A web page came where figures should have.
    #[error(
        "{address} answers {path} with a web page in place of JSON: is this the address of a node's dashboard?"
    )]
    WebPage {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
    },
    /// An answer is no JSON, or not the whole of it.
    #[error(
        "{address} answers {path} with {bytes} bytes that are no whole JSON: is this the address of a node's dashboard?"
    )]
    NotJson {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// How long the answer is.
        bytes: usize,
        /// Where it went wrong.
        #[source]
        source: serde_json::Error,
    },
    /// An answer is JSON, but not what a node answers.
    #[error("{address} answers {path} with what no known version of a node answers")]
    Strange {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// What is strange.
        #[source]
        source: serde_json::Error,
    },
    /// A node sends us to another host.
    #[error(
        "{address} sends {path} on to {to}, which is another place: write that address if it is the node's"
    )]
    Elsewhere {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// Where we should go.
        to: String,
    },
    /// A node sends us on and on.
    #[error("{address} sends {path} on and on: is this the address of a node's dashboard?")]
    Circle {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
    },
    /// Another node answers.
    #[error(
        "{address} answers for node {found}, but {expected} was there before: give a new node a name of its own, or correct the address"
    )]
    OtherNode {
        /// Whom we asked.
        address: Address,
        /// The node that was expected.
        expected: String,
        /// The node that answers.
        found: String,
    },
    /// A poll was not over in the time that it has.
    #[error("{address} was asked for {} and has not answered everything", seconds(after))]
    Long {
        /// Whom we asked.
        address: Address,
        /// How long.
        after: Duration,
    },
    /// Two clocks differ about the month.
    #[error(
        "{address} has its clock at {there} when it is {here} here: what it expects of a month is left out until the clocks agree"
    )]
    Clock {
        /// Whom we asked.
        address: Address,
        /// What the node's clock says.
        there: Timestamp,
        /// What ours says.
        here: Timestamp,
    },
    /// An answer about a satellite is about another one.
    #[error("{address} answers {path} for satellite {found}")]
    OtherSatellite {
        /// Whom we asked.
        address: Address,
        /// For what.
        path: String,
        /// The satellite that was answered for.
        found: String,
    },
}

/// The result of asking a node.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether asking again soon may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoConnection { .. }
            | Self::NoConnectionInTime { .. }
            | Self::Slow { .. }
            | Self::BrokenOff { .. } => true,
            // 500 is also what a node says while its databases are locked.
            Self::Status { status, .. } => *status >= 500,
            Self::Address { .. }
            | Self::TooLong { .. }
            | Self::WebPage { .. }
            | Self::NotJson { .. }
            | Self::Strange { .. }
            | Self::Elsewhere { .. }
            | Self::Circle { .. }
            | Self::OtherNode { .. }
            | Self::Long { .. }
            | Self::Clock { .. }
            | Self::OtherSatellite { .. } => false,
        }
    }

    /// Whether the node as a whole may be in trouble, not this question alone.
    pub(crate) const fn is_of_whole_node(&self) -> bool {
        match self {
            Self::Status { .. }
            | Self::Strange { .. }
            | Self::Clock { .. }
            | Self::OtherSatellite { .. } => false,
            Self::Address { .. }
            | Self::NoConnection { .. }
            | Self::NoConnectionInTime { .. }
            | Self::Slow { .. }
            | Self::BrokenOff { .. }
            | Self::TooLong { .. }
            | Self::WebPage { .. }
            | Self::NotJson { .. }
            | Self::Elsewhere { .. }
            | Self::Circle { .. }
            | Self::Long { .. }
            | Self::OtherNode { .. } => true,
        }
    }

    /// The error with its causes, in one line.
    pub fn words(&self) -> String {
        let mut words = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !words.ends_with(&more) {
                words.push_str(": ");
                words.push_str(&more);
            }
            cause = error.source();
        }
        words
    }
}

fn seconds(time: &Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
