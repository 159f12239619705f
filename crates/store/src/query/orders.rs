//! Which transfers were sent to the satellites for payment?

use piecewatch_model::OrdersSettled;

use super::{Event, Nodes, Question, Window, newest_events, nodes::Names, number, time};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "orders",
    sql: "SELECT t.at, t.satellite, t.count, t.lines FROM orders AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 ORDER BY t.at DESC LIMIT ?4",
};

impl Reader {
    /// The newest settlements in a window, newest first; they reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn orders(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<OrdersSettled>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            newest_events(connection, NEWEST, nodes, window, limit, |row| {
                let at = time(row, 0)?;
                let satellite = names.satellite(row.get(1)?);
                let orders = OrdersSettled { at, satellite, count: number(row, 2)? };
                Ok((at, orders, number(row, 3)?))
            })
        })
    }
}
