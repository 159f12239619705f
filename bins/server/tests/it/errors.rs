//! `piecewatch errors` against the simulator's truth.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::program::Bench;

fn imported() -> (Bench, Value) {
    let bench = Bench::new();
    let truth = bench.simulate("node.log", 20_000, &["--seed", "3"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    (bench, truth)
}

/// How many failed, by class, as the truth has it.
fn failures(truth: &Value) -> BTreeMap<String, u64> {
    let mut failures = BTreeMap::new();
    for entry in truth["transfers"].as_array().unwrap() {
        if let Some(class) = entry["class"].as_str() {
            *failures.entry(class.to_owned()).or_default() += entry["count"].as_u64().unwrap();
        }
    }
    failures
}

fn counts(of: &Value) -> BTreeMap<String, u64> {
    let of = of.as_object().unwrap().iter();
    of.map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect()
}

#[test]
fn failures_are_the_truth_by_class_and_by_text() {
    let (bench, truth) = imported();
    let errors = bench.json(["errors", "--db", "n.db", "--limit", "999", "--json"]);
    let expected = failures(&truth);
    assert!(expected.len() > 2, "{expected:?}");
    assert_eq!(counts(&errors["by_class"]), expected);
    assert_eq!(errors["count"], expected.values().sum::<u64>());
    let texts = errors["top"].as_array().unwrap();
    assert_eq!(texts.len() as u64, errors["texts"].as_u64().unwrap());
    let sum: u64 = texts.iter().map(|text| text["count"].as_u64().unwrap()).sum();
    assert_eq!(errors["count"], sum);
    for text in texts {
        let parts = text["parts"].as_array().unwrap();
        let sum: u64 = parts.iter().map(|part| part["count"].as_u64().unwrap()).sum();
        assert_eq!(text["count"], sum, "{text}");
        assert!(text["first_at"].as_str() <= text["last_at"].as_str(), "{text}");
    }
}

#[test]
fn cancellations_are_shown_when_asked_for_and_a_limit_holds() {
    let (bench, _) = imported();
    let count = |more: &[&str]| {
        let common = ["errors", "--db", "n.db", "--window", "99d", "--json"];
        let errors = bench.json(common.iter().chain(more));
        (errors["count"].as_u64().unwrap(), errors["top"].as_array().unwrap().len())
    };
    let (failed, texts) = count(&[]);
    let (all, more_texts) = count(&["--canceled"]);
    assert!(all > failed && more_texts >= texts, "{all} {failed}");
    assert_eq!(count(&["--limit", "2"]), (failed, 2));
}

#[test]
fn the_table_names_each_text_and_csv_has_a_row_for_each_part() {
    let (bench, _) = imported();
    let table = bench.done(["errors", "--db", "n.db"]);
    let errors = bench.json(["errors", "--db", "n.db", "--json"]);
    assert!(table.starts_with("attic   ") && table.contains("in all: "), "{table}");
    assert!(table.lines().all(|line| line == line.trim_end()), "no line ends in spaces");
    let texts =
        || errors["top"].as_array().unwrap().iter().chain(errors["troubles"].as_array().unwrap());
    // A text stands under its row, broken at the width of a terminal.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in texts() {
        let wanted = words(text["text_with_values"].as_str().unwrap());
        assert!(words(&table).contains(&wanted), "{text}: {table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let csv = bench.done(["errors", "--db", "n.db", "--csv"]);
    let parts: usize = texts().map(|text| text["parts"].as_array().unwrap().len()).sum();
    assert!(
        csv.starts_with("from,to,kind,node,action,outcome,class,satellite_id,count,bytes,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 1 + parts);
}

#[test]
fn where_no_text_is_kept_failures_are_told_all_the_same() {
    let bench = Bench::new();
    // The log is of 2023; texts are kept for a year.
    let truth = bench.simulate("node.log", 20_000, &["--vocabulary", "2023", "--seed", "3"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let failed: u64 = failures(&truth).values().sum();
    let errors = bench.json(["errors", "--db", "n.db", "--json"]);
    assert_eq!((errors["ended"].as_u64(), errors["count"].as_u64()), (Some(failed), Some(0)));
    let text = bench.done(["errors", "--db", "n.db"]);
    assert!(text.contains("transfers failed; no text is known."), "{text}");
    assert!(!text.contains("No transfer failed"), "{text}");
}

/// A number that is a bound is no count.
#[test]
fn where_texts_are_not_told_apart_the_list_says_of_how_many_it_is_at_least() {
    let bench = Bench::new();
    bench.simulate("node.log", 3_000, &[]);
    let log = String::from_utf8(bench.read("node.log")).unwrap();
    let failed = log.lines().find(|line| line.contains("upload failed")).unwrap();
    let (head, rest) = failed.split_once("\"error\": \"").unwrap();
    let (_, tail) = rest.split_once('"').unwrap();
    let letter =
        |number: usize, place: u32| char::from(b'a' + (number / 26_usize.pow(place) % 26) as u8);
    let text = |number| (0..3).map(|place| letter(number, place)).collect::<String>();
    let lines = |texts: usize| {
        let lines =
            (0..texts).map(|number| format!("{head}\"error\": \"{}\"{tail}\n", text(number)));
        lines.collect::<String>()
    };
    for (texts, told) in
        [(30, "Shown are 20 of 30 texts"), (11_000, "Shown are 20 of at least 10,000 texts")]
    {
        let name = format!("{texts}");
        bench.write(&name, lines(texts));
        let db = format!("{texts}.db");
        bench.done(["import", "--db", &db, "--node", "attic", &name]);
        let table = bench.done(["errors", "--db", &db]);
        assert!(table.contains(told), "{table}");
        let errors = bench.json(["errors", "--db", &db, "--json"]);
        assert_eq!(errors["has_further_texts"], texts > 10_000);
        assert_eq!(errors["count"], texts);
    }
}

#[test]
fn a_limit_of_nothing_is_refused() {
    let bench = Bench::new();
    for command in ["errors", "pieces", "slow"] {
        let ended = bench.run([command, "--db", "n.db", "--limit", "0"]);
        assert_eq!(ended.code, Some(2), "{command}: {}", ended.err);
    }
}

/// The ranges of numbers, and how many addresses: from the database, long after the lines were read.
#[test]
fn what_differs_between_the_texts_of_a_template_is_told() {
    let bench = Bench::new();
    bench.write("one.log", short(&[512, 7, 2048]));
    bench.write("two.log", short(&[9]));
    for log in ["one.log", "two.log"] {
        bench.done(["import", "--db", "n.db", "--node", log, log]);
    }
    let errors = bench.json(["errors", "--db", "n.db", "--window", "99d", "--json"]);
    let text = &errors["top"][0];
    assert_eq!((text["text"].as_str(), text["count"].as_u64()), (Some(SHORT), Some(4)));
    assert_eq!(
        text["text_with_values"],
        "piece too short: (7..2048) of 4096 bytes from [4 addresses]"
    );
    let [number, size, address] = [0, 1, 2].map(|at| &text["values"][at]);
    assert_eq!((&number["min"], &number["max"]), (&json!(7), &json!(2048)));
    assert_eq!((&size["min"], &size["max"]), (&json!(4096), &json!(4096)));
    assert_eq!((&address["count"], &address["is_exact"]), (&json!(4), &json!(true)));
    let shown = bench.done(["errors", "--db", "n.db", "--window", "99d"]);
    assert!(shown.contains("piece too short: (7..2048) of 4096 bytes"), "{shown}");
}

const SHORT: &str = "piece too short: # of # bytes from <addr>";

/// Lines of failed downloads that are so many bytes short.
fn short(bytes: &[u64]) -> String {
    let line = |(second, bytes): (usize, &u64)| {
        format!(
            "2026-08-19T14:00:{second:02}Z\tERROR\tpiecestore\tdownload failed\t{{\"Piece ID\": \
             \"XXQ7OZOMAK3IVJNU3RQF4PTQU7IDUJQEFLMQWYVW2XKSFTFWSO6Q\", \"Satellite ID\": \
             \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \"Action\": \"GET\", \"error\": \
             \"piece too short: {bytes} of 4096 bytes from 10.0.0.{second}:{bytes}\"}}\n"
        )
    };
    bytes.iter().enumerate().map(line).collect()
}
