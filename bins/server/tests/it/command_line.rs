//! What holds for every command: help, version, exit codes, where output goes.

use std::{
    io::Read,
    process::{Command, Stdio},
};

use crate::program::{Bench, Ended};

const COMMANDS: [&[&str]; 12] = [
    &["import"],
    &["poll"],
    &["storage"],
    &["summary"],
    &["sizes"],
    &["countries"],
    &["db"],
    &["db", "check"],
    &["db", "backup"],
    &["db", "prune"],
    &["simulate"],
    &["completions"],
];

#[test]
fn help_teaches_by_example() {
    let bench = Bench::new();
    for command in COMMANDS {
        let help = bench.done(command.iter().chain(&["--help"]));
        assert!(help.contains("Usage: piecewatch"), "{command:?}: {help}");
        if command.len() == 1 {
            assert!(help.contains("Examples:\n  "), "{command:?}: {help}");
        }
    }
    assert!(
        bench.done(["--help"]).contains("Exit codes: 0 done, 1 the work failed, 2 wrong usage.")
    );
}

#[test]
fn the_version_tells_the_commit_and_that_of_sqlite() {
    let bench = Bench::new();
    let version = bench.done(["--version"]);
    let start = format!("piecewatch {} (", env!("CARGO_PKG_VERSION"));
    let sqlite = format!(", SQLite {}, ", piecewatch_store::sqlite_version());
    assert!(version.starts_with(&start) && version.contains(&sqlite), "{version}");
    assert_eq!(version, bench.done(["-V"]));
}

#[test]
fn wrong_usage_ends_with_2_and_says_so_on_stderr() {
    let bench = Bench::new();
    let wrong: [&[&str]; 10] = [
        &[],
        &["swallow"],
        &["import"],
        &["import", "--db", "n.db", "node.log"],
        &["import", "--db", "n.db", "--node", "", "node.log"],
        &["summary"],
        &["summary", "--db", "n.db", "--window", "24"],
        &["summary", "--db", "n.db", "--window", "24h", "--from", "2026-08-19T00:00:00Z"],
        &["summary", "--db", "n.db", "--from", "yesterday"],
        &["db", "check"],
    ];
    for arguments in wrong {
        let ended = bench.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.err);
        assert!(ended.out.is_empty() && !ended.err.is_empty(), "{arguments:?}");
    }
    assert!(bench.names().is_empty(), "and leaves nothing behind");
}

/// One would otherwise become a database by being looked at.
#[test]
fn a_file_without_anything_in_it_is_no_database_and_stays_so() {
    let bench = Bench::new();
    bench.write("z.db", "");
    let reading = [
        "summary",
        "earnings",
        "latency",
        "slow",
        "errors",
        "pieces",
        "sizes",
        "countries",
        "reputation",
        "storage",
        "compare",
    ];
    let commands = reading.map(|name| vec![name]).into_iter();
    let db = ["check", "prune"].map(|name| vec!["db", name]).into_iter();
    for command in commands.chain(db).chain([vec!["alerts", "list"]]) {
        let ended = bench.run(command.iter().chain(&["--db", "z.db"]));
        assert_eq!(ended.code, Some(1), "{command:?}: {}{}", ended.out, ended.err);
        let told = "z.db is empty and no database; name another file, or make it one: \
                    piecewatch import --db z.db --node NAME LOG";
        assert!(ended.err.contains(told), "{command:?}: {}", ended.err);
        assert_eq!((bench.read("z.db").len(), bench.names().len()), (0, 1), "{command:?}");
    }
}

#[test]
fn a_window_longer_than_time_is_said_to_be_too_long() {
    let bench = Bench::new();
    let ended = bench.run(["errors", "--db", "n.db", "--window", "99999999999d"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("\"99999999999d\" is too long"), "{}", ended.err);
}

#[test]
fn completions_are_there_for_the_common_shells() {
    let bench = Bench::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = bench.done(["completions", shell]);
        assert!(script.contains("piecewatch") && script.contains("summary"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Bench::new()
        .command(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(err, "");
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_an_error() {
    let bench = Bench::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command: Command = bench.command(["completions", "bash"]);
    let ended = Ended::of(command.stdout(full));
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.starts_with("error: cannot write the result: "), "{}", ended.err);
}

/// The normal end of `piecewatch … | head`.
#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let bench = Bench::new();
    bench.simulate("node.log", 20_000, &["--seed", "3"]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "--keep-raw", "node.log"]);
    for form in ["--csv", "--json"] {
        // More than a pipe holds.
        let arguments = ["pieces", "--db", "n.db", "--limit", "1000", form];
        let mut command = bench.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut first = [0; 5];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{form}");
    }
}
