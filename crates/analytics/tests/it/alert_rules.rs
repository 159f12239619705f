//! What the rules find in a database that was written record by record.

use std::{collections::BTreeMap, time::Duration};

use piecewatch_analytics::{
    Observatory, ObservatorySettings,
    alert::{
        AlertLevel, AskedOf, Bounds, Evaluation, Key, Lag, LogRead, MonitorFacts, Policy, Rule,
        States, Terms, Thresholds, evaluate_node, of_monitor,
    },
};
use piecewatch_model::{
    Action, Clock, Fact, FailureClass, Latency, Lifecycle, LifecycleEvent, NodeStatus, Outcome,
    Quic, Record, Timestamp, Transfer, Trouble, TroubleKind,
};

use piecewatch_store::AlertNotice;

use crate::written::{Database, Log, NOW, ago, node, transfer};

fn key(rule: Rule) -> Key {
    Key { rule, node: Some(node("n1")), satellite: None }
}

fn evaluate(database: &Database, thresholds: &Thresholds, now: Timestamp) -> Evaluation {
    judge(database, by(thresholds, LogRead::UpToNow), now)
}

fn by<'a>(thresholds: &'a Thresholds, log: LogRead<'a>) -> Terms<'a> {
    Terms { thresholds, log, open_audit: None }
}

fn judge(database: &Database, terms: Terms<'_>, now: Timestamp) -> Evaluation {
    let settings = ObservatorySettings::default();
    let observatory = Observatory::new(database.readers(), &settings, || Duration::ZERO);
    let readers = database.readers();
    let asked = AskedOf { observatory: &observatory, readers: &readers };
    evaluate_node(asked, &node("n1"), terms, now).unwrap()
}

fn levels(found: &Evaluation) -> BTreeMap<&'static str, AlertLevel> {
    found.conditions.iter().map(|of| (of.key.rule.name(), of.level)).collect()
}

/// Transfers of the last hour, one in ten seconds: of ten, `failed` fail, and each takes so long.
fn hour(failed: i64, seconds: u64) -> Vec<Record> {
    let of = |number: i64| {
        let outcome = if number % 10 < failed {
            Outcome::Failed(FailureClass::Disk)
        } else {
            Outcome::Success
        };
        let latency = Latency { micros: seconds * 1_000_000, clock: Clock::Arrival };
        let action = if number % 2 == 0 { Action::Get } else { Action::Put };
        let error = (number % 10 < failed).then(|| "disk I/O error".into());
        let at = ago(3600 - number * 10);
        Record::Transfer(Transfer {
            outcome,
            latency: Some(latency),
            action,
            error,
            ..transfer(at)
        })
    };
    (0..360).map(of).collect()
}

#[test]
fn transfers_that_fail_or_take_long_are_found_and_a_good_hour_is_not() {
    let check = |failed: i64, seconds: u64, expected: &[(&'static str, AlertLevel)]| {
        let mut database = Database::new();
        Log::new("n1").append(&mut database, hour(failed, seconds));
        let found = evaluate(&database, &Thresholds::default(), NOW);
        assert_eq!(levels(&found), expected.iter().copied().collect(), "{failed} {seconds}");
        found
    };
    let well = check(0, 2, &[]);
    assert!(!well.unknown.contains(&key(Rule::Errors)), "it is known to be well");
    assert!(well.unknown.contains(&key(Rule::Quic)), "nobody has asked the node");
    let found = check(2, 2, &[("errors", AlertLevel::Warning)]);
    assert!(found.conditions[0].sentence.contains("72 of 360"), "{:?}", found.conditions);
    assert!(found.conditions[0].sentence.contains("disk I/O error"), "{:?}", found.conditions);
    check(5, 2, &[("errors", AlertLevel::Critical)]);
    let slow = [("download_latency", AlertLevel::Warning), ("upload_latency", AlertLevel::Warning)];
    check(0, 20, &slow);
}

#[test]
fn bounds_of_ones_own_and_muted_rules_hold() {
    let mut database = Database::new();
    Log::new("n1").append(&mut database, hour(2, 20));
    let own = Thresholds {
        errors_percent: Bounds { warning: 30.0, critical: 60.0 },
        latency_p95_ms: Bounds { warning: 0.0, critical: 15_000.0 },
        muted: [Rule::UploadLatency].into(),
        ..Thresholds::default()
    };
    let found = evaluate(&database, &own, NOW);
    assert_eq!(levels(&found), [("download_latency", AlertLevel::Critical)].into());
}

/// A log that ends says nothing: neither that errors are over, nor anything else.
#[test]
fn a_silent_log_is_told_and_leaves_open_what_it_told_before() {
    let mut database = Database::new();
    Log::new("n1").append(&mut database, hour(5, 2));
    let after = |minutes: i64| {
        evaluate(&database, &Thresholds::default(), NOW.plus_micros(minutes * 60_000_000))
    };
    let soon = after(45);
    assert_eq!(levels(&soon), [("silence", AlertLevel::Warning)].into());
    assert!(soon.unknown.contains(&key(Rule::Errors)));
    let later = after(180);
    assert_eq!(levels(&later), [("silence", AlertLevel::Critical)].into());
    assert!(later.unknown.contains(&key(Rule::FailedAudits)));
}

/// After a pause of the monitor what the log told meanwhile is still to be read.
#[test]
fn a_log_that_is_still_read_is_not_called_silent() {
    let mut database = Database::new();
    Log::new("n1").append(&mut database, hour(5, 2));
    let thresholds = Thresholds::default();
    let terms = by(&thresholds, LogRead::Behind);
    let found = judge(&database, terms, NOW.plus_micros(180 * 60_000_000));
    assert_eq!(levels(&found), BTreeMap::new());
    for rule in [Rule::Silence, Rule::Errors, Rule::FailedAudits, Rule::UnusualQuiet] {
        assert!(found.unknown.contains(&key(rule)), "{rule:?}");
    }
}

/// A disk that is not mounted, a container that is gone, a path with a mistake.
#[test]
fn a_log_that_cannot_be_read_is_told_with_the_reason() {
    let mut database = Database::new();
    Log::new("n1").append(&mut database, hour(5, 2));
    let log = LogRead::Unreadable { reason: "cannot open node.log: it is not there" };
    let thresholds = Thresholds::default();
    let terms = by(&thresholds, log);
    let sentence = |found: &Evaluation| {
        let [only] = &found.conditions[..] else { panic!("{found:?}") };
        assert_eq!(only.key, key(Rule::Silence));
        only.sentence.clone()
    };
    let told = "Its log cannot be read, so nothing new is known of it: cannot open node.log: it is not there.";
    let later = judge(&database, terms, NOW.plus_micros(180 * 60_000_000));
    assert_eq!(sentence(&later), told);
    assert_eq!(levels(&later), [("silence", AlertLevel::Critical)].into());
    // As long as nobody would miss its lines, nothing is said; and nothing where nobody would at all.
    let patient = Thresholds {
        silence_minutes: Bounds { warning: 30.0, critical: 0.0 },
        ..Thresholds::default()
    };
    let soon = judge(&database, by(&patient, log), NOW.plus_micros(60_000_000));
    assert!(!levels(&soon).contains_key("silence"));
    let off = Bounds { warning: 0.0, critical: 0.0 };
    let deaf = Thresholds { silence_minutes: off, ..Thresholds::default() };
    let ever = judge(&Database::new(), by(&deaf, log), NOW);
    assert_eq!(levels(&ever), BTreeMap::new());
    // One that was never read: somebody is still setting it up.
    let never = judge(&Database::new(), terms, NOW);
    assert_eq!(sentence(&never), told);
    assert_eq!(levels(&never), [("silence", AlertLevel::Warning)].into());
}

/// A disk that hangs lets an audit begin and never end: that is told before the satellite gives up.
#[test]
fn an_audit_that_goes_on_is_told_before_it_counts_as_failed_and_once() {
    let mut database = Database::new();
    Log::new("n1").append(&mut database, hour(0, 2));
    let thresholds = Thresholds::default();
    let found = |seconds: Option<i64>| {
        let open_audit = seconds.map(ago);
        judge(&database, Terms { open_audit, ..by(&thresholds, LogRead::UpToNow) }, NOW)
    };
    let well = found(Some(179));
    assert_eq!(levels(&well), BTreeMap::new());
    assert!(!well.unknown.contains(&key(Rule::SlowAudits)));
    let long = found(Some(181));
    let [condition] = &long.conditions[..] else { panic!("{long:?}") };
    assert_eq!((&condition.key, condition.level), (&key(Rule::SlowAudits), AlertLevel::Warning));
    assert_eq!((condition.value, condition.threshold), (Some(181.0), Some(180.0)));
    let said = &condition.sentence;
    assert!(
        said.contains("has been running for 3 minutes") && said.contains("not ended"),
        "{said}"
    );
    assert_eq!(levels(&found(Some(300))), [("slow_audits", AlertLevel::Critical)].into());

    // It has lasted by itself for as long as others must be seen.
    let (mut states, policy) = (States::default(), Policy::default());
    let mut step = |found: &Evaluation, minutes: i64| {
        let step = states.step(found, &policy, NOW.plus_micros(minutes * 60_000_000));
        step.notices.iter().map(|of| (of.notice, of.alert.level)).collect::<Vec<_>>()
    };
    assert_eq!(step(&well, -1), []);
    assert_eq!(step(&long, 0), [(AlertNotice::Fired, AlertLevel::Warning)]);
    assert_eq!(step(&found(Some(300)), 1), [(AlertNotice::Escalated, AlertLevel::Critical)]);
    // Its end never came, and it was given up.
    let over: Vec<_> = (2..20).flat_map(|minute| step(&found(None), minute)).collect();
    assert_eq!(over, [(AlertNotice::Resolved, AlertLevel::Critical)]);
    // Who sees it late has no time to lose.
    let late = States::default().step(&found(Some(300)), &policy, NOW);
    let [told] = &late.notices[..] else { panic!("{:?}", late.notices) };
    assert_eq!((told.notice, told.alert.level), (AlertNotice::Fired, AlertLevel::Critical));
}

#[test]
fn the_process_its_clock_and_its_version_are_found() {
    let mut database = Database::new();
    let mut records = hour(0, 2);
    let trouble = |kind, text: &str| {
        Record::Trouble(Box::new(Trouble {
            at: ago(600),
            kind,
            satellite: None,
            text: text.into(),
        }))
    };
    let lifecycle = |at, event| Record::Lifecycle(Box::new(Lifecycle { at, event }));
    records.push(trouble(TroubleKind::Clock, "system clock is out of sync with satellite"));
    for minutes in [50, 40, 30] {
        let at = ago(minutes * 60);
        records.push(lifecycle(at, LifecycleEvent::Configured));
        let version = LifecycleEvent::Version("1.100.0".into());
        records.push(lifecycle(at, version));
    }
    Log::new("n1").append(&mut database, records);
    let status = NodeStatus {
        version: Some("1.100.0".into()),
        allowed_version: Some("1.120.0".into()),
        last_pinged_at: Some(ago(2 * 3600)),
        ..NodeStatus::default()
    };
    database.report(&node("n1"), ago(1200), vec![Fact::Status(status)]);
    let found = levels(&evaluate(&database, &Thresholds::default(), NOW));
    assert_eq!(found.get("clock"), Some(&AlertLevel::Critical), "{found:?}");
    assert_eq!(found.get("version"), Some(&AlertLevel::Critical), "{found:?}");
    assert_eq!(found.get("pings"), Some(&AlertLevel::Warning), "{found:?}");
    assert_eq!(found.get("poll"), Some(&AlertLevel::Warning), "20 minutes: {found:?}");
    assert!(found.contains_key("restarts"), "{found:?}");
}

#[test]
fn how_long_nothing_reaches_a_node_has_bounds_and_rules_are_told_at_the_level_they_are_given() {
    let asked_at = ago(60);
    let before = |minutes: i64| Some(asked_at.plus_micros(-minutes * 60_000_000));
    let found = |status: NodeStatus, own: Thresholds| {
        let mut database = Database::new();
        database.report(&node("n1"), asked_at, vec![Fact::Status(status)]);
        evaluate(&database, &own, NOW)
    };
    let check = |minutes: i64, (warning, critical): (f64, f64), expected: Option<AlertLevel>| {
        let status = NodeStatus { last_pinged_at: before(minutes), ..NodeStatus::default() };
        let ping_minutes = Bounds { warning, critical };
        let found = found(status, Thresholds { ping_minutes, ..Thresholds::default() });
        assert_eq!(levels(&found).get("pings").copied(), expected, "{minutes}: {found:?}");
        assert!(!found.unknown.contains(&key(Rule::Pings)));
    };
    let usual = Thresholds::default().ping_minutes;
    let usual = (usual.warning, usual.critical);
    check(80, usual, None);
    check(100, usual, Some(AlertLevel::Warning));
    check(250, usual, Some(AlertLevel::Critical));
    check(80, (60.0, 75.0), Some(AlertLevel::Critical));
    check(250, (600.0, 0.0), None);

    // One that nothing has reached yet, of which that is no good news.
    let started = |minutes: i64| {
        let status = NodeStatus { started_at: before(minutes), ..NodeStatus::default() };
        found(status, Thresholds::default())
    };
    assert!(started(10).unknown.contains(&key(Rule::Pings)));
    assert_eq!(levels(&started(100)).get("pings"), Some(&AlertLevel::Warning));

    let status = NodeStatus {
        quic: Some(Quic::Misconfigured),
        last_pinged_at: before(250),
        ..NodeStatus::default()
    };
    let told = [(Rule::Quic, AlertLevel::Critical), (Rule::Pings, AlertLevel::Warning)];
    let found = found(status, Thresholds { levels: told.into(), ..Thresholds::default() });
    let expected = [("quic", AlertLevel::Critical), ("pings", AlertLevel::Warning)];
    assert_eq!(levels(&found), expected.into());
}

#[test]
fn the_monitor_is_judged_as_nodes_are() {
    let thresholds = Thresholds::default();
    let lag = |name: &str, seconds| Lag { node: node(name), seconds };
    let facts = MonitorFacts {
        blocked: None,
        unread: None,
        unreadable: Some("the disk failed".to_owned()),
        start_up_ms: Some(4_999),
        lags: vec![lag("n1", 119), lag("n2", 120), lag("n3", 4_000)],
        ..MonitorFacts::default()
    };
    let found = of_monitor(&facts, |_| &thresholds);
    let told: Vec<_> = found
        .conditions
        .iter()
        .map(|of| (of.key.rule, of.key.node.as_ref().map(ToString::to_string), of.level))
        .collect();
    let expected = [
        (Rule::Database, None, AlertLevel::Critical),
        (Rule::Lag, Some("n2".to_owned()), AlertLevel::Warning),
        (Rule::Lag, Some("n3".to_owned()), AlertLevel::Critical),
    ];
    assert_eq!(told, expected);
    let levels = [(Rule::Database, AlertLevel::Warning)].into();
    let milder = Thresholds { levels, ..Thresholds::default() };
    let found = of_monitor(&facts, |of| if of.is_none() { &milder } else { &thresholds });
    assert_eq!(found.conditions[0].level, AlertLevel::Warning);
}
