//! What can keep a source from being read.

use std::path::PathBuf;

/// A source cannot be read, or is no log of a storage node. The texts are for operators: they say
/// what is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file or folder.
    #[error("{} does not exist; check the path", .path.display())]
    Missing {
        /// The path that was given.
        path: PathBuf,
    },
    /// A pattern matches nothing.
    #[error(
        "nothing matches {pattern}; check the pattern, and quote it so that the shell leaves it alone"
    )]
    NoMatch {
        /// The pattern that was given.
        pattern: String,
    },
    /// A folder holds no log.
    #[error("{} holds no storage node log; name the folder or the file the node writes to", .path.display())]
    NoLogs {
        /// The folder that was given.
        path: PathBuf,
    },
    /// A path is a folder, a pipe, a socket or a device.
    #[error("{} is no regular file; name the log that the node writes, or import `-` to read standard input", .path.display())]
    NoFile {
        /// The path that was given.
        path: PathBuf,
    },
    /// A file is empty.
    #[error("{} is empty; name the file the node writes to, or wait until it does", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Another file has its name now.
    #[error("{} was replaced by another file while the logs were looked at; look again", .path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// A file is something else.
    #[error("{} is no storage node log: none of its first lines is one that a node writes", .path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// A file is a log in an encoding that does not hold enough to be read.
    #[error("{} is in the encoding `{encoding}`, which lacks what is needed; set `log.encoding: console` on the node", .path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The name of the encoding, as the node's configuration calls it.
        encoding: &'static str,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}{}", .path.display(), what_to_do(.source))]
    Io {
        /// What was tried: `open`, `read`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A database of countries cannot be used.
    #[error("{} is no database of countries: {source}; a GeoLite2 or DB-IP country or city file (.mmdb) is needed", .path.display())]
    Countries {
        /// The file.
        path: PathBuf,
        /// Why it cannot be used.
        source: maxminddb::MaxMindDbError,
    },
}

impl Error {
    /// Makes an error of the operating system's of it, with what was tried and where.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}

/// What helps against a refusal of the operating system's, where that is known.
fn what_to_do(refused: &std::io::Error) -> &'static str {
    let kind = refused.kind();
    if kind == std::io::ErrorKind::PermissionDenied {
        "; give this user the right to do that, or run this as a user who has it"
    } else if kind == std::io::ErrorKind::NotFound {
        "; check the path, and whether the node writes to it"
    } else {
        ""
    }
}

/// The result of reading a source.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn who_may_not_read_is_told_what_to_do() {
        let text = |kind: ErrorKind| Error::io("open", "node.log")(kind.into()).to_string();
        assert_eq!(
            text(ErrorKind::PermissionDenied),
            "cannot open node.log: permission denied; give this user the right to do that, or run \
             this as a user who has it"
        );
        assert_eq!(text(ErrorKind::TimedOut), "cannot open node.log: timed out");
    }
}
