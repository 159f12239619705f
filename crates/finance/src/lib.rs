//! What storage nodes earn: rows in, earnings out; exact money.

mod estimate;
mod held;
mod money;
mod price;
mod share;
mod storage;
mod withholding;

pub use estimate::{DaysTold, Earnings, Estimate, Usage};
pub use held::{HeldDrop, HeldPercent, HeldReturn, HeldSoFar, ReturnState, next_drop};
pub use price::{PaidRate, PaidRates, Price, PriceHistory, PriceSource, built_in_prices};
pub use share::{Claim, ShareBasis, Shares};
pub use storage::{Gap, GapPlace, LEVEL_HOLDS_MAX, Level, Stored};
pub use withholding::{WITHHOLDING_SCHEDULE, Withholding, plus_months};
