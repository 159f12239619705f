//! Which of many nodes are listed with their scores.

use piecewatch_analytics::{Observatory, ObservatorySettings};
use piecewatch_model::{
    ByteCount, Fact, KnownSatellite, NodeName, Poll, PollPart, Report, Standing, StandingScores,
};
use piecewatch_store::{Store, StoreConfig};

use crate::{
    clock,
    serve::live::{NODES_MAX, reputation},
};

#[test]
fn of_more_nodes_than_are_listed_those_that_need_a_look_are() {
    let folder = tempfile::tempdir().unwrap();
    let Store { mut writer, readers, .. } =
        Store::open(&folder.path().join("nodes.db"), StoreConfig::default()).unwrap();
    let now = clock::now();
    let names: Vec<NodeName> =
        (0..NODES_MAX + 20).map(|number| format!("n{number:03}").parse().unwrap()).collect();
    // By their names all of these are among the last.
    let trouble: Vec<&NodeName> = names.iter().rev().take(5).collect();
    for node in &names {
        let audit = if trouble.contains(&node) { 0.95 } else { 1.0 };
        let scores = StandingScores { audit, online: 1.0, suspension: 1.0 };
        let us1 = KnownSatellite::ALL[0].id();
        let standing = Standing { scores: Some(scores), ..Standing::unknown(us1) };
        let poll = Poll {
            at: now,
            part: PollPart::Satellites,
            took_micros: 1,
            requests: 1,
            bytes: ByteCount::new(1),
            error: None,
        };
        let report = Report { node: node.clone(), poll, facts: vec![Fact::Standing(standing)] };
        writer.report(&report, now).unwrap();
    }
    let observatory = Observatory::new(readers, &ObservatorySettings::default(), clock::coarse);
    let state = reputation::state(&observatory, &names, now).unwrap();
    assert_eq!(state["nodes_count"], names.len());
    let listed = state["nodes"].as_object().unwrap();
    assert_eq!(listed.len(), NODES_MAX);
    for node in trouble {
        let satellites = &listed[node.as_str()]["satellites"];
        assert_eq!(satellites[KnownSatellite::ALL[0].name]["state"], "trouble", "{satellites}");
    }
}
