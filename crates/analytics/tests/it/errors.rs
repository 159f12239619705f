//! The texts of errors, against counting every transfer; and where peers are.

use std::{
    collections::BTreeMap, net::SocketAddr, num::NonZeroUsize, path::Path, sync::atomic::AtomicU64,
};

use piecewatch_analytics::{
    countries::{Moved, Peers, peers_of},
    error_groups::ErrorGroups,
    errors::top_errors_of,
};
use piecewatch_ingest::{Flow, Import, ImportConfig};
use piecewatch_model::{
    Action, Batch, ByteCount, Country, FailureClass, Outcome, Record, Transfer,
};
use piecewatch_store::{Ending, Nodes, Window};

use crate::database::{Database, download, node, piece, second};

const TEXTS: [(&str, Outcome); 4] = [
    ("context canceled", Outcome::Canceled),
    ("unexpected EOF", Outcome::Failed(FailureClass::Network)),
    ("write tcp <addr>-><addr>: write: broken pipe", Outcome::Failed(FailureClass::Network)),
    ("hashstore: file does not exist", Outcome::Failed(FailureClass::Missing)),
];

fn transfers(seed: u64) -> Vec<Transfer> {
    let mut random = fastrand::Rng::with_seed(seed);
    let each = (0..4_000_i64).map(|number| {
        let (text, outcome) = TEXTS[random.usize(0..4).min(random.usize(0..4))];
        let action = [Action::Get, Action::GetAudit, Action::Put][random.usize(0..3)].clone();
        let size = Some(ByteCount::new(random.u64(0..100_000)));
        let is_success = random.bool();
        Transfer {
            action,
            size,
            outcome: if is_success { Outcome::Success } else { outcome },
            error: (!is_success).then(|| text.into()),
            // Five hours.
            ..download(second(number * 9 / 2), piece(number as u64))
        }
    });
    each.collect()
}

#[test]
fn texts_are_counted_exactly_with_where_and_when() {
    let (attic, barn) = (node(), "barn".parse().unwrap());
    let now = second(5 * 3600);
    let mut database = Database::new();
    let mut all = Vec::new();
    for (name, seed) in [(&attic, 1), (&barn, 2)] {
        let transfers = transfers(seed);
        all.extend(transfers.iter().map(|transfer| (name.clone(), transfer.clone())));
        database.log(name, transfers.into_iter().map(Record::Transfer).collect(), now);
    }
    // From the middle of the second hour on: widened to its beginning.
    let window = Window { from: second(5_000), to: second(4 * 3600) };
    let failed = [Ending::Failed];
    let top = database.ask(|reader| top_errors_of(reader, Nodes::All, window, &failed, 2).unwrap());
    assert_eq!((top.window.from, top.window.to), (second(3_600), second(4 * 3600)));

    let counts = |transfer: &Transfer| {
        top.window.from <= transfer.at
            && transfer.at < top.window.to
            && matches!(transfer.outcome, Outcome::Failed(_))
    };
    let wanted: Vec<_> = all.iter().filter(|(_, transfer)| counts(transfer)).collect();
    assert_eq!((top.count, top.ended), (wanted.len() as u64, wanted.len() as u64));
    assert_eq!((top.texts, top.top.len()), (3, 2));
    assert_eq!(top.by_node.values().sum::<u64>(), top.count);
    assert_eq!(top.by_outcome.values().sum::<u64>(), top.count);
    let audits = wanted.iter().filter(|(_, transfer)| transfer.action == Action::GetAudit);
    assert_eq!(top.by_action[&Action::GetAudit], audits.count() as u64);
    assert!(top.top[0].count >= top.top[1].count);
    for text in &top.top {
        let of = || wanted.iter().filter(|(_, of)| of.error.as_deref() == Some(&*text.template));
        assert_eq!(text.count, of().count() as u64);
        assert_eq!(text.bytes, of().map(|(_, transfer)| transfer.size.unwrap()).sum());
        assert_eq!(Some(text.first_at), of().map(|(_, transfer)| transfer.at).min());
        assert_eq!(Some(text.last_at), of().map(|(_, transfer)| transfer.at).max());
        let mut parts = BTreeMap::new();
        for (node, transfer) in of() {
            let key = (node.clone(), transfer.action.clone(), transfer.outcome);
            *parts.entry(key).or_insert(0_u64) += 1;
        }
        let found: BTreeMap<_, _> = text
            .parts
            .iter()
            .map(|part| ((part.node.clone(), part.action.clone(), part.outcome), part.count))
            .collect();
        assert_eq!(found, parts);
    }
    let both = [Ending::Failed, Ending::Canceled];
    let with_canceled =
        database.ask(|reader| top_errors_of(reader, Nodes::All, window, &both, 9).unwrap());
    assert_eq!((with_canceled.texts, &*with_canceled.top[0].template), (4, "context canceled"));
}

#[test]
fn failures_whose_text_is_not_kept_are_counted_all_the_same() {
    let mut database = Database::new();
    let transfers = transfers(3);
    let failed = |transfer: &&Transfer| matches!(transfer.outcome, Outcome::Failed(_));
    let failed = transfers.iter().filter(failed).count() as u64;
    // Texts are kept for a year, sums for ever.
    let now = second(400 * 86_400);
    database.log(&node(), transfers.into_iter().map(Record::Transfer).collect(), now);
    let window = Window { from: second(0), to: second(5 * 3600) };
    let top =
        database.ask(|reader| top_errors_of(reader, Nodes::All, window, &[Ending::Failed], 9));
    let top = top.unwrap();
    assert_eq!((top.ended, top.count, top.texts), (failed, 0, 0));
    assert!(failed > 100, "{failed}");
}

#[test]
fn a_node_that_sees_dockers_gateway_only_is_told_so_and_one_that_sees_countries_is_not() {
    let now = second(3600);
    let mut database = Database::new();
    let mut store = |name: &str, remote: &dyn Fn(u8) -> (SocketAddr, &'static str)| {
        let records = (0..200_u8).map(|number| {
            let (remote, country) = remote(number);
            Record::Transfer(Transfer {
                remote: Some(remote),
                country: Country::from_code(country),
                ..download(second(i64::from(number)), piece(number.into()))
            })
        });
        database.log(&name.parse().unwrap(), records.collect(), now);
    };
    store("docker", &|number| (([172, 17, 0, 1], 1000 + u16::from(number)).into(), "XP"));
    store("open", &|number| {
        (([79, 127, 7, number], 1000).into(), if number < 50 { "DE" } else { "US" })
    });
    let window = Window { from: second(0), to: now };
    let of = |name: &str| {
        database.ask(|reader| peers_of(reader, &name.parse().unwrap(), window).unwrap())
    };
    let docker = of("docker");
    assert_eq!(docker.peers, Peers::OneAddress([172, 17, 0, 1].into()));
    assert!(docker.peers.explanation().unwrap().contains("network_mode: host"));
    let open = of("open");
    assert_eq!((open.peers, open.peers.explanation()), (Peers::Varied, None));
    let shares: Vec<_> = open
        .countries
        .iter()
        .map(|share| (share.country.code().to_owned(), share.downloads))
        .collect();
    let moved = |count| Moved { count, bytes: ByteCount::new(count * 1000) };
    assert_eq!(shares, [("US".to_owned(), moved(150)), ("DE".to_owned(), moved(50))]);
}

/// From the lines of a log to what its texts differ in: a template alone could not tell.
#[test]
fn the_values_in_the_errors_of_a_log_are_told() {
    let line = |second: u8, outcome: &str, text: &str| {
        format!(
            "2026-08-19T14:00:{second:02}Z\tERROR\tpiecestore\t{outcome}\t{{\"piece_id\": \
             \"TQH7VSRZ7BCOLG7UIFFFIFOTT7OF6SQDGWYRPWOBDQEXTC26F3TA\", \"satellite_id\": \
             \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"action\": \"GET\", \"size\": {second}, \
             \"offset\": 0, \"remote_address\": \"79.127.226.103:50338\", \"error\": \"{text}\"}}\n"
        )
    };
    let broken = |port: u16| {
        format!("write tcp 10.0.17.120:28967->156.146.43.230:{port}: write: broken pipe")
    };
    let log = [
        line(1, "download failed", "piece too short: 512 of 4096 bytes"),
        line(2, "download failed", "piece too short: 7 of 4096 bytes"),
        line(3, "download failed", "piece too short: 2048 of 4096 bytes"),
        line(4, "download failed", &broken(35_722)),
        line(5, "download failed", &broken(35_723)),
        line(6, "download canceled", "context canceled"),
    ];
    let config =
        ImportConfig { node: node(), workers: NonZeroUsize::MIN, countries: None, time_zone: None };
    let (mut errors, mut kept) = (ErrorGroups::new(), Vec::new());
    let sink = |batch: Batch| {
        for record in &batch.records {
            if let Record::Transfer(transfer) = record {
                errors.add_transfer(transfer, second(60));
                kept.push(transfer.error_text.is_some());
            }
        }
        Flow::Continue
    };
    let text = log.concat();
    let mut import = Import::new(config, Vec::new(), 0);
    import.stream(Path::new("-"), text.as_bytes(), &AtomicU64::new(0), sink).unwrap();
    let told: Vec<(String, u64)> =
        errors.top(10, second(60)).groups.iter().map(|of| (of.text(), of.at_least)).collect();
    let expected = [
        ("piece too short: (7..2048) of 4096 bytes", 3),
        ("write tcp [1 address]->[2 addresses]: write: broken pipe", 2),
        ("context canceled", 1),
    ];
    assert_eq!(told, expected.map(|(text, count)| (text.to_owned(), count)));
    // A text that is its own template is not carried twice.
    assert_eq!(kept, [true, true, true, true, true, false]);
}
