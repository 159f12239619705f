//! What a node did hour by hour.

use piecewatch_model::{
    Action, Clock, Histogram, HistogramSum, KnownSatellite, Latency, Record, Transfer, Trouble,
    TroubleKind,
};
use piecewatch_store::{LatencyHour, TroubleHour, Window};

use crate::fixture::{Database, HOUR, Log, node, seconds, transfer};

fn took(second: i64, micros: u64, clock: Clock, satellite: usize) -> Record {
    let satellite = Some(KnownSatellite::ALL[satellite].id());
    let latency = Some(Latency { micros, clock });
    Record::Transfer(Transfer { satellite, latency, ..transfer(seconds(second)) })
}

fn trouble(second: i64, kind: TroubleKind, text: &str) -> Record {
    let at = seconds(second);
    Record::Trouble(Box::new(Trouble { at, kind, satellite: None, text: text.into() }))
}

fn histogram(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::new();
    values.iter().for_each(|&micros| histogram.record(micros));
    histogram
}

#[test]
fn hours_hold_what_happened_in_them_whatever_the_satellite() {
    let mut database = Database::new();
    let mut log = Log::new("n1", 1);
    let mut other = Log::new("n2", 2);
    let latency = Some(Latency { micros: 70, clock: Clock::DockerNanos });
    let upload = Transfer { action: Action::Put, latency, ..transfer(seconds(1)) };
    let audit = Transfer { action: Action::GetAudit, latency, ..transfer(seconds(1)) };
    database.append(&log.batch(vec![
        took(0, 100, Clock::DockerNanos, 0),
        took(3599, 300, Clock::DockerNanos, 1),
        took(10, 50, Clock::Arrival, 0),
        took(10, 1_000_000, Clock::WholeSeconds, 0),
        Record::Transfer(upload),
        Record::Transfer(audit),
        trouble(20, TroubleKind::Ping, "ping satellite failed"),
        trouble(20, TroubleKind::Ping, "another"),
        trouble(20, TroubleKind::Other, "an error"),
    ]));
    // The same hour in a later batch, and the one after.
    database.append(&log.batch(vec![
        took(40, 200, Clock::DockerNanos, 0),
        took(3600, 900, Clock::DockerNanos, 0),
        trouble(21, TroubleKind::Ping, "ping satellite failed"),
        trouble(3600, TroubleKind::Ping, "ping satellite failed"),
    ]));
    database.append(&other.batch(vec![took(0, 7, Clock::DockerNanos, 0)]));

    let reader = database.readers.get().unwrap();
    let n1 = node("n1");
    // Widened to whole hours.
    let window = Window { from: seconds(600), to: seconds(3601) };
    let hour = |at, action, clock, values: &[u64]| LatencyHour {
        at: seconds(at),
        action,
        clock,
        told: histogram(values),
    };
    let expected = [
        hour(0, Action::Put, Clock::DockerNanos, &[70]),
        hour(0, Action::Get, Clock::DockerNanos, &[100, 200, 300]),
        hour(0, Action::Get, Clock::Arrival, &[50]),
        hour(3600, Action::Get, Clock::DockerNanos, &[900]),
    ];
    let latencies = |node| reader.latency_hours(node, window, HistogramSum::to_histogram).unwrap();
    assert_eq!(latencies(&n1), expected);
    assert_eq!(latencies(&node("n3")), []);

    let told = |at, kind, lines| TroubleHour { at: seconds(at), kind, lines };
    let expected = [
        told(0, TroubleKind::Ping, 3),
        told(0, TroubleKind::Other, 1),
        told(3600, TroubleKind::Ping, 1),
    ];
    assert_eq!(reader.trouble_hours(&n1, window).unwrap(), expected);
    let first = Window { from: HOUR, to: seconds(3600) };
    assert_eq!(reader.trouble_hours(&n1, first).unwrap(), expected[..2]);
}
