//! What do the satellites pay, and what did they?

use piecewatch_model::{CentsPerTb, NodeName, Period, Prices, SatelliteId};

use super::{
    Nodes, Question,
    nodes::Names,
    reported::{of_each, period},
};
use crate::{Reader, Result};

pub(crate) const ALL: Question = Question {
    name: "prices",
    sql: "SELECT period, satellite, egress, repair, audit, storage FROM prices
WHERE node = ?1 ORDER BY period, satellite",
};

/// The prices of a satellite as a node was told them in a month: the last ones of that month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// The node.
    pub node: NodeName,
    /// The satellite.
    pub satellite: SatelliteId,
    /// The month.
    pub period: Period,
    /// The prices.
    pub prices: Prices,
}

impl Reader {
    /// All prices that nodes reported, oldest month first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn prices(&self, nodes: Nodes<'_>) -> Result<Vec<PriceRow>> {
        self.ask(ALL.name, |connection| {
            let names = Names::read(connection)?;
            of_each(
                connection,
                ALL,
                nodes,
                |node| (node,),
                |node, row| {
                    let cents = |column| row.get(column).map(CentsPerTb::new);
                    Ok(PriceRow {
                        node: node.clone(),
                        satellite: names.named_satellite(row.get(1)?),
                        period: period(row, 0)?,
                        prices: Prices {
                            egress: cents(2)?,
                            repair: cents(3)?,
                            audit: cents(4)?,
                            storage: cents(5)?,
                        },
                    })
                },
            )
        })
    }
}
