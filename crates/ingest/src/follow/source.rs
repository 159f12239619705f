//! Where a node's log comes from while it is written, and where reading begins.

use std::{fmt, path::PathBuf, str::FromStr};

use piecewatch_model::Timestamp;

/// Where a node's log comes from.
///
/// As text: a path, `docker:CONTAINER`, `journald:UNIT` or `tcp://HOST:PORT`. A command has no form
/// as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file to which the node appends, through every kind of rotation. With `*`, `?` or `[…]` in
    /// its name it is the newest of the files that match: logs named by date.
    File(PathBuf),
    /// What `docker logs` prints of a container: every line once, as long as the daemon keeps it, and
    /// unless its clock is set back while nobody follows.
    Docker(String),
    /// What journald has of a systemd unit: every line once, as long as the journal keeps it.
    Journald(String),
    /// What a command prints: the program and its arguments. It is run again when it has ended. When
    /// it then says its lines again, from the beginning or from some place before where it broke off,
    /// every line is taken once: lines are known by the times that they bear. What it does not say
    /// again and what it has lost is lost.
    Command(Vec<String>),
    /// Lines that another host sends, at this `HOST:PORT`. All that it sends is taken, once for each
    /// time that it sends it: a line that was on its way when the connection broke is lost.
    Tcp(String),
}

/// A text is no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing is named.
    #[error(
        "no source is named; name the file the node writes to, `docker:CONTAINER`, `journald:UNIT` or `tcp://HOST:PORT`"
    )]
    Empty,
    /// What stands behind the kind is missing.
    #[error("{kind} names nothing; write `{kind}{example}`")]
    Nameless {
        /// How the source begins: `docker:`.
        kind: &'static str,
        /// What could follow.
        example: &'static str,
    },
    /// An address without a port, or with one that is none.
    #[error("{text:?} is no address; write `tcp://HOST:PORT`, as in `tcp://192.168.1.20:9999`")]
    Address {
        /// What was given.
        text: String,
    },
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |name: &str, kind, example| {
            if name.is_empty() {
                Err(SourceError::Nameless { kind, example })
            } else {
                Ok(name.to_owned())
            }
        };
        if text.trim().is_empty() {
            return Err(SourceError::Empty);
        }
        if let Some(container) = text.strip_prefix("docker:") {
            return named(container, "docker:", "storagenode").map(Self::Docker);
        }
        if let Some(unit) = text.strip_prefix("journald:") {
            return named(unit, "journald:", "storagenode").map(Self::Journald);
        }
        if let Some(address) = text.strip_prefix("tcp://") {
            let is_address = address.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
            return if is_address {
                Ok(Self::Tcp(address.to_owned()))
            } else {
                Err(SourceError::Address { text: text.to_owned() })
            };
        }
        Ok(Self::File(text.into()))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Docker(container) => write!(f, "docker:{container}"),
            Self::Journald(unit) => write!(f, "journald:{unit}"),
            Self::Command(words) => f.write_str(&words.join(" ")),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

/// Where reading begins when nothing of a node was read before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartAt {
    /// At the beginning of all that is there, rotated files included.
    #[default]
    Beginning,
    /// Behind all that is there.
    End,
    /// At the first line that is not older than this.
    Time(Timestamp),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_from_text_and_shown_as_it() {
        let file = |path: &str| Source::File(path.into());
        for (text, source) in [
            ("/var/log/storj/node.log", file("/var/log/storj/node.log")),
            ("logs/node-*.log", file("logs/node-*.log")),
            (
                r"C:\Program Files\Storj\storagenode.log",
                file(r"C:\Program Files\Storj\storagenode.log"),
            ),
            ("docker:storagenode", Source::Docker("storagenode".into())),
            ("journald:storagenode.service", Source::Journald("storagenode.service".into())),
            ("tcp://nas:9999", Source::Tcp("nas:9999".into())),
            ("tcp://[fd00::1]:9999", Source::Tcp("[fd00::1]:9999".into())),
        ] {
            assert_eq!(text.parse::<Source>().as_ref(), Ok(&source));
            assert_eq!(source.to_string(), text);
        }
        for text in
            ["", " ", "docker:", "journald:", "tcp://", "tcp://nas", "tcp://:1", "tcp://nas:0"]
        {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }
}
