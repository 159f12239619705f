//! Where a new source is begun, when not at its beginning.

use std::path::PathBuf;

use memchr::memchr_iter;
use piecewatch_model::{Batch, Checkpoint, Fingerprinter, LineCounts, Timestamp};

use super::{Control, StartAt, State};
use crate::{
    Error, Parser, Result,
    chunk::{Chunk, Chunker, SMALL_CHUNK_LEN},
    content::{Content, Standing},
    import::Import,
};

/// Batches without records that pass over what is older than the start, of all files of a new node;
/// none when the follower is to end before all of it was read. They are stored together: of a start
/// that was half made nobody could tell the rest.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn passing_over(
    files: &[PathBuf],
    start: StartAt,
    import: &mut Import,
    control: &Control,
) -> Result<Vec<Batch>> {
    let until = match start {
        StartAt::Beginning => return Ok(Vec::new()),
        StartAt::End => None,
        StartAt::Time(at) => Some(at),
    };
    let mut batches = Vec::new();
    for path in files {
        let content = Content::open(path)?;
        if import.standing(&content)? != Standing::New {
            continue;
        }
        let end = end_of_older(&content, until, control)?;
        if control.is_stopped() {
            return Ok(Vec::new());
        }
        let Some(end) = end else { continue };
        let batcher = import.batcher(path.to_string_lossy().into(), None);
        batches.push(batcher.passing_over(end.clone()));
        import.reached(None, end);
    }
    Ok(batches)
}

/// The end of the lines before the first one of this time or later; of all lines without a time.
/// `None` when there are none before.
fn end_of_older(
    content: &Content<'_>,
    until: Option<Timestamp>,
    control: &Control,
) -> Result<Option<Checkpoint>> {
    let failed = |error| Error::io("read", content.path())(error);
    let input = content.read_from(0)?;
    let mut chunker =
        Chunker::new(input, SMALL_CHUNK_LEN, content.last_line(), Fingerprinter::new());
    let mut parser = Parser::new();
    let mut end = None;
    let total_bytes = content.disk_len()?;
    loop {
        if control.is_stopped() {
            return Ok(end);
        }
        let read_bytes = chunker.position().min(total_bytes);
        control.set(State::CatchingUp { read_bytes, total_bytes });
        let before = chunker.fingerprinter().clone();
        let Some(chunk) = chunker.next_chunk().map_err(failed)? else { return Ok(end) };
        if let Some(until) = until
            && let Some(length) = older_len(&chunk, until, &mut parser)
        {
            return Ok(within(before, &chunk, length).or(end));
        }
        end = Some(chunk.end);
    }
}

/// The place so many bytes into a part; `None` when that is the beginning of the content.
fn within(mut before: Fingerprinter, chunk: &Chunk, length: usize) -> Option<Checkpoint> {
    // What was skipped before the part is not here to be followed: then it is read again.
    if chunk.skipped == LineCounts::default() {
        before.feed(&chunk.bytes[..length]);
    }
    (before.offset() > 0).then(|| before.checkpoint())
}

/// How many bytes of a part stand before its first line of this time or later; `None` if it has no
/// such line.
fn older_len(chunk: &Chunk, until: Timestamp, parser: &mut Parser) -> Option<usize> {
    let mut begin = 0;
    for end in memchr_iter(b'\n', &chunk.bytes) {
        parser.forget();
        parser.parse(&chunk.bytes[begin..end]);
        if parser.last_at().is_some_and(|at| at >= until) {
            return Some(begin);
        }
        begin = end + 1;
    }
    None
}
