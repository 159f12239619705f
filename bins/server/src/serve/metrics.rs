//! What other monitors read: the page of metrics.
//!
//! Names are as Prometheus recommends: one prefix, base units, `_total` on what only grows. What is
//! not known has no sample; nothing stands for it. How many samples there are is bounded: by nodes,
//! their satellites, actions and outcomes; never is anything of a single transfer a label.
//!
//! Counts of transfers are those of all time, out of the database. So they go on where they were
//! when the server is started anew, and two servers of one database tell the same.

mod all_time;
mod exporter;
mod family;
mod nodes;
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use piecewatch_analytics::Observatory;
use piecewatch_collector::config::ExporterNames;
use piecewatch_finance::Ledger;
use piecewatch_model::{SatelliteId, Timestamp};
use piecewatch_store::Readers;
use thiserror::Error;

use super::own::OwnFigures;
use all_time::AllTime;
use family::Families;
pub(crate) use family::Form;
pub(crate) use server::reason_name;

/// Why there is no page.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] piecewatch_store::Error),
    /// The same, told to everybody who waited for one answer.
    #[error(transparent)]
    Answer(#[from] Arc<piecewatch_store::Error>),
    /// What nodes earn cannot be told.
    #[error(transparent)]
    Earnings(#[from] Arc<piecewatch_finance::Error>),
}

type Result<T> = std::result::Result<T, Error>;

/// Writes pages of metrics; share it. Each page blocks while the database is asked.
#[derive(Debug)]
pub(crate) struct Metrics {
    readers: Readers,
    observatory: Arc<Observatory>,
    ledger: Arc<Ledger>,
    exporter_names: ExporterNames,
    all_time: AllTime,
}

impl Metrics {
    /// Pages of this database.
    pub(crate) fn new(
        readers: Readers,
        observatory: Arc<Observatory>,
        ledger: Arc<Ledger>,
        exporter_names: ExporterNames,
    ) -> Self {
        Self { readers, observatory, ledger, exporter_names, all_time: AllTime::default() }
    }

    /// A page: the nodes, the server, and, if it is so configured, the nodes again under the names
    /// of Storj-Exporter.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(crate) fn page(&self, form: Form, own: &OwnFigures, now: Timestamp) -> Result<String> {
        let mut families = Families::default();
        self.transfers(&mut families, now)?;
        self.nodes(&mut families, own, now)?;
        server::add(&mut families, own);
        match self.exporter_names {
            ExporterNames::Told => self.exporter(&mut families, now)?,
            ExporterNames::LeftOut => {}
        }
        Ok(families.page(form))
    }
}

/// How a satellite is called: by its name where it has one, else by its id, and `unknown` where the
/// log tells none.
fn satellite_name(satellite: Option<SatelliteId>) -> String {
    match satellite {
        Some(id) => id.known().map_or_else(|| id.to_string(), |known| known.name.to_owned()),
        None => "unknown".to_owned(),
    }
}

/// Seconds since 1970.
fn seconds_of(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}
