//! What the log alone can say of paid traffic, and how far that is from what the node booked.

use piecewatch_model::{Action, ByteCount, ByteHours, Outcome};

use crate::{Usage, money::div_round_signed};

/// What the log tells of downloads for one satellite. Sums are of sizes in lines of downloads that
/// succeeded: of those that were cut off the node is paid for what it sent, which no line tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogTraffic {
    /// Downloads of customers (GET).
    pub egress: ByteCount,
    /// Downloads for repair (GET_REPAIR).
    pub repair: ByteCount,
    /// Audits (GET_AUDIT).
    pub audit: ByteCount,
}

impl LogTraffic {
    /// Sums transfers of one satellite. What is not paid is passed over: uploads, what did not
    /// succeed, and downloads whose line does not tell what they were for.
    pub fn of<'a>(transfers: impl IntoIterator<Item = (&'a Action, Outcome, ByteCount)>) -> Self {
        let mut traffic = Self::default();
        for (action, outcome, bytes) in transfers {
            traffic.add(action, outcome, bytes);
        }
        traffic
    }

    /// Adds transfers of one kind.
    pub fn add(&mut self, action: &Action, outcome: Outcome, bytes: ByteCount) {
        match outcome {
            Outcome::Success => {}
            Outcome::Canceled | Outcome::Failed(_) => return,
        }
        let sum = match action {
            Action::Get => &mut self.egress,
            Action::GetRepair => &mut self.repair,
            Action::GetAudit => &mut self.audit,
            Action::Put
            | Action::PutRepair
            | Action::Delete
            | Action::PutGracefulExit
            | Action::Upload
            | Action::Download
            | Action::Other(_) => return,
        };
        *sum = *sum + bytes;
    }

    /// Everything that was downloaded.
    pub fn downloaded(&self) -> ByteCount {
        self.egress + self.repair + self.audit
    }

    /// What the log says was used of the node, with the satellite's share of what it stored.
    pub const fn usage(&self, storage: ByteHours) -> Usage {
        Usage { egress: self.egress, repair: self.repair, audit: self.audit, storage }
    }
}

/// How far the log's bytes are from those that the node booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogError {
    /// Downloads in the log.
    pub log: ByteCount,
    /// Downloads that the node booked.
    pub booked: ByteCount,
}

impl LogError {
    /// Of the downloads of one satellite in one month.
    pub fn of(log: &LogTraffic, booked: &Usage) -> Self {
        Self { log: log.downloaded(), booked: booked.downloaded() }
    }

    /// What the log says too much, in hundredths of a percent of what was booked: negative when it
    /// says too little. `None` when nothing was booked.
    pub fn hundredths_of_percent(&self) -> Option<i64> {
        if self.booked == ByteCount::default() {
            return None;
        }
        let difference = i128::from(self.log.get()) - i128::from(self.booked.get());
        let share = div_round_signed(difference * 10_000, u128::from(self.booked.get()));
        Some(i64::try_from(share).unwrap_or(i64::MAX))
    }
}
