//! How many transfers ended how, and the rate of success that follows.

use std::collections::BTreeMap;

use piecewatch_model::{Action, ByteCount, FailureClass, Outcome};
use piecewatch_store::Moved;

/// A number of transfers and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: ByteCount,
}

impl Amount {
    /// Adds others to them.
    pub fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.bytes = self.bytes + other.bytes;
    }
}

impl From<Moved> for Amount {
    fn from(Moved { count, bytes }: Moved) -> Self {
        Self { count, bytes }
    }
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many are meant.
    pub part: u64,
    /// Of how many; above 0.
    pub whole: u64,
}

impl Share {
    /// `None` of nothing.
    pub const fn of(part: u64, whole: u64) -> Option<Self> {
        if whole > 0 { Some(Self { part, whole }) } else { None }
    }

    /// The part as a fraction of the whole, 0 to 1.
    pub fn ratio(self) -> f64 {
        self.part as f64 / self.whole as f64
    }
}

/// What transfers are rated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Downloads by clients and by repair workers, without audits.
    Downloads,
    /// Uploads by clients and by repair workers.
    Uploads,
    /// Audits.
    Audits,
}

impl Part {
    /// Where an action belongs; `None` for deletes, for actions that are not known, and for lines that
    /// name none. Those tell of lost races only, in some versions, and not of the ones that were won:
    /// with them a rate would say more of the version than of the node.
    pub fn of(action: &Action) -> Option<Self> {
        match action {
            Action::GetAudit => Some(Self::Audits),
            Action::Get | Action::GetRepair => Some(Self::Downloads),
            Action::Put | Action::PutRepair | Action::PutGracefulExit => Some(Self::Uploads),
            Action::Delete | Action::Upload | Action::Download | Action::Other(_) => None,
        }
    }
}

/// How audits ended. Those that were canceled are in no class: the satellite asks again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audits {
    /// The piece was shown.
    pub passed: u64,
    /// It was not, and may be the next time: the network, the disk, a clock.
    pub recoverable: u64,
    /// The piece is not there: what costs a node its place.
    pub unrecoverable: u64,
    /// The satellite stopped asking.
    pub canceled: u64,
}

/// How the transfers of one kind ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// All bytes were moved.
    pub success: Amount,
    /// The other side stopped.
    pub canceled: Amount,
    /// It broke, by the reason.
    failed: BTreeMap<FailureClass, Amount>,
}

impl Tally {
    /// Adds transfers that ended so.
    pub fn add(&mut self, outcome: Outcome, amount: Amount) {
        match outcome {
            Outcome::Success => self.success.add(amount),
            Outcome::Canceled => self.canceled.add(amount),
            Outcome::Failed(class) => self.failed.entry(class).or_default().add(amount),
        }
    }

    /// Adds every transfer of another tally.
    pub fn merge(&mut self, other: &Self) {
        self.success.add(other.success);
        self.canceled.add(other.canceled);
        for (class, amount) in &other.failed {
            self.failed.entry(*class).or_default().add(*amount);
        }
    }

    /// What broke, whatever the reason.
    pub fn failed(&self) -> Amount {
        let mut sum = Amount::default();
        for amount in self.failed.values() {
            sum.add(*amount);
        }
        sum
    }

    /// The classes of what broke, with how many; without those of which there is none.
    pub fn by_class(&self) -> impl Iterator<Item = (FailureClass, u64)> + '_ {
        self.failed.iter().map(|(class, amount)| (*class, amount.count))
    }

    /// How many transfers ended.
    pub fn count(&self) -> u64 {
        self.success.count.saturating_add(self.canceled.count).saturating_add(self.failed().count)
    }

    /// The share of transfers that succeeded: success ÷ (success + canceled + failed). `None` where
    /// there is nothing that could have.
    ///
    /// A canceled audit is neither success nor failure: the satellite asks again. Lines that name
    /// no action tell of one outcome only, so there is no rate of them.
    pub fn success(&self, action: &Action) -> Option<Share> {
        let whole = match (Part::of(action), action) {
            (Some(Part::Audits), _) => self.success.count.saturating_add(self.failed().count),
            (Some(Part::Downloads | Part::Uploads), _)
            | (None, Action::Delete | Action::Other(_)) => self.count(),
            (None, _) => return None,
        };
        Share::of(self.success.count, whole)
    }

    /// The tally read as one of audits.
    pub fn audits(&self) -> Audits {
        let count = |class: &FailureClass| self.failed.get(class).map_or(0, |amount| amount.count);
        let unrecoverable = count(&FailureClass::Missing);
        Audits {
            passed: self.success.count,
            recoverable: self.failed().count.saturating_sub(unrecoverable),
            unrecoverable,
            canceled: self.canceled.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(success: u64, canceled: u64, failed: u64) -> Tally {
        let amount = |count| Amount { count, bytes: ByteCount::new(count * 10) };
        let mut tally = Tally::default();
        tally.add(Outcome::Success, amount(success));
        tally.add(Outcome::Canceled, amount(canceled));
        tally.add(Outcome::Failed(FailureClass::Disk), amount(failed));
        tally.add(Outcome::Failed(FailureClass::Network), amount(failed));
        tally
    }

    #[test]
    fn a_canceled_audit_is_neither_success_nor_failure() {
        let rate = |tally: Tally, action| tally.success(&action).map(|s| (s.part, s.whole));
        assert_eq!(rate(tally(6, 2, 1), Action::Get), Some((6, 10)));
        assert_eq!(rate(tally(6, 2, 1), Action::GetAudit), Some((6, 8)));
        assert_eq!(rate(tally(0, 2, 0), Action::GetAudit), None);
        assert_eq!(rate(tally(0, 2, 0), Action::Get), Some((0, 2)));
        assert_eq!(rate(tally(1, 2, 3), Action::Upload), None);
    }

    #[test]
    fn an_audit_is_lost_when_the_piece_is_and_not_when_the_disk_was_slow() {
        let mut audits = tally(6, 2, 1);
        audits
            .add(Outcome::Failed(FailureClass::Missing), Amount { count: 3, ..Amount::default() });
        let expected = Audits { passed: 6, recoverable: 2, unrecoverable: 3, canceled: 2 };
        assert_eq!(audits.audits(), expected);
        assert_eq!(audits.success(&Action::GetAudit), Share::of(6, 11));
    }

    #[test]
    fn merged_parts_are_the_whole() {
        let mut parts = tally(1, 2, 3);
        parts.merge(&tally(10, 20, 30));
        assert_eq!(parts, tally(11, 22, 33));
        assert_eq!((parts.count(), parts.failed().bytes.get()), (99, 660));
        let classes: Vec<_> = parts.by_class().collect();
        assert_eq!(classes, [(FailureClass::Network, 33), (FailureClass::Disk, 33)]);
    }
}
