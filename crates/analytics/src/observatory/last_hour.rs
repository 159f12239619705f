//! The hot pieces of the last hour of each node, counted once: whoever asks again waits for what came since.

use std::{
    collections::BTreeMap,
    fmt,
    ops::ControlFlow,
    sync::{Mutex, MutexGuard, PoisonError},
};

use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::{Commit, Nodes, Reader, Result, Window};

use crate::hot_pieces::{HotList, HotPieces};

/// How long before the newest is read anew each time: of it lines may still come.
const UNSETTLED_MICROS: i64 = 60_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Counters of each node, which take at most [`HotPieces::MEMORY_MAX`] each.
#[derive(Default)]
pub(super) struct LastHour {
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    /// From when to when downloads are in the counters; `None` before the first.
    window: Option<Window>,
    nodes: BTreeMap<NodeName, HotPieces>,
}

impl LastHour {
    /// The hot pieces of a node in the hour before `now`, at most `limit`. `None` when the counters are
    /// beyond that hour: that of a node that is silent.
    pub(super) fn hot_pieces(
        &self,
        reader: &Reader,
        node: &NodeName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Option<HotList>> {
        let mut counted = self.counted();
        let listed = counted.hot_pieces(reader, node, now, limit);
        if listed.is_err() {
            // Some of what is new may be in the counters.
            *counted = Counted::default();
        }
        listed
    }

    /// Forgets all of it if a commit has brought downloads of a time that was counted already.
    pub(super) fn forget(&self, commit: &Commit) {
        let mut counted = self.counted();
        let is_counted = |at| counted.window.is_some_and(|window| at < window.to);
        if commit.from().is_some_and(is_counted) {
            *counted = Counted::default();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        *self.counted() = Counted::default();
    }

    /// Gives back the memory of what is older than an hour.
    pub(super) fn sweep(&self) {
        let mut counted = self.counted();
        let Some(window) = counted.window else { return };
        counted.nodes.retain(|_, pieces| {
            pieces.forget(window.to);
            pieces.top(1, window.to).downloads != Some(0)
        });
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn hot_pieces(
        &mut self,
        reader: &Reader,
        node: &NodeName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Option<HotList>> {
        // The five minutes in which the hour begins are counted whole.
        let begin = now.plus_micros(-HOUR_MICROS).floor(Grain::FiveMinutes);
        if self.window.is_some_and(|counted| begin < counted.from || now < counted.to) {
            return Ok(None);
        }
        let from = self.window.map_or(begin, |counted| counted.to.max(begin));
        let settled = now.plus_micros(-UNSETTLED_MICROS).floor(Grain::Minute).max(from);
        let mut unsettled = HotPieces::new();
        reader.downloads(Nodes::All, Window { from, to: now }, |download| {
            let (piece, size, at) = (download.piece, download.size, download.at);
            if at < settled {
                match self.nodes.get_mut(download.node) {
                    Some(pieces) => pieces.add(piece, size, at, now),
                    None => {
                        let pieces = self.nodes.entry(download.node.clone()).or_default();
                        pieces.add(piece, size, at, now);
                    }
                }
            } else if download.node == node {
                unsettled.add(piece, size, at, now);
            }
            ControlFlow::Continue(())
        })?;
        self.window = Some(Window { from: begin, to: settled });
        Ok(Some(match self.nodes.get(node) {
            Some(pieces) => pieces.top_with(&unsettled, limit, now),
            None => unsettled.top(limit, now),
        }))
    }
}

impl fmt::Debug for LastHour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastHour").finish_non_exhaustive()
    }
}
