//! What a satellite pays.

use std::fmt;

/// Whole US cents for a terabyte (10^12 bytes), or for a terabyte held for a month (720 hours): how
/// nodes keep prices (`pricing.db`, `priceModel`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CentsPerTb(u32);

impl CentsPerTb {
    /// So many cents.
    pub const fn new(cents: u32) -> Self {
        Self(cents)
    }

    /// The number of cents.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Dollars, two decimals: `1.49`.
impl fmt::Display for CentsPerTb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

/// The prices of one satellite. What is uploaded is not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prices {
    /// For a terabyte that customers downloaded (GET).
    pub egress: CentsPerTb,
    /// For a terabyte of repair traffic. The node's own estimate takes `audit` in its place.
    pub repair: CentsPerTb,
    /// For a terabyte of audits (GET_AUDIT).
    pub audit: CentsPerTb,
    /// For a terabyte held for 720 hours.
    pub storage: CentsPerTb,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_shown_in_dollars() {
        for (cents, text) in [(0, "0.00"), (5, "0.05"), (149, "1.49"), (2_000, "20.00")] {
            assert_eq!(CentsPerTb::new(cents).to_string(), text);
        }
    }
}
