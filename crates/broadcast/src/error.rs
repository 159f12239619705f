//! What is wrong with a hub's configuration, and with what a server sent.

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two topics of one name.
    #[error("topic {name:?} is given twice")]
    TopicTwice {
        /// The name.
        name: String,
    },
    /// A topic's highest rate is no rate.
    #[error("topic {name:?} is given at most {max_hz} times a second")]
    TopicRate {
        /// The topic.
        name: String,
        /// What was asked for.
        max_hz: f64,
    },
    /// A limit that lets nothing through.
    #[error("the limit {limit} must be at least 1")]
    Limit {
        /// The name of the field.
        limit: &'static str,
    },
    /// A frame of a server that a [`crate::Mirror`] cannot read.
    #[error("a frame that is none")]
    Frame {
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
}

/// What a function of this crate gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;
