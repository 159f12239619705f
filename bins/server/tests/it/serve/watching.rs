//! What browsers and programs see of nodes at work.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    ATTIC, Logged, just_now,
    running::{PATIENCE, Page, Server},
};
use crate::program::Bench;

fn transfers(state: &Value) -> u64 {
    state["total"]["count"].as_u64().unwrap_or(0)
}

#[test]
fn a_line_is_seen_within_a_second_on_every_page_that_looks_at_it() {
    let mut logged = Logged::new(3_000, 1_000);
    let server = Server::start(&logged.bench, &ATTIC);
    let mut page = server.open();
    for (sub, topic) in (1..).zip(["overview", "traffic", "transfers"]) {
        page.subscribe(sub, topic);
    }
    let mut before = transfers(&page.until(1, |state| transfers(state) > 0));
    page.until(3, |state| state.is_object());
    let mut took = [(); 5].map(|()| {
        logged.write(200);
        let since = Instant::now();
        before = transfers(&page.until(1, |state| transfers(state) > before));
        since.elapsed()
    });
    took.sort();
    // A machine that does much else may hold one of them up.
    assert!(took[2] < Duration::from_secs(1), "{took:?}");
    assert!(page.mirror.take_faults().is_empty());
}

#[test]
fn every_topic_has_a_state_without_nulls_and_other_topics_and_nodes_are_refused() {
    const TOPICS: [&str; 11] = [
        "overview",
        "traffic",
        "satellites",
        "latency",
        "transfers",
        "storage",
        "reputation",
        "earnings",
        "compactions",
        "alerts",
        "status",
    ];
    let logged = Logged::new(2_000, 1_500);
    let server = Server::start(&logged.bench, &ATTIC);
    let mut page = server.open();
    for (sub, topic) in (1..).zip(TOPICS) {
        page.subscribe(sub, topic);
    }
    for sub in (1..).take(TOPICS.len()) {
        let state = page.until(sub, Value::is_object);
        assert!(!state.to_string().contains("null"), "{state}");
    }
    page.say(&json!({"op": "subscribe", "sub": 90, "topic": "weather"}));
    page.say(&json!({"op": "subscribe", "sub": 91, "topic": "overview", "nodes": ["nobody"]}));
    let mut faults = Vec::new();
    while faults.len() < 2 {
        page.next().unwrap();
        faults.extend(page.mirror.take_faults());
    }
}

#[test]
fn who_follows_another_process_sees_the_same() {
    let mut logged = Logged::new(3_000, 1_000);
    let writer = Server::start(&logged.bench, &ATTIC);
    let follower = Server::start(&logged.bench, &["--db", "nodes.db", "--follow"]);
    let (mut first, mut second) = (writer.open(), follower.open());
    first.subscribe(1, "overview");
    second.subscribe(1, "overview");
    for _ in 0..3 {
        logged.write(300);
        thread::sleep(Duration::from_millis(300));
    }
    let written = logged.ended();
    first.until(1, |state| transfers(state) == written);
    second.until(1, |state| transfers(state) == written);
    assert_eq!(writer.get("/readyz").status, 200);
    assert_eq!(follower.get("/readyz").status, 200);
    until_it_tells(&follower, [Some("1"), Some("1"), Some("commits"), Some("live")]);
    drop(writer);
    until_it_tells(&follower, [None; 4]);
    assert_eq!(follower.get("/readyz").status, 503);
}

/// Waits until a server tells so how the log of attic is read, whether what is read can be written, that there
/// were commits, and in which state the log is.
fn until_it_tells(server: &Server, expected: [Option<&str>; 4]) {
    let since = Instant::now();
    loop {
        let text = server.get("/metrics").text();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.rsplit_once(' ')).map(|(_, value)| value)
        };
        let commits = value("piecewatch_database_commits_total").filter(|count| *count != "0");
        let status = server.json("/api/v1/status");
        let told = [
            value("piecewatch_log_up{node=\"attic\"}"),
            value("piecewatch_database_writable"),
            commits.map(|_| "commits"),
            status["nodes"]["attic"]["state"].as_str(),
        ];
        if told == expected {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{told:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn browsers_that_misbehave_are_not_noticed_by_the_others() {
    let mut logged = Logged::new(6_000, 1_000);
    let server = Server::start(&logged.bench, &ATTIC);
    let mut page = server.open();
    page.subscribe(1, "overview");
    let mut before = transfers(&page.until(1, |state| transfers(state) > 0));
    let mut silent = Vec::new();
    for number in 0..60 {
        let mut other = server.open();
        match number % 3 {
            0 => {
                for (sub, topic) in (1..).zip(["overview", "traffic", "transfers", "status"]) {
                    other.subscribe(sub, topic);
                }
                silent.push(other);
            }
            1 => {
                for garbage in ["{", "[]", "{\"op\":\"fly\"}", "\u{0}"] {
                    let _ = other.send(Message::text(garbage));
                }
                let _ = other.send(Message::binary(vec![0xff; 100_000]));
            }
            // It vanishes.
            _ => drop(other),
        }
    }
    for _ in 0..5 {
        logged.write(500);
        let since = Instant::now();
        before = transfers(&page.until(1, |state| transfers(state) > before));
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    }
    assert_eq!(silent.len(), 20);
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn an_answer_is_compressed_tagged_and_a_list_is_for_spreadsheets_too() {
    let logged = Logged::new(3_000, 2_900);
    let server = Server::start(&logged.bench, &ATTIC);
    let mut page = server.open();
    page.subscribe(1, "overview");
    page.until(1, |state| transfers(state) > 0);
    drop(page);
    let plain = server.get("/api/v1/openapi.json");
    let packed = server.ask("GET", "/api/v1/openapi.json", &[("Accept-Encoding", "gzip")], b"");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
    let tag = plain.header("etag").unwrap();
    let again = server.ask("GET", "/api/v1/openapi.json", &[("If-None-Match", tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));

    let document = server.json("/api/v1/openapi.json");
    for (path, of) in document["paths"].as_object().unwrap() {
        if of.get("get").is_some() && !path.contains('{') {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
    }
    // A heading and every transfer, as soon as all of them are stored.
    let since = Instant::now();
    loop {
        let rows = server.get("/api/v1/transfers?format=csv");
        assert_eq!(rows.header("content-type"), Some("text/csv; charset=utf-8"));
        // Uploads that were turned away are listed, too, and have no end.
        let ended = |row: &csv::StringRecord| !row.iter().any(|field| field == "rejected");
        let rows = csv::Reader::from_reader(&rows.body[..]).into_records().map(Result::unwrap);
        let count = rows.filter(ended).count() as u64;
        if count == logged.ended() {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{count} rows");
        thread::sleep(Duration::from_millis(500));
    }
    // One that is whole has a tag; one that is written while it is read is compressed at most.
    for path in ["/api/v1/transfers/slow?limit=200&format=csv", "/api/v1/transfers?format=csv"] {
        let plain = server.get(path);
        assert!(plain.body.len() > 1_500, "{path}: {} bytes", plain.body.len());
        let packed = server.ask("GET", path, &[("Accept-Encoding", "gzip")], b"");
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!(packed.header("vary"), Some("Accept-Encoding"), "{path}");
        assert_eq!(packed.header("content-type"), Some("text/csv; charset=utf-8"));
        let mut text = String::new();
        GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text.lines().next(), plain.text().lines().next(), "{path}");
        assert!(packed.body.len() < plain.body.len() / 2, "{path}");
        let head = server.ask("HEAD", path, &[("Accept-Encoding", "gzip")], b"");
        assert_eq!((head.status, head.header("content-encoding")), (200, Some("gzip")), "{path}");
        assert_eq!(plain.header("etag").is_some(), path.contains("slow"), "{path}");
    }
    let settled =
        "/api/v1/latency?nodes=attic&from=2000-01-01T00:00:00Z&to=2000-01-02T00:00:00Z&format=csv";
    let first = server.get(settled);
    let tag = first.header("etag").unwrap();
    let again = server.ask("GET", settled, &[("If-None-Match", tag)], b"");
    assert_eq!((first.status, again.status, again.body.len()), (200, 304, 0));
    let status = server.json("/api/v1/status");
    assert!(status["http"]["requests"].as_u64().unwrap() > 20, "{status}");

    let metrics = server.get("/metrics");
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    assert!(metrics.text().contains("# TYPE piecewatch_transfers_total counter"));
}

/// What it is made of is in memory before somebody asks, and who asks has nothing computed.
#[test]
fn what_browsers_ask_first_is_at_hand_soon_after_the_start() {
    let bench = Bench::new();
    bench.simulate("node.log", 5_000, &[]);
    bench.done(["import", "--db", "nodes.db", "--node", "attic", "node.log"]);
    let server = Server::start(&bench, &["--db", "nodes.db", "--follow"]);
    let since = Instant::now();
    let at_hand = loop {
        let log = server.log();
        if let Some(line) = log.lines().find(|line| line.contains("is at hand")) {
            break line.to_owned();
        }
        assert!(since.elapsed() < PATIENCE, "{log}");
        thread::sleep(Duration::from_millis(20));
    };
    assert!(at_hand.contains("8 of 8") && at_hand.contains("millis="), "{at_hand}");
    let computed = || {
        let status = server.json("/api/v1/status");
        let of = |name: &str| status["caches"]["analytics"][name]["computations"].as_u64().unwrap();
        ["latency", "storage"].map(of)
    };
    let before = computed();
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    assert_eq!(server.get("/api/v1/latency?window=24h").status, 200);
    assert_eq!(computed()[0], before[0]);
}

#[test]
fn the_configuration_is_read_again_when_it_changed() {
    let logged = Logged::new(2_000, 1_500);
    let node = |name: &str| format!("[[node]]\nname = \"{name}\"\nsource = \"{name}.log\"\n");
    let first = format!("db = \"nodes.db\"\n{}", node("node"));
    logged.bench.write("piecewatch.toml", &first);
    let server = Server::start(&logged.bench, &["--config", "piecewatch.toml"]);
    let mut page = server.open();
    page.say(&json!({"op": "subscribe", "sub": 1, "topic": "overview", "nodes": ["shed"]}));
    while page.mirror.take_faults().is_empty() {
        page.next().unwrap();
    }
    logged.bench.write("shed.log", logged.bench.read("node.log"));
    logged.bench.write("piecewatch.toml", format!("{first}{}", node("shed")));
    server.signal("HUP");
    let since = Instant::now();
    while !server.log().contains("followed") {
        assert!(since.elapsed() < Duration::from_secs(30), "{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
    page.say(&json!({"op": "subscribe", "sub": 2, "topic": "overview", "nodes": ["shed"]}));
    page.until(2, |state| transfers(state) > 0);
}

#[test]
fn what_is_the_matter_is_told_by_a_webhook() {
    let logged = Logged::new(1_000, 900);
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a-secret-path", receiver.local_addr().unwrap());
    logged.bench.write("hook.url", &address);
    logged.bench.write(
        "piecewatch.toml",
        "db = \"nodes.db\"\n[[node]]\nname = \"attic\"\nsource = \"node.log\"\n\
         [alerts]\nfire_minutes = 0\nevaluate_seconds = 10\nstart_up_ms_warning = 1\n\
         [[alerts.channel]]\nname = \"hook\"\nkind = \"json\"\nurl_file = \"hook.url\"\n",
    );
    let server = Server::start(&logged.bench, &["--config", "piecewatch.toml"]);
    let (mut stream, _) = receiver.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut request = Vec::new();
    let mut piece = [0; 4_096];
    while !String::from_utf8_lossy(&request).contains("start") {
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&request));
        request.extend_from_slice(&piece[..length]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    drop(stream);
    assert!(String::from_utf8_lossy(&request).starts_with("POST /a-secret-path "));
    let listed = server.json("/api/v1/alerts");
    let id = listed[0]["id"].as_i64().unwrap();
    let seen = server.ask("POST", &format!("/api/v1/alerts/{id}/acknowledge?by=me"), &[], b"");
    assert_eq!(seen.status, 200, "{}", seen.text());
    let mut page = server.open();
    page.subscribe(1, "alerts");
    page.until(1, |state| state[id.to_string()]["state"] == "acknowledged");
    assert!(!server.log().contains("a-secret-path"));
}

/// The rules, the channels, and which nodes are asked: all of them are new with SIGHUP.
#[test]
fn who_is_told_and_who_is_asked_is_read_again() {
    let logged = Logged::new(1_000, 900);
    let [receiver, node] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [told, asked] = [&receiver, &node].map(|of| of.local_addr().unwrap());
    let first = "db = \"nodes.db\"\n[[node]]\nname = \"attic\"\nsource = \"node.log\"\n";
    logged.bench.write("piecewatch.toml", first);
    let server = Server::start(&logged.bench, &["--config", "piecewatch.toml"]);
    logged.bench.write("hook.url", format!("http://{told}/a-secret-path"));
    let more = format!(
        "api = \"http://{asked}\"\n[alerts]\nfire_minutes = 0\nstart_up_ms_warning = 1\n\
         [[alerts.channel]]\nname = \"hook\"\nkind = \"json\"\nurl_file = \"hook.url\"\n\
         [[alerts.node]]\nname = \"atic\"\nmuted = [\"disk\"]\n"
    );
    logged.bench.write("piecewatch.toml", format!("{first}{more}"));
    server.signal("HUP");
    says(&server, "names atic, which is no node that is known here; did you mean attic?");
    assert!(first_line(&receiver).starts_with("POST /a-secret-path "));
    assert!(first_line(&node).starts_with("GET /api/sno"));
    // A channel that cannot be: the alerts stay as they are. Answers go where they went, whatever is configured.
    let other = format!("{first}{more}")
        .replace("hook.url", "none.url")
        .replace("nodes.db", "none/other.db");
    logged.bench.write("piecewatch.toml", format!("{other}[polling]\nsatellites_minutes = 60\n"));
    server.signal("HUP");
    says(&server, "alerts stay as they were");
    assert!(first_line(&node).starts_with("GET /api/sno"), "it is asked anew");
    assert!(!logged.bench.path("none").exists());
    assert_eq!(server.ask("GET", "/healthz", &[], b"").status, 200);
}

/// Waits until the server has logged this.
fn says(server: &Server, what: &str) {
    let since = Instant::now();
    while !server.log().contains(what) {
        assert!(since.elapsed() < PATIENCE, "{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
}

/// The beginning of the next call that somebody makes.
fn first_line(listener: &TcpListener) -> String {
    listener.set_nonblocking(true).unwrap();
    let since = Instant::now();
    let (mut stream, _) = loop {
        match listener.accept() {
            Ok(accepted) => break accepted,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
        assert!(since.elapsed() < PATIENCE, "nobody calls");
        thread::sleep(Duration::from_millis(20));
    };
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut piece = [0; 64];
    let length = stream.read(&mut piece).unwrap();
    String::from_utf8_lossy(&piece[..length]).into_owned()
}

#[test]
fn that_nobody_fills_the_database_any_more_is_an_alert() {
    let logged = Logged::new(1_000, 900);
    drop(Server::start(&logged.bench, &ATTIC));
    let alerts = "db = \"nodes.db\"\n[alerts]\nfire_minutes = 0\nevaluate_seconds = 10\n";
    logged.bench.write("piecewatch.toml", alerts);
    let server = Server::start(&logged.bench, &["--config", "piecewatch.toml", "--follow"]);
    let sentence = sentence_of(&mut server.open(), "writer_blocked");
    assert!(sentence.contains("nobody follows a node into the database"), "{sentence}");
    // Who follows logs tells what of theirs cannot change; nobody does here.
    let other = format!("{alerts}[log]\nformat = \"json\"\n").replace("nodes.db", "other.db");
    logged.bench.write("piecewatch.toml", other);
    server.signal("HUP");
    says(&server, "was changed; restart the server to use it what=\"[log]\"");
    assert!(server.log().contains("to use it what=\"db\""), "{}", server.log());
}

#[test]
fn a_log_that_is_not_there_is_an_alert() {
    let logged = Logged::new(1_000, 900);
    let config = "db = \"nodes.db\"\n[[node]]\nname = \"shed\"\nsource = \"gone.log\"\n\
                  [alerts]\nfire_minutes = 0\nevaluate_seconds = 10\n";
    logged.bench.write("piecewatch.toml", config);
    let server = Server::start(&logged.bench, &["--config", "piecewatch.toml"]);
    let sentence = sentence_of(&mut server.open(), "silence");
    assert!(sentence.contains("gone.log") && sentence.contains("cannot be read"), "{sentence}");
}

/// A node on a disk that hangs: it logs that an audit began more than three minutes ago, and then all else but its end.
fn hanging() -> Logged {
    let mut logged = Logged::new(1_000, 900);
    let began_at = just_now().plus_micros(-200_000_000);
    let audit = "{\"Piece ID\": \"ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q\", \
                 \"Satellite ID\": \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\", \
                 \"Action\": \"GET_AUDIT\", \"Offset\": 0, \"Size\": 256}";
    let line = format!("{began_at}\tINFO\tpiecestore\tdownload started\t{audit}\n");
    let mut log = logged.bench.read("node.log");
    log.extend_from_slice(line.as_bytes());
    logged.bench.write("node.log", log);
    logged.write(100);
    logged
}

const OFTEN: &str = "[alerts]\nfire_minutes = 0\nevaluate_seconds = 10\n";

#[test]
fn an_audit_that_hangs_is_an_alert_before_it_has_ended() {
    let logged = hanging();
    let node = "[[node]]\nname = \"attic\"\nsource = \"node.log\"\n";
    logged.bench.write("piecewatch.toml", format!("db = \"nodes.db\"\n{node}{OFTEN}"));
    let server = Server::start(&logged.bench, &["--config", "piecewatch.toml"]);
    let sentence = sentence_of(&mut server.open(), "slow_audits");
    assert!(
        sentence.contains("has been running for") && sentence.contains("not ended"),
        "{sentence}"
    );
}

#[test]
fn an_audit_that_hangs_in_a_log_that_another_process_follows_is_an_alert() {
    let logged = hanging();
    let _writer = Server::start_with(&logged.bench, &ATTIC, |command| {
        command.env("PIECEWATCH_ALERTS_ENABLED", "false");
    });
    logged.bench.write("follower.toml", format!("db = \"nodes.db\"\n{OFTEN}"));
    let server = Server::start(&logged.bench, &["--config", "follower.toml", "--follow"]);
    let sentence = sentence_of(&mut server.open(), "slow_audits");
    assert!(sentence.contains("has been running for"), "{sentence}");
}

/// What the alert of a rule says as soon as there is one; a node may have others.
fn sentence_of(page: &mut Page, rule: &str) -> String {
    page.subscribe(1, "alerts");
    let told = |state: &Value| {
        let mut told = state.as_object()?.values();
        told.find(|alert| alert["rule"] == rule)?["sentence"].as_str().map(str::to_owned)
    };
    let state = page.until(1, |state| told(state).is_some());
    told(&state).unwrap()
}
