//! Long answers, written while they are read.

use std::{
    io::{self, BufWriter, Write},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use piecewatch_collector::config::Use;
use tokio::sync::{Semaphore, mpsc};
use warp::reply::{Reply as _, Response as Reply};

use super::api::Rows;
use crate::clock::Stopwatch;

/// In pieces of how many bytes rows are sent.
const PIECE: usize = 16 << 10;
/// How many pieces wait for whoever reads them.
const PIECES_MAX: usize = 4;

/// How long one list may take.
const LONGEST: Duration = Duration::from_secs(600);

/// Sends rows as they are made, compressed with gzip or not, on a thread of its own; `None` when there
/// are too many such already.
/// Whoever stops to read is given up by the connection after a while, which ends the thread.
pub(crate) fn stream(permits: &Arc<Semaphore>, rows: Rows, gzip: Use) -> Option<Reply> {
    let permit = Arc::clone(permits).try_acquire_owned().ok()?;
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let pieces = Pieces { sender: sender.clone(), since: Stopwatch::start() };
        let mut out = BufWriter::with_capacity(PIECE, pieces);
        let write = |out: &mut dyn Write| rows(out).map_err(|error| error.lines().join("; "));
        let written = match gzip {
            Use::Off => write(&mut out),
            Use::On => {
                let mut packed = GzEncoder::new(&mut out, Compression::fast());
                let written = write(&mut packed);
                written.and_then(|()| match packed.finish() {
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.to_string()),
                })
            }
        };
        let written = written.and_then(|()| out.flush().map_err(|error| error.to_string()));
        if let Err(error) = written {
            // Whoever reads must not take half for the whole: the connection breaks off.
            tracing::debug!(error, "a list was not written to its end");
            let _ = sender.blocking_send(Err(io::Error::other(error)));
        }
    });
    let pieces =
        stream::unfold(receiver, |mut receiver: mpsc::Receiver<io::Result<Bytes>>| async {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
    Some(warp::reply::stream(pieces).into_response())
}

/// Sends what is written.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    since: Stopwatch,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Others want to read lists, too.
        if self.since.elapsed() > LONGEST {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let sent = self.sender.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
