//! How far a source was read, and how the same content is known again.
//!
//! A source is known by what it holds, not by its name: logs are renamed, compressed and copied.
//! Offsets are offsets into the decompressed content.

use xxhash_rust::xxh3::xxh3_64;

/// The longest beginning that identifies a source, in bytes. One line is not enough: nodes that
/// Docker starts together share their first line to the second.
const HEAD_LEN: usize = 4096;
/// How much before an offset is hashed to confirm that it is the same content, in bytes.
const TAIL_LEN: usize = 1024;
/// The offset of the first mark; each further one is at twice the offset of the one before.
const FIRST_MARK: u64 = 64;

/// The beginning of a source: what it is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// How many bytes were hashed: the first 4,096, or as many as were read if those are fewer. 0 for
    /// a stream, which is known by its name.
    pub len: u16,
    /// Their XXH3-64 hash; that of the name of a stream.
    pub hash: u64,
}

impl Head {
    /// The head of a stream: of what a command prints or another host sends, which cannot be read a
    /// second time to compare it.
    pub fn of_stream(name: &str) -> Self {
        Self { len: 0, hash: xxh3_64(name.as_bytes()) }
    }

    /// Whether it is that of a stream.
    pub const fn is_stream(&self) -> bool {
        self.len == 0
    }
}

/// How far a source was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The beginning of the source.
    pub head: Head,
    /// How many bytes were read; always the end of a line. Of a stream, all that were ever read.
    pub offset: u64,
    /// The hash of up to 1,024 bytes before `offset`; that of the cursor of a stream.
    pub tail_hash: u64,
    /// The hashes of up to 1,024 bytes before each power of two from 64 up to `offset`. An older,
    /// shorter copy of the source is recognised by them. A stream has none.
    pub marks: Vec<u64>,
    /// Where a stream goes on: the words that its sender understands. `None` for what is no stream,
    /// and for a stream that cannot be told where to go on.
    pub cursor: Option<Box<str>>,
}

impl Checkpoint {
    /// A place in a stream: how many bytes were read of it, and where it goes on.
    pub fn of_stream(head: Head, offset: u64, cursor: Option<Box<str>>) -> Self {
        let tail_hash = xxh3_64(cursor.as_deref().unwrap_or_default().as_bytes());
        Self { head, offset, tail_hash, marks: Vec::new(), cursor }
    }

    /// The offsets of a source at which hashes are needed to compare a content of this length
    /// with the checkpoint: `None` when it has too few bytes to be compared. Compare what
    /// [`Fingerprinter::tail_hash`] says there with the hash given here.
    ///
    /// For a content at least as long as what was read that is the end of what was read;
    /// otherwise the last mark within it.
    pub fn evidence(&self, content_len: u64) -> Option<(u64, u64)> {
        if content_len >= self.offset {
            return Some((self.offset, self.tail_hash));
        }
        let mark = (content_len / FIRST_MARK).checked_ilog2()?;
        Some((FIRST_MARK << mark, *self.marks.get(mark as usize)?))
    }

    /// The offset of the last mark, and the hash there; `None` when it lies within the head, which
    /// is compared anyway.
    pub fn last_mark(&self) -> Option<(u64, u64)> {
        let hash = self.marks.last()?;
        let offset = FIRST_MARK << (self.marks.len() - 1);
        (offset > HEAD_LEN as u64).then_some((offset, *hash))
    }

    /// Whether a content that begins with these bytes may be this source. `beginning` holds the
    /// first 4,096 bytes of the content, or all of it if it is shorter.
    ///
    /// A content shorter than the head cannot be told by its head, only by its marks. A stream is no
    /// content.
    pub fn may_begin(&self, beginning: &[u8]) -> bool {
        if self.head.is_stream() {
            return false;
        }
        match beginning.get(..usize::from(self.head.len)) {
            Some(head) => xxh3_64(head) == self.head.hash,
            None => true,
        }
    }
}

/// Follows the bytes of a source and makes [`Checkpoint`]s of it.
#[derive(Debug, Clone)]
pub struct Fingerprinter {
    head: Vec<u8>,
    tail: Vec<u8>,
    offset: u64,
    marks: Vec<u64>,
}

impl Default for Fingerprinter {
    fn default() -> Self {
        Self::new()
    }
}

impl Fingerprinter {
    /// How many bytes of the beginning [`Fingerprinter::resume`] needs, and
    /// [`Checkpoint::may_begin`] looks at.
    pub const HEAD_LEN: usize = HEAD_LEN;
    /// How many bytes before the offset [`Fingerprinter::resume`] needs.
    pub const TAIL_LEN: usize = TAIL_LEN;

    /// Begins at the beginning of a source.
    pub const fn new() -> Self {
        Self { head: Vec::new(), tail: Vec::new(), offset: 0, marks: Vec::new() }
    }

    /// Goes on from a checkpoint: `head` holds the first 4,096 bytes before the checkpoint's offset
    /// and `tail` the last 1,024, or all of them if there are fewer. They are those of the source as
    /// it is now, which a power cut may have damaged since.
    pub fn resume(checkpoint: &Checkpoint, head: &[u8], tail: &[u8]) -> Self {
        Self {
            head: head.to_vec(),
            tail: tail.to_vec(),
            offset: checkpoint.offset,
            marks: checkpoint.marks.clone(),
        }
    }

    /// Takes the next bytes of the source.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        let missing = (HEAD_LEN - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        loop {
            let mark = FIRST_MARK << self.marks.len();
            let before_mark = (mark - self.offset).min(bytes.len() as u64) as usize;
            let (part, rest) = bytes.split_at(before_mark);
            self.advance(part);
            if self.offset < mark {
                return;
            }
            self.marks.push(self.tail_hash());
            bytes = rest;
        }
    }

    fn advance(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        let newest = &bytes[bytes.len().saturating_sub(TAIL_LEN)..];
        let keep = TAIL_LEN - newest.len();
        self.tail.drain(..self.tail.len().saturating_sub(keep));
        self.tail.extend_from_slice(newest);
    }

    /// How many bytes were taken.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The first 4,096 bytes taken, or all of them if those are fewer.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The last 1,024 bytes taken, or all of them if those are fewer.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// The hash of the last 1,024 bytes taken, or of all if those are fewer.
    pub fn tail_hash(&self) -> u64 {
        xxh3_64(&self.tail)
    }

    /// The checkpoint after the bytes taken so far.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            head: Head { len: self.head.len() as u16, hash: xxh3_64(&self.head) },
            offset: self.offset,
            tail_hash: self.tail_hash(),
            marks: self.marks.clone(),
            cursor: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(bytes: &[u8]) -> Checkpoint {
        let mut fingerprinter = Fingerprinter::new();
        fingerprinter.feed(bytes);
        fingerprinter.checkpoint()
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at * at / 7) as u8).collect()
    }

    #[test]
    fn a_grown_a_shorter_and_another_content_are_told_apart() {
        let content = bytes(20_000);
        let checkpoint = after(&content[..10_000]);
        let agrees = |content: &[u8]| {
            checkpoint.may_begin(&content[..content.len().min(HEAD_LEN)])
                && checkpoint
                    .evidence(content.len() as u64)
                    .is_some_and(|(at, hash)| after(&content[..at as usize]).tail_hash == hash)
        };
        assert!(agrees(&content), "grown");
        assert!(agrees(&content[..9_000]) && agrees(&content[..100]), "an older copy");
        assert!(!agrees(&content[1..]), "another beginning");
        let mut other = content.clone();
        other[8_500..].fill(0);
        assert!(!agrees(&other), "the same beginning, another end");
        assert!(!agrees(&content[..63]), "too short to tell");
    }

    proptest! {
        #[test]
        fn the_chunking_does_not_matter(len in 0_usize..12_000, cuts in prop::collection::vec(0_usize..12_000, 0..8)) {
            let content = bytes(len);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(len)).collect();
            cuts.sort_unstable();
            let mut fingerprinter = Fingerprinter::new();
            let mut begin = 0;
            for cut in cuts {
                fingerprinter.feed(&content[begin..cut]);
                let checkpoint = fingerprinter.checkpoint();
                prop_assert_eq!(&checkpoint, &after(&content[..cut]));
                fingerprinter = Fingerprinter::resume(
                    &checkpoint,
                    &content[..cut.min(HEAD_LEN)],
                    &content[cut.saturating_sub(TAIL_LEN)..cut],
                );
                begin = cut;
            }
            fingerprinter.feed(&content[begin..]);
            prop_assert_eq!(fingerprinter.checkpoint(), after(&content));
        }
    }
}
