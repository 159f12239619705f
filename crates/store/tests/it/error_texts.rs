//! The texts of errors: so many are known at once, and new ones find room.

use std::collections::BTreeMap;

use piecewatch_model::{
    Clock, Compaction, FailureClass, Grain, KnownSatellite, Latency, Outcome, Phase, Record,
    Timestamp, Transfer, Trouble, TroubleKind,
};
use piecewatch_store::{FURTHER_ERRORS, Nodes, SlowFilter, TransferFilter, Window, Writer};

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfer};

/// One more than a database knows beside that which stands for the rest.
const TOO_MANY: usize = 10_000;
const DAY: Window = Window {
    from: Timestamp::from_civil((2026, 8, 19), 0, 0, 0),
    to: Timestamp::from_civil((2026, 8, 20), 0, 0, 0),
};

fn failed(text: &str, at: Timestamp) -> Record {
    Record::Transfer(Transfer {
        outcome: Outcome::Failed(FailureClass::Other),
        error: Some(text.into()),
        ..transfer(at)
    })
}

/// As many texts as this, each of which comes once, an hour in all.
fn noise(texts: usize) -> Vec<Record> {
    let text = |number: usize| failed(&format!("noise {number}"), seconds(number as i64 % 3600));
    (0..texts).map(text).collect()
}

fn counts(database: &Database) -> BTreeMap<String, u64> {
    let rows = database.readers.get().unwrap().errors(Nodes::All, DAY, u32::MAX).unwrap();
    rows.into_iter().map(|row| (row.template.to_string(), row.count)).collect()
}

/// All steps; how many rows and texts went.
fn prune(writer: &mut Writer, now: Timestamp) -> u64 {
    let mut rows = 0;
    loop {
        let pruned = writer.prune(now, 10_000).unwrap();
        rows += pruned.rows;
        if !pruned.more {
            return rows;
        }
    }
}

#[test]
fn after_a_noisy_hour_new_errors_are_told_again() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let often = (0..3).map(|at| failed("the disk is slow", seconds(at)));
    database.append(&log.batch(often.chain(noise(TOO_MANY + 500)).collect()));
    database.append(&log.batch(vec![failed("the disk is gone", seconds(3600))]));
    let before = counts(&database);
    assert_eq!(before.len(), TOO_MANY);
    assert_eq!(before[FURTHER_ERRORS], 503, "those of the noise, and what came later");

    assert_eq!(prune(&mut database.writer, NOW), 5_000);
    database.append(&log.batch(vec![failed("the disk is gone", seconds(3601))]));
    let after = counts(&database);
    assert_eq!(after["the disk is gone"], 1);
    assert_eq!(after["the disk is slow"], 3, "what was seen more often stays");
    assert_eq!(after[FURTHER_ERRORS], 503 + 5_000);
    assert_eq!(after.values().sum::<u64>(), 3 + 10_500 + 2, "no transfer is lost");
    assert!(after.contains_key("noise 9990"), "of texts seen as often, the newer stay");
    let reader = database.readers.get().unwrap();
    assert_eq!(reader.differences(NOW, &Default::default()).unwrap(), []);
    assert_eq!(reader.check().unwrap().damage, [""; 0]);
}

/// A process remembers which number a text has; another one may have let it go.
#[test]
fn a_text_that_another_process_let_go_gets_a_new_number() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let mut other = database.again().writer;
    let mut batch = vec![failed("rare", HOUR)];
    batch.extend((0..2).flat_map(|_| noise(TOO_MANY)));
    database.append(&log.batch(batch));
    assert!(prune(&mut other, NOW) > 0);
    assert_eq!(counts(&database).get("rare"), None, "it was seen least often");
    database.append(&log.batch(vec![failed("rare", seconds(3600)), failed("rare", seconds(3601))]));
    assert_eq!(counts(&database)["rare"], 2);
}

/// Sums are read whole for it, and noise that goes on would fill them with texts.
#[test]
fn room_is_made_once_a_day() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    database.append(&log.batch(noise(TOO_MANY)));
    assert_eq!(prune(&mut database.writer, NOW), 5_000);
    database.append(&log.batch(noise(TOO_MANY)));
    assert_eq!(prune(&mut database.writer, NOW.plus_micros(3600 * 1_000_000)), 0);
    let tomorrow = NOW.plus_micros(24 * 3600 * 1_000_000);
    assert!(prune(&mut database.writer, tomorrow) >= 5_000);
}

#[test]
fn whatever_had_a_text_that_was_let_go_has_further_errors() {
    let mut database = Database::new();
    let trouble =
        Trouble { at: HOUR, kind: TroubleKind::Disk, satellite: None, text: "rare trouble".into() };
    let compaction = Compaction {
        at: HOUR,
        satellite: KnownSatellite::ALL[0].id(),
        store: "s0".into(),
        phase: Phase::Failed,
        duration_micros: None,
        logs: None,
        live: None,
        trash: None,
        reclaimable: None,
        reclaimed: None,
        rewritten: None,
        table_load: None,
        trash_share: None,
        error: Some("rare compaction".into()),
    };
    let slow = Transfer {
        outcome: Outcome::Failed(FailureClass::Other),
        error: Some("rare failure".into()),
        latency: Some(Latency { micros: 5_000_000, clock: Clock::DockerNanos }),
        ..transfer(HOUR)
    };
    let mut records = vec![
        Record::Trouble(Box::new(trouble)),
        Record::Compaction(Box::new(compaction)),
        Record::Transfer(slow),
    ];
    records.extend((0..2).flat_map(|_| noise(TOO_MANY)));
    database.append(&Log::new("n1", 1).batch(records));
    prune(&mut database.writer, NOW);

    let reader = database.readers.get().unwrap();
    let further = Some(FURTHER_ERRORS);
    let troubles = reader.troubles(Nodes::All, DAY, 1).unwrap();
    assert_eq!(Some(&*troubles[0].what.text), further);
    let counted = reader.trouble_counts(Nodes::All, DAY, 1).unwrap();
    assert_eq!(Some(&*counted[0].text), further);
    let activity = reader.activity_until(Nodes::Of(&[node("n1")]), DAY.to).unwrap();
    assert_eq!(activity[0].disk_trouble.as_ref().map(|trouble| &*trouble.text), further);
    let compactions = reader.compactions(Nodes::All, DAY, 1).unwrap();
    assert_eq!(compactions[0].what.error.as_deref(), further);
    let slowest = reader.slowest(Nodes::All, DAY, &SlowFilter::default(), Grain::Hour, 1).unwrap();
    assert_eq!(slowest.rows[0].error.as_deref(), further);
    let filter = TransferFilter::default();
    let first = Window { from: HOUR, to: seconds(1) };
    let page = reader.transfers(Nodes::All, first, &filter, None, 100).unwrap();
    assert!(page.rows.iter().any(|row| row.error.as_deref() == further), "{page:?}");
}
