//! What storage nodes earn: rows in, earnings out; exact money.
//!
//! There are three figures for one month, and they are never mixed ([`Figure`]):
//!
//! - the *log estimate*: what a log alone can say ([`LogTraffic`]), with its error against what the
//!   node booked ([`LogError`]);
//! - the *node estimate*: what the node booked by day and satellite ([`Usage`]), at its prices
//!   ([`PriceHistory`]), by its own rule ([`Estimate::of`]): equal to the node's figure to the
//!   cent;
//! - *paid*: what the satellite states. How a satellite calculates is in [`Statement::of`]; why it
//!   paid another amount than the node expected, [`Reconciliation::of`] says.
//!
//! A terabyte is 10^12 bytes and a month is 720 hours, however many days it has. Of the first nine
//! months of a node on a satellite a share is held back ([`HeldPercent::of`]), half of which comes
//! back in the 16th ([`HeldReturn::of`]). Uploads and trash are not paid.
//!
//! Where storage is not known by satellite, what the node had in use is summed over the month
//! ([`Stored::of`]) and shared out ([`Shares::of`]). [`Forecast::of`] says what a month will have
//! earned at its end, and how sure that is; [`PerTerabyte`] and [`Profit`] what it was worth.
//!
//! All of these are functions of plain values, which cannot fail and read no clock. Money is whole
//! micro-dollars; each rule names the one of the node's or the satellite's code that it follows.
//!
//! ```
//! use piecewatch_finance::{
//!     Cause, DaysTold, Estimate, HeldPercent, MonthKnown, PriceHistory, Reconciliation, Usage,
//! };
//! use piecewatch_model::{ByteCount, ByteHours, KnownSatellite, Period};
//! # use piecewatch_model::{MicroUsd, Paystub, PaystubCodes, Timestamp};
//!
//! // A terabyte held through the 31 days of July, and 100 GB downloaded.
//! let us1 = KnownSatellite::ALL[0].id();
//! let july: Period = "2026-07".parse()?;
//! let usage = Usage {
//!     egress: ByteCount::new(100_000_000_000),
//!     storage: ByteHours::new(744_000_000_000_000),
//!     ..Usage::default()
//! };
//! let price = PriceHistory::default().price(us1, july, None);
//! let held_percent = HeldPercent::of("2026-03-14T00:00:00Z".parse()?, july);
//! assert_eq!((price.source.name(), held_percent.get()), ("built_in", 50));
//!
//! let estimate = Estimate::of(&usage, &price.prices, held_percent);
//! assert_eq!(estimate.earnings.storage.to_string(), "1.55");
//! assert_eq!(estimate.earnings.egress.to_string(), "0.20");
//! assert_eq!(estimate.earnings.payout.to_string(), "0.875");
//!
//! // The satellite paid as expected, times 150 %.
//! # let nothing = MicroUsd::default();
//! # let statement = Paystub {
//! #     satellite: us1, period: july, created_at: july.end(), codes: PaystubCodes::default(),
//! #     usage_at_rest: usage.storage, usage_get: usage.egress, usage_put: ByteCount::default(),
//! #     usage_get_repair: ByteCount::default(), usage_put_repair: ByteCount::default(),
//! #     usage_get_audit: ByteCount::default(), comp_at_rest: "1.55".parse()?,
//! #     comp_get: "0.20".parse()?, comp_put: nothing, comp_get_repair: nothing,
//! #     comp_put_repair: nothing, comp_get_audit: nothing, surge_percent: 0,
//! #     held: "1.3125".parse()?, owed: nothing, disposed: nothing, paid: nothing,
//! #     distributed: "1.3125".parse()?,
//! # };
//! let paystub = Paystub {
//!     surge_percent: 150,
//!     owed: "1.3125".parse()?,
//!     paid: "1.3125".parse()?,
//!     ..statement
//! };
//! let days = DaysTold { days: 31, bandwidth: 31, storage: 31, calculated: 0 };
//! let known =
//!     MonthKnown { usage, prices: price.prices, held_percent, days, offline_days: 0 };
//! let result = Reconciliation::of(&known, &paystub);
//! assert_eq!(result.difference.to_string(), "0.4375");
//! assert_eq!(result.reasons[0].cause, Cause::Surge { percent: 150 });
//! assert_eq!(result.remainder, MicroUsd::default());
//! # Ok::<(), piecewatch_model::Error>(())
//! ```

mod account;
mod cause;
mod completed;
mod error;
mod estimate;
mod figure;
mod forecast;
mod held;
mod ledger;
mod log_traffic;
mod money;
mod month;
mod per_terabyte;
mod price;
mod reconcile;
mod satellite_month;
mod share;
mod statement;
mod storage;
mod used;
mod withholding;

pub use account::{Account, Told};
pub use cause::{Cause, Reason};
pub use completed::{Completed, CompletedBy, Lacking};
pub use error::{Error, Result};
pub use estimate::{DaysTold, Earnings, Estimate, Usage};
pub use figure::{Figure, FigureTotal};
pub use forecast::{Forecast, ForecastTotal, MonthSoFar, MonthState};
pub use held::{HeldDrop, HeldFate, HeldPercent, HeldReturn, HeldSoFar, ReturnState, next_drop};
pub use ledger::{Ledger, LedgerSettings, NodeForecast, SatelliteForecast};
pub use log_traffic::{LogError, LogTraffic};
pub use month::{LogCover, Month};
pub use per_terabyte::{PerTerabyte, Profit};
pub use price::{PaidRate, PaidRates, Price, PriceHistory, PriceSource, built_in_prices};
pub use reconcile::{MonthKnown, Reconciliation};
pub use satellite_month::{Breakdown, LogFigure, NodeFigure, SatelliteMonth};
pub use share::{Claim, ShareBasis, Shares};
pub use statement::{NodeMonth, Rate, Statement, StatementRates, StatementTerms};
pub use storage::{Gap, GapPlace, LEVEL_HOLDS_MAX, Level, Stored};
pub use used::{Overlap, Storage, StorageSource, Traffic};
pub use withholding::{WITHHOLDING_SCHEDULE, Withholding, plus_months};
