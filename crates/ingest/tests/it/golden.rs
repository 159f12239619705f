//! Every line of the fixtures, and what it means. The snapshots are the specification: a change in
//! one of them is a change of what a node is understood to say.

use std::{fmt::Write, fs};

use piecewatch_ingest::{Ended, Parsed, Parser, Started, Telling};
use piecewatch_model::{Compaction, Maintenance, Record, SatelliteId, Scores, Transfer};

use crate::reading::{Taken, fixture};

const FIXTURES: [&str; 9] = [
    "storagenode-v1.137-debug",
    "console-milliseconds-2019-2023",
    "console-snake-case-utc",
    "console-title-case-offset",
    "docker-json-file",
    "journald-short",
    "json-snake-case",
    "json-title-case",
    "windows-service",
];

#[test]
fn every_line_of_the_fixtures_means_what_it_should() {
    for name in FIXTURES {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, meanings(name));
        });
    }
}

#[test]
fn no_line_that_a_node_wrote_is_unparsed() {
    for name in FIXTURES {
        let unparsed = meanings(name).lines().filter(|line| line.contains("UNPARSED")).count();
        // The real log ends in the prompt of the shell it was copied from.
        assert_eq!(unparsed, usize::from(name == "storagenode-v1.137-debug"), "{name}");
    }
}

#[test]
fn a_fixture_is_counted_line_by_line() {
    for name in FIXTURES {
        let mut taken = Taken::default();
        taken.import(&[fixture(&format!("{name}.log"))]);
        let text = fs::read(fixture(&format!("{name}.log"))).unwrap();
        assert_eq!(taken.counts.lines(), bytecount(&text), "{name}");
    }
}

fn bytecount(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// A line of what the line means, under a line of what it says (shortened).
fn meanings(name: &str) -> String {
    let text = fs::read(fixture(&format!("{name}.log"))).unwrap();
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    let mut parser = Parser::new();
    let mut out = String::new();
    for line in text.split(|&byte| byte == b'\n') {
        let meaning = meaning(&parser.parse(line));
        let said: String = String::from_utf8_lossy(line).chars().take(150).collect();
        writeln!(out, "{}\n    {meaning}", said.replace('\t', "⇥")).unwrap();
    }
    out
}

fn meaning(parsed: &Parsed) -> String {
    match parsed {
        Parsed::Ended(Ended { transfer, stamp, telling }) => {
            let telling = match telling {
                Telling::Once => "",
                Telling::First => " (told first)",
                Telling::PerhapsSecond => " (perhaps told second)",
            };
            format!("{} by {}{telling}", transfer_text(transfer), stamp.clock.name())
        }
        Parsed::Started(Started { start, stamp }) => {
            let mut text = format!("started {} {}", start.action, place(start.satellite));
            write!(text, " {}… {}", &start.piece.to_string()[..4], start.at).unwrap();
            optional(&mut text, "offset", start.offset);
            optional(&mut text, "from", start.remote);
            optional(&mut text, "available", start.available.map(|bytes| bytes.get()));
            format!("{text} by {}", stamp.clock.name())
        }
        Parsed::Record(record) => record_text(record),
        Parsed::Undated(record) => format!("undated {}", record_text(record)),
        Parsed::ToldTwice => "told twice".to_owned(),
        Parsed::Continuation => "continuation".to_owned(),
        Parsed::Other => "other".to_owned(),
        Parsed::Unparsed(why) => format!("UNPARSED {why:?}"),
    }
}

fn transfer_text(transfer: &Transfer) -> String {
    let mut text = format!("{} {:?}", transfer.action, transfer.outcome).to_lowercase();
    write!(text, " {} {}…", place(transfer.satellite), &transfer.piece.to_string()[..4]).unwrap();
    write!(text, " {}", transfer.at).unwrap();
    optional(&mut text, "size", transfer.size.map(|bytes| bytes.get()));
    optional(&mut text, "offset", transfer.offset);
    optional(&mut text, "from", transfer.remote);
    optional(&mut text, "error", transfer.error.as_ref());
    text
}

fn record_text(record: &Record) -> String {
    match record {
        Record::Transfer(transfer) => transfer_text(transfer),
        Record::Rejected(rejected) => {
            format!(
                "rejected {} live {:?} of {:?}",
                rejected.at, rejected.live_requests, rejected.limit
            )
        }
        Record::Compaction(compaction) => compaction_text(compaction),
        Record::Maintenance(maintenance) => maintenance_text(maintenance),
        Record::Orders(orders) => {
            format!("orders {} {} count {}", orders.at, place(orders.satellite), orders.count)
        }
        Record::Scores(scores) => scores_text(scores),
        Record::Trouble(trouble) => {
            let kind = trouble.kind.name();
            format!("trouble {kind} {} {}: {}", trouble.at, place(trouble.satellite), trouble.text)
        }
        Record::Lifecycle(lifecycle) => {
            let (name, detail) = (lifecycle.event.name(), lifecycle.event.detail());
            format!("lifecycle {name} {} {detail}", lifecycle.at)
        }
        Record::Space(space) => format!("space {} {}", space.at, space.available.get()),
    }
}

fn compaction_text(compaction: &Compaction) -> String {
    let mut text = format!("compaction {} {}", compaction.phase.name(), compaction.at);
    write!(text, " {} {}", place(Some(compaction.satellite)), compaction.store).unwrap();
    optional(&mut text, "took µs", compaction.duration_micros);
    for (name, bytes) in [
        ("logs", compaction.logs),
        ("live", compaction.live),
        ("trash", compaction.trash),
        ("reclaimable", compaction.reclaimable),
        ("reclaimed", compaction.reclaimed),
        ("rewritten", compaction.rewritten),
    ] {
        optional(&mut text, name, bytes.map(|bytes| bytes.get()));
    }
    optional(&mut text, "load", compaction.table_load);
    optional(&mut text, "trash share", compaction.trash_share);
    optional(&mut text, "error", compaction.error.as_ref());
    text
}

fn maintenance_text(maintenance: &Maintenance) -> String {
    let (kind, phase) = (maintenance.kind.name(), maintenance.phase.name());
    let mut text = format!("maintenance {kind} {phase} {}", maintenance.at);
    write!(text, " {}", place(maintenance.satellite)).unwrap();
    optional(&mut text, "store", maintenance.store.as_ref());
    optional(&mut text, "took µs", maintenance.duration_micros);
    optional(&mut text, "examined", maintenance.examined);
    optional(&mut text, "affected", maintenance.affected);
    optional(&mut text, "failed", maintenance.failed);
    optional(&mut text, "bytes", maintenance.bytes.map(|bytes| bytes.get()));
    text
}

fn scores_text(scores: &Scores) -> String {
    format!(
        "scores {} {} audit {} ({:+}) online {} ({:+}) suspension {} ({:+}) audits {} of {}",
        scores.at,
        place(Some(scores.satellite)),
        scores.audit,
        scores.audit_delta,
        scores.online,
        scores.online_delta,
        scores.suspension,
        scores.suspension_delta,
        scores.audits_passed,
        scores.audits_total,
    )
}

fn place(satellite: Option<SatelliteId>) -> String {
    match satellite {
        None => "-".to_owned(),
        Some(id) => id.known().map_or_else(|| id.to_string(), |known| known.name.to_owned()),
    }
}

fn optional(text: &mut String, name: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        write!(text, " {name} {value}").unwrap();
    }
}
