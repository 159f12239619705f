//! A question while it is answered: whether it may wait, for the database and for those who ask it.

use std::{
    result::Result,
    sync::{MutexGuard, PoisonError, TryLockError},
};

use piecewatch_model::NodeName;
use piecewatch_store::Reader;

use super::{Live, Refusal, base::Base};

/// A question about what is read of the logs.
pub(super) struct Asking<'a> {
    pub(super) live: &'a Live,
    pub(super) patience: Patience,
}

/// What a question may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// For the database, on a thread that may.
    Waits,
    /// For nothing: it is answered from memory, or refused.
    Hurries,
}

/// Gives a reader of the database, if the question may wait for one.
pub(super) type Get<'a> = &'a dyn Fn() -> Result<Reader, Refusal>;

impl Asking<'_> {
    pub(super) fn reader(&self) -> Result<Reader, Refusal> {
        match self.patience {
            Patience::Waits => Ok(self.live.parts.readers.get()?),
            Patience::Hurries => Err(not_at_hand()),
        }
    }

    /// Sums and lists. Whoever reads the database has them locked meanwhile.
    pub(super) fn base(&self) -> Result<MutexGuard<'_, Base>, Refusal> {
        match self.patience {
            Patience::Waits => Ok(self.live.base()),
            Patience::Hurries => match self.live.base.try_lock() {
                Ok(base) => Ok(base),
                Err(TryLockError::Poisoned(base)) => Ok(PoisonError::into_inner(base)),
                Err(TryLockError::WouldBlock) => Err(not_at_hand()),
            },
        }
    }

    /// The nodes of these names, in order; all that are known or configured where none is named.
    pub(super) fn chosen(&self, names: &[&str]) -> Result<Vec<NodeName>, Refusal> {
        let reader = &|| self.reader();
        let configured = (self.live.parts.configured)();
        let mut base = self.base()?;
        if names.is_empty() {
            let mut all: Vec<NodeName> = base.known(reader)?.iter().cloned().collect();
            all.extend(configured);
            all.sort_unstable();
            all.dedup();
            return Ok(all);
        }
        let mut is_read = false;
        let mut chosen = Vec::with_capacity(names.len());
        for name in names {
            let unknown = || Refusal::None(format!("there is no node {name}"));
            let node: NodeName = name.parse().map_err(|_| unknown())?;
            let mut is_known = configured.contains(&node) || base.known(reader)?.contains(&node);
            if !is_known && !is_read {
                is_read = true;
                base.read_known(reader)?;
                is_known = base.known(reader)?.contains(&node);
            }
            if !is_known {
                return Err(unknown());
            }
            chosen.push(node);
        }
        chosen.sort_unstable();
        chosen.dedup();
        Ok(chosen)
    }
}

fn not_at_hand() -> Refusal {
    Refusal::NotNow("it is not at hand".to_owned())
}
