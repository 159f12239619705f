//! The hot pieces of the last hour of a node, counted once: whoever asks again waits for what came since.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Mutex, MutexGuard, PoisonError},
};

use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::{Commit, Nodes, Reader, Result, Window};

use crate::hot_pieces::{HotList, HotPieces};

/// How long before the newest is read anew each time: of it lines may still come.
const UNSETTLED_MICROS: i64 = 60_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;
/// Counters are kept of so many nodes, which is 48 MiB at most; of others the hour is counted each time.
const NODES_MAX: usize = 8;
/// Counters for which nobody has asked during so many sweeps are given back.
const SWEEPS_MAX: u32 = 5;

/// Counters of nodes that are asked for, which take at most [`HotPieces::MEMORY_MAX`] each.
#[derive(Debug, Default)]
pub(super) struct LastHour {
    nodes: Mutex<BTreeMap<NodeName, Counted>>,
}

#[derive(Debug)]
struct Counted {
    /// From when to when downloads are in the counters.
    window: Window,
    pieces: HotPieces,
    /// Since somebody asked.
    sweeps: u32,
}

impl LastHour {
    /// The hot pieces of a node in the hour before `now`, at most `limit`. `None` when they are not counted
    /// here: there is no room, or the counters are beyond that hour.
    pub(super) fn hot_pieces(
        &self,
        reader: &Reader,
        node: &NodeName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Option<HotList>> {
        let mut nodes = self.nodes();
        // The five minutes in which the hour begins are counted whole.
        let begin = now.plus_micros(-HOUR_MICROS).floor(Grain::FiveMinutes);
        let (from, mut pieces) = match nodes.get(node).map(|counted| counted.window) {
            Some(counted) if begin < counted.from || now < counted.to => return Ok(None),
            None if nodes.len() >= NODES_MAX => return Ok(None),
            // Taken out: where the database fails, nobody finds half of what is new.
            Some(_) | None => match nodes.remove(node) {
                Some(counted) => (counted.window.to.max(begin), counted.pieces),
                None => (begin, HotPieces::new()),
            },
        };
        let settled = now.plus_micros(-UNSETTLED_MICROS).floor(Grain::Minute).max(from);
        let mut unsettled = HotPieces::new();
        let of = Nodes::Of(std::slice::from_ref(node));
        reader.downloads(of, Window { from, to: now }, |download| {
            let counters = if download.at < settled { &mut pieces } else { &mut unsettled };
            counters.add(download.piece, download.size, download.at, now);
            ControlFlow::Continue(())
        })?;
        let list = pieces.top_with(&unsettled, limit, now);
        let window = Window { from: begin, to: settled };
        nodes.insert(node.clone(), Counted { window, pieces, sweeps: 0 });
        Ok(Some(list))
    }

    /// Forgets the counters of a node if a commit has brought downloads of a time that was counted already.
    pub(super) fn forget(&self, commit: &Commit) {
        let mut nodes = self.nodes();
        let counted_to = nodes.get(&commit.node).map(|counted| counted.window.to);
        if commit.from().zip(counted_to).is_some_and(|(from, to)| from < to) {
            nodes.remove(&commit.node);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.nodes().clear();
    }

    /// Gives back the memory of what nobody asks for any more.
    pub(super) fn sweep(&self) {
        self.nodes().retain(|_, counted| {
            counted.sweeps += 1;
            counted.sweeps < SWEEPS_MAX
        });
    }

    fn nodes(&self) -> MutexGuard<'_, BTreeMap<NodeName, Counted>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{
        Action, Batch, Fingerprinter, LineCounts, Outcome, PieceId, Record, Start, Transfer,
    };
    use piecewatch_store::{Store, StoreConfig};
    use tempfile::TempDir;

    use super::*;

    const NOW: Timestamp = Timestamp::from_civil((2026, 8, 19), 14, 0, 0);

    /// A database with a download of each of these pieces, ten minutes ago.
    fn database(pieces: &[u8]) -> (TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
        let record = |piece: &u8| {
            Record::Transfer(Transfer {
                at: NOW.plus_micros(-600_000_000),
                satellite: None,
                piece: PieceId::new([*piece; 32]),
                action: Action::Get,
                outcome: Outcome::Success,
                size: None,
                offset: None,
                remote: None,
                country: None,
                latency: None,
                error: None,
                error_text: None,
            })
        };
        let mut content = Fingerprinter::new();
        content.feed(b"a log\n");
        let batch = Batch {
            node: node(),
            source: "node.log".into(),
            start: Start::Beginning { known: 0 },
            end: content.checkpoint(),
            counts: LineCounts::default(),
            records: pieces.iter().map(record).collect(),
        };
        store.writer.append(&[batch], NOW).unwrap();
        (folder, store)
    }

    fn node() -> NodeName {
        "attic".parse().unwrap()
    }

    /// Asked again of a database in which nothing is: what was counted is not read again, until a commit
    /// brings something of that time, or nobody has asked for long.
    #[test]
    fn what_was_counted_is_not_read_again() {
        let (_one, full) = database(&[1, 1, 2]);
        let (_other, empty) = database(&[]);
        let hour = LastHour::default();
        let count = |store: &Store| {
            let reader = store.readers.get().unwrap();
            hour.hot_pieces(&reader, &node(), NOW, 9).unwrap().unwrap().downloads
        };
        assert_eq!((count(&full), count(&empty)), (Some(3), Some(3)));
        let commits = full.readers.get().unwrap().commits_since(0, 9).unwrap();
        hour.forget(&commits[0]);
        assert_eq!((count(&empty), count(&full)), (Some(0), Some(0)));
        (0..SWEEPS_MAX).for_each(|_| hour.sweep());
        assert_eq!(count(&full), Some(3));
    }

    #[test]
    fn no_more_than_so_many_nodes_are_counted() {
        let (_folder, store) = database(&[1]);
        let (hour, reader) = (LastHour::default(), store.readers.get().unwrap());
        let names: Vec<NodeName> =
            (0..=NODES_MAX).map(|n| format!("n{n}").parse().unwrap()).collect();
        let counted =
            names.iter().filter(|name| hour.hot_pieces(&reader, name, NOW, 9).unwrap().is_some());
        assert_eq!(counted.count(), NODES_MAX);
    }
}
