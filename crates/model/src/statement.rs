//! What a node expects to be paid, and what it was paid.

use std::fmt;

use crate::{ByteCount, ByteHours, MicroUsd, Period, SatelliteId, Timestamp};

/// What a node itself computes that a satellite owes it for a month (`estimated-payout?id=`).
///
/// The node rounds each component to a hundredth of a cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeEstimate {
    /// The satellite.
    pub satellite: SatelliteId,
    /// The month.
    pub period: Period,
    /// What customers downloaded.
    pub egress: ByteCount,
    /// What that earns.
    pub egress_payout: MicroUsd,
    /// What was downloaded for repair and audits.
    pub repair_audit: ByteCount,
    /// What that earns.
    pub repair_audit_payout: MicroUsd,
    /// What was stored.
    pub storage: ByteHours,
    /// What that earns.
    pub storage_payout: MicroUsd,
    /// How much of it is held back, in percent.
    pub held_percent: u8,
    /// How much of it is held back.
    pub held: MicroUsd,
    /// What is paid: the three components less `held`.
    pub payout: MicroUsd,
    /// What the node expects for the whole of the running month, from a straight line through what
    /// it has so far; `None` for a month that is over.
    pub expected: Option<MicroUsd>,
}

/// What a satellite states that it paid for a month: a row of `heldamount.db`, table `paystubs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paystub {
    /// The satellite.
    pub satellite: SatelliteId,
    /// The month.
    pub period: Period,
    /// When the satellite made the statement.
    pub created_at: Timestamp,
    /// What was special about the month.
    pub codes: PaystubCodes,
    /// What was stored.
    pub usage_at_rest: ByteHours,
    /// Downloads of customers.
    pub usage_get: ByteCount,
    /// Uploads of customers.
    pub usage_put: ByteCount,
    /// Downloads for repair.
    pub usage_get_repair: ByteCount,
    /// Uploads for repair.
    pub usage_put_repair: ByteCount,
    /// Audits.
    pub usage_get_audit: ByteCount,
    /// Earned by storage.
    pub comp_at_rest: MicroUsd,
    /// Earned by downloads of customers.
    pub comp_get: MicroUsd,
    /// Earned by uploads: nothing, since 2019.
    pub comp_put: MicroUsd,
    /// Earned by downloads for repair.
    pub comp_get_repair: MicroUsd,
    /// Earned by uploads for repair: nothing.
    pub comp_put_repair: MicroUsd,
    /// Earned by audits.
    pub comp_get_audit: MicroUsd,
    /// The whole was multiplied by so many percent; 0 for not at all.
    pub surge_percent: u32,
    /// Held back of this month.
    pub held: MicroUsd,
    /// Owed for this month after `held`, with what is released of `disposed`.
    pub owed: MicroUsd,
    /// Released of what was held back earlier.
    pub disposed: MicroUsd,
    /// Earned and released for the month.
    pub paid: MicroUsd,
    /// Sent. Less than `paid` while the sum is below the satellite's minimum, more when it catches up.
    pub distributed: MicroUsd,
}

impl Paystub {
    /// What was earned before surge, held amount and release: the sum of the components.
    pub fn earned(&self) -> MicroUsd {
        self.comp_at_rest
            + self.comp_get
            + self.comp_put
            + self.comp_get_repair
            + self.comp_put_repair
            + self.comp_get_audit
    }
}

/// The codes of a paystub: a set of capital letters. Letters without a meaning here are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PaystubCodes(u32);

impl PaystubCodes {
    /// `D`: the node was disqualified.
    pub const DISQUALIFIED: Self = Self::letter(b'D');
    /// `S`: payment is forbidden by sanctions.
    pub const SANCTIONED: Self = Self::letter(b'S');
    /// `T`: a tax form (1099) is missing.
    pub const NO_1099: Self = Self::letter(b'T');
    /// `E`: a share is held back.
    pub const IN_WITHHOLDING: Self = Self::letter(b'E');
    /// `X`: the node has left by graceful exit.
    pub const GRACEFUL_EXIT: Self = Self::letter(b'X');
    /// `I`: a graceful exit is in progress.
    pub const EXITING: Self = Self::letter(b'I');
    /// `O`: the node was offline when the month began.
    pub const OFFLINE: Self = Self::letter(b'O');
    /// `B`: a bonus was paid.
    pub const BONUS: Self = Self::letter(b'B');

    const fn letter(letter: u8) -> Self {
        Self(1 << (letter - b'A'))
    }

    /// The codes in a text such as `E:X`; what is no capital letter is passed over.
    pub fn from_text(text: &str) -> Self {
        let letters = text.bytes().filter(u8::is_ascii_uppercase);
        letters.fold(Self::default(), |codes, letter| codes.and(Self::letter(letter)))
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every code of the other set is in this one.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// As the satellite writes them: `E:X`, in the order of the alphabet; empty for none.
impl fmt::Display for PaystubCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = (b'A'..=b'Z').filter(|letter| self.contains(Self::letter(*letter)));
        let letters: Vec<String> = letters.map(|letter| char::from(letter).to_string()).collect();
        f.pad(&letters.join(":"))
    }
}

/// Money that was sent, with its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The satellite that paid.
    pub satellite: SatelliteId,
    /// The month that was paid for.
    pub period: Period,
    /// How much.
    pub amount: MicroUsd,
    /// Where it can be looked up, such as `zksync-era:0x…`; empty when none was told.
    pub receipt: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_and_written() {
        let codes = PaystubCodes::from_text("X:E");
        assert!(codes.contains(PaystubCodes::GRACEFUL_EXIT));
        assert!(codes.contains(PaystubCodes::IN_WITHHOLDING));
        assert!(!codes.contains(PaystubCodes::DISQUALIFIED));
        assert_eq!(codes.to_string(), "E:X");
        assert_eq!(PaystubCodes::from_text("").to_string(), "");
        assert_eq!(PaystubCodes::from_text("Z:?:é").to_string(), "Z");
    }
}
