//! A node's own databases, as its versions have written them, are read and not touched.

mod folder;

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use piecewatch_model::{
    ByteHours, CentsPerTb, DailyBandwidth, DailyStorage, Fact, MicroUsd, Payment, Paystub,
    PaystubCodes, Period, Poll, PollPart, Prices, Report, Space, Standing, StandingScores,
    StorageBasis, Timestamp,
};
use piecewatch_store::{
    Nodes,
    node_databases::{self, Cause, Contents, PassedOver, Reason},
};

use self::folder::*;
use crate::fixture::{Database, NOW, node};

fn paystub() -> Paystub {
    Paystub {
        satellite: us1(),
        period: Period::new(2026, 7).unwrap(),
        created_at: Timestamp::from_civil((2026, 8, 9), 10, 11, 12),
        codes: PaystubCodes::IN_WITHHOLDING.and(PaystubCodes::GRACEFUL_EXIT),
        usage_at_rest: ByteHours::new(673_657_261_120_516),
        usage_get: bytes(1),
        usage_put: bytes(2),
        usage_get_repair: bytes(3),
        usage_put_repair: bytes(4),
        usage_get_audit: bytes(5),
        comp_at_rest: MicroUsd::new(1_403_455),
        comp_get: MicroUsd::new(7),
        comp_put: MicroUsd::new(0),
        comp_get_repair: MicroUsd::new(9),
        comp_put_repair: MicroUsd::new(0),
        comp_get_audit: MicroUsd::new(11),
        surge_percent: 0,
        held: MicroUsd::new(12),
        owed: MicroUsd::new(13),
        disposed: MicroUsd::new(-14),
        paid: MicroUsd::new(15),
        distributed: MicroUsd::new(16),
    }
}

#[test]
fn what_a_node_keeps_is_read() {
    let contents = whole().read();
    assert_eq!(contents.passed_over, []);
    let bandwidth = DailyBandwidth {
        satellite: us1(),
        day: august(18),
        get: bytes(2),
        get_audit: bytes(3),
        get_repair: bytes(4),
        put: bytes(1),
        put_repair: bytes(5),
    };
    let storage = DailyStorage {
        satellite: us1(),
        day: august(18),
        byte_hours: ByteHours::new(71_777_209_849),
        covered_seconds: None,
        average: None,
        basis: StorageBasis::Reported,
    };
    let payment = |satellite, amount, receipt: &str| Payment {
        satellite,
        period: Period::new(2026, 7).unwrap(),
        amount: MicroUsd::new(amount),
        receipt: receipt.into(),
    };
    let [egress, repair, audit, storage_price] = [200, 201, 202, 149].map(CentsPerTb::new);
    let prices = Prices { egress, repair, audit, storage: storage_price };
    let standing = Standing {
        address: Some("us1.storj.io:7777".into()),
        joined_at: Some(Timestamp::from_civil((2024, 2, 3), 4, 5, 6).plus_micros(789_000)),
        suspended_at: Some(august(1)),
        scores: Some(StandingScores { audit: 0.99, online: 0.97, suspension: 0.98 }),
        audits: Some((1000, 998)),
        ..Standing::unknown(us1())
    };
    let left = Standing {
        address: Some("eu1.storj.io:7777".into()),
        exited_at: Some(Timestamp::from_civil((2026, 2, 2), 0, 0, 0)),
        ..Standing::unknown(eu1())
    };
    let space = Space { used: Some(bytes(1_500)), trash: Some(bytes(70)), ..Space::default() };
    assert_eq!(
        facts(contents),
        [
            Fact::Bandwidth(bandwidth),
            Fact::Storage(storage),
            Fact::Paystub(paystub()),
            Fact::Payment(payment(us1(), 99, "zksync-era:0x1")),
            Fact::Payment(payment(eu1(), 98, "")),
            Fact::Prices(us1(), prices),
            Fact::Standing(standing),
            Fact::Standing(left),
            Fact::Space(space),
        ]
    );
}

#[test]
fn what_was_read_can_be_stored() {
    let mut database = Database::new();
    let poll = Poll {
        at: NOW,
        part: PollPart::Databases,
        took_micros: 1,
        requests: 0,
        bytes: bytes(0),
        error: None,
    };
    let report = Report { node: node("n1"), poll, facts: facts(whole().read()) };
    database.writer.report(&report, NOW).unwrap();
    let reader = database.readers.get().unwrap();
    let july = Period::new(2026, 7).unwrap();
    let paystubs = reader.paystubs(Nodes::All, july..=july).unwrap();
    assert_eq!((paystubs.len(), &paystubs[0].what), (1, &paystub()));
    assert_eq!(reader.standings(Nodes::All).unwrap().len(), 2);
}

#[test]
fn a_day_under_two_forms_of_its_time_is_one_day() {
    let folder = Folder::new();
    folder.write(
        "bandwidth.db",
        &[
            BANDWIDTH,
            "INSERT INTO bandwidth_usage (interval_start, satellite_id, get_total, put_total) VALUES
                ('2026-08-01 00:00:00', US1, 100, 1), ('2026-08-01 00:00:00+00:00', US1, 20, NULL),
                ('2026-08-01 00:00:00+00:00', EU1, 3, 0), ('2026-08-02 00:00:00', US1, 4, 0);",
        ],
    );
    let days = moved(folder.read());
    let days: Vec<_> =
        days.iter().map(|day| (day.day, day.satellite, day.get.get(), day.put.get())).collect();
    assert_eq!(
        days,
        [(august(1), us1(), 120, 1), (august(1), eu1(), 3, 0), (august(2), us1(), 4, 0)]
    );
}

#[test]
fn before_v1_104_hours_and_single_transfers_add_up_to_days() {
    let folder = Folder::new();
    folder.write(
        "bandwidth.db",
        &[
            BANDWIDTH_BEFORE,
            "INSERT INTO bandwidth_usage_rollups VALUES
                ('2026-08-01 22:00:00+00:00', US1, 2, 1000), ('2026-08-01 23:00:00', US1, 2, 200),
                ('2026-08-01 23:00:00+00:00', US1, 1, 7), ('2026-08-01 23:00:00+00:00', US1, 6, 9),
                ('2026-08-02 00:00:00+00:00', US1, 4, 5), ('2026-08-01 23:00:00+00:00', US1, 7, 9);
            INSERT INTO bandwidth_usage VALUES
                (US1, 2, 30, '2026-08-01 23:59:59.999999999+00:00'),
                (US1, 2, 1, '2026-08-02 00:00:01+00:00'), (US1, 3, 2, '2026-08-02 00:00:01+00:00'),
                (US1, 5, 3, '2026-08-02 01:00:00+02:00');",
        ],
    );
    let none = bytes(0);
    let nothing = DailyBandwidth {
        satellite: us1(),
        day: august(1),
        get: none,
        get_audit: none,
        get_repair: none,
        put: none,
        put_repair: none,
    };
    assert_eq!(
        moved(folder.read()),
        [
            DailyBandwidth { get: bytes(1_230), put: bytes(7), put_repair: bytes(3), ..nothing },
            DailyBandwidth {
                day: august(2),
                get: bytes(1),
                get_audit: bytes(2),
                get_repair: bytes(5),
                ..nothing
            },
        ]
    );
}

#[test]
fn a_day_of_storage_covers_the_hours_since_the_end_of_the_one_before() {
    let folder = Folder::new();
    folder.write(
        "storage_usage.db",
        &[
            STORAGE,
            "INSERT INTO storage_usage VALUES
                ('2026-06-30 00:00:00+00:00', US1, 1.0, '2026-06-30 20:00:00+00:00'),
                ('2026-07-01 00:00:00+00:00', US1, 12.0, '2026-07-01 08:00:00+00:00'),
                ('2026-07-02 00:00:00+00:00', US1, 99.0, '0001-01-01 00:00:00+00:00'),
                ('2026-07-03 00:00:00+00:00', US1, 48.0, '2026-07-03 08:00:00+00:00'),
                ('2026-07-01 00:00:00+00:00', EU1, 24.0, '2026-07-01 22:30:00+00:00');",
        ],
    );
    let days = |contents| -> Vec<_> {
        let days = stored(contents);
        let hour = |seconds| f64::from(seconds) / 3600.0;
        let told = |day: &DailyStorage| {
            let (_, month, date) = day.day.date();
            let satellite = day.satellite.known().unwrap().name;
            (month, date, satellite, day.byte_hours.get(), day.covered_seconds.map(hour))
        };
        days.iter().map(told).collect()
    };
    // What one day of June covers in July is known, and that an incomplete one is left out.
    let july =
        [(7, 1, "us1", 12, Some(12.0)), (7, 1, "eu1", 24, None), (7, 3, "us1", 48, Some(48.0))];
    assert_eq!(days(folder.read()), july);
    let all = days(node_databases::read_all(folder.path()));
    assert_eq!(all[0], (6, 30, "us1", 1, None));
    assert_eq!(all[1..], july);
}

#[test]
fn days_of_this_month_and_the_last_are_read_again_and_years_when_asked() {
    let folder = Folder::new();
    folder.write(
        "bandwidth.db",
        &[
            BANDWIDTH,
            "INSERT INTO bandwidth_usage (interval_start, satellite_id, get_total) VALUES
                ('2021-01-01 00:00:00', US1, 1), ('2026-06-30 00:00:00+00:00', US1, 2),
                ('2026-07-01 00:00:00+00:00', US1, 3), ('2026-08-19 00:00:00', US1, 4);",
        ],
    );
    let amounts =
        |contents| -> Vec<_> { moved(contents).iter().map(|day| day.get.get()).collect() };
    assert_eq!(amounts(folder.read()), [3, 4]);
    assert_eq!(amounts(node_databases::read_all(folder.path())), [1, 2, 3, 4]);
}

/// Columns and files came over the years.
#[test]
fn what_an_older_node_does_not_have_is_passed_over_and_told() {
    let folder = Folder::new();
    folder
        .write("bandwidth.db", &["CREATE TABLE bandwidth (x);"])
        .write(
            "storage_usage.db",
            &[
                "CREATE TABLE storage_usage (satellite_id BLOB NOT NULL, at_rest_total REAL NOT NULL,
                    interval_start TIMESTAMP NOT NULL);
                INSERT INTO storage_usage VALUES (US1, 5.0, '2026-08-01 00:00:00+00:00');",
            ],
        )
        .write(
            "heldamount.db",
            &[
                HELD,
                "ALTER TABLE paystubs DROP COLUMN distributed; DROP TABLE payments;
                INSERT INTO paystubs VALUES ('2020-07', US1, '2020-08-09 10:11:12', '', 1, 0, 0, 0,
                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 42);",
            ],
        )
        .write(
            "reputation.db",
            &[
                REPUTATION,
                "ALTER TABLE reputation DROP COLUMN vetted_at;
                INSERT INTO reputation VALUES (US1, 1, 1, 1, 0, 1, 1, 0, 1, 1, NULL, NULL, '', NULL,
                    NULL, NULL, '2020-02-03 04:05:06+00:00');",
            ],
        );
    let contents = folder.read();
    let passed_over = |file, reason| PassedOver { file, reason };
    assert_eq!(
        contents.passed_over,
        [
            passed_over("bandwidth.db", Reason::OtherTables),
            passed_over("pricing.db", Reason::Absent),
            passed_over("satellites.db", Reason::Absent),
            passed_over("piece_spaced_used.db", Reason::Absent),
        ]
    );
    let [Fact::Storage(storage), Fact::Paystub(paystub), Fact::Standing(standing)] =
        &facts(contents)[..]
    else {
        panic!("a fact of each");
    };
    assert_eq!((storage.day, storage.covered_seconds), (august(1), None));
    assert_eq!(paystub.distributed, MicroUsd::new(42), "all that was paid was sent then");
    assert_eq!(standing.joined_at, Some(Timestamp::from_civil((2020, 2, 3), 4, 5, 6)));
    assert_eq!((standing.vetted_at, &standing.address), (None, &None));
}

/// Predecessor fault 20: it takes one figure of the node's space for another.
#[test]
fn space_is_not_told_where_pieces_are_in_the_hash_store() {
    let folder = whole();
    fs::create_dir_all(folder.file("hashstore/meta")).unwrap();
    let has_space =
        |contents: &Contents| contents.facts.iter().any(|fact| matches!(fact, Fact::Space(_)));
    assert!(has_space(&folder.read()), "every node has that folder");
    fs::create_dir_all(
        folder.file("hashstore/12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S"),
    )
    .unwrap();
    let contents = folder.read();
    assert!(!has_space(&contents));
    assert_eq!(
        contents.passed_over[0].to_string(),
        "piece_spaced_used.db does not count the pieces in the hash store"
    );
}

#[test]
fn nothing_in_the_folder_changes_whether_the_node_runs_or_not() {
    let folder = whole();
    let before = folder.files();
    facts(folder.read());
    assert!(folder.files() == before, "of a node that does not run");

    // What it wrote last is in the log.
    let running = folder.open("bandwidth.db");
    running.execute("UPDATE bandwidth_usage SET get_total = 77", []).unwrap();
    let before = folder.files();
    assert!(before.contains_key(&folder.file("bandwidth.db-wal")), "{:?}", before.keys());
    let facts = facts(folder.read());
    assert!(folder.files() == before, "of a node that runs");
    assert!(
        matches!(&facts[0], Fact::Bandwidth(day) if day.get == bytes(77)),
        "what is in the log is read: {:?}",
        facts[0]
    );
    running.execute("UPDATE bandwidth_usage SET get_total = 78", []).unwrap();
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_read_with_what_is_in_its_log() {
    use std::os::unix::fs::PermissionsExt;

    let folder = whole();
    let running = folder.open("bandwidth.db");
    running.execute("UPDATE bandwidth_usage SET get_total = 77", []).unwrap();
    let permit = |files: u32, itself: u32| {
        for path in folder.files().keys() {
            fs::set_permissions(path, fs::Permissions::from_mode(files)).unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(itself)).unwrap();
    };
    let before = folder.files();
    permit(0o444, 0o555);
    let contents = folder.read();
    assert!(folder.files() == before);
    permit(0o644, 0o755);
    let facts = facts(contents);
    assert!(matches!(&facts[0], Fact::Bandwidth(day) if day.get == bytes(77)), "{:?}", facts[0]);
}

/// The node moves amounts from row to row, and empties its log again and again: in a copy that is
/// of more than one state, amounts are missing or there twice.
#[test]
fn what_is_read_while_the_node_writes_is_of_one_state() {
    const ROWS: u64 = 2_000;
    let folder = Folder::new();
    folder.write(
        "bandwidth.db",
        &[
            BANDWIDTH,
            "WITH RECURSIVE days (day) AS (SELECT 0 UNION ALL SELECT day + 1 FROM days LIMIT 40),
                satellites (id) AS (SELECT US1 UNION ALL SELECT randomblob(32) FROM satellites
                    LIMIT 50)
            INSERT INTO bandwidth_usage (interval_start, satellite_id, get_total)
                SELECT date('2026-07-01', '+' || day || ' days'), id, 1000000
                FROM days, satellites;
            CREATE TABLE takes_time_to_copy AS SELECT zeroblob(2000000);",
        ],
    );
    let mut writer = folder.open("bandwidth.db");
    let is_over = AtomicBool::new(false);
    // Whether it could be read; then it is whole.
    let look = || {
        let contents = folder.read();
        let changing = contents.problems.iter().all(|one| matches!(one.cause, Cause::Changing));
        assert!(changing, "{:?}", contents.problems);
        if !contents.problems.is_empty() {
            return false;
        }
        let amounts = moved(contents).iter().map(|day| day.get.get()).collect::<Vec<_>>();
        assert_eq!((amounts.len() as u64, amounts.iter().sum()), (ROWS, ROWS * 1_000_000));
        true
    };
    let (mut looks, mut read) = (0, 0);
    thread::scope(|scope| {
        let is_over = &is_over;
        scope.spawn(move || {
            writer.pragma_update(None, "synchronous", "OFF").unwrap();
            writer.pragma_update(None, "wal_autocheckpoint", 60).unwrap();
            let rows = i64::try_from(ROWS).unwrap();
            // Some twenty seconds at most.
            for round in (0..20_000).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                let change = writer.transaction().unwrap();
                let sql = "UPDATE bandwidth_usage SET get_total = get_total + ?1 WHERE rowid = ?2";
                let (from, to) = (round * 7 % rows + 1, round * 1_013 % rows + 1);
                change.execute(sql, (-round, from)).unwrap();
                change.execute(sql, (round, to)).unwrap();
                change.commit().unwrap();
                // A node rests between its changes; here longer and longer, however slow the machine is.
                if round % 100 == 99 {
                    thread::sleep(Duration::from_millis((round / 100).try_into().unwrap()));
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        while !is_over.load(Ordering::Relaxed) && (looks < 5 || read == 0) {
            looks += 1;
            read += u32::from(look());
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(read > 0, "none of {looks} in spite of the node");
    assert!(look(), "it rests");
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_read() {
    let folder = whole();
    fs::write(folder.file("pricing.db"), "no database").unwrap();
    let mut damaged = fs::read(folder.file("heldamount.db")).unwrap();
    damaged[4096..].chunks_mut(4096).for_each(|page| page[..64].fill(0xaa));
    fs::write(folder.file("heldamount.db"), damaged).unwrap();
    fs::write(folder.file("storage_usage.db-journal"), "a change that was not finished").unwrap();
    fs::write(folder.file("secret.db"), "no database either, and none that is looked at").unwrap();
    fs::remove_file(folder.file("reputation.db")).unwrap();
    fs::create_dir(folder.file("reputation.db")).unwrap();

    let contents = folder.read();
    let problems: Vec<String> = contents.problems.iter().map(ToString::to_string).collect();
    let names = ["storage_usage.db", "heldamount.db", "pricing.db", "reputation.db"];
    assert_eq!(problems.len(), names.len(), "{problems:?}");
    for (problem, name) in problems.iter().zip(names) {
        let path = folder.file(name).display().to_string();
        assert!(problem.starts_with(&path), "{problem}");
    }
    assert!(matches!(contents.problems[0].cause, Cause::Unfinished));
    assert!(matches!(contents.problems[1].cause, Cause::Database(_)));
    // Without the first of its files nobody knows how the node stands.
    let [Fact::Bandwidth(_), Fact::Space(_)] = &contents.facts[..] else {
        panic!("{:?}", contents.facts);
    };
}

#[test]
fn a_value_of_no_known_version_is_told_and_not_guessed() {
    let folder = whole();
    let change = |name: &str, sql: &str| folder.open(name).execute_batch(sql).unwrap();
    change("heldamount.db", "UPDATE paystubs SET period = 'July'");
    change("reputation.db", "UPDATE reputation SET joined_at = 'yesterday'");
    let problems: Vec<String> = folder.read().problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("heldamount.db") && problems[0].contains("no month"));
    assert!(problems[1].contains("reputation.db") && problems[1].contains("no time"));
}

#[test]
fn a_folder_without_databases_is_told() {
    let folder = Folder::new();
    let contents = folder.read();
    assert!(matches!(contents.problems[0].cause, Cause::NoDatabases));
    assert!(contents.problems[0].to_string().contains("its bandwidth.db"));
    let nowhere = node_databases::read(&folder.file("nowhere"), NOW);
    assert!(matches!(nowhere.problems[0].cause, Cause::File(_)), "{nowhere:?}");
    assert_eq!((contents.facts.len(), nowhere.facts.len()), (0, 0));
}
