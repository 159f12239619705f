//! The one connection that writes.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use piecewatch_model::{Batch, Report, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::{
    Error, OldTransfers, Result, Retention,
    dictionary::Dictionaries,
    file_id::FileId,
    gathered::{self, Gathered},
    position,
    query::{Question, commits},
    report,
    retention::Cuts,
};

pub(crate) const RANDOM: Question =
    Question { name: "writer: a number for the process", sql: "SELECT random()" };

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Its records and its position are stored.
    Committed,
    /// Nothing of it was stored: its source was read on by somebody else since the reader looked.
    /// The reader looks again.
    Moved,
}

/// Writes batches and reports, and removes what is too old.
#[derive(Debug)]
pub struct Writer {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    file: FileId,
    pub(crate) retention: Retention,
    old_transfers: OldTransfers,
    dictionaries: Dictionaries,
    /// When pruning made room for new error texts last.
    pub(crate) made_room_at: Option<Timestamp>,
    /// The checkpoints that this writer made.
    own: HashSet<i64>,
    process: i64,
    newest_commit: i64,
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        path: &Path,
        retention: Retention,
        old_transfers: OldTransfers,
        file: FileId,
    ) -> rusqlite::Result<Self> {
        let process = connection.query_row(RANDOM.sql, [], |row| row.get(0))?;
        let newest_commit = commits::newest(&connection)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            file,
            retention,
            old_transfers,
            dictionaries: Dictionaries::new(),
            made_room_at: None,
            own: HashSet::new(),
            process,
            newest_commit,
        })
    }

    /// The random number under which this writer's commits are listed.
    pub const fn process(&self) -> i64 {
        self.process
    }

    /// The number of the newest commit of this writer; while it has made none, that of the newest
    /// commit of anybody when it was opened.
    pub const fn newest_commit(&self) -> i64 {
        self.newest_commit
    }

    /// Stores batches in one transaction: all of them, or, on an error, none. Gives what became of
    /// each.
    ///
    /// Transfers older than [`Retention::transfers`] enter the sums only, unless old ones are to be
    /// kept; sums and events beyond their own retention at `now` are not written at all.
    ///
    /// # Errors
    ///
    /// When the database cannot be written. Nothing is lost: the same batches may be given again.
    /// [`Error::Gone`] when its file is not where it was: what is written there nobody would find.
    pub fn append(&mut self, batches: &[Batch], now: Timestamp) -> Result<Vec<Appended>> {
        self.check_file()?;
        // What the transaction adds to these counts once it is committed.
        let mut own = self.own.clone();
        let appended = self.try_append(batches, now, &mut own);
        match appended {
            Ok(_) => {
                self.dictionaries.keep();
                self.own = own;
            }
            Err(_) => self.dictionaries.forget(),
        }
        appended
    }

    /// Stores what a node reported, in one transaction. Given again it changes nothing; of the same
    /// day, month or state, what is given last is kept.
    ///
    /// A report is no record of a log: it moves neither the times of the node's records
    /// ([`NodeInfo::records`](crate::NodeInfo::records)) nor any position. Scores and versions enter
    /// the history when they differ from those before them.
    ///
    /// Gives how many facts were passed over: those on satellites for which there is no room, since
    /// a database knows a thousand, and one node may bring 64. Why is stored with how the poll went.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn report(&mut self, report: &Report, now: Timestamp) -> Result<usize> {
        self.check_file()?;
        let stored = self.try_report(report, now);
        match stored {
            Ok(_) => self.dictionaries.keep(),
            Err(_) => self.dictionaries.forget(),
        }
        stored
    }

    /// Moves what is in the write-ahead log into the database file, and empties the log: for an
    /// orderly end. Waits for readers and other writers as long as a transaction would.
    ///
    /// # Errors
    ///
    /// When the database cannot be written. Nothing is lost: the log stays.
    pub fn checkpoint(&mut self) -> Result<()> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|error| Error::of(&self.path, "emptying the write-ahead log", error))
    }

    pub(crate) fn check_file(&self) -> Result<()> {
        if self.file.is_gone(&self.path) {
            return Err(Error::Gone { path: self.path.clone() });
        }
        Ok(())
    }

    /// The transaction, which is rolled back when the function returns early.
    fn try_append(
        &mut self,
        batches: &[Batch],
        now: Timestamp,
        own: &mut HashSet<i64>,
    ) -> Result<Vec<Appended>> {
        let failed = |error| Error::of(&self.path, "storing records", error);
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)
            .map_err(failed)?;
        let cuts = Cuts::at(now, &self.retention);
        let mut gathered =
            Gathered::new(&transaction, &mut self.dictionaries, cuts, self.old_transfers);
        let mut appended = Vec::with_capacity(batches.len());
        for batch in batches {
            let node = gathered
                .node(&batch.node)
                .map_err(failed)?
                .ok_or_else(|| Error::TooManyNodes { name: batch.node.clone() })?;
            if position::advance(&transaction, node, batch, now, own).map_err(failed)? {
                gathered.add(node, batch, now).map_err(failed)?;
                appended.push(Appended::Committed);
            } else {
                appended.push(Appended::Moved);
            }
        }
        let newest_commit = gathered.write(self.process, now).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        self.newest_commit = newest_commit.unwrap_or(self.newest_commit);
        Ok(appended)
    }

    /// The transaction, which is rolled back when the function returns early.
    fn try_report(&mut self, report: &Report, now: Timestamp) -> Result<usize> {
        let failed = |error| Error::of(&self.path, "storing a report", error);
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate)
            .map_err(failed)?;
        let node = self
            .dictionaries
            .node(&transaction, &report.node)
            .map_err(failed)?
            .ok_or_else(|| Error::TooManyNodes { name: report.node.clone() })?;
        let cuts = Cuts::at(now, &self.retention);
        let write = || {
            let passed_over =
                report::write(&transaction, &mut self.dictionaries, node, report, &cuts, now)?;
            transaction.prepare_cached(gathered::COMMIT)?.execute(params![
                self.process,
                node,
                report::topics(report, now).bits(),
                None::<i64>,
                None::<i64>,
                now.as_micros()
            ])?;
            let newest_commit = transaction.last_insert_rowid();
            transaction.commit()?;
            Ok((passed_over, newest_commit))
        };
        let (passed_over, newest_commit) = write().map_err(failed)?;
        self.newest_commit = newest_commit;
        Ok(passed_over)
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{
        Action, Fingerprinter, KnownSatellite, LineCounts, Outcome, PieceId, Record, Start,
        Transfer,
    };

    use super::*;
    use crate::{Nodes, Store, StoreConfig};

    fn batch(transfers: usize) -> Batch {
        let transfer = Transfer {
            at: Timestamp::from_seconds(1_755_612_207),
            satellite: Some(KnownSatellite::ALL[7].id()),
            piece: PieceId::new([7; 32]),
            action: Action::from_name("GET_CONVERT"),
            outcome: Outcome::Canceled,
            size: None,
            offset: None,
            remote: None,
            country: None,
            latency: None,
            error: Some("context canceled".into()),
            error_text: None,
        };
        Batch {
            node: "n1".parse().unwrap(),
            source: "node.log".into(),
            start: Start::Beginning { known: 0 },
            end: Fingerprinter::new().checkpoint(),
            records: vec![Record::Transfer(transfer); transfers],
            counts: LineCounts::default(),
        }
    }

    /// Predecessor faults 11 and 30: it drops a batch when its write fails.
    #[test]
    fn a_full_disk_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piecewatch.db");
        let Store { mut writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
        let pages_max = |writer: &Writer, pages: u32| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            writer.connection.query_row(&sql, [], |_| Ok(())).unwrap();
        };
        let now = Timestamp::from_seconds(1_755_612_300);
        let batch = batch(20_000);

        pages_max(&writer, 50);
        for _ in 0..2 {
            let error = writer.append(std::slice::from_ref(&batch), now).unwrap_err();
            assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
            assert!(error.to_string().contains("free some space"), "{error}");
        }
        assert_eq!(readers.get().unwrap().nodes().unwrap(), [], "nothing of it is there");

        pages_max(&writer, u32::MAX - 1);
        let appended = writer.append(&[batch.clone(), batch], now).unwrap();
        assert_eq!(appended, [Appended::Committed; 2]);
        let totals = readers.get().unwrap().traffic_totals(Nodes::All, None).unwrap();
        let counts: Vec<_> = totals.rows.iter().map(|row| (row.action.name(), row.count)).collect();
        assert_eq!(counts, [("GET_CONVERT", 40_000)]);
    }
}
