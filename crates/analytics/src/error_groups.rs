//! With which texts did things go wrong in the last hour, and between what do the texts differ?

use std::sync::Arc;

use piecewatch_model::{Spreads, Timestamp, Transfer};
use piecewatch_store::Window;

use crate::{
    sliding::{Extent, Sliding},
    space_saving::Tally,
};

/// A node knows some fifty texts.
const EXTENT: Extent =
    Extent { window_micros: 3_600_000_000, part_micros: 300_000_000, keys_max: 256 };

/// The error texts of the last hour by their templates, with what the placeholders stood for, in
/// bounded memory.
///
/// Of each five minutes the 256 most frequent templates are kept: with fewer, every count is exact.
/// Beyond it a count is told as a range that holds the true one, no wider than the texts of the hour
/// divided by 256.
#[derive(Debug)]
pub struct ErrorGroups {
    window: Sliding<Arc<str>, ErrorTally>,
}

#[derive(Debug, Default)]
struct ErrorTally {
    times: Option<(Timestamp, Timestamp)>,
    spreads: Spreads,
}

/// The most frequent error texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorList {
    /// From when to when; it begins with a whole five minutes.
    pub window: Window,
    /// How many texts there were.
    pub texts: u64,
    /// How far a count may be off, at most; templates that are not known may have come so often. 0:
    /// everything is exact.
    pub error_max: u64,
    /// The most frequent first.
    pub groups: Vec<ErrorGroup>,
}

/// Error texts that differ in values only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    /// What they have in common.
    pub template: Arc<str>,
    /// So many at least.
    pub at_least: u64,
    /// So many at most.
    pub at_most: u64,
    /// The first that was counted for sure.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
    /// What its placeholders stood for.
    pub spreads: Spreads,
}

impl ErrorGroups {
    /// The most memory it takes, in bytes, however many texts there are: 13 times five minutes of
    /// 256 templates, each up to 200 bytes long with eight placeholders of 256 bytes.
    pub const MEMORY_MAX: usize = 10 * 1024 * 1024;

    /// Nothing went wrong yet.
    pub const fn new() -> Self {
        Self { window: Sliding::new(EXTENT) }
    }

    /// Counts a text, as a node wrote it or already a template, of which there are no values. The
    /// order does not matter. One that is older than the hour before `now`, or later than `now` by
    /// more than clocks differ, is passed over.
    pub fn add(&mut self, text: &str, at: Timestamp, now: Timestamp) {
        let (template, spreads) = Spreads::of(text);
        if let Some(tally) = self.window.count(template.into(), at, now) {
            tally.merge(&ErrorTally { times: Some((at, at)), spreads });
        }
    }

    /// Counts a transfer that came live, by the text with which it ended; one without a text is passed
    /// over. Of transfers out of the database nothing but the template is known.
    pub fn add_transfer(&mut self, transfer: &Transfer, now: Timestamp) {
        if let Some(text) = transfer.error_text.as_deref().or(transfer.error.as_deref()) {
            self.add(text, transfer.at, now);
        }
    }

    /// The most frequent of the hour before `now`, at most `limit`, by how often each came at least.
    pub fn top(&self, limit: usize, now: Timestamp) -> ErrorList {
        let top = self.window.top(limit, now);
        let groups = top.keys.into_iter().filter_map(|of| {
            let (first_at, last_at) = of.tally.times?;
            Some(ErrorGroup {
                template: of.key,
                at_least: of.at_least,
                at_most: of.at_most,
                first_at,
                last_at,
                spreads: of.tally.spreads,
            })
        });
        ErrorList {
            window: top.window,
            texts: top.counted,
            error_max: top.error_max,
            groups: groups.collect(),
        }
    }

    /// Gives back the memory of what is older than an hour; counting does so by itself.
    pub fn forget(&mut self, now: Timestamp) {
        self.window.forget(now);
    }

    /// The memory it takes now, in bytes; never more than [`ErrorGroups::MEMORY_MAX`].
    pub fn memory(&self) -> usize {
        // A shared text has two counts before it.
        size_of::<Self>() + self.window.allocated(|template| template.len() + 16)
    }
}

impl Default for ErrorGroups {
    fn default() -> Self {
        Self::new()
    }
}

impl ErrorGroup {
    /// The template with what its placeholders stood for in their place.
    pub fn text(&self) -> String {
        self.spreads.within(&self.template)
    }
}

impl Tally for ErrorTally {
    fn merge(&mut self, other: &Self) {
        if let Some((first, last)) = other.times {
            let (our_first, our_last) = self.times.unwrap_or((first, last));
            self.times = Some((our_first.min(first), our_last.max(last)));
        }
        self.spreads.merge(&other.spreads);
    }

    fn allocated(&self) -> usize {
        self.spreads.allocated()
    }
}
