//! How many transfers ended how, and the rate of success that follows.

use std::collections::BTreeMap;

use piecewatch_model::{Action, ByteCount, FailureClass, Outcome};

/// A number of transfers and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// How many.
    pub(crate) count: u64,
    /// Their bytes.
    pub(crate) bytes: ByteCount,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.bytes = self.bytes + other.bytes;
    }
}

/// How the transfers of one kind ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// All bytes were moved.
    pub(crate) success: Amount,
    /// The other side stopped.
    pub(crate) canceled: Amount,
    /// It broke, by the reason.
    failed: BTreeMap<FailureClass, Amount>,
}

impl Tally {
    /// Adds transfers that ended so.
    pub(crate) fn add(&mut self, outcome: Outcome, amount: Amount) {
        match outcome {
            Outcome::Success => self.success.add(amount),
            Outcome::Canceled => self.canceled.add(amount),
            Outcome::Failed(class) => self.failed.entry(class).or_default().add(amount),
        }
    }

    /// Adds every transfer of another tally.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.success.add(other.success);
        self.canceled.add(other.canceled);
        for (class, amount) in &other.failed {
            self.failed.entry(*class).or_default().add(*amount);
        }
    }

    /// What broke, whatever the reason.
    pub(crate) fn failed(&self) -> Amount {
        let mut sum = Amount::default();
        for amount in self.failed.values() {
            sum.add(*amount);
        }
        sum
    }

    /// The classes of what broke, with how many; without those of which there is none.
    pub(crate) fn by_class(&self) -> impl Iterator<Item = (FailureClass, u64)> + '_ {
        self.failed.iter().map(|(class, amount)| (*class, amount.count))
    }

    /// How many transfers ended.
    pub(crate) fn count(&self) -> u64 {
        self.success.count.saturating_add(self.canceled.count).saturating_add(self.failed().count)
    }

    /// How many of how many succeeded; `None` where there is nothing that could have.
    ///
    /// A canceled audit is neither success nor failure: the satellite asks again. Lines that name
    /// no action tell of one outcome only, so there is no rate of them.
    pub(crate) fn rate(&self, action: &Action) -> Option<(u64, u64)> {
        let whole = match action {
            Action::Upload | Action::Download => return None,
            Action::GetAudit => self.success.count.saturating_add(self.failed().count),
            Action::Put
            | Action::Get
            | Action::GetRepair
            | Action::PutRepair
            | Action::Delete
            | Action::PutGracefulExit
            | Action::Other(_) => self.count(),
        };
        (whole > 0).then_some((self.success.count, whole))
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
        assert_eq!(tally(6, 2, 1).rate(&Action::Get), Some((6, 10)));
        assert_eq!(tally(6, 2, 1).rate(&Action::GetAudit), Some((6, 8)));
        assert_eq!(tally(0, 2, 0).rate(&Action::GetAudit), None);
        assert_eq!(tally(0, 2, 0).rate(&Action::Get), Some((0, 2)));
        assert_eq!(tally(1, 2, 3).rate(&Action::Upload), None);
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
