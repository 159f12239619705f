//! How many statements read: for tests that count.

use std::cell::Cell;

use rusqlite::{
    Connection,
    trace::{TraceEvent, TraceEventCodes},
};

thread_local! {
    static READ: Cell<u64> = const { Cell::new(0) };
}

/// Lets SQLite tell of each statement that a connection begins. A connection that was not asked to
/// costs nothing.
pub(crate) fn count(connection: &Connection) {
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(counted));
}

/// Beginnings and ends of transactions read nothing.
fn counted(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(_, sql) = event
        && sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
    {
        READ.set(READ.get() + 1);
    }
}

/// How many statements this thread has read with so far, through readers that count
/// ([`StoreConfig::counts_statements`](crate::StoreConfig::counts_statements)): a question may be
/// several. For tests: what an answer costs before anything is kept.
pub fn statements_read() -> u64 {
    READ.get()
}
