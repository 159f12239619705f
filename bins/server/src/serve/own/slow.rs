//! Questions to the database that took long: logged, and the last few kept.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use piecewatch_model::Timestamp;
use piecewatch_store::{Measuring, SlowQuestion};

use crate::clock;

/// How many are kept for the status.
const KEPT_MAX: usize = 20;

/// The last slow questions; share it.
#[derive(Debug, Default)]
pub(crate) struct SlowQuestions(Mutex<VecDeque<SlowTold>>);

/// A slow question, and when it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlowTold {
    pub(crate) at: Timestamp,
    pub(crate) question: SlowQuestion,
}

impl SlowQuestions {
    /// How readers are to be measured so that what takes so long is logged and kept here. `None`
    /// finds none slow, and measures.
    pub(crate) fn measuring(self: &Arc<Self>, slow_after: Option<Duration>) -> Measuring {
        let kept = Arc::clone(self);
        Measuring {
            clock: clock::coarse,
            slow_after: slow_after.unwrap_or(Duration::MAX),
            tell: Box::new(move |question| kept.note(question, clock::now())),
        }
    }

    /// Logs a question and keeps it.
    pub(crate) fn note(&self, question: SlowQuestion, at: Timestamp) {
        tracing::warn!(
            question = question.name,
            took_ms = question.took.as_millis() as u64,
            statement = question.statement.as_deref().unwrap_or_default(),
            "a slow question to the database"
        );
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(KEPT_MAX - 1);
        kept.push_front(SlowTold { at, question });
    }

    /// The last ones, the newest first.
    pub(crate) fn last(&self) -> Vec<SlowTold> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_the_newest_first() {
        let kept = SlowQuestions::default();
        for second in 0..30 {
            let took = Duration::from_secs(second);
            let question = SlowQuestion { name: "nodes", took, statement: None };
            kept.note(question, Timestamp::from_seconds(second as i64));
        }
        let seconds: Vec<u64> =
            kept.last().iter().map(|told| told.question.took.as_secs()).collect();
        assert_eq!(seconds, (10..30).rev().collect::<Vec<_>>());
    }

    #[test]
    fn without_a_limit_nothing_is_slow() {
        let kept = Arc::new(SlowQuestions::default());
        assert_eq!(kept.measuring(None).slow_after, Duration::MAX);
        let limit = Duration::from_millis(5);
        let measuring = kept.measuring(Some(limit));
        assert_eq!(measuring.slow_after, limit);
        (measuring.tell)(SlowQuestion { name: "nodes", took: limit, statement: None });
        assert_eq!(kept.last().len(), 1);
    }
}
