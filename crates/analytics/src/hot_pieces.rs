//! Which pieces are downloaded again and again?

use piecewatch_model::{Action, ByteCount, NodeName, PieceId, Timestamp};
use piecewatch_store::{Nodes, Reader, Result, TransferFilter, Window};

use crate::{
    sliding::{Extent, Sliding},
    space_saving::Tally,
};

/// Live, a node that serves up to 13 different pieces a second is counted exactly.
const EXTENT: Extent =
    Extent { window_micros: 3_600_000_000, part_micros: 300_000_000, keys_max: 4096 };
/// Rows of a page; the store reads them in some milliseconds.
const PAGE_ROWS: usize = 10_000;
/// The most transfers that are read for one answer: two seconds' work, and an hour of a node at
/// 277 downloads a second.
const ROWS_MAX: usize = 1_000_000;

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
    /// From when to when; it begins with a whole five minutes.
    pub window: Window,
    /// How many downloads there were.
    pub downloads: u64,
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
        let top = self.window.top(limit, now);
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
            downloads: top.counted,
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

/// Asks for the hot pieces of the hour up to the newest record of a node: reads its single downloads
/// of that hour, of the newest million of them. `None` for a node without records.
///
/// # Errors
///
/// When the database cannot be read.
pub fn hot_pieces_of(reader: &Reader, node: &NodeName, limit: usize) -> Result<Option<HotList>> {
    let nodes = Nodes::Of(std::slice::from_ref(node));
    let Some(reach) = reader.reach(nodes)? else { return Ok(None) };
    let mut pieces = HotPieces::new();
    let window = Window { from: pieces.top(0, reach.to).window.from, to: reach.to };
    let filter = TransferFilter { action: Some(Action::Get), ..TransferFilter::default() };
    let (mut from, mut rows, mut oldest) = (None, 0, window.from);
    loop {
        let page = reader.transfers(nodes, window, &filter, from, PAGE_ROWS)?;
        rows += page.rows.len();
        for transfer in &page.rows {
            if let Some(piece) = transfer.piece {
                pieces.add(piece, transfer.size, transfer.at, window.to);
            }
        }
        from = page.next;
        if from.is_none() {
            break;
        }
        if rows >= ROWS_MAX {
            oldest = page.rows.last().map_or(oldest, |transfer| transfer.at);
            break;
        }
    }
    let mut list = pieces.top(limit, window.to);
    list.window.from = list.window.from.max(oldest);
    Ok(Some(list))
}
