//! Why a satellite paid another amount than the node expected.

use piecewatch_model::MicroUsd;

use crate::{HeldPercent, PaidRates, Usage};

/// One reason for a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The reason.
    pub cause: Cause,
    /// How much of the difference it makes: negative where less was paid for it. `None` for what is
    /// known to be so but has no amount of its own in the difference.
    pub amount: Option<MicroUsd>,
}

/// Why paid and expected differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The node rounds to hundredths of a cent, the satellite cuts to micro-dollars.
    Rounding,
    /// The satellite counted other bytes than the node.
    Usage {
        /// What the node counted.
        ours: Usage,
        /// What the satellite counted.
        theirs: Usage,
    },
    /// The node takes the price of audits for repair too.
    RepairPrice,
    /// The satellite paid other rates than it had told the node.
    Prices {
        /// What it paid.
        paid: PaidRates,
    },
    /// The month was multiplied.
    Surge {
        /// By so many percent.
        percent: u32,
    },
    /// Another share was held back than the node expected.
    HeldRate {
        /// What the node expected.
        ours: HeldPercent,
        /// What the satellite held back, to the nearest percent.
        theirs: HeldPercent,
    },
    /// Some of what was held back earlier was released.
    Disposed,
    /// Code `D`: the node was disqualified, and gets nothing.
    Disqualified,
    /// Code `S`: payment is forbidden by sanctions.
    Sanctioned,
    /// Code `T`: a tax form is missing.
    TaxFormMissing,
    /// Code `E`: the node is in the first 15 months, in which shares are held back.
    InWithholding,
    /// Code `X`: the node has left by graceful exit, and nothing is held back.
    GracefulExit,
    /// Code `I`: a graceful exit is in progress.
    Exiting,
    /// Code `O`: the satellite had not reached the node since before the month, and pays nothing.
    Offline,
    /// Code `B`: a bonus was paid.
    Bonus,
    /// Less was sent than is paid, until the satellite's minimum is reached. The difference is told
    /// by what is paid, so this has no amount in it.
    WithheldForMinimum {
        /// What was not sent.
        left: MicroUsd,
    },
    /// More was sent than is paid for this month: what had waited for the minimum.
    CaughtUp {
        /// What was sent beyond.
        more: MicroUsd,
    },
    /// The node was offline on some days.
    OfflineDays {
        /// How many.
        days: u32,
    },
    /// For some days there are no rows of bandwidth.
    BandwidthMissing {
        /// How many.
        days: u32,
    },
    /// For some days there are no rows of storage.
    StorageMissing {
        /// How many.
        days: u32,
    },
    /// The storage of some days was interpolated by the node, by a rule that is not published.
    StorageCalculated {
        /// How many.
        days: u32,
    },
}

impl Cause {
    /// In lower-case words joined by `_`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rounding => "rounding",
            Self::Usage { .. } => "usage",
            Self::RepairPrice => "repair_price",
            Self::Prices { .. } => "prices",
            Self::Surge { .. } => "surge",
            Self::HeldRate { .. } => "held_rate",
            Self::Disposed => "disposed",
            Self::Disqualified => "disqualified",
            Self::Sanctioned => "sanctioned",
            Self::TaxFormMissing => "tax_form_missing",
            Self::InWithholding => "in_withholding",
            Self::GracefulExit => "graceful_exit",
            Self::Exiting => "exiting",
            Self::Offline => "offline",
            Self::Bonus => "bonus",
            Self::WithheldForMinimum { .. } => "withheld_for_minimum",
            Self::CaughtUp { .. } => "caught_up",
            Self::OfflineDays { .. } => "offline_days",
            Self::BandwidthMissing { .. } => "bandwidth_missing",
            Self::StorageMissing { .. } => "storage_missing",
            Self::StorageCalculated { .. } => "storage_calculated",
        }
    }

    /// In a few words for an operator.
    pub fn explanation(&self) -> String {
        match self {
            Self::Rounding => "rounding".to_owned(),
            Self::Usage { ours, theirs } => format!(
                "the satellite counted {} of downloads, the node {}; storage {} and {} TB-months",
                theirs.downloaded(),
                ours.downloaded(),
                tb_months(theirs),
                tb_months(ours)
            ),
            Self::RepairPrice => "repair is paid at its own price, not that of audits".to_owned(),
            Self::Prices { .. } => "other rates were paid than the node was told".to_owned(),
            Self::Surge { percent } => format!("a surge of {percent} %"),
            Self::HeldRate { ours, theirs } => {
                format!("{theirs} were held back, the node expected {ours}")
            }
            Self::Disposed => "held amount that was released".to_owned(),
            Self::Disqualified => "the node was disqualified (D)".to_owned(),
            Self::Sanctioned => "payment is forbidden by sanctions (S)".to_owned(),
            Self::TaxFormMissing => "a tax form is missing (T)".to_owned(),
            Self::InWithholding => "the node is in its first 15 months (E)".to_owned(),
            Self::GracefulExit => "the node has left by graceful exit (X)".to_owned(),
            Self::Exiting => "a graceful exit is in progress (I)".to_owned(),
            Self::Offline => "the node was offline since before the month (O)".to_owned(),
            Self::Bonus => "a bonus (B)".to_owned(),
            Self::WithheldForMinimum { left } => {
                format!("{left} USD were not sent yet: below the satellite's minimum")
            }
            Self::CaughtUp { more } => {
                format!("{more} USD were sent beyond, which had waited for the minimum")
            }
            Self::OfflineDays { days } => format!("the node was offline on {}", day_count(*days)),
            Self::BandwidthMissing { days } => {
                format!("no bandwidth known of {}", day_count(*days))
            }
            Self::StorageMissing { days } => format!("no storage known of {}", day_count(*days)),
            Self::StorageCalculated { days } => format!(
                "storage of {} was interpolated by the node, by a rule that is not published",
                day_count(*days)
            ),
        }
    }
}

fn day_count(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// Terabyte-months to three decimals, for showing.
fn tb_months(usage: &Usage) -> String {
    format!("{:.3}", usage.storage.get() as f64 / 720e12)
}
