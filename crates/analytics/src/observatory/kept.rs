//! Answers of one kind, each kept under what was asked.

use std::{fmt, hash::Hash, sync::Arc, time::Duration};

use piecewatch_cache::{Cache, Kept, Settings, Stats};
use piecewatch_model::NodeName;
use piecewatch_store::{Error, Nodes, Reader, Readers, Result, Topics};

use super::weight::Weigh;

/// Of which nodes an answer is, in whatever order and however often they were named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Selection {
    All,
    /// By name, each once.
    Of(Arc<[NodeName]>),
}

impl Selection {
    pub(super) fn of(nodes: Nodes<'_>) -> Self {
        match nodes {
            Nodes::All => Self::All,
            Nodes::Of(names) => {
                let mut names = names.to_vec();
                names.sort_unstable();
                names.dedup();
                Self::Of(names.into())
            }
        }
    }

    pub(super) fn one(node: &NodeName) -> Self {
        Self::Of([node.clone()].into())
    }

    fn nodes(&self) -> Nodes<'_> {
        match self {
            Self::All => Nodes::All,
            Self::Of(names) => Nodes::Of(names),
        }
    }

    fn contains(&self, node: &NodeName) -> bool {
        match self {
            Self::All => true,
            Self::Of(names) => names.binary_search(node).is_ok(),
        }
    }
}

/// Of what an answer is made, beside what was read long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MadeOf {
    /// Of records of the log.
    Log,
    /// Of records and of what nodes report, or of reports alone.
    LogAndReports,
}

impl MadeOf {
    /// Whether a commit may have changed answers that reach back. What comes live does so, too, and
    /// is left to the time for which they are kept, or nothing would ever be.
    const fn is_changed_by(self, topics: Topics) -> bool {
        match self {
            Self::Log => topics.contains(Topics::PAST),
            Self::LogAndReports => {
                topics.contains(Topics::PAST) || topics.contains(Topics::REPORTED)
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key<Q> {
    nodes: Selection,
    question: Q,
}

/// Answers of one kind, by nodes and question.
pub(super) struct Shelf<Q, T> {
    made_of: MadeOf,
    answers: Cache<Key<Q>, Arc<T>, Error>,
}

/// A shelf of any kind.
pub(super) trait AnyShelf {
    /// Forgets what a commit of a node has changed.
    fn forget(&self, node: &NodeName, topics: Topics);
    /// Forgets everything.
    fn clear(&self);
    /// Removes what is too old.
    fn sweep(&self);
    /// What was done.
    fn stats(&self) -> Stats;
}

impl<Q: Hash + Eq + Clone, T: Weigh> Shelf<Q, T> {
    /// A shelf without answers.
    pub(super) fn new(settings: Settings, made_of: MadeOf, clock: fn() -> Duration) -> Self {
        let weight = |key: &Key<Q>, answer: &Arc<T>| {
            let names = match &key.nodes {
                Selection::All => 0,
                Selection::Of(names) => names.len(),
            };
            // What it takes beside the answer: its key in two tables, times and counts.
            (answer.weight() + size_of::<Key<Q>>() + names * size_of::<NodeName>() + 128) as u64
        };
        Self { made_of, answers: Cache::new(settings, clock, weight) }
    }

    /// The answer to a question of nodes; `ask` finds it where it is not kept.
    pub(super) fn answer(
        &self,
        readers: &Readers,
        nodes: Selection,
        question: Q,
        ask: impl FnOnce(&Reader, Nodes<'_>) -> Result<T>,
    ) -> Result<Arc<T>, Arc<Error>> {
        let key = Key { nodes, question };
        self.answers.get(&key, || {
            let answer = ask(&readers.get()?, key.nodes.nodes())?;
            Ok((Arc::new(answer), Kept::ForTtl))
        })
    }
}

impl<Q: Hash + Eq + Clone, T: Weigh> AnyShelf for Shelf<Q, T> {
    fn forget(&self, node: &NodeName, topics: Topics) {
        if self.made_of.is_changed_by(topics) {
            self.answers.invalidate(|key| key.nodes.contains(node));
        }
    }

    fn clear(&self) {
        self.answers.clear();
    }

    fn sweep(&self) {
        self.answers.sweep();
    }

    fn stats(&self) -> Stats {
        self.answers.stats()
    }
}

impl<Q: Hash + Eq, T> fmt::Debug for Shelf<Q, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.answers.fmt(f)
    }
}
