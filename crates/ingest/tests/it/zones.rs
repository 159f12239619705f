//! Lines that bear a time without a zone.

use std::fs;

use jiff::tz::{TimeZone, offset};
use piecewatch_ingest::{FollowConfig, Source};
use piecewatch_model::Record;

use crate::following::{Stored, config};

fn spawned_at(time_zone: Option<TimeZone>, source: impl FnOnce(&str) -> Source) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let lines = [
        "2026-08-19T14:03:20Z\tINFO\tx\ty",
        "2026-08-19 14:03:21,456 INFO spawned: 'storagenode' with pid 52",
    ];
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    // A rotated one is read by way of an import.
    fs::write(folder.path().join("node.log.1"), lines[1].to_owned() + "\n").unwrap();
    let source = source(path.to_str().unwrap());
    let rotated = u64::from(matches!(source, Source::File(_)));
    let stored = Stored::default();
    let _following = stored.follow_with(FollowConfig { time_zone, source, ..config() });
    stored.wait_for_lines(2 + rotated);
    let kept = stored.kept();
    let times = kept.records.iter().filter_map(|record| {
        if let Record::Lifecycle(lifecycle) = record {
            Some(lifecycle.at.to_string())
        } else {
            None
        }
    });
    let times: Vec<String> = times.collect();
    assert_eq!(times.len() as u64, 1 + rotated);
    assert!(times.iter().all(|at| *at == times[0]), "{times:?}");
    times[0].clone()
}

#[test]
fn a_time_without_a_zone_is_of_the_zone_of_the_node() {
    let file = |path: &str| Source::File(path.into());
    let command =
        |path: &str| Source::Command(["tail", "-n", "+1", "-f", path].map(str::to_owned).into());
    assert_eq!(spawned_at(None, file), "2026-08-19T14:03:21.456Z");
    let zone = Some(TimeZone::fixed(offset(2)));
    assert_eq!(spawned_at(zone.clone(), file), "2026-08-19T12:03:21.456Z");
    assert_eq!(spawned_at(zone, command), "2026-08-19T12:03:21.456Z");
}
