//! What was written since the last look, for whoever keeps answers?

use std::sync::{Mutex, PoisonError};

use crate::{Commit, Readers, Result};

/// How many commits are looked at in one step.
const COMMITS_MAX: u32 = 1_000;

/// What may have changed.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Anything: it is the first look, or commits were pruned before they were seen, or the database
    /// could not be read.
    Anything,
    /// What this commit wrote.
    Of(&'a Commit),
}

/// Remembers which commits were seen. Share it between threads; they look one after another.
#[derive(Debug, Default)]
pub struct Changes {
    /// The number of the newest commit that was seen; `None` before the first look.
    seen: Mutex<Option<i64>>,
}

impl Changes {
    /// Tells what was committed since the last look, oldest first. The first time that is anything:
    /// what was kept before may be older than the first commit that is there.
    ///
    /// When it returns, everything that was committed before it was called has been told, by this
    /// look or by another thread's.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; then anything may have changed, which was told.
    pub fn look(&self, readers: &Readers, mut changed: impl FnMut(Change<'_>)) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = look(*seen, readers, &mut changed);
        if looked.is_err() {
            changed(Change::Anything);
        }
        *seen = looked?;
        Ok(())
    }
}

/// Gives the number of the newest commit.
fn look(
    seen: Option<i64>,
    readers: &Readers,
    changed: &mut impl FnMut(Change<'_>),
) -> Result<Option<i64>> {
    let reader = readers.get()?;
    let mut newest = seen;
    loop {
        let commits = reader.commits_since(newest.unwrap_or(0), COMMITS_MAX)?;
        for commit in &commits {
            if newest.is_some_and(|newest| commit.seq > newest + 1) {
                changed(Change::Anything);
            }
            newest = Some(commit.seq);
            if seen.is_some() {
                changed(Change::Of(commit));
            }
        }
        if commits.len() < COMMITS_MAX as usize {
            break;
        }
    }
    if seen.is_none() {
        changed(Change::Anything);
    }
    Ok(newest)
}
