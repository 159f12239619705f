//! The truth adds up, and the same seed gives the same bytes.

use piecewatch_simulator::{Config, Encoding, Level, LongLines, Mix, Simulator, Truth, Vocabulary};

fn simulate(config: Config, lines: u64) -> (Vec<u8>, Truth) {
    let mut log = Vec::new();
    let truth = Simulator::new(config).write(lines, &mut log).expect("a Vec takes everything");
    (log, truth)
}

fn every_form() -> impl Iterator<Item = (Encoding, Vocabulary)> {
    Encoding::ALL
        .into_iter()
        .flat_map(|encoding| Vocabulary::ALL.map(|vocabulary| (encoding, vocabulary)))
}

#[test]
fn lines_are_the_sum_of_their_kinds() {
    for (encoding, vocabulary) in every_form() {
        for mix in [Mix::Transfers, Mix::Realistic, Mix::Adverse] {
            let config = Config { encoding, vocabulary, mix, ..Config::default() };
            let (log, truth) = simulate(config, 4_000);
            let newlines = log.iter().filter(|&&byte| byte == b'\n').count() as u64;
            assert_eq!(newlines, truth.lines, "{encoding} {vocabulary}");
            let sum = truth.transfers_total().count
                + truth.started
                + truth.rejected
                + truth.told_twice
                + truth.compactions
                + truth.orders
                + truth.scores
                + truth.background
                + truth.continuation
                + truth.supervisor
                + truth.crash
                + truth.foreign;
            assert_eq!(sum, truth.lines, "{encoding} {vocabulary}");
        }
    }
}

#[test]
fn nearly_all_lines_are_about_transfers() {
    for (encoding, vocabulary) in every_form() {
        let config = Config { encoding, vocabulary, ..Config::default() };
        let (_, truth) = simulate(config, 20_000);
        let about = truth.transfers_total().count + truth.started + truth.told_twice;
        assert!(about * 100 >= truth.lines * 95, "{encoding} {vocabulary}: {truth:?}");
        assert!(truth.started * 100 >= truth.lines * 45, "{encoding} {vocabulary}");
    }
}

#[test]
fn a_node_at_info_tells_no_starts_since_2025() {
    for (vocabulary, tells) in [
        (Vocabulary::Y2019, true),
        (Vocabulary::Y2023, true),
        (Vocabulary::Y2025, false),
        (Vocabulary::Y2026, false),
    ] {
        let config = Config { vocabulary, level: Level::Info, ..Config::default() };
        let (log, truth) = simulate(config, 5_000);
        assert_eq!(truth.started > 0, tells, "{vocabulary}");
        assert_eq!(truth.pairs.count > 0, tells, "{vocabulary}");
        assert!(!log.windows(7).any(|part| part == b"\tDEBUG\t"));
    }
}

#[test]
fn latencies_are_told_by_the_clock_of_the_encoding() {
    let pairs = |encoding, vocabulary| {
        let config = Config { encoding, vocabulary, mix: Mix::Transfers, ..Config::default() };
        simulate(config, 20_000).1.pairs
    };
    let millis = pairs(Encoding::Console, Vocabulary::Y2022);
    assert_eq!((millis.line_micros % 1_000, millis.arrival_micros), (0, 0));
    assert!(millis.line_micros % 1_000_000 != 0);
    let docker = pairs(Encoding::DockerJson, Vocabulary::Y2026);
    assert_eq!(docker.line_micros % 1_000_000, 0);
    let mean = docker.arrival_micros / docker.count;
    assert!((100_000..2_000_000).contains(&mean), "{mean}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_however_they_are_asked_for() {
    for (encoding, vocabulary) in every_form() {
        let config = Config { encoding, vocabulary, mix: Mix::Adverse, ..Config::default() };
        let (whole, truth) = simulate(config.clone(), 3_000);
        let mut simulator = Simulator::new(config.clone());
        let mut parts = Vec::new();
        while simulator.truth().lines < 1_000 {
            simulator.next_line(&mut parts);
        }
        let rest = 3_000 - simulator.truth().lines;
        assert_eq!(simulator.write(rest, &mut parts).unwrap(), truth);
        assert!(whole == parts, "{encoding} {vocabulary}");
        let (other, _) = simulate(Config { seed: 2, ..config }, 3_000);
        assert!(whole != other);
    }
}

#[test]
fn any_configuration_is_simulated() {
    for transfers_per_second in [f64::NAN, 0.0, -1.0, 1e300] {
        let config = Config { transfers_per_second, ..Config::default() };
        assert_eq!(simulate(config, 500).1.lines, 500);
    }
    let config = Config {
        long_lines: LongLines::Rarely,
        mix: Mix::Adverse,
        utc_offset_minutes: Some(i16::MIN),
        ..Config::default()
    };
    let (log, _) = simulate(config, 20_000);
    assert!(log.split(|&byte| byte == b'\n').any(|line| line.len() > 1_000_000));
}

#[test]
fn the_truth_is_json_of_one_order() {
    let (_, truth) = simulate(Config::default(), 20_000);
    let json: serde_json::Value = serde_json::from_str(&truth.to_json()).unwrap();
    assert_eq!(json["lines"], truth.lines);
    let rows = json["transfers"].as_array().unwrap();
    assert_eq!(rows.len(), truth.transfers.len());
    let count: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
    let bytes: u64 = rows.iter().map(|row| row["bytes"].as_u64().unwrap()).sum();
    let total = truth.transfers_total();
    assert_eq!((count, bytes), (total.count, total.bytes));
    assert!(rows.iter().any(|row| row["class"] == "network"));
    assert!(rows.iter().any(|row| row["class"].is_null()));
}

#[test]
fn the_bytes_are_those_of_every_machine() {
    // FNV-1a. It changes with everything that is drawn or written; let it, when that is meant.
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    for (encoding, vocabulary) in every_form() {
        let config = Config { encoding, vocabulary, mix: Mix::Adverse, ..Config::default() };
        for byte in simulate(config, 1_000).0 {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
    assert_eq!(hash, 0x4FC0_24C1_48F1_85BD, "{hash:#018X}");
}
