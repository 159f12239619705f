//! Brings a database to the schema of this program, step by step and forward only.

use piecewatch_model::Histogram;
use rusqlite::{
    Connection, Transaction, TransactionBehavior,
    functions::{Context, FunctionFlags},
};

/// Marks a database as ours: "Piec".
pub(crate) const APPLICATION_ID: u32 = 0x5069_6563;

/// The steps, in order; the version of a database is how many of them it has taken.
const STEPS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_reports.sql"),
    include_str!("../migrations/0003_slowest.sql"),
    include_str!("../migrations/0004_kept.sql"),
    include_str!("../migrations/0005_sums_for_long_windows.sql"),
    include_str!("../migrations/0006_alerts.sql"),
    include_str!("../migrations/0007_watch.sql"),
    include_str!("../migrations/0008_self_metrics.sql"),
    include_str!("../migrations/0009_flow.sql"),
    include_str!("../migrations/0010_latency_of_nodes.sql"),
    include_str!("../migrations/0011_versions.sql"),
    include_str!("../migrations/0012_error_spreads.sql"),
];

/// The version that this program writes.
pub(crate) const NEWEST: u32 = STEPS.len() as u32;

/// The version of the database's schema; 0 when it is empty.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The mark of the program to which the database belongs.
pub(crate) fn application_id(connection: &Connection) -> rusqlite::Result<u32> {
    // The pragma is a signed number.
    connection.pragma_query_value(None, "application_id", |row| Ok(row.get::<_, i32>(0)? as u32))
}

/// Takes the steps that the database has not taken, each in a transaction of its own.
///
/// Another process may do the same at the same time: the version is read again within each
/// transaction.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("histogram_sum", 2, flags, histogram_sum)?;
    while version(connection)? < NEWEST {
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        let version = version(&transaction)?;
        if let Some(step) = STEPS.get(version as usize) {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version + 1)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// `histogram_sum(one, other)` in the steps: both, merged. What cannot be read adds nothing: one damaged
/// hour must not keep the database from being opened.
fn histogram_sum(context: &Context<'_>) -> rusqlite::Result<Vec<u8>> {
    let [one, other] = [context.get_raw(0).as_blob()?, context.get_raw(1).as_blob()?];
    Ok(match (Histogram::from_bytes(one), Histogram::from_bytes(other)) {
        (Ok(mut sum), Ok(other)) => {
            sum.merge(&other);
            sum.to_bytes()
        }
        (Ok(_), Err(_)) => one.to_owned(),
        (Err(_), _) => other.to_owned(),
    })
}
