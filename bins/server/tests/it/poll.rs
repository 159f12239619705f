//! `piecewatch poll`: the real program against nodes that are not there, over real sockets, into a
//! real database.

mod node;

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use node::{ApiNode, EU1, NODE, OTHER_NODE, US1};
use piecewatch_model::{ByteCount, MicroUsd, NodeName, PollPart, SatelliteId, Timestamp};
use piecewatch_store::{Nodes, PollRow, Reader, Store, StoreConfig, Window};

use crate::program::{Bench, Ended};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

fn ask<T>(bench: &Bench, question: impl FnOnce(&Reader) -> T) -> T {
    let path = bench.path("n.db");
    let store = Store::open(&path, StoreConfig { readers: 1, ..StoreConfig::default() }).unwrap();
    let reader = store.readers.get().unwrap();
    question(&reader)
}

/// Everything that is known of a node but when it was told.
fn facts(bench: &Bench, node: &str) -> Vec<String> {
    ask(bench, |reader| {
        let name = [name(node)];
        let nodes = || Nodes::Of(&name);
        let ever = Window {
            from: Timestamp::from_seconds(0),
            to: "2100-01-01T00:00:00Z".parse().unwrap(),
        };
        let months = "2020-01".parse().unwrap()..="2099-12".parse().unwrap();
        let mut facts: Vec<String> = Vec::new();
        let mut add = |fact: String| facts.push(fact);
        for told in reader.daily_bandwidth(nodes(), ever).unwrap() {
            add(format!("{:?}", told.what));
        }
        for told in reader.daily_storage(nodes(), ever).unwrap() {
            add(format!("{:?}", told.what));
        }
        for row in reader.prices(nodes()).unwrap() {
            add(format!("{:?} {:?}", row.satellite, row.prices));
        }
        for told in reader.estimates(nodes(), months.clone()).unwrap() {
            add(format!("{:?}", told.what));
        }
        for told in reader.paystubs(nodes(), months.clone()).unwrap() {
            add(format!("{:?}", told.what));
        }
        for told in reader.payments(nodes(), months).unwrap() {
            add(format!("{:?}", told.what));
        }
        for told in reader.standings(nodes()).unwrap() {
            add(format!("{:?}", told.what));
        }
        for told in reader.statuses(nodes()).unwrap() {
            add(format!("{:?}", told.what));
        }
        facts
    })
}

fn polls(bench: &Bench, node: &str) -> Vec<PollRow> {
    ask(bench, |reader| reader.polls(Nodes::Of(&[name(node)])).unwrap())
}

fn poll_of(bench: &Bench, node: &str, part: PollPart) -> PollRow {
    let polls = polls(bench, node);
    polls.into_iter().find(|row| row.part == part).unwrap_or_else(|| panic!("{node}, {part:?}"))
}

/// A port at which nobody answers.
fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn once(bench: &Bench, nodes: &[(&str, &str)]) -> Ended {
    let mut arguments = vec!["poll".to_owned(), "--db".into(), "n.db".into(), "--once".into()];
    for (name, place) in nodes {
        arguments.extend(["--node".into(), format!("{name}={place}")]);
    }
    bench.run(arguments)
}

#[test]
fn what_a_node_answers_is_in_the_database() {
    let bench = Bench::new();
    let node = ApiNode::start(NODE);
    let ended = once(&bench, &[("attic", &node.url())]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for part in ["dashboard", "satellites", "paystubs"] {
        let line = ended.out.lines().find(|line| line.contains(part)).unwrap();
        assert!(line.starts_with("  attic") && line.contains("answered"), "{}", ended.out);
    }
    ask(&bench, |reader| {
        let nodes = [name("attic")];
        let status = reader.statuses(Nodes::Of(&nodes)).unwrap().remove(0).what;
        assert_eq!(status.node_id.as_deref(), Some(NODE));
        assert_eq!(status.version.as_deref(), Some("1.150.1"));
        let standings = reader.standings(Nodes::Of(&nodes)).unwrap();
        assert_eq!(standings.len(), 2);
        let eu1 = standings.iter().find(|told| told.what.satellite == EU1.parse().unwrap());
        assert!(eu1.unwrap().what.disqualified_at.is_some());
        let prices = reader.prices(Nodes::Of(&nodes)).unwrap();
        let us1: SatelliteId = US1.parse().unwrap();
        let of_us1 = prices.iter().find(|row| row.satellite == us1).unwrap();
        assert_eq!(of_us1.prices.storage.to_string(), "1.49");
        let months = node.month()..=node.month();
        let estimates = reader.estimates(Nodes::Of(&nodes), months).unwrap();
        let [estimate] = &estimates[..] else { panic!("{estimates:?}") };
        assert_eq!(estimate.what.egress, ByteCount::new(2_918_793_472));
        assert_eq!(estimate.what.egress_payout, MicroUsd::new(58_300));
        let ever = "2023-01".parse().unwrap()..="2023-01".parse().unwrap();
        assert_eq!(reader.paystubs(Nodes::Of(&nodes), ever.clone()).unwrap().len(), 1);
        let payment = reader.payments(Nodes::Of(&nodes), ever).unwrap().remove(0).what;
        assert_eq!((payment.amount, &*payment.receipt), (MicroUsd::new(7_000), "zksync-era:0x1"));
    });
    let satellites = poll_of(&bench, "attic", PollPart::Satellites);
    // The dashboard, two satellites, and the estimate of the one that has not disqualified it.
    assert_eq!((satellites.last.requests, satellites.last.error), (4, None));
    assert!(satellites.last.took_micros > 0 && satellites.last.bytes.get() > 1_000);
}

#[test]
fn a_second_time_changes_nothing_and_asks_for_less() {
    let bench = Bench::new();
    let node = ApiNode::start(NODE);
    assert_eq!(once(&bench, &[("attic", &node.url())]).code, Some(0));
    let first = facts(&bench, "attic");
    let asked = poll_of(&bench, "attic", PollPart::Paystubs).last.requests;
    assert!(first.len() > 10, "{first:#?}");
    assert_eq!(once(&bench, &[("attic", &node.url())]).code, Some(0));
    assert_eq!(facts(&bench, "attic"), first);
    // The history is asked once; later the last two months, for which this node has no paystubs.
    let again = poll_of(&bench, "attic", PollPart::Paystubs).last.requests;
    assert_eq!((asked, again), (4, 2));
}

#[test]
fn a_dead_node_is_told_and_does_not_keep_the_others() {
    let bench = Bench::new();
    let node = ApiNode::start(NODE);
    let ended = once(&bench, &[("shed", &dead()), ("attic", &node.url())]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("shed, dashboard: http://127.0.0.1:"), "{}", ended.out);
    assert!(ended.out.contains("does not answer: "), "{}", ended.out);
    assert_eq!(ended.err, "error: 1 of 4 polls failed\n");
    assert!(facts(&bench, "attic").len() > 10);
    assert_eq!(facts(&bench, "shed"), [""; 0]);
    let row = poll_of(&bench, "shed", PollPart::Dashboard);
    assert!(row.last.error.unwrap().contains("does not answer"));
    assert_eq!((row.succeeded_at, row.failing_since), (None, Some(row.last.at)));
    // A node that is down is not asked for what is dear.
    assert_eq!(polls(&bench, "shed").len(), 1);
}

#[test]
fn another_node_at_the_same_address_is_refused() {
    let bench = Bench::new();
    let node = ApiNode::start(NODE);
    assert_eq!(once(&bench, &[("attic", &node.url())]).code, Some(0));
    let known = facts(&bench, "attic");
    let other = ApiNode::start(OTHER_NODE);
    let ended = once(&bench, &[("attic", &other.url())]);
    assert_eq!(ended.code, Some(1));
    for words in [NODE, OTHER_NODE, "give a new node a name of its own"] {
        assert!(ended.out.contains(words), "{words:?} is not in {}", ended.out);
    }
    assert_eq!(facts(&bench, "attic"), known);
}

#[test]
fn a_folder_without_databases_is_told() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("storage")).unwrap();
    let ended = once(&bench, &[("attic", "storage")]);
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    assert!(ended.out.contains("holds no databases of a node"), "{}", ended.out);
}

#[test]
fn wrong_usage_is_told_in_a_sentence() {
    let bench = Bench::new();
    let node = |text| bench.run(["poll", "--db", "n.db", "--once", "--node", text]);
    for (text, words) in [
        ("attic", "NAME=http://HOST:14002"),
        ("attic=", "NAME=http://HOST:14002"),
        ("attic=https://nas:14002", "nodes speak plain http"),
        ("attic=ftp://nas", "it begins with http://"),
    ] {
        let ended = node(text);
        assert_eq!(ended.code, Some(2), "{text}: {}", ended.err);
        assert!(ended.err.contains(words), "{text}: {}", ended.err);
    }
    let twice = once(&bench, &[("a", "http://x:1"), ("a", "http://y:1")]);
    assert_eq!(twice.code, Some(2));
    assert!(twice.err.contains("names a twice"), "{}", twice.err);
    bench.write("c.toml", "[[node]]\nname = \"a\"\nsource = \"a.log\"\n");
    let nobody = bench.run(["poll", "--config", "c.toml", "--once"]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.err.contains("no node has an address to ask"), "{}", nobody.err);
    assert_eq!(bench.run(["poll", "--once"]).code, Some(2));
}

/// The program while it runs.
struct Running {
    child: Child,
}

impl Running {
    fn start(bench: &Bench, config: &str) -> Self {
        bench.write("c.toml", format!("db = \"n.db\"\n{config}"));
        let log = std::fs::File::create(bench.path("log")).unwrap();
        let mut command = bench.command(["poll", "--config", "c.toml"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { child }
    }

    #[cfg(unix)]
    fn stop(mut self) -> (Option<i32>, Duration) {
        let id = self.child.id().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args(["-s", "TERM", &id]).status().unwrap().success());
        let from = now();
        (self.child.wait().unwrap().code(), from.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures how long a process takes")]
fn now() -> Instant {
    Instant::now()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let from = now();
    while !is_so() {
        assert!(from.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn log(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
#[cfg(unix)]
fn it_runs_until_it_is_told_to_stop() {
    let bench = Bench::new();
    let (node, hanging) = (ApiNode::start(NODE), ApiNode::hanging());
    let metrics = node.metrics_url();
    let config = format!(
        "[polling]\ntimeout_seconds = 600\n\
         [[node]]\nname = \"attic\"\nsource = \"a.log\"\napi = \"{}\"\nmetrics = \"{metrics}\"\n\
         [[node]]\nname = \"shed\"\nsource = \"b.log\"\napi = \"{}\"\n\
         [[node]]\nname = \"roof\"\nsource = \"c.log\"\napi = \"{}\"\n",
        node.url(),
        hanging.url(),
        dead(),
    );
    let running = Running::start(&bench, &config);
    until("every part of attic is stored", || {
        // The file is made by the program.
        bench.path("n.db").exists() && log(&bench.path("log")).contains("started") && {
            let parts: Vec<PollPart> = polls(&bench, "attic").iter().map(|row| row.part).collect();
            parts.len() == 4
        }
    });
    until("roof is told", || log(&bench.path("log")).contains("does not answer"));
    // One node hangs in the middle of an answer, and that is no hindrance.
    let (code, took) = running.stop();
    let log = log(&bench.path("log"));
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(5), "it took {took:?} to stop");
    assert!(log.contains("started: asking 3 nodes") && log.contains("stopped"), "{log}");
    assert_eq!(log.matches("does not answer").count(), 1, "{log}");
    ask(&bench, |reader| {
        let ever =
            Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(1 << 40) };
        let quantiles = reader.quantiles(Nodes::Of(&[name("attic")]), ever).unwrap();
        assert_eq!(quantiles.len(), 1);
        assert_eq!(quantiles[0].what.count, 1_000);
    });
}

/// Nodes that fail in their own ways: each is told in the database and in the log, none delays the one
/// that is well, and all are asked again until they are well, too.
#[test]
#[cfg(unix)]
fn nodes_that_were_ill_are_known_again_by_themselves() {
    fn says(stream: &mut TcpStream, text: &str) {
        let _ = stream.write_all(text.as_bytes());
    }
    const TRIES: usize = 3;
    let bench = Bench::new();
    let ill: [(&str, &str, ApiNode); 4] = [
        (
            "error",
            "500",
            ApiNode::ill_at_first(TRIES, |stream| {
                says(
                    stream,
                    "HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                );
            }),
        ),
        // Not asked again at once: a web page stays one.
        (
            "page",
            "web page",
            ApiNode::ill_at_first(1, |stream| {
                says(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
                );
            }),
        ),
        (
            "liar",
            "",
            ApiNode::ill_at_first(TRIES, |stream| {
                says(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{}",
                );
            }),
        ),
        ("reset", "", ApiNode::ill_at_first(TRIES, |_| {})),
    ];
    let well = ApiNode::start(NODE);
    let mut config = String::new();
    let nodes = ill.iter().map(|(name, _, node)| (*name, node)).chain([("well", &well)]);
    for (name, node) in nodes {
        let url = node.url();
        config.push_str(&format!(
            "[[node]]\nname = \"{name}\"\nsource = \"{name}.log\"\napi = \"{url}\"\n"
        ));
    }
    let running = Running::start(&bench, &config);
    let is_there = || bench.path("n.db").exists() && log(&bench.path("log")).contains("started");
    until("the database is made", is_there);
    let row =
        |name: &str| polls(&bench, name).into_iter().find(|row| row.part == PollPart::Dashboard);
    for (name, words, _) in &ill {
        until(name, || row(name).is_some());
        let row = row(name).unwrap();
        assert!(row.failing_since.is_some() && row.succeeded_at.is_none(), "{row:?}");
        assert!(row.last.error.unwrap().contains(words));
    }
    until("the one that is well is known", || polls(&bench, "well").len() == 3);
    for (name, ..) in &ill {
        until(name, || row(name).is_some_and(|row| row.succeeded_at.is_some()));
        assert_eq!(row(name).unwrap().failing_since, None, "{name}");
        until(name, || polls(&bench, name).len() == 3);
        assert!(facts(&bench, name).len() > 10, "{name}");
    }
    let (code, _) = running.stop();
    assert_eq!(code, Some(0));
}

/// A limit on the size of files stands in for a full disk: what is polled waits, that is said, and
/// it is written when there is room again.
#[test]
#[cfg(target_os = "linux")]
fn a_database_that_cannot_be_written_is_waited_for() {
    use std::process::Command;

    let bench = Bench::new();
    let node = ApiNode::of_years();
    ask(&bench, |_| ());
    let size = std::fs::metadata(bench.path("n.db")).unwrap().len();
    bench.write(
        "c.toml",
        format!(
            "db = \"n.db\"\n[[node]]\nname = \"attic\"\nsource = \"a.log\"\napi = \"{}\"\n",
            node.url()
        ),
    );
    // In blocks of 512 bytes: the database, and little more.
    let limit = size / 512 + 200;
    let script = format!("trap '' XFSZ; ulimit -S -f {limit} || exit 77; exec \"$0\" \"$@\"");
    let log_file = std::fs::File::create(bench.path("log")).unwrap();
    let child = Command::new("sh")
        .args(["-c", &script])
        .arg(crate::program::program().get_program())
        .args(["poll", "--config", "c.toml"])
        .current_dir(bench.path(""))
        .stdin(Stdio::null())
        .stderr(log_file)
        .spawn()
        .unwrap();
    let running = Running { child };
    until("it is told", || log(&bench.path("log")).contains("reports wait: "));
    let id = running.child.id().to_string();
    let lifted =
        Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited:unlimited"]).status();
    if !lifted.is_ok_and(|status| status.success()) {
        eprintln!("not tested: there is no `prlimit`");
        return;
    }
    until("it is stored", || {
        polls(&bench, "attic").iter().any(|row| row.part == PollPart::Satellites)
    });
    until("that is told", || log(&bench.path("log")).contains("the database can be written again"));
    assert!(facts(&bench, "attic").len() > ApiNode::DAYS);
    assert_eq!(running.stop().0, Some(0));
}
