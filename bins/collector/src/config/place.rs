//! Where a setting was said: a line of the file, the environment, the command line.

use std::{fmt, ops::Range, path::Path, sync::Arc};

use piecewatch_node_api::Address;

use crate::Error;

/// Where a setting was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of the configuration file.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag, with what was said behind it.
    Flag(String),
}

impl Place {
    /// The line of `text` in which a span begins.
    pub(crate) fn of_span(path: &Arc<Path>, text: &str, span: &Range<usize>) -> Self {
        let before = &text.as_bytes()[..span.start.min(text.len())];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        Self::File { path: Arc::clone(path), line }
    }

    /// Something wrong in this place.
    pub(crate) fn error(&self, wrong: impl Into<String>) -> Error {
        Error::Config { place: self.clone(), wrong: wrong.into() }
    }

    /// The folder from which paths said in this place go out.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => path.parent(),
            Self::Environment(_) | Self::Flag(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            // An address in it may hold a password.
            Self::Flag(flag) if flag.contains("://") => f.write_str(&Address::shown(flag)),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}
