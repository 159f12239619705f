//! `piecewatch simulate`.

use crate::program::Bench;

#[test]
fn the_same_options_give_the_same_bytes() {
    let bench = Bench::new();
    let truth = bench.simulate("a.log", 500, &["--seed", "7"]);
    let again = bench.simulate("b.log", 500, &["--seed", "7"]);
    let other = bench.simulate("c.log", 500, &["--seed", "8"]);
    assert_eq!(bench.read("a.log"), bench.read("b.log"));
    assert_ne!(bench.read("a.log"), bench.read("c.log"));
    assert_eq!(truth, again);
    assert_ne!(truth, other);
    let lines = bench.read("a.log").iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(truth["lines"], lines);
}

#[test]
fn every_encoding_and_vocabulary_has_a_name() {
    let bench = Bench::new();
    let encodings = [
        "console",
        "spaces",
        "json",
        "docker-json",
        "journal-short",
        "journal-cat",
        "journal-json",
    ];
    for encoding in encodings {
        bench.simulate("node.log", 20, &["--encoding", encoding]);
    }
    for vocabulary in ["2019", "2022", "2023", "2025", "2026", "mixed"] {
        bench.simulate("node.log", 20, &["--vocabulary", vocabulary]);
    }
    let ended = bench.run(["simulate", "--encoding", "pretty", "--out", "node.log"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("docker-json"), "it names what there is: {}", ended.err);
}

#[test]
fn a_file_that_is_there_is_kept() {
    let bench = Bench::new();
    bench.write("node.log", "precious");
    let ended = bench.run(["simulate", "--out", "node.log", "--lines", "10"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.err, "error: node.log is there already; name another file, or give --force\n");
    assert_eq!(bench.read("node.log"), b"precious");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let bench = Bench::new();
    let ended = bench.run(["simulate", "--out", "logs/node.log", "--lines", "10"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.starts_with("error: cannot write logs/node.log: "), "{}", ended.err);
    assert!(bench.names().is_empty(), "nothing half-written is left");
}
