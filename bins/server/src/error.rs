//! What can end the work, in a sentence or two: what is wrong, where, and what to do.

use std::{error::Error as _, io, net::SocketAddr, path::PathBuf};

/// What ended the work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Results cannot be written.
    #[error("cannot write the result")]
    Output(#[source] io::Error),
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file that would be written over.
    #[error("{} is there already; name another file{hint}", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
        /// What else could be done.
        hint: &'static str,
    },
    /// There is no database.
    #[error(
        "there is no database {}; name another file, or make one: piecewatch import --db {} --node NAME LOG",
        path.display(), path.display()
    )]
    NoDatabase {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file that should be one is empty.
    #[error(
        "{} is empty and no database; name another file, or make it one: piecewatch import --db {} --node NAME LOG",
        path.display(), path.display()
    )]
    EmptyDatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database is damaged; where, was told already.
    #[error(
        "{} is damaged in {places} places; restore a backup, or move it away and import the logs again",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// In how many places.
        places: usize,
    },
    /// The database does not know a node.
    #[error("{} knows no node named {name}; it knows {known}", path.display())]
    UnknownNode {
        /// The database.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The names that there are, as a list in words.
        known: String,
    },
    /// A window that ends before it begins.
    #[error(
        "the window ends at {to}, which is not after its beginning, {from}; exchange --from and --to"
    )]
    Window {
        /// Its beginning.
        from: piecewatch_model::Timestamp,
        /// Its end.
        to: piecewatch_model::Timestamp,
    },
    /// A log cannot be read. The text holds its causes.
    #[error("{0}")]
    Source(piecewatch_ingest::Error),
    /// Another process reads the same log into the same database all the time.
    #[error(
        "another process imports the same log into {}; wait until it is done, and run this again",
        path.display()
    )]
    Contended {
        /// The database.
        path: PathBuf,
    },
    /// The clock of this machine shows a year that there is not.
    #[error("the clock of this machine shows no year between 1 and 9999; set it")]
    Clock,
    /// What nodes earn cannot be told.
    #[error(transparent)]
    Earnings(#[from] std::sync::Arc<piecewatch_finance::Error>),
    /// The configuration is wrong, or the signals of the system cannot be received.
    #[error(transparent)]
    Configuration(#[from] piecewatch_collector::Error),
    /// A node of the command line is none. The text says what is wrong with it.
    #[error("--node: {0}")]
    Node(String),
    /// A node is named twice on the command line.
    #[error("--node names {name} twice; give each node a name of its own")]
    NamedTwice {
        /// The name.
        name: piecewatch_model::NodeName,
    },
    /// There is nobody to ask.
    #[error(
        "no node has an address to ask; write `api`, `databases` or `metrics` into its [[node]], or say --node NAME=http://HOST:14002"
    )]
    NobodyToAsk,
    /// Some nodes did not answer as nodes do; which and why was told in their place.
    #[error("{failed} of {asked} polls failed")]
    Unanswered {
        /// How many failed.
        failed: usize,
        /// How many there were.
        asked: usize,
    },
    /// Some polls failed the last time; which and why was told in their place.
    #[error("{failing} of {polled} polls fail")]
    Failing {
        /// How many fail.
        failing: usize,
        /// How many there are.
        polled: usize,
    },
    /// A part of the program ended that should not.
    #[error(
        "{what} ended by itself, which is a fault of this program: start it again, and please report what it said before"
    )]
    Ended {
        /// The part.
        what: String,
    },
    /// Not everything could be stopped in time.
    #[error("the stop took too long, and was cut off; what was not stored is read again")]
    Late,
    /// Somebody stopped the work before it was done.
    #[error("stopped before everything was asked; what was answered is stored")]
    Interrupted,
    /// The system gives no thread, or nothing to wait with.
    #[error("cannot start to ask")]
    Start(#[source] io::Error),
    /// A simulated node cannot show its dashboard.
    #[error("cannot simulate a node")]
    Simulated(#[source] piecewatch_simulator::Error),
    /// The token cannot be read.
    #[error("cannot read the token {}; check [server] token_file", path.display())]
    Token {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The token could be guessed.
    #[error(
        "the token of {place} is shorter than {least} characters; make one: openssl rand -hex 32"
    )]
    ShortToken {
        /// Its file, or the variable.
        place: String,
        /// How long it must be.
        least: usize,
    },
    /// Others than this machine could come in, and nothing keeps them out.
    #[error(
        "{listen} is open to other machines, so a token is needed: make one with `openssl rand -hex 32 > token` and set token_file = \"token\" in [server], or PIECEWATCH_TOKEN in the environment; or listen on 127.0.0.1"
    )]
    NoToken {
        /// Where the server was to listen.
        listen: SocketAddr,
    },
    /// Where the server was to listen it cannot.
    #[error("cannot listen on {listen}{hint}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What could be done.
        hint: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A way to reach operators cannot be used. The text holds no secret.
    #[error("the alert channel {channel}: {wrong}")]
    Channel {
        /// Its name.
        channel: String,
        /// What is wrong, and what to do.
        wrong: String,
    },
    /// Some channels, or the heartbeat, did not take a test; which and why was told in their place.
    #[error("{failed} of {tried} tests failed")]
    Untold {
        /// How many did not.
        failed: usize,
        /// How many there are.
        tried: usize,
    },
    /// There is no way to reach operators.
    #[error("{0}")]
    NoChannel(String),
    /// Some things failed, each by itself.
    #[error("{} errors", .0.len())]
    Several(Vec<Error>),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] piecewatch_store::Error),
}

/// The result of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What the process ends with: 2 when it was asked wrongly, 1 when the work failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Window { .. }
            | Self::Node(_)
            | Self::NamedTwice { .. }
            | Self::NobodyToAsk
            | Self::ShortToken { .. }
            | Self::NoToken { .. }
            | Self::Channel { .. }
            | Self::NoChannel(_) => 2,
            Self::Configuration(error) => error.exit_code(),
            Self::Output(_)
            | Self::Write { .. }
            | Self::Exists { .. }
            | Self::NoDatabase { .. }
            | Self::EmptyDatabase { .. }
            | Self::Damaged { .. }
            | Self::UnknownNode { .. }
            | Self::Source(_)
            | Self::Contended { .. }
            | Self::Clock
            | Self::Earnings(_)
            | Self::Unanswered { .. }
            | Self::Failing { .. }
            | Self::Ended { .. }
            | Self::Interrupted
            | Self::Late
            | Self::Untold { .. }
            | Self::Start(_)
            | Self::Several(_)
            | Self::Simulated(_)
            | Self::Token { .. }
            | Self::Listen { .. }
            | Self::Store(_) => 1,
        }
    }

    /// Whether the reader of our output went away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What to tell: a line for each thing that failed, with its causes. A cause that ends in the
    /// words before it only says them again.
    pub fn lines(&self) -> Vec<String> {
        if let Self::Several(errors) = self {
            return errors.iter().flat_map(Self::lines).collect();
        }
        if let Self::Configuration(error) = self {
            return error.lines();
        }
        let mut text = self.to_string();
        let mut last = text.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if !words.ends_with(&last) {
                text.push_str(": ");
                text.push_str(&words);
            }
            last = words;
            cause = error.source();
        }
        vec![text]
    }
}
