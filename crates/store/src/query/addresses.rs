//! Who was at the other side of the newest transfers?

use std::net::IpAddr;

use piecewatch_model::NodeName;

use super::{
    Nodes, Question, Window,
    nodes::selected,
    transfers::{EXAMINED_MAX, address},
};
use crate::{
    Reader, Result,
    transfers::{first_key, node_of, time_of},
};

/// Of all nodes: there is no order by node.
pub(crate) const NEWEST: Question = Question {
    name: "addresses",
    sql: "SELECT key, micros, remote FROM transfers
WHERE key >= ?1 AND key < ?2 ORDER BY key DESC",
};

impl Reader {
    /// The addresses at the other sides of a node's newest transfers in a window, of at most `limit`
    /// transfers that are still kept one by one, newest first; those whose address nobody told are left
    /// out. Among many other nodes it may be of fewer: it looks at 100,000 transfers at most.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn newest_addresses(
        &self,
        node: &NodeName,
        window: Window,
        limit: usize,
    ) -> Result<Vec<IpAddr>> {
        self.ask(NEWEST.name, |connection| {
            let mut addresses = Vec::new();
            let Some((id, _)) = selected(connection, Nodes::Of(std::slice::from_ref(node)))?.pop()
            else {
                return Ok(addresses);
            };
            let first = first_key(window.from.as_seconds());
            let end = first_key(window.to.as_seconds().saturating_add(1));
            let mut statement = connection.prepare_cached(NEWEST.sql)?;
            let mut rows = statement.query([first, end])?;
            let (mut examined, mut found) = (0, 0);
            while examined < EXAMINED_MAX
                && found < limit
                && let Some(row) = rows.next()?
            {
                examined += 1;
                let key = row.get(0)?;
                if node_of(key) != id {
                    continue;
                }
                let at = time_of(key, row.get(1)?);
                if window.from <= at && at < window.to {
                    found += 1;
                    addresses.extend(address(row, 2)?);
                }
            }
            Ok(addresses)
        })
    }
}
