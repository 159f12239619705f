//! The three figures that there are for what a month earns. They are never mixed.

use piecewatch_model::MicroUsd;

/// Which figure an amount is: amounts of different figures are never added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
    /// What the log alone can say: sizes of downloads, and storage.
    LogEstimate,
    /// What the node booked, by the node's own rule. Equals the node's own figure to the cent.
    NodeEstimate,
    /// What the satellite states that it paid. Exact.
    Paid,
}

impl Figure {
    /// Every figure, the surest last.
    pub const ALL: [Self; 3] = [Self::LogEstimate, Self::NodeEstimate, Self::Paid];

    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogEstimate => "log_estimate",
            Self::NodeEstimate => "node_estimate",
            Self::Paid => "paid",
        }
    }

    /// As it is shown to people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::LogEstimate => "log estimate",
            Self::NodeEstimate => "node estimate",
            Self::Paid => "paid",
        }
    }
}

/// A sum of one figure over satellites, nodes or months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigureTotal {
    /// Which figure.
    pub figure: Figure,
    /// The sum of those that are known.
    pub amount: MicroUsd,
    /// How many are known.
    pub known: usize,
    /// How many are not. Above 0 the sum must not be compared with that of another figure.
    pub missing: usize,
}

impl FigureTotal {
    /// Sums the same figure over several; `None` is one that is not known.
    pub fn of(figure: Figure, amounts: impl IntoIterator<Item = Option<MicroUsd>>) -> Self {
        let mut total = Self { figure, amount: MicroUsd::default(), known: 0, missing: 0 };
        for amount in amounts {
            match amount {
                Some(amount) => {
                    total.amount = total.amount + amount;
                    total.known += 1;
                }
                None => total.missing += 1,
            }
        }
        total
    }

    /// Whether every amount is known.
    pub const fn is_whole(&self) -> bool {
        self.missing == 0
    }
}
