//! The last of each kind of thing, of each node.

use piecewatch_model::{
    Action, ByteCount, KnownSatellite, Lifecycle, LifecycleEvent, Maintenance, MaintenanceKind,
    OrdersSettled, Outcome, Phase, Record, Scores, SpaceReport, Timestamp, Transfer, Trouble,
    TroubleKind,
};
use piecewatch_store::{Activity, Available, Nodes};

use crate::fixture::{Database, HOUR, Log, NOW, node, seconds, transfer};

fn of(at: Timestamp, action: Action, outcome: Outcome) -> Record {
    Record::Transfer(Transfer { action, outcome, ..transfer(at) })
}

fn lifecycle(at: Timestamp, event: LifecycleEvent) -> Record {
    Record::Lifecycle(Lifecycle { at, event }.into())
}

fn trouble(at: Timestamp, kind: TroubleKind) -> Trouble {
    Trouble { at, kind, satellite: None, text: "it broke".into() }
}

fn activity(database: &Database, now: Timestamp) -> Vec<Activity> {
    database.readers.get().unwrap().activity(Nodes::All, now).unwrap()
}

#[test]
fn it_tells_the_last_of_each_kind() {
    let mut database = Database::new();
    let satellite = KnownSatellite::ALL[0].id();
    let orders = |at, count| {
        Record::Orders(OrdersSettled { at: seconds(at), satellite: Some(satellite), count })
    };
    let space = |at, bytes| {
        Record::Space(SpaceReport { at: seconds(at), available: ByteCount::new(bytes) })
    };
    let scores = Scores {
        at: seconds(900),
        satellite,
        audit: 1.0,
        online: 1.0,
        suspension: 1.0,
        audit_delta: 0.0,
        online_delta: 0.0,
        suspension_delta: 0.0,
        audits_total: 1,
        audits_passed: 1,
    };
    let work = |at, kind, phase| {
        let work = Maintenance {
            at: seconds(at),
            kind,
            phase,
            satellite: Some(satellite),
            store: None,
            duration_micros: None,
            examined: None,
            affected: None,
            failed: None,
            bytes: None,
        };
        Record::Maintenance(work.into())
    };
    let version = LifecycleEvent::Version("1.147.5".into());
    let records = vec![
        of(seconds(70), Action::Put, Outcome::Success),
        of(seconds(130), Action::PutRepair, Outcome::Canceled),
        of(seconds(3_000), Action::GetAudit, Outcome::Success),
        of(seconds(3_600), Action::Delete, Outcome::Success),
        orders(100, 12),
        orders(200, 0),
        orders(300, 7),
        Record::Trouble(
            Trouble { satellite: Some(satellite), ..trouble(seconds(299), TroubleKind::Orders) }
                .into(),
        ),
        space(10, 1_000),
        space(400, 500),
        Record::Scores(scores.into()),
        work(600, MaintenanceKind::Retain, Phase::Finished),
        work(700, MaintenanceKind::UsedSpaceWalker, Phase::Failed),
        work(800, MaintenanceKind::WriteCheck, Phase::Finished),
        lifecycle(seconds(1), LifecycleEvent::Started("12abc".into())),
        lifecycle(seconds(2), version.clone()),
        lifecycle(seconds(3), LifecycleEvent::MinimumVersion("1.100.0".into())),
        lifecycle(seconds(50), LifecycleEvent::Exited("exit status 1".into())),
        Record::Trouble(trouble(seconds(40), TroubleKind::Disk).into()),
        Record::Trouble(trouble(seconds(45), TroubleKind::Ping).into()),
        Record::Trouble(trouble(seconds(49), TroubleKind::Fatal).into()),
    ];
    database.append(&Log::new("n1", 1).batch(records));
    database.append(&Log::new("n2", 2).batch(vec![of(
        seconds(7_000),
        Action::Get,
        Outcome::Success,
    )]));

    let told = |at, event| Some(Lifecycle { at: seconds(at), event });
    let [first, second] = activity(&database, NOW).try_into().unwrap();
    assert_eq!(
        first,
        Activity {
            node: node("n1"),
            stored_at: Some(NOW),
            upload_at: Some(seconds(120)),
            download_at: Some(seconds(3_000)),
            orders_at: Some(seconds(100)),
            scores_at: Some(seconds(900)),
            work_at: Some(seconds(600)),
            space: Some(Available { at: seconds(400), bytes: ByteCount::new(500) }),
            started: told(1, LifecycleEvent::Started("12abc".into())),
            version: told(2, version),
            stopped: told(50, LifecycleEvent::Exited("exit status 1".into())),
            fatal: Some(trouble(seconds(49), TroubleKind::Fatal)),
            disk_trouble: Some(trouble(seconds(40), TroubleKind::Disk)),
        }
    );
    assert_eq!(first.transfer_at(), Some(seconds(3_000)));
    assert_eq!((second.upload_at, second.transfer_at()), (None, Some(seconds(6_960))));
}

#[test]
fn what_is_older_than_two_days_is_told_by_the_hour_for_a_month() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    database.append(&log.batch(vec![of(seconds(130), Action::Put, Outcome::Success)]));
    let days = |days: i64| NOW.plus_micros(days * 24 * 3600 * 1_000_000);
    assert_eq!(activity(&database, days(1))[0].upload_at, Some(seconds(120)));
    while database.writer.prune(days(20), 1000).unwrap().more {}
    assert_eq!(activity(&database, days(20))[0].upload_at, Some(HOUR));
    assert_eq!(activity(&database, days(31))[0].upload_at, None);
}

/// A clock set a year ahead for one line must not make a node look busy for a year.
#[test]
fn what_a_wrong_clock_said_does_not_count() {
    let mut database = Database::new();
    let next_year = Timestamp::from_civil((2027, 8, 19), 0, 0, 0);
    let records = [HOUR, next_year].map(|at| of(at, Action::Get, Outcome::Success));
    database.append(&Log::new("n1", 1).batch(records.to_vec()));
    assert_eq!(activity(&database, NOW)[0].download_at, Some(HOUR));
}
