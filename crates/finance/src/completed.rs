//! What a node booked after the last poll of a month.

use piecewatch_model::{ByteCount, ByteHours, NodeEstimate};

use crate::Usage;

/// Storage that differs by less is the same: the node tells it in binary fractions of a month, and
/// each day is rounded to whole byte-hours before they are summed.
const ROUNDING_MAX: u64 = 64;

/// Which figures hold for a month, and what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// What was used: of each figure the larger one, since what was booked is never taken back.
    pub usage: Usage,
    /// What the daily rows lacked.
    pub by: CompletedBy,
}

/// What completed the daily rows of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletedBy {
    /// Nothing: they held at least as much as everything else.
    Nothing,
    /// The node's estimate for the month, told after it: what was booked after the last poll.
    PreviousMonth(Lacking),
    /// The node's estimate for the month, told while it ran: days had been read before it only.
    RunningMonth(Lacking),
}

impl CompletedBy {
    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::PreviousMonth(_) => "previous_month",
            Self::RunningMonth(_) => "running_month",
        }
    }
}

/// What daily rows lacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lacking {
    /// Of downloads of customers.
    pub egress: ByteCount,
    /// Of downloads for repair and audits.
    pub repair_audit: ByteCount,
    /// Of storage.
    pub storage: ByteHours,
}

impl Completed {
    /// Completes the sums of the daily rows of a month by the node's own estimate for it. What is
    /// lacking of repair and audits is told as one: it is added to repair, of which there is more.
    /// The node's rule pays both alike.
    pub fn of(days: &Usage, estimate: Option<&NodeEstimate>) -> Self {
        let nothing = Self { usage: *days, by: CompletedBy::Nothing };
        let Some(estimate) = estimate else { return nothing };
        let more = |told: u64, ours: u64| told.saturating_sub(ours);
        let storage = more(estimate.storage.get(), days.storage.get());
        let lacking = Lacking {
            egress: ByteCount::new(more(estimate.egress.get(), days.egress.get())),
            repair_audit: ByteCount::new(more(
                estimate.repair_audit.get(),
                days.repair_audit().get(),
            )),
            storage: ByteHours::new(if storage > ROUNDING_MAX { storage } else { 0 }),
        };
        if lacking == Lacking::default() {
            return nothing;
        }
        let usage = Usage {
            egress: days.egress + lacking.egress,
            repair: days.repair + lacking.repair_audit,
            audit: days.audit,
            storage: days.storage + lacking.storage,
        };
        // Only of a running month the node expects something.
        let by = match estimate.expected {
            Some(_) => CompletedBy::RunningMonth(lacking),
            None => CompletedBy::PreviousMonth(lacking),
        };
        Self { usage, by }
    }
}
