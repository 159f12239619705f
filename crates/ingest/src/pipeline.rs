//! One source parsed on all cores, in order.

use std::{io::Read, num::NonZeroUsize, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use memchr::{memchr_iter, memrchr};
use piecewatch_model::{Fingerprinter, LineCounts};

use crate::{
    Parsed, Parser,
    assembler::ParsedChunk,
    chunk::{CHUNK_LEN, Chunk, Chunker, LINE_LEN_MAX, LastLine, SMALL_CHUNK_LEN},
};

/// How many parts may wait for each parser, and as many more for their turn. At 1 MiB a part this
/// bounds the memory; when the parts are not taken, reading waits.
const CHUNKS_WAITING: usize = 1;

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop here.
    Stop,
}

/// A part on its way to a parser, and where its result is awaited.
type Work = (Chunk, Sender<ParsedChunk>);

/// Reads `input` from where `fingerprinter` is to its end, parses it on `workers` threads, and hands
/// the parts to `sink` in their order. Gives how many bytes at the end are left unread. One worker is
/// this thread.
pub(crate) fn run(
    input: impl Read + Send,
    last_line: LastLine,
    fingerprinter: Fingerprinter,
    workers: NonZeroUsize,
    new_parser: &(dyn Fn() -> Parser + Sync),
    mut sink: impl FnMut(ParsedChunk) -> Flow,
) -> std::io::Result<u64> {
    if workers == NonZeroUsize::MIN {
        let mut chunker = Chunker::new(input, SMALL_CHUNK_LEN, last_line, fingerprinter);
        let mut parser = new_parser();
        while let Some(chunk) = chunker.next_chunk()? {
            if sink(parse_chunk(&mut parser, chunk)) == Flow::Stop {
                break;
            }
        }
        return Ok(chunker.unread_bytes());
    }
    thread::scope(|scope| {
        let waiting = workers.get() * CHUNKS_WAITING;
        let (work, parser_input) = bounded::<Work>(waiting);
        let (turns, turn) = bounded::<Receiver<ParsedChunk>>(waiting);
        for _ in 0..workers.get() {
            let parser_input = parser_input.clone();
            scope.spawn(move || parse_all(&parser_input, new_parser()));
        }
        drop(parser_input);
        let reader = scope.spawn(move || {
            let chunker = Chunker::new(input, CHUNK_LEN, last_line, fingerprinter);
            read_all(chunker, &work, &turns)
        });
        for parsed in turn.iter().map_while(|parsed| parsed.recv().ok()) {
            if sink(parsed) == Flow::Stop {
                break;
            }
        }
        // Without a taker the reader's next part finds no way out, and it ends.
        drop(turn);
        reader.join().expect("the reader does not panic")
    })
}

fn read_all<R: Read>(
    mut chunker: Chunker<R>,
    work: &Sender<Work>,
    turns: &Sender<Receiver<ParsedChunk>>,
) -> std::io::Result<u64> {
    while let Some(chunk) = chunker.next_chunk()? {
        let (result, awaited) = bounded(1);
        if turns.send(awaited).is_err() || work.send((chunk, result)).is_err() {
            break;
        }
    }
    Ok(chunker.unread_bytes())
}

fn parse_all(input: &Receiver<Work>, mut parser: Parser) {
    for (chunk, result) in input {
        // Nobody waits for it when the source was given up.
        let _ = result.send(parse_chunk(&mut parser, chunk));
    }
}

/// Parses the lines of one part.
pub(crate) fn parse_chunk(parser: &mut Parser, chunk: Chunk) -> ParsedChunk {
    parser.forget();
    let mut parsed = ParsedChunk { lines: Vec::new(), counts: chunk.skipped, end: chunk.end };
    parsed.lines.reserve(chunk.bytes.len() / 300);
    let mut begin = 0;
    for end in memchr_iter(b'\n', &chunk.bytes) {
        parse_line(parser, &chunk.bytes[begin..end], &mut parsed);
        begin = end + 1;
    }
    if begin < chunk.bytes.len() {
        parse_line(parser, &chunk.bytes[begin..], &mut parsed);
    }
    parsed
}

/// Parses one line, given without its line feed, and appends what it says.
pub(crate) fn parse_line(parser: &mut Parser, line: &[u8], into: &mut ParsedChunk) {
    let line = without_nuls(line, &mut into.counts);
    if line.len() > LINE_LEN_MAX {
        into.counts.unparsed += 1;
        into.counts.skipped_bytes += line.len() as u64 + 1;
        return;
    }
    let mut parsed = parser.parse(line);
    // Half a line, a block of NUL, and the first line that was written after the power cut.
    if matches!(parsed, Parsed::Other | Parsed::Unparsed(_))
        && let Some(nul) = memrchr(0, line)
        && nul + 1 < line.len()
    {
        let nuls = line[..=nul].iter().rev().take_while(|&&byte| byte == 0).count();
        into.counts.skipped_bytes += nuls as u64;
        parsed = parser.parse(&line[nul + 1..]);
    }
    take(parsed, into);
}

/// Adds what a line says.
pub(crate) fn take(parsed: Parsed, into: &mut ParsedChunk) {
    match parsed {
        Parsed::ToldTwice => into.counts.told_twice += 1,
        Parsed::Continuation => into.counts.continuation += 1,
        Parsed::Other => into.counts.other += 1,
        Parsed::Unparsed(_) => into.counts.unparsed += 1,
        kept @ (Parsed::Ended(_) | Parsed::Started(_) | Parsed::Record(_) | Parsed::Undated(_)) => {
            into.lines.push(kept);
        }
    }
}

/// A line without the block of NUL before it that a power cut leaves in a file.
fn without_nuls<'a>(line: &'a [u8], counts: &mut LineCounts) -> &'a [u8] {
    if line.first() != Some(&0) {
        return line;
    }
    let nuls = line.iter().take_while(|&&byte| byte == 0).count();
    counts.skipped_bytes += nuls as u64;
    &line[nuls..]
}
