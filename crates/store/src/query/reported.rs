//! What a node reported, and how it is read: the rows of one node after another.

use std::ops::RangeInclusive;

use piecewatch_model::{NodeName, Period, Timestamp};
use rusqlite::{Connection, Params, Row, types::Type};

use super::{Nodes, Question, Window, nodes::selected, time};
use crate::amount;

/// Something that a node reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported<T> {
    /// The node.
    pub node: NodeName,
    /// When it was told last: when that poll began.
    pub at: Timestamp,
    /// What.
    pub what: T,
}

/// The answers of one question: those of each node in turn, by name. `parameters` are those of the
/// statement for the node of this number.
pub(super) fn of_each<T, P: Params>(
    connection: &Connection,
    question: Question,
    nodes: Nodes<'_>,
    parameters: impl Fn(u16) -> P,
    mut read: impl FnMut(&NodeName, &Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut answers = Vec::new();
    let mut statement = connection.prepare_cached(question.sql)?;
    for (id, info) in selected(connection, nodes)? {
        let mut rows = statement.query(parameters(id))?;
        while let Some(row) = rows.next()? {
            answers.push(read(&info.name, row)?);
        }
    }
    Ok(answers)
}

/// What was reported, of a statement whose first column says when.
pub(super) fn reported<T, P: Params>(
    connection: &Connection,
    question: Question,
    nodes: Nodes<'_>,
    parameters: impl Fn(u16) -> P,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<Reported<T>>> {
    of_each(connection, question, nodes, parameters, |node, row| {
        Ok(Reported { node: node.clone(), at: time(row, 0)?, what: read(row)? })
    })
}

/// Parameters: a node, and from when up to but without when.
pub(super) fn within(window: Window) -> impl Fn(u16) -> (u16, i64, i64) {
    move |node| (node, window.from.as_micros(), window.to.as_micros())
}

/// Parameters: a node, the first and the last month.
pub(super) fn months(periods: RangeInclusive<Period>) -> impl Fn(u16) -> (u16, u32, u32) {
    let (first, last) = (amount::period(*periods.start()), amount::period(*periods.end()));
    move |node| (node, first, last)
}

pub(super) fn period(row: &Row<'_>, column: usize) -> rusqlite::Result<Period> {
    let number: i64 = row.get(column)?;
    amount::period_of(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
}

/// A value that no version of the program has written.
pub(super) fn unknown(column: usize, text: &str) -> rusqlite::Error {
    let text = format!("{text:?} has no meaning here");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, text.into())
}
