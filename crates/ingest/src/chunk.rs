//! A source cut into parts at the ends of lines, so that they can be parsed side by side.

use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};
use piecewatch_model::{Checkpoint, Fingerprinter, LineCounts};

use crate::decode::docker;

/// How much of a source is one part where several threads parse, in bytes: some 3,500 lines.
pub(crate) const CHUNK_LEN: usize = 1 << 20;
/// The same where one thread reads and parses: what it holds fits into the cache of a core.
pub(crate) const SMALL_CHUNK_LEN: usize = 1 << 17;
/// The most lines in one part: a log of very short lines must not cost more memory than others.
const LINES_MAX: usize = 8_192;
/// The longest line that is looked at, in bytes. Nodes write stacks of hundreds of kilobytes on one
/// line; what is longer than this is no log.
pub(crate) const LINE_LEN_MAX: usize = 1 << 20;

/// A part of a source: whole lines, and where they end.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Whole lines, each with its line feed, but for the last one of an archive.
    pub(crate) bytes: Vec<u8>,
    /// Lines before `bytes` that were too long to be looked at.
    pub(crate) skipped: LineCounts,
    /// Where the part ends.
    pub(crate) end: Checkpoint,
}

/// What becomes of a last line without a line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastLine {
    /// It is a line: the source is an archive, and nothing will follow.
    Whole,
    /// It is left unread: its rest may still be written.
    Unread,
}

/// Reads a source part by part.
#[derive(Debug)]
pub(crate) struct Chunker<R> {
    input: R,
    chunk_len: usize,
    last_line: LastLine,
    fingerprinter: Fingerprinter,
    /// What was read behind the last part.
    rest: Vec<u8>,
    /// How many bytes of a line that is too long were skipped so far.
    skipping: Option<u64>,
    at_end: bool,
    /// What ended the reading before its time; told once the whole lines before it were given.
    failure: Option<io::Error>,
}

impl<R: Read> Chunker<R> {
    /// Begins where `fingerprinter` is, with the input at that place. A part has about `chunk_len`
    /// bytes.
    pub(crate) fn new(
        input: R,
        chunk_len: usize,
        last_line: LastLine,
        fingerprinter: Fingerprinter,
    ) -> Self {
        Self {
            input,
            chunk_len,
            last_line,
            fingerprinter,
            rest: Vec::new(),
            skipping: None,
            at_end: false,
            failure: None,
        }
    }

    /// What is read.
    pub(crate) fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// The source up to the end of the last part.
    pub(crate) fn fingerprinter(&self) -> &Fingerprinter {
        &self.fingerprinter
    }

    /// How far the input was read, in bytes: to the end of the last part, and what was begun behind it.
    pub(crate) fn position(&self) -> u64 {
        self.fingerprinter.offset() + self.rest.len() as u64
    }

    /// Reads on where the source ended: it has grown since.
    pub(crate) fn go_on(&mut self) {
        self.at_end = false;
    }

    /// How many bytes at the end were left unread, once the last part was given.
    pub(crate) fn unread_bytes(&self) -> u64 {
        self.rest.len() as u64 + self.skipping.unwrap_or(0)
    }

    /// The next part; `None` at the end. An error comes after all whole lines before it.
    pub(crate) fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let mut skipped = LineCounts::default();
        loop {
            self.fill();
            self.skip(&mut skipped);
            let end = self.cut();
            if end > 0 || skipped != LineCounts::default() {
                let rest = self.rest.split_off(end);
                let bytes = std::mem::replace(&mut self.rest, rest);
                self.fingerprinter.feed(&bytes);
                return Ok(Some(Chunk { bytes, skipped, end: self.fingerprinter.checkpoint() }));
            }
            if self.at_end {
                return self.failure.take().map_or(Ok(None), Err);
            }
            let is_long = self.skipping.is_none() && self.rest.len() > LINE_LEN_MAX;
            if is_long && !self.skip_nuls(&mut skipped) {
                self.skipping = Some(0);
            }
        }
    }

    /// Reads until there is as much as one part, and a line more if one is begun.
    fn fill(&mut self) {
        let chunk_len = self.chunk_len;
        let wanted = if self.rest.len() < chunk_len { chunk_len } else { LINE_LEN_MAX + CHUNK_LEN };
        self.rest.reserve_exact(wanted - self.rest.len());
        while self.rest.len() < wanted && !self.at_end {
            let missing = (wanted - self.rest.len()) as u64;
            match self.input.by_ref().take(missing).read_to_end(&mut self.rest) {
                Ok(read) => self.at_end = read == 0,
                Err(error) => {
                    self.failure = Some(error);
                    self.at_end = true;
                    // Where an archive breaks off, its last line may go on.
                    self.last_line = LastLine::Unread;
                }
            }
        }
    }

    /// Drops NULs before a line, which a power cut or a truncated log leaves by the megabyte.
    fn skip_nuls(&mut self, skipped: &mut LineCounts) -> bool {
        let nuls = self.rest.iter().take_while(|&&byte| byte == 0).count();
        self.fingerprinter.feed(&self.rest[..nuls]);
        self.rest.drain(..nuls);
        skipped.skipped_bytes += nuls as u64;
        nuls > 0
    }

    /// Drops what belongs to a line that is too long.
    fn skip(&mut self, skipped: &mut LineCounts) {
        let Some(before) = self.skipping else { return };
        let line_end = memchr::memchr(b'\n', &self.rest);
        let length = line_end.map_or(self.rest.len(), |end| end + 1);
        // Nothing may be committed inside of a line, so the bytes are fed as they go.
        self.fingerprinter.feed(&self.rest[..length]);
        self.rest.drain(..length);
        let total = before + length as u64;
        if line_end.is_some() || (self.at_end && self.last_line == LastLine::Whole) {
            self.skipping = None;
            skipped.unparsed += 1;
            skipped.skipped_bytes += total;
        } else {
            self.skipping = Some(total);
        }
    }

    /// Where the next part ends.
    fn cut(&self) -> usize {
        if self.skipping.is_some() {
            return 0;
        }
        if let Some(last) = memchr_iter(b'\n', &self.rest).nth(LINES_MAX - 1) {
            let end = self.cut_within(&self.rest[..=last]);
            if end > 0 {
                return end;
            }
        }
        if self.at_end && self.last_line == LastLine::Whole {
            return self.rest.len();
        }
        self.cut_within(&self.rest)
    }

    /// The end of the last line whose text does not go on in another one.
    fn cut_within(&self, lines: &[u8]) -> usize {
        let Some(last) = memrchr(b'\n', lines) else { return 0 };
        let mut end = last + 1;
        while end > 0 {
            let begin = memrchr(b'\n', &lines[..end - 1]).map_or(0, |at| at + 1);
            if !docker::is_fragment(&lines[begin..end - 1]) {
                return end;
            }
            end = begin;
        }
        // Nothing but fragments: wait for their end, however late it is written, unless they are
        // too long for a line.
        if lines.len() > LINE_LEN_MAX { last + 1 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a few bytes at a time.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn chunks(content: &[u8], drip: usize, last_line: LastLine) -> (Vec<Chunk>, u64) {
        let mut chunker =
            Chunker::new(Dripping(content, drip), CHUNK_LEN, last_line, Fingerprinter::new());
        let mut chunks = Vec::new();
        while let Some(chunk) = chunker.next_chunk().unwrap() {
            chunks.push(chunk);
        }
        (chunks, chunker.unread_bytes())
    }

    fn joined(chunks: &[Chunk]) -> Vec<u8> {
        chunks.iter().flat_map(|chunk| chunk.bytes.clone()).collect()
    }

    /// Predecessor fault 7: half a line at the end of a file was taken as a line.
    #[test]
    fn an_unterminated_last_line_stays_unread_but_for_archives() {
        let (read, unread) = chunks(b"one\ntwo\nthr", 2, LastLine::Unread);
        assert_eq!((joined(&read), unread), (b"one\ntwo\n".to_vec(), 3));
        assert_eq!(read.last().unwrap().end.offset, 8);
        let (read, unread) = chunks(b"one\ntwo\nthr", 2, LastLine::Whole);
        assert_eq!((joined(&read), unread), (b"one\ntwo\nthr".to_vec(), 0));
        assert_eq!(chunks(b"thr", 9, LastLine::Unread).0.len(), 0);
    }

    #[test]
    fn a_line_that_is_too_long_costs_one_line_and_no_memory() {
        let mut content = b"one\n".to_vec();
        content.extend(std::iter::repeat_n(b'x', 5 * LINE_LEN_MAX));
        content.extend_from_slice(b"\ntwo\n");
        let (read, _) = chunks(&content, usize::MAX, LastLine::Unread);
        assert_eq!(joined(&read), b"one\ntwo\n");
        let mut skipped = LineCounts::default();
        read.iter().for_each(|chunk| skipped += chunk.skipped);
        assert_eq!((skipped.unparsed, skipped.skipped_bytes), (1, 5 * LINE_LEN_MAX as u64 + 1));
        assert!(read.iter().all(|chunk| chunk.bytes.capacity() <= LINE_LEN_MAX + 2 * CHUNK_LEN));
        assert_eq!(read.last().unwrap().end.offset, content.len() as u64);
    }

    #[test]
    fn a_line_behind_megabytes_of_nul_is_read() {
        let mut content = b"one\n".to_vec();
        content.resize(3 * LINE_LEN_MAX, 0);
        content.extend_from_slice(b"two\nthree\n");
        let (read, _) = chunks(&content, usize::MAX, LastLine::Unread);
        let text: Vec<u8> = joined(&read).into_iter().filter(|&byte| byte != 0).collect();
        assert_eq!(text, b"one\ntwo\nthree\n");
        assert_eq!(read.last().unwrap().end.offset, content.len() as u64);
    }

    #[test]
    fn short_lines_make_small_parts() {
        let content = b"x\n".repeat(3 * LINES_MAX);
        let (read, _) = chunks(&content, usize::MAX, LastLine::Whole);
        let lines = |chunk: &Chunk| memchr_iter(b'\n', &chunk.bytes).count();
        assert_eq!(read.iter().map(lines).collect::<Vec<_>>(), [LINES_MAX; 3]);
        assert_eq!(joined(&read), content);
    }

    #[test]
    fn a_split_docker_line_stays_in_one_part() {
        let fragment = format!(
            "{{\"log\":\"{}\",\"stream\":\"stdout\",\"time\":\"x\"}}\n",
            "y".repeat(16_384)
        );
        let whole = "{\"log\":\"z\\n\",\"stream\":\"stdout\",\"time\":\"x\"}\n";
        let content = format!("{}{whole}", fragment.repeat(20)).repeat(5);
        let (read, _) = chunks(content.as_bytes(), usize::MAX, LastLine::Unread);
        assert!(read.len() > 1);
        assert!(read.iter().all(|chunk| chunk.bytes.ends_with(whole.as_bytes())));
        assert_eq!(joined(&read), content.as_bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_dripping_gives_the_same_lines(lines in prop::collection::vec("[a-z]{0,2000}", 0..40), drip in 1_usize..5000) {
            let content: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let (read, unread) = chunks(content.as_bytes(), drip, LastLine::Unread);
            prop_assert_eq!(joined(&read), content.into_bytes());
            prop_assert_eq!(unread, 0);
        }
    }
}
