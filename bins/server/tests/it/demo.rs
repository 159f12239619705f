//! `piecewatch demo` as a newcomer meets it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::program::Bench;

/// How long the month may take that is simulated, in a build for tests.
const PATIENCE: Duration = Duration::from_secs(120);

fn asked(address: &str, path: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[test]
fn the_demonstration_shows_three_nodes_with_a_month_and_leaves_nothing_behind() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("tmp")).unwrap();
    let mut command = bench.command(["demo", "--no-open", "--listen", "127.0.0.1:0"]);
    // Another database is none of its business.
    command.env("TMPDIR", bench.path("tmp")).env("PIECEWATCH_DB", bench.path("real.db"));
    let mut demo = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(demo.stderr.take().unwrap());
    let listening = log.lines().map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("listening on http://")?;
        rest.split_whitespace().next().map(str::to_owned)
    });
    let address = listening.unwrap();
    let since = Instant::now();
    let nodes = loop {
        let nodes = asked(&address, "/api/v1/nodes");
        let known = nodes["nodes"].as_array().unwrap().iter();
        let known = known.filter(|node| node["last_record_at"].is_string()).count();
        let storage = asked(&address, "/api/v1/storage").to_string();
        // Each node was read to its end and asked how it is.
        if known == 3 && storage.matches("\"node\":").count() >= 3 {
            break nodes;
        }
        assert!(since.elapsed() < PATIENCE, "{nodes}");
        std::thread::sleep(Duration::from_millis(200));
    };
    let text = nodes.to_string();
    for name in ["attic", "cellar", "shed"] {
        assert!(text.contains(name), "{text}");
    }
    let killed = std::process::Command::new("kill").arg(demo.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(bench.path("tmp")).unwrap().count(), 0);
    assert!(!bench.path("real.db").exists());
}

#[test]
fn whoever_stops_the_demonstration_while_it_is_made_finds_nothing_left_of_it() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("tmp")).unwrap();
    let mut command = bench.command(["demo", "--no-open", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", bench.path("tmp")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut demo = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(demo.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("Three simulated nodes"), "{said}");
    assert_eq!(std::fs::read_dir(bench.path("tmp")).unwrap().count(), 1, "it is being made");
    let killed = std::process::Command::new("kill").arg(demo.id().to_string()).status().unwrap();
    assert!(killed.success());
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(bench.path("tmp")).unwrap().count(), 0);
}
