//! A folder of databases as versions of the node have made them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use piecewatch_model::{
    ByteCount, DailyBandwidth, DailyStorage, Fact, KnownSatellite, SatelliteId, Timestamp,
};
use piecewatch_store::node_databases::{self, Contents};
use rusqlite::Connection;

use crate::fixture::NOW;

pub(super) const US1: &str = "x'A28B4F04E10BAE85D67F4C6CB82BF8D4C0F0F47A8EA72627524DEB6EC0000000'";
pub(super) const EU1: &str = "x'AF2C42003EFC826AB4361F73F9D890942146FE0EBE806786F8E7190800000000'";

pub(super) fn us1() -> SatelliteId {
    KnownSatellite::ALL[0].id()
}

pub(super) fn eu1() -> SatelliteId {
    KnownSatellite::ALL[1].id()
}

pub(super) const fn august(day: u8) -> Timestamp {
    Timestamp::from_civil((2026, 8, day), 0, 0, 0)
}

pub(super) const fn bytes(bytes: u64) -> ByteCount {
    ByteCount::new(bytes)
}

/// `bandwidth.db` since v1.104.
pub(super) const BANDWIDTH: &str = "CREATE TABLE bandwidth_usage (
    interval_start TIMESTAMP NOT NULL, satellite_id BLOB NOT NULL,
    put_total BIGINT DEFAULT 0, get_total BIGINT DEFAULT 0, get_audit_total BIGINT DEFAULT 0,
    get_repair_total BIGINT DEFAULT 0, put_repair_total BIGINT DEFAULT 0,
    delete_total BIGINT DEFAULT 0, PRIMARY KEY (interval_start, satellite_id));";

/// `bandwidth.db` up to v1.103.
pub(super) const BANDWIDTH_BEFORE: &str = "CREATE TABLE bandwidth_usage (
    satellite_id BLOB NOT NULL, action INTEGER NOT NULL, amount BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL);
CREATE TABLE bandwidth_usage_rollups (
    interval_start TIMESTAMP NOT NULL, satellite_id BLOB NOT NULL, action INTEGER NOT NULL,
    amount BIGINT NOT NULL, PRIMARY KEY (interval_start, satellite_id, action));";

pub(super) const STORAGE: &str = "CREATE TABLE storage_usage (
    timestamp TIMESTAMP NOT NULL, satellite_id BLOB NOT NULL, at_rest_total REAL NOT NULL,
    interval_end_time TIMESTAMP NOT NULL, PRIMARY KEY (timestamp, satellite_id));";

pub(super) const HELD: &str = "CREATE TABLE paystubs (
    period TEXT NOT NULL, satellite_id BLOB NOT NULL, created_at TIMESTAMP NOT NULL,
    codes TEXT NOT NULL, usage_at_rest DOUBLE PRECISION NOT NULL, usage_get BIGINT NOT NULL,
    usage_put BIGINT NOT NULL, usage_get_repair BIGINT NOT NULL, usage_put_repair BIGINT NOT NULL,
    usage_get_audit BIGINT NOT NULL, comp_at_rest BIGINT NOT NULL, comp_get BIGINT NOT NULL,
    comp_put BIGINT NOT NULL, comp_get_repair BIGINT NOT NULL, comp_put_repair BIGINT NOT NULL,
    comp_get_audit BIGINT NOT NULL, surge_percent BIGINT NOT NULL, held BIGINT NOT NULL,
    owed BIGINT NOT NULL, disposed BIGINT NOT NULL, paid BIGINT NOT NULL,
    distributed BIGINT NOT NULL, PRIMARY KEY (period, satellite_id));
CREATE TABLE payments (
    id BIGINT NOT NULL, created_at TIMESTAMP NOT NULL, satellite_id BLOB NOT NULL, period TEXT,
    amount BIGINT NOT NULL, receipt TEXT, notes TEXT, PRIMARY KEY (id));";

pub(super) const PRICING: &str = "CREATE TABLE pricing (
    satellite_id BLOB NOT NULL, egress_bandwidth_price BIGINT NOT NULL,
    repair_bandwidth_price BIGINT NOT NULL, audit_bandwidth_price BIGINT NOT NULL,
    disk_space_price BIGINT NOT NULL, PRIMARY KEY (satellite_id));";

pub(super) const REPUTATION: &str = "CREATE TABLE reputation (
    satellite_id BLOB NOT NULL, audit_success_count INTEGER NOT NULL,
    audit_total_count INTEGER NOT NULL, audit_reputation_alpha REAL NOT NULL,
    audit_reputation_beta REAL NOT NULL, audit_reputation_score REAL NOT NULL,
    audit_unknown_reputation_alpha REAL NOT NULL, audit_unknown_reputation_beta REAL NOT NULL,
    audit_unknown_reputation_score REAL NOT NULL, online_score REAL NOT NULL, audit_history BLOB,
    disqualified_at TIMESTAMP, updated_at TIMESTAMP NOT NULL, suspended_at TIMESTAMP,
    offline_suspended_at TIMESTAMP, offline_under_review_at TIMESTAMP, vetted_at TIMESTAMP,
    joined_at TIMESTAMP NOT NULL, PRIMARY KEY (satellite_id));";

pub(super) const SATELLITES: &str = "CREATE TABLE satellites (
    node_id BLOB NOT NULL, address TEXT, added_at TIMESTAMP NOT NULL, status INTEGER NOT NULL,
    PRIMARY KEY (node_id));
CREATE TABLE satellite_exit_progress (
    satellite_id BLOB NOT NULL, initiated_at TIMESTAMP, finished_at TIMESTAMP,
    starting_disk_usage INTEGER NOT NULL, bytes_deleted INTEGER NOT NULL, completion_receipt BLOB,
    PRIMARY KEY (satellite_id));";

pub(super) const PIECE_SPACE: &str = "CREATE TABLE piece_space_used (
    total INTEGER NOT NULL DEFAULT 0, content_size INTEGER NOT NULL, satellite_id BLOB);
CREATE UNIQUE INDEX idx_piece_space_used_satellite_id ON piece_space_used(satellite_id);";

/// A folder of a node's databases.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Opens a database as a node does.
    pub(super) fn open(&self, name: &str) -> Connection {
        let connection = Connection::open(self.file(name)).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection
    }

    /// Writes a database and closes it. `US1` and `EU1` stand for ids.
    pub(super) fn write(&self, name: &str, sql: &[&str]) -> &Self {
        let sql = sql.join("\n").replace("US1", US1).replace("EU1", EU1);
        self.open(name).execute_batch(&sql).unwrap();
        self
    }

    pub(super) fn read(&self) -> Contents {
        node_databases::read(self.path(), NOW)
    }

    /// What every file holds, by name.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.clone(), fs::read(path).unwrap_or_default())).collect()
    }
}

/// Facts of files without a problem.
pub(super) fn facts(contents: Contents) -> Vec<Fact> {
    assert!(contents.problems.is_empty(), "{:?}", contents.problems);
    contents.facts
}

pub(super) fn moved(contents: Contents) -> Vec<DailyBandwidth> {
    let bandwidth = |fact| {
        let Fact::Bandwidth(bandwidth) = fact else { panic!("{fact:?}") };
        bandwidth
    };
    facts(contents).into_iter().map(bandwidth).collect()
}

pub(super) fn stored(contents: Contents) -> Vec<DailyStorage> {
    let storage = |fact| {
        let Fact::Storage(storage) = fact else { panic!("{fact:?}") };
        storage
    };
    facts(contents).into_iter().map(storage).collect()
}

/// One row of each table of a node of v1.150.
pub(super) fn whole() -> Folder {
    let folder = Folder::new();
    folder
        .write(
            "bandwidth.db",
            &[
                BANDWIDTH,
                "INSERT INTO bandwidth_usage VALUES
                    ('2026-08-18 00:00:00+00:00', US1, 1, 2, 3, 4, 5, 6);",
            ],
        )
        .write(
            "storage_usage.db",
            &[
                STORAGE,
                "INSERT INTO storage_usage VALUES ('2026-08-18 00:00:00+00:00', US1,
                    71777209849.26886, '2026-08-18 23:00:00.123456+00:00');",
            ],
        )
        .write(
            "heldamount.db",
            &[
                HELD,
                "INSERT INTO paystubs VALUES ('2026-07', US1, '2026-08-09 10:11:12+00:00', 'E:X',
                    673657261120516.2, 1, 2, 3, 4, 5, 1403455, 7, 0, 9, 0, 11, 0, 12, 13, -14, 15,
                    16);
                INSERT INTO payments VALUES (1, '2026-08-10 00:00:00+00:00', US1, '2026-07', 99,
                    'zksync-era:0x1', ''), (2, '2026-08-10 00:00:00+00:00', EU1, '2026-07', 98,
                    NULL, NULL);",
            ],
        )
        .write("pricing.db", &[PRICING, "INSERT INTO pricing VALUES (US1, 200, 201, 202, 149);"])
        .write(
            "reputation.db",
            &[
                REPUTATION,
                "INSERT INTO reputation VALUES (US1, 998, 1000, 1, 0, 0.99, 1, 0, 0.98, 0.97, NULL,
                    NULL, '2026-08-19 12:00:00+00:00', '2026-08-01 00:00:00+00:00', NULL, NULL,
                    '0001-01-01 00:00:00+00:00', '2024-02-03 04:05:06.789+00:00');",
            ],
        )
        .write(
            "satellites.db",
            &[
                SATELLITES,
                "INSERT INTO satellites VALUES (US1, 'us1.storj.io:7777', '2024-01-01 00:00:00', 1),
                    (EU1, 'eu1.storj.io:7777', '2024-01-01 00:00:00', 3);
                INSERT INTO satellite_exit_progress VALUES
                    (US1, '2026-01-01 00:00:00', '2026-02-01 00:00:00', 1, 1, NULL),
                    (EU1, '2026-01-01 00:00:00', '2026-02-02 00:00:00', 1, 1, x'01');",
            ],
        )
        .write(
            "piece_spaced_used.db",
            &[
                PIECE_SPACE,
                "INSERT INTO piece_space_used VALUES (1000, 900, US1), (500, 400, EU1),
                    (1500, 1300, NULL), (70, 60, 'trashtotal');",
            ],
        );
    folder
}
