//! What storage nodes earn: rows in, earnings out; exact money.

mod cause;
mod completed;
mod estimate;
mod figure;
mod forecast;
mod held;
mod log_traffic;
mod money;
mod per_terabyte;
mod price;
mod reconcile;
mod share;
mod statement;
mod storage;
mod withholding;

pub use cause::{Cause, Reason};
pub use completed::{Completed, CompletedBy, Lacking};
pub use estimate::{DaysTold, Earnings, Estimate, Usage};
pub use figure::{Figure, FigureTotal};
pub use forecast::{Forecast, ForecastTotal, MonthSoFar, MonthState, node_expectation};
pub use held::{HeldDrop, HeldPercent, HeldReturn, HeldSoFar, ReturnState, next_drop};
pub use log_traffic::{LogError, LogTraffic};
pub use per_terabyte::{PerTerabyte, Profit};
pub use price::{PaidRate, PaidRates, Price, PriceHistory, PriceSource, built_in_prices};
pub use reconcile::{MonthKnown, Reconciliation};
pub use share::{Claim, ShareBasis, Shares};
pub use statement::{NodeMonth, Rate, Statement, StatementRates, StatementTerms};
pub use storage::{Gap, GapPlace, LEVEL_HOLDS_MAX, Level, Stored};
pub use withholding::{WITHHOLDING_SCHEDULE, Withholding, plus_months};
