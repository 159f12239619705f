//! Where the server is reached, and how many files that takes.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
};

use crate::{Error, Result};

/// Lets the process have a file for each connection, beside those that it needs itself, as far as the
/// system lets it.
#[cfg(unix)]
pub(super) fn allow_files(connections: u32) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// The database, logs, nodes, and what the libraries need.
    const OTHERS: u64 = 1_000;

    let wanted = u64::from(connections) + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum });
    if raised.is_err() || allowed < wanted {
        tracing::warn!(
            "{connections} connections may need more files than the {allowed} that this process may open; \
             raise its limit, or set [server] connections_max lower"
        );
    }
}

#[cfg(not(unix))]
pub(super) const fn allow_files(_connections: u32) {}

/// Listens, or says what is in the way.
pub(crate) fn listen(listen: SocketAddr) -> Result<TcpListener> {
    let failed = |source: io::Error| {
        let hints = [
            (
                ErrorKind::AddrInUse,
                "; is Piecewatch running already? Stop it, or name another port with --listen",
            ),
            (ErrorKind::PermissionDenied, "; ports below 1024 belong to the system"),
            (ErrorKind::AddrNotAvailable, "; this machine has no such address"),
        ];
        let known = hints.iter().find(|(kind, _)| *kind == source.kind());
        let hint = known.map_or("", |(_, hint)| *hint);
        Error::Listen { listen, hint, source }
    };
    let listener = TcpListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}
