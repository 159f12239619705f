//! How money and what earns it look to people.

use piecewatch_model::{ByteHours, MicroUsd};

/// Dollars to the cent, a half away from zero: `1.64`, `-0.01`, `1,234.50`.
pub(crate) fn usd(amount: MicroUsd) -> String {
    const CENT: u64 = 10_000;
    let cents = (amount.get().unsigned_abs() + CENT / 2) / CENT;
    let sign = if amount.get() < 0 && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", crate::table::number(cents / 100), cents % 100)
}

/// Terabyte-months of 720 hours, to three decimals: what storage is paid by.
pub(crate) fn tb_months(storage: ByteHours) -> String {
    // A float is for drawing only.
    format!("{:.3}", storage.get() as f64 / 720e12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_to_the_cent() {
        for (micros, text) in [
            (0, "0.00"),
            (4_999, "0.00"),
            (-4_999, "0.00"),
            (5_000, "0.01"),
            (-5_000, "-0.01"),
            (1_644_900, "1.64"),
            (1_234_500_000, "1,234.50"),
        ] {
            assert_eq!(usd(MicroUsd::new(micros)), text);
        }
        assert_eq!(tb_months(ByteHours::new(744_000_000_000_000)), "1.033");
    }
}
