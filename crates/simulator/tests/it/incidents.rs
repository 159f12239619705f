//! What goes wrong goes wrong from its first to its last hour, and at no other time.

use piecewatch_model::{Action, Outcome, Timestamp};
use piecewatch_simulator::{
    Config, Encoding, Incident, IncidentKind, Mix, Rhythm, Simulator, Truth,
};

const HOUR: i64 = 3_600_000_000;

fn start() -> Timestamp {
    Timestamp::from_civil((2026, 8, 19), 0, 0, 0)
}

fn hour(hour: i64) -> Timestamp {
    start().plus_micros(hour * HOUR)
}

fn config() -> Config {
    Config {
        start: Some(start()),
        encoding: Encoding::DockerJson,
        transfers_per_second: 0.2,
        mix: Mix::Transfers,
        ..Config::default()
    }
}

fn incident(kind: IncidentKind) -> Config {
    Config { incidents: vec![Incident { kind, from: hour(2), to: hour(4) }], ..config() }
}

/// The totals and the text up to each hour, of the lines that were written by then.
fn hours(config: Config, hours: i64) -> Vec<(Truth, String)> {
    let mut simulator = Simulator::new(config);
    let mut log = Vec::new();
    (1..=hours)
        .map(|end| {
            log.clear();
            while simulator.now() < hour(end) {
                simulator.next_line(&mut log);
            }
            (simulator.truth().clone(), String::from_utf8_lossy(&log).into_owned())
        })
        .collect()
}

/// What a number grew by in each hour.
fn growth(hours: &[(Truth, String)], number: impl Fn(&Truth) -> u64) -> Vec<u64> {
    let mut before = 0;
    let grown = hours.iter().map(|(truth, _)| {
        let now = number(truth);
        now - std::mem::replace(&mut before, now)
    });
    grown.collect()
}

fn count(truth: &Truth) -> u64 {
    truth.transfers_total().count
}

#[test]
fn a_slow_disk_takes_longer_for_as_long_as_it_is_slow() {
    let hours = hours(incident(IncidentKind::SlowDisk(5)), 6);
    let sums = growth(&hours, |truth| truth.pairs.arrival_micros);
    let counts = growth(&hours, |truth| truth.pairs.count);
    let means: Vec<f64> =
        sums.iter().zip(&counts).map(|(&sum, &n)| sum as f64 / n as f64).collect();
    let usual = (means[0] + means[1] + means[4] + means[5]) / 4.0;
    for at in [2, 3] {
        assert!((3.5..6.5).contains(&(means[at] / usual)), "{means:?}");
    }
    for at in [0, 1, 4, 5] {
        assert!((0.7..1.4).contains(&(means[at] / usual)), "{means:?}");
    }
}

#[test]
fn without_a_connection_nothing_begins_and_satellites_are_told_in_vain() {
    let hours = hours(incident(IncidentKind::LostConnection), 6);
    let started = growth(&hours, |truth| truth.started);
    let pings: Vec<usize> =
        hours.iter().map(|(_, log)| log.matches("ping satellite failed").count()).collect();
    for at in 0..6 {
        let is_lost = (2..4).contains(&at);
        assert_eq!(started[at] < 3, is_lost, "{started:?}");
        assert!((600..850).contains(&started[at]) || is_lost, "{started:?}");
        // Four satellites, every ten minutes; the first line of an hour may count for the one before.
        assert_eq!((18..30).contains(&pings[at]), is_lost, "{pings:?}");
        assert!(pings[at] < 2 || is_lost, "{pings:?}");
    }
}

#[test]
fn audits_of_lost_pieces_fail_and_nothing_else_does() {
    let hours = hours(incident(IncidentKind::FailedAudits), 6);
    let audits = |is_counted: fn(Outcome) -> bool| {
        growth(&hours, move |truth| {
            let audits = truth.transfers.iter().filter(|(key, _)| key.action == Action::GetAudit);
            audits.filter(|(key, _)| is_counted(key.outcome)).map(|(_, total)| total.count).sum()
        })
    };
    let lost = audits(|outcome| matches!(outcome, Outcome::Failed(_)));
    let passed = audits(|outcome| outcome == Outcome::Success);
    for at in 0..6 {
        let is_lost = (2..4).contains(&at);
        assert_eq!(lost[at] > 8, is_lost, "{lost:?}");
        assert_eq!(passed[at] < 2, is_lost, "{passed:?}");
    }
    let all = growth(&hours, count);
    assert!(all.iter().all(|count| (600..850).contains(count)), "{all:?}");
}

#[test]
fn a_node_with_a_rhythm_is_busier_in_the_evening_and_on_workdays() {
    let config = Config { rhythm: Rhythm::DayAndWeek, ..config() };
    // From Wednesday the 19th to Sunday the 23rd.
    let counts = growth(&hours(config, 5 * 24), count);
    let night: u64 = counts[2..5].iter().sum();
    let evening: u64 = counts[17..20].iter().sum();
    assert!((2.4..3.6).contains(&(evening as f64 / night as f64)), "{evening} {night}");
    let day = |day: usize| counts[day * 24..][..24].iter().sum::<u64>() as f64;
    assert!((0.65..0.75).contains(&(day(3) / day(0))), "{} {}", day(3), day(0));
    assert!((0.95..1.05).contains(&(day(0) / (24.0 * 720.0))), "{}", day(0));
}

/// Whoever asks for nothing of this gets the bytes of before.
#[test]
fn an_incident_that_is_over_has_changed_nothing_before_it() {
    let mut with = Vec::new();
    let mut without = Vec::new();
    let later = Incident { kind: IncidentKind::SlowDisk(9), from: hour(50), to: hour(60) };
    Simulator::new(Config { incidents: vec![later], ..config() }).write(5_000, &mut with).unwrap();
    Simulator::new(config()).write(5_000, &mut without).unwrap();
    assert_eq!(with, without);
}
