//! Lines, out of the pieces in which they are sent.

use memchr::memchr_iter;

use crate::chunk::LINE_LEN_MAX;

/// How much of a line is kept: all of one that may be read, and the stamps around and within it.
const KEPT_MAX: usize = LINE_LEN_MAX + (4 << 10);
/// How much room for lines is kept when nothing needs it.
const ROOM_LEN: usize = 64 << 10;

/// Puts lines together.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line of which the rest is awaited.
    rest: Vec<u8>,
    /// How many bytes of it were passed over, since it is too long.
    passed_over: u64,
}

impl Lines {
    /// Takes a piece. Gives each line that ends in it to `take`, without its line feed, and as far as
    /// it is kept; and its whole length.
    pub(super) fn push(&mut self, piece: &[u8], mut take: impl FnMut(&[u8], u64)) {
        let mut begin = 0;
        for end in memchr_iter(b'\n', piece) {
            self.keep(&piece[begin..end]);
            begin = end + 1;
            take(&self.rest, self.rest.len() as u64 + self.passed_over);
            self.rest.clear();
            self.rest.shrink_to(ROOM_LEN);
            self.passed_over = 0;
        }
        self.keep(&piece[begin..]);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let (kept, passed_over) = bytes.split_at(bytes.len().min(KEPT_MAX - self.rest.len()));
        self.rest.extend_from_slice(kept);
        self.passed_over += passed_over.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_come() {
        let long = "x".repeat(3 * LINE_LEN_MAX);
        let text = format!("a\n\nbcd\n{long}\nefg\nh");
        for length in [1, 2, 3, 5, 1 << 10, 1 << 20, text.len()] {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            for piece in text.as_bytes().chunks(length) {
                lines.push(piece, |line, length| found.push((line.len().min(9), length)));
            }
            let long = (9, long.len() as u64);
            assert_eq!(found, [(1, 1), (0, 0), (3, 3), long, (3, 3)], "in pieces of {length}");
        }
    }
}
