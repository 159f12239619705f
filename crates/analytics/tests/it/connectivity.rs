//! How a node can be reached, by its log and by what it told.

use piecewatch_analytics::{
    connectivity::{ClockTrouble, Connectivity, LogOfWindow, connectivity_of},
    judgement::Judgement,
};
use piecewatch_model::{
    Fact, FailureClass, KnownSatellite, Lifecycle, LifecycleEvent, NodeStatus, Outcome, Quic,
    Record, Timestamp, Transfer, Trouble, TroubleKind,
};
use piecewatch_store::Window;

use crate::database::{Database, download, node, piece, second};

const HOUR: i64 = 3600;

fn now() -> Timestamp {
    second(24 * HOUR)
}

fn ask(database: &Database, now: Timestamp) -> Connectivity {
    let window = Window { from: second(0), to: second(24 * HOUR) };
    database.ask(|reader| connectivity_of(reader, &node(), window, now).unwrap())
}

fn lively() -> NodeStatus {
    NodeStatus {
        version: Some("1.162.3".into()),
        allowed_version: Some("1.99.1".into()),
        is_up_to_date: Some(true),
        started_at: Some(second(0)),
        last_pinged_at: Some(now().plus_micros(-120_000_000)),
        quic: Some(Quic::Ok),
        port: Some(28_967),
        ..NodeStatus::default()
    }
}

fn polled(status: NodeStatus) -> Database {
    let mut database = Database::new();
    database.poll(&node(), now().plus_micros(-60_000_000), vec![Fact::Status(status)]);
    database
}

fn trouble(at: i64, kind: TroubleKind, satellite: usize, text: &str) -> Record {
    let satellite = Some(KnownSatellite::ALL[satellite].id());
    Record::Trouble(Box::new(Trouble { at: second(at), kind, satellite, text: text.into() }))
}

fn event(at: i64, event: LifecycleEvent) -> Record {
    Record::Lifecycle(Box::new(Lifecycle { at: second(at), event }))
}

/// A download in each of these hours.
fn hourly(hours: impl Iterator<Item = i64>) -> Vec<Record> {
    let download = |hour: i64| download(second(hour * HOUR + 1), piece(hour as u64));
    hours.map(|hour| Record::Transfer(download(hour))).collect()
}

fn logged(records: Vec<Record>) -> Database {
    let mut database = Database::new();
    let mut all = hourly(0..24);
    all.extend(records);
    database.log(&node(), all, now());
    database
}

fn judgements(of: &Connectivity, wanted: Judgement) -> Vec<&'static str> {
    let of = of.judgements().into_iter().filter(|(_, judgement, _)| *judgement == wanted);
    of.map(|(name, ..)| name).collect()
}

#[test]
fn a_node_of_which_nothing_was_told_is_unknown_never_well() {
    let mut database = Database::new();
    database.log(&node(), vec![Record::Transfer(download(second(-99 * HOUR), piece(1)))], now());
    let of = ask(&database, now());
    assert_eq!(judgements(&of, Judgement::Unknown).len(), 8, "{of:?}");
    assert!(of.last_poll.sentence.contains("piecewatch poll"));
    assert_eq!(of.failed_pings.value, None);
}

#[test]
fn a_node_that_is_well_is_well_in_everything() {
    let mut database = logged(Vec::new());
    database.poll(&node(), now().plus_micros(-60_000_000), vec![Fact::Status(lively())]);
    let of = ask(&database, now());
    assert_eq!(
        (of.worst(), judgements(&of, Judgement::Well).len()),
        (Judgement::Well, 8),
        "{of:?}"
    );
    assert_eq!(of.quic.value, Some(Quic::Ok));
    assert_eq!(of.port.value, Some(28_967));
}

/// Nothing may be called well of which nobody knows.
#[test]
fn what_a_log_with_gaps_does_not_tell_is_unknown() {
    let names = ["failed_pings", "clock", "restarts"];
    let check = |records: Vec<Record>, now: Timestamp, log: LogOfWindow, words: &str| {
        let mut database = Database::new();
        database.log(&node(), records, now);
        let of = ask(&database, now);
        assert_eq!(of.log, log);
        for (name, judgement, sentence) in of.judgements() {
            if names.contains(&name) {
                assert_eq!(judgement, Judgement::Unknown, "{name}: {sentence}");
                assert!(sentence.contains(words), "{name}: {sentence}");
            }
        }
    };
    let gaps = hourly((0..24).filter(|hour| *hour != 7 && *hour != 8));
    let partly = LogOfWindow::Partly { known: 22, hours: 24 };
    check(gaps, now(), partly, "in 22 of 24 hours; of the others there is no log");
    // The log ended ten hours before the window does.
    let partly = LogOfWindow::Partly { known: 14, hours: 24 };
    check(hourly(0..14), now(), partly, "in 14 of 24 hours");
    // Trouble and restarts are kept for a year, sums for ever.
    let mut old = hourly(0..24);
    old.push(trouble(HOUR, TroubleKind::Ping, 0, "ping satellite failed"));
    old.push(event(HOUR, LifecycleEvent::Configured));
    check(old, second(400 * 24 * HOUR), LogOfWindow::Missing, "older than what is kept");
}

#[test]
fn a_log_that_began_in_the_window_is_judged_from_its_beginning() {
    let mut database = Database::new();
    database.log(&node(), hourly(20..24), now());
    let of = ask(&database, now());
    assert_eq!((of.log, of.restarts.judgement), (LogOfWindow::Known, Judgement::Well), "{of:?}");
    assert!(second(20 * HOUR) <= of.window.from && of.window.from < second(21 * HOUR));
}

#[test]
fn transfers_that_failed_because_of_a_clock_are_a_sign_of_it() {
    let outcome = Outcome::Failed(FailureClass::Clock);
    let transfers = (0..3).map(|number| {
        let error = Some("order created too far in the future".into());
        let download = download(second(5 * HOUR + number), piece(100 + number as u64));
        Record::Transfer(Transfer { outcome, error, ..download })
    });
    let clock = ask(&logged(transfers.collect()), now()).clock;
    assert_eq!(clock.value, Some(ClockTrouble { told: 0, transfers: 3 }));
    assert_eq!(clock.judgement, Judgement::Look);
    assert!(clock.sentence.starts_with("3 transfers failed because"), "{}", clock.sentence);
    assert!(clock.sentence.contains("may be that of the other side"), "{}", clock.sentence);
}

/// A log may be asked about long after its end.
#[test]
fn the_version_is_that_of_the_window_and_not_of_today() {
    let database = logged(vec![event(HOUR, LifecycleEvent::Version("v1.162.3".into()))]);
    let of = ask(&database, second(90 * 24 * HOUR));
    assert_eq!(of.version.value.unwrap().running.as_ref(), "v1.162.3");
}

#[test]
fn quic_pings_and_versions_are_judged_as_the_node_tells_them() {
    let hours_ago = |hours: i64| Some(now().plus_micros(-hours * HOUR * 1_000_000));
    let check = |status: NodeStatus, name: &str, judgement: Judgement, words: &str| {
        let of = ask(&polled(status), now());
        let found = of.judgements().into_iter().find(|(of, ..)| *of == name).unwrap();
        assert_eq!(found.1, judgement, "{found:?}");
        assert!(found.2.contains(words), "{found:?}");
    };
    use Judgement::{Look, Trouble, Unknown, Well};
    let quic = |quic| NodeStatus { quic: Some(quic), port: Some(28_968), ..lively() };
    check(quic(Quic::Misconfigured), "quic", Look, "Forward UDP to port 28968");
    check(quic(Quic::Disabled), "quic", Look, "switched off");
    check(quic(Quic::Refreshing), "quic", Unknown, "finding out");
    check(quic(Quic::Ok), "port", Well, "configured for port 28968");
    let pinged_by_quic = |hours| NodeStatus { last_quic_pinged_at: hours_ago(hours), ..lively() };
    check(pinged_by_quic(1), "quic", Well, "reached over QUIC 59 minutes before");
    check(pinged_by_quic(7), "quic", Look, "over QUIC for 6 hours");
    let pinged = |last_pinged_at| NodeStatus { last_pinged_at, ..lively() };
    check(pinged(hours_ago(3)), "last_ping", Look, "for 2 hours");
    check(pinged(hours_ago(7)), "last_ping", Trouble, "for 6 hours");
    check(pinged(None), "last_ping", Trouble, "for 23 hours");
    let started = |hours| NodeStatus { started_at: hours_ago(hours), ..pinged(None) };
    check(started(3), "last_ping", Look, "for 2 hours");
    check(started(1), "last_ping", Unknown, "since it started");
    let version = |running: &str, allowed: &str| NodeStatus {
        version: Some(running.into()),
        allowed_version: Some(allowed.into()),
        ..lively()
    };
    // As texts, 1.99 is higher than 1.137.
    check(version("1.99.3", "1.137.5"), "version", Trouble, "older than 1.137.5");
    check(version("1.137.5", "1.99.3"), "version", Well, "accepted");
    check(version("1.162.3", "v1.162.3"), "version", Well, "accepted");
    let untold = NodeStatus { allowed_version: None, is_up_to_date: Some(false), ..lively() };
    check(untold, "version", Trouble, "too old");
}

#[test]
fn a_node_that_stopped_answering_is_trouble_after_two_hours() {
    let mut database = polled(lively());
    let at = |minutes: i64| now().plus_micros(minutes * 60_000_000);
    assert_eq!(ask(&database, at(13)).last_poll.judgement, Judgement::Well);
    assert_eq!(ask(&database, at(20)).last_poll.judgement, Judgement::Look);
    database.failed_poll(&node(), at(100), "nothing listens at 10.0.0.7:14002");
    let poll = ask(&database, at(130)).last_poll;
    assert_eq!(poll.judgement, Judgement::Trouble);
    assert!(poll.sentence.contains("for 2 hours"), "{}", poll.sentence);
    assert!(poll.sentence.contains("nothing listens at 10.0.0.7:14002"), "{}", poll.sentence);
    assert_eq!(poll.value, Some(at(-1)));
    let mut never = Database::new();
    never.failed_poll(&node(), at(0), "timed out");
    assert_eq!(ask(&never, at(1)).last_poll.judgement, Judgement::Trouble);
}

#[test]
fn failed_pings_are_counted_by_satellite_and_matter_more_while_they_last() {
    const TEXT: &str =
        "ping satellite: failed to ping storage node, your node indicated error code: #";
    let pings = |hour: i64, count: i64, satellite: usize| {
        let ping = move |n| trouble(hour * HOUR + n * 60, TroubleKind::Ping, satellite, TEXT);
        (0..count).map(ping)
    };
    let of = ask(&logged(pings(3, 12, 0).chain(pings(5, 2, 1)).collect()), now()).failed_pings;
    let failed = of.value.unwrap();
    let counts: Vec<u64> = failed.by_satellite.values().copied().collect();
    assert_eq!(counts.iter().sum::<u64>(), 14);
    assert_eq!(failed.by_satellite[&Some(KnownSatellite::ALL[0].id())], 12);
    assert_eq!(failed.last_at, Some(second(5 * HOUR + 60)));
    assert_eq!(of.judgement, Judgement::Look, "it is long over");
    assert!(of.sentence.contains("whether port and address are right"), "{}", of.sentence);
    let of = ask(&logged(pings(23, 12, 0).collect()), now()).failed_pings;
    assert_eq!(of.judgement, Judgement::Trouble);
    assert!(
        of.sentence.starts_with("Check-ins with one satellite failed 12 times"),
        "{}",
        of.sentence
    );
}

#[test]
fn a_clock_that_is_off_and_a_version_that_the_log_calls_too_old_are_trouble() {
    let of = ask(
        &logged(vec![
            trouble(HOUR, TroubleKind::Clock, 0, "system clock is out of sync with satellite"),
            event(HOUR, LifecycleEvent::Version("v1.99.3".into())),
            event(HOUR, LifecycleEvent::MinimumVersion("1.104.0".into())),
        ]),
        now(),
    );
    assert_eq!(judgements(&of, Judgement::Trouble), ["clock", "version"], "{of:?}");
    assert_eq!(of.clock.value, Some(ClockTrouble { told: 1, transfers: 0 }));
    assert!(of.version.sentence.contains("older than 1.104.0"), "{}", of.version.sentence);
}

#[test]
fn ends_that_nobody_asked_for_are_told_from_restarts_and_loops() {
    let started = |minute: i64| event(minute * 60, LifecycleEvent::Configured);
    let stopping = |minute: i64| event(minute * 60 - 1, LifecycleEvent::Stopping);
    let check = |records: Vec<Record>, judgement: Judgement, all: usize, unasked: usize| {
        let of = ask(&logged(records), now()).restarts;
        let count = of.value.unwrap();
        assert_eq!((of.judgement, count.all, count.unasked), (judgement, all, unasked), "{of:?}");
    };
    check(vec![], Judgement::Well, 0, 0);
    check(vec![started(5), stopping(60), started(60)], Judgement::Well, 2, 0);
    check(vec![started(5), started(60)], Judgement::Look, 2, 1);
    let days = |minutes: &[i64]| minutes.iter().map(|minute| started(*minute)).collect();
    check(days(&[5, 120, 240, 360]), Judgement::Look, 4, 3);
    check(days(&[5, 600, 610, 620, 900]), Judgement::Trouble, 5, 4);
}
