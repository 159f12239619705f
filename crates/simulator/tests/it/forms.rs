//! Lines have the form of their encoding, and everything occurs.

use std::collections::BTreeMap;

use piecewatch_simulator::{Config, Encoding, Mix, Simulator, Vocabulary};
use serde_json::Value;

fn simulate(encoding: Encoding, vocabulary: Vocabulary, mix: Mix, lines: u64) -> Vec<u8> {
    let mut log = Vec::new();
    let config = Config { encoding, vocabulary, mix, ..Config::default() };
    Simulator::new(config).write(lines, &mut log).expect("a Vec takes everything");
    log
}

/// The lines, without the NULs that a power loss left before some.
fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    log.split_inclusive(|&byte| byte == b'\n').map(|line| {
        let nuls = line.iter().take_while(|&&byte| byte == 0).count();
        &line[nuls..line.len() - 1]
    })
}

fn parse(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(line));
    })
}

/// Checks a line of the console encoder.
fn check_console(line: &str) {
    let Some((head, payload)) = line.split_once("\t{") else { return };
    let columns = head.split('\t').count();
    assert!((3..=4).contains(&columns), "{line}");
    assert!(parse(format!("{{{payload}").as_bytes()).is_object());
}

#[test]
fn json_is_json() {
    for vocabulary in Vocabulary::ALL {
        for line in lines(&simulate(Encoding::Json, vocabulary, Mix::Adverse, 8_000)) {
            if line.starts_with(b"{\"L\"") {
                let value = parse(line);
                assert!(value["T"].is_string() && value["M"].is_string(), "{value}");
            }
        }
        for line in lines(&simulate(Encoding::JournalJson, vocabulary, Mix::Adverse, 8_000)) {
            let value = parse(line);
            assert!(value["__REALTIME_TIMESTAMP"].as_str().unwrap().parse::<u64>().is_ok());
            assert!(value["MESSAGE"].is_string() || value["MESSAGE"].is_array());
        }
        for line in lines(&simulate(Encoding::Console, vocabulary, Mix::Adverse, 8_000)) {
            if let Ok(line) = std::str::from_utf8(line) {
                check_console(line);
            }
        }
    }
}

#[test]
fn pieces_of_docker_join_into_lines() {
    let mut longest = 0;
    for vocabulary in Vocabulary::ALL {
        let log = simulate(Encoding::DockerJson, vocabulary, Mix::Adverse, 20_000);
        let mut joined = String::new();
        let mut last = String::new();
        for line in lines(&log) {
            let object = parse(line);
            let part = object["log"].as_str().unwrap();
            assert!(part.len() <= 16 * 1024 + 1);
            let time = object["time"].as_str().unwrap();
            assert_eq!(time.len(), "2026-08-19T14:03:27.354820935Z".len());
            assert!(last.as_str() < time, "{last} {time}");
            time.clone_into(&mut last);
            joined.push_str(part);
            if let Some(line) = joined.strip_suffix('\n') {
                longest = longest.max(line.len());
                check_console(line);
                joined.clear();
            }
        }
        assert_eq!(joined, "");
    }
    assert!(longest > 16 * 1024);
}

#[test]
fn spaces_replace_every_tab() {
    let log = simulate(Encoding::Spaces, Vocabulary::Y2025, Mix::Realistic, 4_000);
    assert!(!log.contains(&b'\t'));
    let text = String::from_utf8_lossy(&log);
    let single = text.lines().filter(|line| line.contains(" INFO piecestore ")).count();
    let runs = text.lines().filter(|line| line.contains("  INFO  ")).count();
    assert!(single > 500 && runs > 500, "{single} {runs}");
}

#[test]
fn times_never_go_back() {
    for vocabulary in [Vocabulary::Y2022, Vocabulary::Mixed] {
        let log = simulate(Encoding::Console, vocabulary, Mix::Adverse, 20_000);
        let text = String::from_utf8_lossy(&log);
        let times = text.lines().filter_map(|line| line.split_once('\t')).map(|(time, _)| time);
        let times: Vec<_> = times.filter(|time| time.starts_with("20")).collect();
        assert!(times.is_sorted());
    }
}

#[test]
fn each_vocabulary_has_its_words() {
    let check = |vocabulary, has: &[&str], lacks: &[&str]| {
        let log = simulate(Encoding::Console, vocabulary, Mix::Adverse, 60_000);
        let text = String::from_utf8_lossy(&log);
        for word in has {
            assert!(text.contains(word), "{vocabulary} lacks {word}");
        }
        for word in lacks {
            assert!(!text.contains(word), "{vocabulary} has {word}");
        }
    };
    check(
        Vocabulary::Y2019,
        &["\"SatelliteID\": ", "INFO\tpiecestore\tdownload failed", "{\"live requests\": "],
        &["Process", "canceled\t", "\"Size\"", "Remote Address", "errorVerbose"],
    );
    check(
        Vocabulary::Y2022,
        &["INFO\tpiecestore\tupload started", "\"Available Space\": ", "+0200\t", "requestLimit"],
        &["Remote Address", "Offset", "race lost", "\"reason\""],
    );
    check(
        Vocabulary::Y2023,
        &[
            "upload canceled (race lost or node shutdown)\t{\"Process\": \"storagenode\", \"Piece ID\"",
            "DEBUG\tpiecestore\tupload failed",
            "DEBUG\tpiecestore\tdownload canceled",
            "node scores updated",
        ],
        &["\"reason\"", "upload internal error", "hashstore"],
    );
    check(
        Vocabulary::Y2025,
        &[
            "DEBUG\tpiecestore\tdownload started",
            "\"reason\": \"context canceled\"",
            "ERROR\tpiecestore\tupload internal error",
            "INFO\thashstore\tfinished compaction",
            "hashstore: file does not exist",
        ],
        &["piece_id", "WARN\tpiecestore\tupload failed"],
    );
    check(
        Vocabulary::Y2026,
        &[
            "WARN\tpiecestore\tupload failed",
            "WARN\tpiecestore\tupload internal error",
            "\"piece_id\": ",
            "GET_CONVERT",
            "\"remote_address\": \"[2a01:",
            "reclaim_ratio",
            "slow shutdown",
            "\npanic: ",
        ],
        &["Piece ID", "\"Size\""],
    );
    check(Vocabulary::Mixed, &["\"Piece ID\": ", "\"piece_id\": "], &[]);
}

#[test]
fn one_piece_goes_to_several_clients_at_once() {
    let log = simulate(Encoding::Json, Vocabulary::Y2026, Mix::Transfers, 20_000);
    let mut open: BTreeMap<String, u32> = BTreeMap::new();
    let mut most = 0;
    for line in lines(&log) {
        let value = parse(line);
        let piece = value["piece_id"].as_str().unwrap_or_default().to_owned();
        match value["M"].as_str().unwrap() {
            "download started" => {
                let count = open.entry(piece).or_default();
                *count += 1;
                most = most.max(*count);
            }
            "downloaded" | "download canceled" | "download failed" => {
                if let Some(count) = open.get_mut(&piece) {
                    *count = count.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
    assert!(most >= 2);
}
