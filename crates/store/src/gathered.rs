//! What one transaction gathers from its batches before it writes transfers and sums.

use std::collections::BTreeMap;

use piecewatch_model::{Action, Batch, Latency, NodeName, Record, Rejected, Timestamp, Transfer};
use rusqlite::{Connection, params};

use crate::{
    OldTransfers,
    dictionary::Dictionaries,
    events, kept,
    outcome::Fate,
    query::commits::Topics,
    retention::Cuts,
    rollup::Sums,
    slowest::Slowest,
    spreads::ErrorSpreads,
    transfers::{self, TransferRow},
};

/// No transfer is larger than 4 GiB (a segment has 64 MiB), and none takes longer than 2^32 µs (71
/// minutes; a stream ends after 30). A log may say anything; capped, the sums stay integers of 64
/// bits.
const AMOUNT_MAX: u64 = 1 << 32;
/// A record from later than this is of a clock gone wrong: it is stored, but does not become the
/// newest of its node, at which windows end. In microseconds.
const FUTURE_MAX: i64 = 24 * 3600 * 1_000_000;
/// A record from longer ago than this was not read as it was written: an import, or a reader that
/// catches up. In microseconds.
const PRESENT_MAX: i64 = 3600 * 1_000_000;

pub(crate) const NODE_TIMES: &str = "UPDATE nodes
SET first_at = min(coalesce(first_at, ?2), ?2), last_at = max(coalesce(last_at, ?3), ?3)
WHERE id = ?1";

pub(crate) const COMMIT: &str =
    "INSERT INTO commits (process, node, topics, first_key, last_key, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// What a transaction brings of one node.
#[derive(Debug, Default)]
struct NodePart {
    topics: Topics,
    /// The times of the oldest and the newest record.
    times: Option<(Timestamp, Timestamp)>,
}

/// Records of a transaction. Events are written as they come, transfers and sums at the end.
pub(crate) struct Gathered<'a> {
    connection: &'a Connection,
    dictionaries: &'a mut Dictionaries,
    cuts: Cuts,
    old_transfers: OldTransfers,
    rows: Vec<TransferRow<'a>>,
    sums: Sums,
    slowest: Slowest,
    spreads: ErrorSpreads,
    nodes: BTreeMap<u16, NodePart>,
}

impl<'a> Gathered<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        dictionaries: &'a mut Dictionaries,
        cuts: Cuts,
        old_transfers: OldTransfers,
    ) -> Self {
        Self {
            connection,
            dictionaries,
            cuts,
            old_transfers,
            rows: Vec::new(),
            sums: Sums::default(),
            slowest: Slowest::default(),
            spreads: ErrorSpreads::default(),
            nodes: BTreeMap::new(),
        }
    }

    /// The number of a node; `None` when there is no room for another.
    pub(crate) fn node(&mut self, name: &NodeName) -> rusqlite::Result<Option<u16>> {
        self.dictionaries.node(self.connection, name)
    }

    /// Takes the records of a batch whose position was moved on.
    pub(crate) fn add(
        &mut self,
        node: u16,
        batch: &'a Batch,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let mut part = self.nodes.remove(&node).unwrap_or_default();
        for record in &batch.records {
            let (at, topic) = of_record(record);
            part.topics = part.topics.and(topic);
            if at < now.plus_micros(-PRESENT_MAX) {
                part.topics = part.topics.and(Topics::PAST);
            }
            if at <= now.plus_micros(FUTURE_MAX) {
                let (first, last) = part.times.unwrap_or((at, at));
                part.times = Some((at.min(first), at.max(last)));
            }
            self.add_record(node, at, record)?;
        }
        self.nodes.insert(node, part);
        Ok(())
    }

    fn add_record(&mut self, node: u16, at: Timestamp, record: &'a Record) -> rusqlite::Result<()> {
        let connection = self.connection;
        match record {
            Record::Transfer(transfer) => {
                let row = self.transfer_row(node, transfer)?;
                if row.at >= self.cuts.details {
                    self.spreads.add(&row, transfer);
                }
                self.add_row(row);
            }
            Record::Rejected(rejected) => self.add_row(rejected_row(node, rejected)),
            // An event beyond its retention would go with the next pruning.
            Record::Compaction(_)
            | Record::Maintenance(_)
            | Record::Orders(_)
            | Record::Scores(_)
            | Record::Trouble(_)
            | Record::Lifecycle(_)
                if at < self.cuts.details => {}
            Record::Compaction(compaction) => {
                events::write_compaction(connection, self.dictionaries, node, compaction)?;
            }
            Record::Maintenance(work) => {
                events::write_maintenance(connection, self.dictionaries, node, work)?;
            }
            Record::Orders(orders) => {
                events::write_orders(connection, self.dictionaries, node, orders)?;
            }
            Record::Scores(scores) => {
                events::write_scores(connection, self.dictionaries, node, scores)?;
            }
            Record::Trouble(trouble) => {
                events::write_trouble(connection, self.dictionaries, node, trouble)?;
            }
            Record::Lifecycle(lifecycle) => events::write_lifecycle(connection, node, lifecycle)?,
            Record::Space(space) => events::write_space(connection, node, space)?,
        }
        Ok(())
    }

    fn transfer_row(
        &mut self,
        node: u16,
        transfer: &'a Transfer,
    ) -> rusqlite::Result<TransferRow<'a>> {
        let connection = self.connection;
        let template = match &transfer.error {
            Some(error) => Some(self.dictionaries.template(connection, error)?),
            None => None,
        };
        Ok(TransferRow {
            at: transfer.at,
            node,
            satellite: self.dictionaries.satellite(connection, transfer.satellite.as_ref())?,
            action: self.dictionaries.action(connection, &transfer.action)?,
            outcome: Fate::Ended(transfer.outcome).code(),
            size: transfer.size.map(|size| size.get().min(AMOUNT_MAX)),
            offset: transfer.offset.map(|offset| offset.min(AMOUNT_MAX)),
            remote: transfer.remote,
            country: self.dictionaries.country(connection, transfer.country.as_ref())?,
            template,
            latency: transfer
                .latency
                .map(|Latency { micros, clock }| Latency { micros: micros.min(AMOUNT_MAX), clock }),
            piece: Some(&transfer.piece),
        })
    }

    fn add_row(&mut self, row: TransferRow<'a>) {
        self.sums.add(&row, &self.cuts);
        self.slowest.add(&row);
        let kept = match self.old_transfers {
            OldTransfers::SumOnly => row.at >= self.cuts.transfers,
            OldTransfers::Keep => true,
        };
        if kept {
            self.rows.push(row);
        }
    }

    /// Writes what was gathered. Gives the number of the last commit that it lists, if any.
    pub(crate) fn write(mut self, process: i64, now: Timestamp) -> rusqlite::Result<Option<i64>> {
        let keys = transfers::insert(self.connection, &mut self.rows)?;
        self.sums.write(self.connection, &self.cuts)?;
        self.slowest.write(self.connection, &self.cuts)?;
        self.spreads.write(self.connection)?;
        let mut node_times = self.connection.prepare_cached(NODE_TIMES)?;
        let mut commit = self.connection.prepare_cached(COMMIT)?;
        for (node, part) in &self.nodes {
            if let Some((first, last)) = part.times {
                node_times.execute(params![node, first.as_micros(), last.as_micros()])?;
                kept::left_out(self.connection, *node, first, &self.cuts, self.old_transfers)?;
            }
            let (first_key, last_key) = keys.get(node).copied().unzip();
            commit.execute(params![
                process,
                node,
                part.topics.bits(),
                first_key,
                last_key,
                now.as_micros()
            ])?;
        }
        Ok((!self.nodes.is_empty()).then(|| self.connection.last_insert_rowid()))
    }
}

fn rejected_row(node: u16, rejected: &Rejected) -> TransferRow<'static> {
    let upload = Action::Upload.code().expect("an upload is a named action");
    TransferRow {
        at: rejected.at,
        node,
        satellite: 0,
        action: upload.into(),
        outcome: Fate::Rejected.code(),
        size: None,
        offset: None,
        remote: None,
        country: None,
        template: None,
        latency: None,
        piece: None,
    }
}

fn of_record(record: &Record) -> (Timestamp, Topics) {
    match record {
        Record::Transfer(transfer) => (transfer.at, Topics::TRANSFERS),
        Record::Rejected(rejected) => (rejected.at, Topics::TRANSFERS),
        Record::Compaction(compaction) => (compaction.at, Topics::COMPACTIONS),
        Record::Maintenance(work) => (work.at, Topics::MAINTENANCE),
        Record::Orders(orders) => (orders.at, Topics::ORDERS),
        Record::Scores(scores) => (scores.at, Topics::SCORES),
        Record::Trouble(trouble) => (trouble.at, Topics::TROUBLES),
        Record::Lifecycle(lifecycle) => (lifecycle.at, Topics::LIFECYCLE),
        Record::Space(space) => (space.at, Topics::SPACE),
    }
}
