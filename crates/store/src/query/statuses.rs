//! How are the nodes' processes?

use piecewatch_model::{NodeStatus, Quic};

use super::{
    Nodes, Question, Reported,
    reported::{maybe_time, reported, unknown},
};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "statuses",
    sql: "SELECT told_at, node_id, version, allowed_version, is_up_to_date, started_at,
    last_pinged_at, last_quic_pinged_at, quic, port
FROM node_status WHERE node = ?1",
};

impl Reader {
    /// The newest of each node.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn statuses(&self, nodes: Nodes<'_>) -> Result<Vec<Reported<NodeStatus>>> {
        self.ask(NEWEST.name, |connection| {
            let node_of = |node| (node,);
            reported(connection, NEWEST, nodes, node_of, |row| {
                let quic = match row.get_ref(8)?.as_str_or_null()? {
                    Some(name) => Some(Quic::from_name(name).ok_or_else(|| unknown(8, name))?),
                    None => None,
                };
                Ok(NodeStatus {
                    node_id: row.get(1)?,
                    version: row.get(2)?,
                    allowed_version: row.get(3)?,
                    is_up_to_date: row.get(4)?,
                    started_at: maybe_time(row, 5)?,
                    last_pinged_at: maybe_time(row, 6)?,
                    last_quic_pinged_at: maybe_time(row, 7)?,
                    quic,
                    port: row.get(9)?,
                })
            })
        })
    }
}
