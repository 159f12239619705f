//! Which pieces are downloaded again and again?

use std::ops::ControlFlow;

use piecewatch_model::{ByteCount, NodeName, PieceId, Timestamp};
use piecewatch_store::{Nodes, Reader, Result, Window};

use crate::{
    sliding::{Extent, Sliding},
    space_saving::Tally,
};

const PART_MICROS: i64 = 300_000_000;
/// Live, a node that serves up to 13 different pieces a second is counted exactly.
const EXTENT: Extent =
    Extent { window_micros: 3_600_000_000, part_micros: PART_MICROS, keys_max: 4096 };
/// A window has so many parts, and never twice as many.
const PARTS: i64 = 12;
/// The most downloads that are counted for one answer: half a second's work, and an hour of a node at
/// 277 a second.
const DOWNLOADS_MAX: usize = 1_000_000;

/// The downloads by clients of one node's pieces in the last hour, counted in bounded memory.
///
/// Of each five minutes the 4,096 most frequent pieces are kept. As long as no five minutes have
/// more pieces than that, every count is exact. Beyond it a count is told as a range that holds the
/// true one, and no range is wider than the downloads of the hour divided by 4,096. A piece belongs
/// to one node: lists of several nodes are put together by sorting.
#[derive(Debug)]
pub struct HotPieces {
    window: Sliding<PieceId, PieceTally>,
}

#[derive(Debug, Default, Clone, Copy)]
struct PieceTally {
    bytes: u64,
    last_at: Option<Timestamp>,
}

/// The pieces of a node that were downloaded most often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotList {
    /// From when to when; it begins with a whole five minutes, unless that is not kept.
    pub window: Window,
    /// How many downloads there were; `None` where none of the window are kept one by one.
    pub downloads: Option<u64>,
    /// How far a count may be off, at most; pieces that are not known may have been downloaded so
    /// often. 0: everything is exact.
    pub error_max: u64,
    /// The most frequent first.
    pub pieces: Vec<HotPiece>,
}

/// A piece that was downloaded often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotPiece {
    /// Which.
    pub piece: PieceId,
    /// So often at least.
    pub at_least: u64,
    /// So often at most.
    pub at_most: u64,
    /// Bytes of those downloads that were counted for sure.
    pub bytes: ByteCount,
    /// The last download.
    pub last_at: Timestamp,
}

impl HotPieces {
    /// The most memory it takes, in bytes, however many pieces there are: 13 times five minutes of
    /// 4,096 pieces, some 100 bytes each.
    pub const MEMORY_MAX: usize = 6 * 1024 * 1024;

    /// Nothing was downloaded yet.
    pub const fn new() -> Self {
        Self { window: Sliding::new(EXTENT) }
    }

    /// The same for another length of time.
    fn over(window_micros: i64) -> Self {
        let part_micros = (window_micros / PARTS / PART_MICROS * PART_MICROS).max(PART_MICROS);
        Self { window: Sliding::new(Extent { window_micros, part_micros, ..EXTENT }) }
    }

    /// Counts a download; the order does not matter. One that is older than the hour before `now`,
    /// or later than `now` by more than clocks differ, is passed over.
    pub fn add(&mut self, piece: PieceId, size: Option<ByteCount>, at: Timestamp, now: Timestamp) {
        if let Some(tally) = self.window.count(piece, at, now) {
            tally.bytes = tally.bytes.saturating_add(size.map_or(0, ByteCount::get));
            tally.last_at = tally.last_at.max(Some(at));
        }
    }

    /// The most frequent of the hour before `now`, at most `limit`, by how often each was downloaded
    /// at least.
    pub fn top(&self, limit: usize, now: Timestamp) -> HotList {
        self.top_with(&Self::new(), limit, now)
    }

    /// The same, together with what another one has counted.
    pub(crate) fn top_with(&self, other: &Self, limit: usize, now: Timestamp) -> HotList {
        let top = self.window.top_with(&other.window, limit, now);
        let pieces = top.keys.into_iter().filter_map(|of| {
            Some(HotPiece {
                piece: of.key,
                at_least: of.at_least,
                at_most: of.at_most,
                bytes: ByteCount::new(of.tally.bytes),
                last_at: of.tally.last_at?,
            })
        });
        HotList {
            window: top.window,
            downloads: Some(top.counted),
            error_max: top.error_max,
            pieces: pieces.collect(),
        }
    }

    /// Gives back the memory of what is older than an hour; counting does so by itself.
    pub fn forget(&mut self, now: Timestamp) {
        self.window.forget(now);
    }

    /// The memory it takes now, in bytes; never more than [`HotPieces::MEMORY_MAX`].
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.window.allocated(|_| 0)
    }
}

impl HotList {
    /// The same where single downloads are known from then on.
    pub(crate) fn known_from(mut self, from: Option<Timestamp>) -> Self {
        match from {
            Some(from) if from >= self.window.to => self.downloads = None,
            Some(from) => self.window.from = from.max(self.window.from),
            None => {}
        }
        self
    }
}

impl Default for HotPieces {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally for PieceTally {
    fn merge(&mut self, other: &Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.last_at = self.last_at.max(other.last_at);
    }

    fn allocated(&self) -> usize {
        0
    }
}

/// Asks for the hot pieces of a node in a window, which is widened to begin with a whole five
/// minutes (of windows of two hours or more, up to a twelfth of it): reads its single downloads, the newest
/// million of them. Where older ones are no longer kept one by one, the answer begins later.
///
/// # Errors
///
/// When the database cannot be read.
pub fn hot_pieces_of(
    reader: &Reader,
    node: &NodeName,
    window: Window,
    limit: usize,
) -> Result<HotList> {
    let nodes = Nodes::Of(std::slice::from_ref(node));
    let mut pieces = HotPieces::over(window.to.as_micros().saturating_sub(window.from.as_micros()));
    let window = Window { from: pieces.top(0, window.to).window.from, to: window.to };
    let (mut downloads, mut from) = (0, window.from);
    reader.downloads(nodes, window, |download| {
        pieces.add(download.piece, download.size, download.at, window.to);
        downloads += 1;
        if downloads < DOWNLOADS_MAX {
            return ControlFlow::Continue(());
        }
        from = download.at;
        ControlFlow::Break(())
    })?;
    let kept_from = reader.kept_from(nodes)?.transfers;
    Ok(pieces.top(limit, window.to).known_from(kept_from.max(Some(from))))
}
