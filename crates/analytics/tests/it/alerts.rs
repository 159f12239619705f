//! Alerts: what the rules find, and what becomes of it in time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use piecewatch_analytics::alert::{
    AlertLevel, Condition, Evaluation, Key, MonitorFacts, NotAcknowledged, Policy, Rule, States,
    Step, Thresholds, of_monitor,
};
use piecewatch_model::{KnownSatellite, NodeName, Timestamp};
use piecewatch_store::{Alert, AlertNotice};
use proptest::prelude::*;

use crate::written::{NOW, node};

const WARNING: AlertLevel = AlertLevel::Warning;
const CRITICAL: AlertLevel = AlertLevel::Critical;

/// The instant so many minutes after the tests' time.
fn minute(minutes: i64) -> Timestamp {
    NOW.plus_micros(minutes * 60_000_000)
}

fn key(rule: Rule, of: &str) -> Key {
    Key { rule, node: Some(node(of)), satellite: None }
}

fn condition(key: &Key, level: AlertLevel) -> Condition {
    let sentence = format!("{} is {}", key.rule.name(), level.name());
    let (value, threshold) = (Some(1.0), Some(0.5));
    Condition { key: key.clone(), level, sentence, value, threshold, since: None }
}

/// What is found of nodes n1 and n2, of which everything is known.
fn found(conditions: &[(Rule, AlertLevel)]) -> Evaluation {
    let nodes: BTreeSet<NodeName> = [node("n1"), node("n2")].into();
    let conditions = conditions.iter().map(|(rule, level)| condition(&key(*rule, "n1"), *level));
    Evaluation {
        conditions: conditions.collect(),
        watched: nodes.clone(),
        evaluated: nodes,
        ..Evaluation::default()
    }
}

/// Fires after 2 minutes, resolves after 5, is told again after a day, and an hour after its end.
fn policy() -> Policy {
    Policy::default()
}

fn told(step: &Step) -> Vec<(AlertNotice, AlertLevel)> {
    step.notices.iter().map(|of| (of.notice, of.alert.level)).collect()
}

/// The minutes at which something is told, while what is found is told by the minute.
fn story(
    states: &mut States,
    minutes: std::ops::Range<i64>,
    of: impl Fn(i64) -> Evaluation,
) -> Vec<(i64, AlertNotice, AlertLevel)> {
    let mut story = Vec::new();
    for at in minutes {
        let step = states.step(&of(at), &policy(), minute(at));
        story.extend(told(&step).into_iter().map(|(notice, level)| (at, notice, level)));
    }
    story
}

/// Predecessor fault 28: alerts never resolve, and are told again every 15 minutes as long as they last.
#[test]
fn an_alert_is_told_once_lasts_as_one_incident_and_resolves() {
    let mut states = States::default();
    let lasting = found(&[(Rule::Clock, WARNING)]);
    let mut ids = BTreeSet::new();
    let mut story = Vec::new();
    for at in 0..600 {
        let now = if at < 500 { lasting.clone() } else { found(&[]) };
        let step = states.step(&now, &policy(), minute(at));
        ids.extend(step.changed.iter().map(|alert| alert.id));
        story.extend(told(&step).into_iter().map(|(notice, _)| (at, notice)));
    }
    assert_eq!(story, [(2, AlertNotice::Fired), (505, AlertNotice::Resolved)]);
    assert_eq!(ids, BTreeSet::from([1]), "one row");
    assert_eq!(states.lasting().count(), 0);
}

#[test]
fn what_lasts_for_a_moment_is_told_to_nobody() {
    let mut states = States::default();
    let of = |at: i64| found(if at == 1 || at == 9 { &[(Rule::Errors, CRITICAL)] } else { &[] });
    assert_eq!(story(&mut states, 0..60, of), []);
}

#[test]
fn what_flaps_is_one_incident() {
    let mut states = States::default();
    // Four minutes there, four minutes gone: less than it takes to be over.
    let of = |at: i64| found(if at % 8 < 4 { &[(Rule::Quic, WARNING)] } else { &[] });
    let story = story(&mut states, 0..240, of);
    assert_eq!(story, [(2, AlertNotice::Fired, WARNING)]);
}

#[test]
fn what_comes_back_within_the_cooldown_is_told_when_that_is_over() {
    let mut states = States::default();
    // Ten minutes there, ten minutes gone: each time it is over, and comes back.
    let of = |at: i64| found(if at % 20 < 10 { &[(Rule::Quic, WARNING)] } else { &[] });
    let story = story(&mut states, 0..120, of);
    let fired: Vec<i64> = story
        .iter()
        .filter(|(_, notice, _)| *notice == AlertNotice::Fired)
        .map(|(at, ..)| *at)
        .collect();
    assert_eq!(fired, [2, 62], "{story:?}");
}

#[test]
fn what_comes_back_worse_is_told_at_once() {
    let mut states = States::default();
    let of = |at: i64| match at {
        0..5 => found(&[(Rule::Disk, WARNING)]),
        20.. => found(&[(Rule::Disk, CRITICAL)]),
        _ => found(&[]),
    };
    let story = story(&mut states, 0..40, of);
    let expected = [
        (2, AlertNotice::Fired, WARNING),
        (10, AlertNotice::Resolved, WARNING),
        (22, AlertNotice::Fired, CRITICAL),
    ];
    assert_eq!(story, expected);
}

#[test]
fn what_gets_worse_is_told_again_once_it_lasts_even_if_somebody_knew() {
    let mut states = States::default();
    let of = |at: i64| match at {
        0..10 => found(&[(Rule::Disk, WARNING)]),
        // A moment.
        10 | 30..40 | 50.. => found(&[(Rule::Disk, CRITICAL)]),
        _ => found(&[(Rule::Disk, WARNING)]),
    };
    assert_eq!(story(&mut states, 0..20, of), [(2, AlertNotice::Fired, WARNING)]);
    states.acknowledge(1, "ann", minute(20)).unwrap();
    let later = story(&mut states, 20..70, of);
    assert_eq!(later, [(32, AlertNotice::Escalated, CRITICAL)], "and not at 50 again");
    let alert = states.lasting().next().unwrap();
    assert_eq!((alert.worst, &alert.acknowledged_by), (CRITICAL, &None));
}

#[test]
fn what_lasts_is_told_again_after_a_day_until_somebody_acknowledges_it() {
    let day = 24 * 60;
    let lasting = |_: i64| found(&[(Rule::Pings, CRITICAL)]);
    let mut states = States::default();
    let told = story(&mut states, 0..day * 2 + 10, lasting);
    let expected = [
        (2, AlertNotice::Fired, CRITICAL),
        (day + 2, AlertNotice::Repeated, CRITICAL),
        (2 * day + 2, AlertNotice::Repeated, CRITICAL),
    ];
    assert_eq!(told, expected);
    let alert = states.acknowledge(1, "ann", minute(day * 2 + 10)).unwrap();
    assert_eq!(alert.acknowledged_by.as_deref(), Some("ann"));
    assert_eq!(states.acknowledge(1, "bob", minute(9)).unwrap(), alert, "ann was first");
    assert_eq!(states.acknowledge(2, "ann", minute(9)), Err(NotAcknowledged::NotLasting));
    assert_eq!(story(&mut states, day * 2 + 10..day * 5, lasting), []);
    let over = story(&mut states, day * 5..day * 5 + 6, |_| found(&[]));
    assert_eq!(over, [(day * 5 + 5, AlertNotice::Resolved, CRITICAL)]);
}

#[test]
fn what_nobody_knows_is_not_over() {
    let mut states = States::default();
    story(&mut states, 0..5, |_| found(&[(Rule::Errors, WARNING)]));
    let unknown = |_: i64| {
        let unknown = [key(Rule::Errors, "n1")].into();
        Evaluation { unknown, ..found(&[]) }
    };
    assert_eq!(story(&mut states, 5..100, unknown), [], "its log says nothing");
    let blind = |_: i64| Evaluation::blind([node("n1"), node("n2")]);
    assert_eq!(story(&mut states, 100..200, blind), [], "the database does not answer");
    assert_eq!(states.lasting().count(), 1);
    let over = story(&mut states, 200..210, |_| found(&[]));
    assert_eq!(over, [(205, AlertNotice::Resolved, WARNING)]);
}

#[test]
fn of_a_node_that_nobody_watches_any_more_nothing_is_said_to_be_over() {
    let mut states = States::default();
    story(&mut states, 0..5, |_| found(&[(Rule::Silence, CRITICAL), (Rule::Lag, WARNING)]));
    let without = |_: i64| {
        let nodes: BTreeSet<NodeName> = [node("n2")].into();
        Evaluation { watched: nodes.clone(), evaluated: nodes, ..Evaluation::default() }
    };
    assert_eq!(story(&mut states, 5..1_000, without), [], "nobody has looked");
    assert_eq!(states.lasting().count(), 2, "somebody may look again");
    let mut again = states.clone();
    let over = story(&mut again, 1_000..1_010, |_| found(&[]));
    assert_eq!(over.len(), 2, "{over:?}");
    assert_eq!(story(&mut states, 1_000..3_000, without), [], "and after a day it is gone");
    assert_eq!(states.lasting().count(), 0);
}

#[test]
fn what_nobody_knows_of_the_monitor_is_not_said_to_be_over() {
    let mut states = States::default();
    story(&mut states, 0..5, |_| found(&[(Rule::Lag, CRITICAL)]));
    let unread = MonitorFacts { unread_nodes: [node("n1")].into(), ..MonitorFacts::default() };
    let thresholds = Thresholds::default();
    let without = |_: i64| {
        let mut all = found(&[]);
        all.add(of_monitor(&unread, |_| &thresholds));
        all
    };
    assert_eq!(story(&mut states, 5..100, without), [], "nobody reads the log");
    assert_eq!(story(&mut states, 100..110, |_| found(&[])).len(), 1);
}

/// That a rule is muted is no good news of what it told.
#[test]
fn what_is_muted_ends_without_a_word_and_is_told_again_when_it_is_not_muted_any_more() {
    let satellite = KnownSatellite::ALL.first().map(|known| known.id());
    let of_satellite = Key { satellite, ..key(Rule::Quic, "n1") };
    let muting = Thresholds { muted: [Rule::Quic].into(), ..Thresholds::default() };
    let there = |_: i64| {
        let mut all = found(&[(Rule::Quic, CRITICAL), (Rule::Disk, WARNING)]);
        all.conditions.push(condition(&of_satellite, WARNING));
        all
    };
    let muted = |_: i64| Evaluation {
        muted: muting.muted_of(Some(&node("n1"))).collect(),
        ..found(&[(Rule::Disk, WARNING)])
    };
    let mut states = States::default();
    assert_eq!(story(&mut states, 0..5, there).len(), 3);
    let step = states.step(&muted(5), &policy(), minute(5));
    assert_eq!(told(&step), []);
    let ended: Vec<&str> = step.changed.iter().map(|alert| &*alert.rule).collect();
    assert_eq!(ended, ["quic", "quic"], "both are stored as over: {step:?}");
    assert!(step.changed.iter().all(|alert| alert.resolved_at == Some(minute(5))));
    assert_eq!(story(&mut states, 6..100, muted), [], "and nothing is said later");
    let rules: Vec<&str> = states.lasting().map(|alert| &*alert.rule).collect();
    assert_eq!(rules, ["disk"], "that of others stays");
    let again = story(&mut states, 100..110, there);
    assert_eq!(again.len(), 2, "{again:?}");
    assert!(again.iter().all(|(at, notice, _)| (*at, *notice) == (102, AlertNotice::Fired)));

    // What the monitor says of itself.
    let blocked = |muted: &[Rule]| {
        let thresholds =
            Thresholds { muted: muted.iter().copied().collect(), ..Thresholds::default() };
        let facts = MonitorFacts { blocked: Some("full".to_owned()), ..MonitorFacts::default() };
        of_monitor(&facts, |_| &thresholds)
    };
    let mut states = States::default();
    assert_eq!(story(&mut states, 0..5, |_| blocked(&[])).len(), 1);
    assert_eq!(story(&mut states, 5..30, |_| blocked(&[Rule::WriterBlocked])), []);
    assert_eq!(states.lasting().count(), 0);
}

#[test]
fn several_of_one_look_are_told_together_the_gravest_first() {
    let mut states = States::default();
    let mut all = found(&[(Rule::Quic, WARNING), (Rule::Disqualified, CRITICAL)]);
    all.conditions.push(condition(&key(Rule::Quic, "n2"), WARNING));
    let satellite = KnownSatellite::ALL.first().map(|known| known.id());
    let of_satellite = Key { satellite, ..key(Rule::Disqualified, "n1") };
    all.conditions.push(condition(&of_satellite, CRITICAL));
    let steps: Vec<Step> = (0..4).map(|at| states.step(&all, &policy(), minute(at))).collect();
    assert_eq!(steps.iter().map(|step| step.notices.len()).collect::<Vec<_>>(), [0, 0, 4, 0]);
    let levels: Vec<AlertLevel> = told(&steps[2]).iter().map(|(_, level)| *level).collect();
    assert_eq!(levels, [CRITICAL, CRITICAL, WARNING, WARNING]);
}

#[test]
fn a_restart_goes_on_with_what_there_was() {
    let mut states = States::default();
    let lasting = |_: i64| found(&[(Rule::Version, WARNING)]);
    let mut stored: BTreeMap<i64, Alert> = BTreeMap::new();
    for at in 0..10 {
        let step = states.step(&lasting(at), &policy(), minute(at));
        stored.extend(step.changed.into_iter().map(|alert| (alert.id, alert)));
    }
    let alerts: Vec<Alert> = stored.values().cloned().collect();
    let mut again = States::restore(alerts.clone(), &alerts, 1);
    assert_eq!(story(&mut again, 10..30, lasting), [], "it was told before");
    let over = story(&mut again, 30..40, |_| found(&[]));
    assert_eq!(over, [(35, AlertNotice::Resolved, WARNING)]);

    // One that ended lately is not told anew at once, and a new one has a new number.
    let ended = Alert { resolved_at: Some(minute(12)), ..alerts[0].clone() };
    let mut later = States::restore(Vec::new(), &[ended], 7);
    let fired = story(&mut later, 13..80, lasting);
    assert_eq!(fired, [(62, AlertNotice::Fired, WARNING)]);
    assert_eq!(later.lasting().next().unwrap().id, 8);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever comes and goes, in which order and at whichever pace: at most one incident of a key
    /// lasts; each that fires is told, or was while it cooled down; none is told as over that was not
    /// told before; and what is told as worse was told as lighter.
    #[test]
    fn no_incident_is_lost_or_doubled(
        looks in proptest::collection::vec((0_i64..400, 0_u8..3, 0_u8..3, 0_u8..4), 1..200),
        waits in (0_u64..5, 0_u64..8, 0_u64..90),
    ) {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let policy = Policy {
            fire_after: minutes(waits.0),
            resolve_after: minutes(waits.1),
            repeat_after: Some(minutes(300)),
            cooldown: minutes(waits.2),
        };
        let rules = [Rule::Disk, Rule::Clock];
        let mut states = States::default();
        let mut at = 0_i64;
        // Of each key the incident that lasts, and the levels that were told of it.
        let mut lasting: BTreeMap<(String, Option<NodeName>), (i64, Vec<AlertLevel>)> = BTreeMap::new();
        let mut told_at: BTreeMap<String, i64> = BTreeMap::new();
        let mut seen_ids = BTreeSet::new();
        for (step_seconds, one, other, knowledge) in looks {
            at += step_seconds;
            let now = NOW.plus_micros(at * 1_000_000);
            let mut conditions = Vec::new();
            for (rule, kind) in rules.into_iter().zip([one, other]) {
                match kind {
                    0 => {}
                    1 => conditions.push((rule, WARNING)),
                    _ => conditions.push((rule, CRITICAL)),
                }
            }
            let mut found = found(&conditions);
            if knowledge == 0 {
                found = Evaluation::blind([node("n1"), node("n2")]);
            } else if knowledge == 1 {
                found.unknown.insert(key(Rule::Disk, "n1"));
            }
            let step = states.step(&found, &policy, now);
            for alert in &step.changed {
                let key = (alert.rule.to_string(), alert.node.clone());
                let entry = lasting.entry(key.clone()).or_insert_with(|| (alert.id, Vec::new()));
                prop_assert_eq!(entry.0, alert.id, "two incidents of one key at a time");
                prop_assert!(alert.began_at <= alert.fired_at && alert.worst >= alert.level);
                seen_ids.insert(alert.id);
            }
            for of in &step.notices {
                let key = (of.alert.rule.to_string(), of.alert.node.clone());
                let levels = &mut lasting.get_mut(&key).expect("stored before it is told").1;
                match of.notice {
                    AlertNotice::Fired => prop_assert!(levels.is_empty()),
                    AlertNotice::Escalated => prop_assert!(!levels.is_empty() && !levels.contains(&CRITICAL)),
                    AlertNotice::Repeated | AlertNotice::Resolved => prop_assert!(!levels.is_empty()),
                }
                levels.push(of.alert.level);
                if of.notice != AlertNotice::Resolved {
                    told_at.insert(key.0, at);
                }
            }
            for alert in &step.changed {
                if alert.resolved_at.is_some() {
                    lasting.remove(&(alert.rule.to_string(), alert.node.clone()));
                }
            }
            for alert in states.lasting() {
                let key = (alert.rule.to_string(), alert.node.clone());
                let (_, levels) = &lasting[&key];
                // Told, or cooling down, or gone at this moment.
                let cooled = told_at.get(&key.0).is_some_and(|told| {
                    at - told < i64::try_from(policy.cooldown.as_secs()).unwrap()
                });
                let is_seen = alert.seen_at == now;
                prop_assert!(!levels.is_empty() || cooled || !is_seen, "{alert:?} at {at}");
            }
            prop_assert_eq!(states.lasting().count(), lasting.len());
        }
        prop_assert_eq!(seen_ids.len(), seen_ids.last().map_or(0, |id| usize::try_from(*id).unwrap()));
    }
}

/// A clock that was ahead by a day fires an alert, and is set right.
#[test]
fn a_clock_that_is_set_back_freezes_no_alert() {
    let mut states = States::default();
    let there = |_: i64| found(&[(Rule::Quic, WARNING)]);
    let day = 24 * 60;
    assert_eq!(story(&mut states, day..day + 10, there), [(day + 2, AlertNotice::Fired, WARNING)]);
    let step = states.step(&there(0), &policy(), minute(0));
    assert_eq!(step.changed.len(), 1, "what was stored of tomorrow is stored as of now");
    assert_eq!((step.changed[0].fired_at, step.changed[0].notified_at), (NOW, Some(NOW)));
    let again = story(&mut states, 1..day + 60, there);
    assert_eq!(again, [(day, AlertNotice::Repeated, WARNING)], "a day from now on");

    let mut states = States::default();
    story(&mut states, day..day + 10, there);
    // It was seen to be gone by the clock that was ahead.
    states.step(&found(&[]), &policy(), minute(day + 10));
    let over = story(&mut states, 0..60, |_| found(&[]));
    assert_eq!(over, [(5, AlertNotice::Resolved, WARNING)]);
}

#[test]
fn a_satellite_without_scores_leaves_those_of_others_to_be_over() {
    let at = |satellite: usize| Key {
        satellite: Some(KnownSatellite::ALL[satellite].id()),
        ..key(Rule::OnlineScore, "n1")
    };
    let both = |_: i64| {
        let conditions = vec![condition(&at(0), WARNING), condition(&at(1), WARNING)];
        Evaluation { conditions, ..found(&[]) }
    };
    let resolved = |unknown: Key| {
        let mut states = States::default();
        story(&mut states, 0..5, both);
        let unknown = BTreeSet::from([unknown]);
        story(&mut states, 5..60, |_| Evaluation { unknown: unknown.clone(), ..found(&[]) });
        states.lasting().map(|alert| alert.satellite).collect::<Vec<_>>()
    };
    assert_eq!(resolved(at(1)), [at(1).satellite], "the other one is over");
    assert_eq!(resolved(key(Rule::OnlineScore, "n1")).len(), 2, "nobody knows of any");
}
