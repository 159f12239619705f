//! `piecewatch poll`: the real program against nodes that are not there, over real sockets, into a
//! real database.

mod node;
mod versions;

use std::{
    io::{Read, Write},
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
        let months = "2010-01".parse().unwrap()..="2099-12".parse().unwrap();
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
fn one_node_has_one_name() {
    let bench = Bench::new();
    let node = ApiNode::start(NODE);
    let ended = once(&bench, &[("attic", &node.url()), ("shed", &node.url())]);
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    assert!(ended.out.contains(&format!("answers for node {NODE}, which is ")), "{}", ended.out);
    let known = |name| !facts(&bench, name).is_empty();
    assert_ne!(known("attic"), known("shed"), "one of the two has it");
    // And it keeps it, also when the other one is asked alone.
    let (one, other) = if known("attic") { ("attic", "shed") } else { ("shed", "attic") };
    let ended = once(&bench, &[(other, &node.url())]);
    let words = format!("which is {one} and not {other}");
    assert!(ended.code == Some(1) && ended.out.contains(&words), "{}", ended.out);
    assert_eq!(facts(&bench, other), [""; 0]);
}

#[test]
fn metrics_of_another_node_are_held_back() {
    let bench = Bench::new();
    let (node, other) = (ApiNode::start(NODE), ApiNode::start(OTHER_NODE));
    let ask = |api: &ApiNode| {
        let (api, metrics) = (api.url(), api.metrics_url());
        let config = format!(
            "db = \"n.db\"\n[[node]]\nname = \"attic\"\nsource = \"a.log\"\napi = \"{api}\"\nmetrics = \"{metrics}\"\n"
        );
        bench.write("c.toml", config);
        bench.run(["poll", "--config", "c.toml", "--once"])
    };
    assert_eq!(ask(&node).code, Some(0));
    let before = poll_of(&bench, "attic", PollPart::Metrics);
    assert!(before.last.requests == 1 && before.last.error.is_none(), "{before:?}");
    assert_eq!(ask(&other).code, Some(1));
    let row = poll_of(&bench, "attic", PollPart::Metrics);
    assert_eq!(row.last.requests, 0);
    assert!(row.last.error.unwrap().contains("the dashboard of this node answers for another one"));
    assert_eq!(row.succeeded_at, before.succeeded_at);
}

#[test]
fn how_the_polls_go_is_shown_without_asking() {
    let bench = Bench::new();
    let status = || bench.run(["poll", "--status", "--db", "n.db"]);
    assert_eq!(status().code, Some(1), "there is no database");
    let node = ApiNode::start(NODE);
    assert_eq!(once(&bench, &[("attic", &node.url())]).code, Some(0));
    let asked = polls(&bench, "attic");
    let ended = status();
    assert_eq!((ended.code, ended.out.matches("answered").count()), (Some(0), 3), "{}", ended.out);
    assert_eq!(once(&bench, &[("shed", &dead())]).code, Some(1));
    let ended = status();
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    assert_eq!(ended.err, "error: 1 of 4 polls fail\n");
    let line = ended.out.lines().find(|line| line.starts_with("  shed ")).unwrap();
    assert!(line.contains("dashboard") && line.contains("fails"), "{}", ended.out);
    assert!(ended.out.contains("shed, dashboard: http://127.0.0.1:"), "{}", ended.out);
    assert_eq!(polls(&bench, "attic"), asked, "nobody was asked");
}

#[test]
fn a_nodes_own_databases_are_read() {
    let bench = Bench::new();
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/node-databases");
    for entry in std::fs::read_dir(made).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        bench.write(&format!("storage/{name}"), std::fs::read(&path).unwrap());
    }
    let ended = once(&bench, &[("attic", "storage")]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    // A day of traffic and one of storage, prices, a statement, two payments, two standings.
    assert_eq!(facts(&bench, "attic").len(), 8, "{:#?}", facts(&bench, "attic"));
    let row = poll_of(&bench, "attic", PollPart::Databases);
    assert_eq!((row.last.error, row.last.requests), (None, 0));
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
        ("attic=ftp://nas", "it does not begin with http://"),
        ("attic=http://me:secret@nas", "nodes ask for no name and password"),
        ("http://me:secret@nas", "names no place"),
    ] {
        let ended = node(text);
        assert_eq!(ended.code, Some(2), "{text}: {}", ended.err);
        assert!(ended.err.contains(words), "{text}: {}", ended.err);
        assert!(!ended.err.contains("secret"), "{text}: {}", ended.err);
    }
    let twice = once(&bench, &[("a", "http://x:1"), ("a", "http://y:1")]);
    assert_eq!(twice.code, Some(2));
    assert!(twice.err.contains("names a twice"), "{}", twice.err);
    bench.write("c.toml", "[[node]]\nname = \"a\"\nsource = \"a.log\"\n");
    let nobody = bench.run(["poll", "--config", "c.toml", "--once"]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.err.contains("no node has an address to ask"), "{}", nobody.err);
    assert_eq!(bench.run(["poll", "--once"]).code, Some(2));
    assert_eq!(bench.names(), ["c.toml"], "a mistake makes no database");
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

/// Two programs that ask one node would ask it twice as often as it should be.
#[test]
#[cfg(unix)]
fn a_second_poll_of_the_same_node_is_refused() {
    let bench = Bench::new();
    let (node, other) = (ApiNode::start(NODE), ApiNode::start(OTHER_NODE));
    let api = node.url();
    let running = Running::start(
        &bench,
        &format!("[[node]]\nname = \"attic\"\nsource = \"a.log\"\napi = \"{api}\"\n"),
    );
    until("it has started", || log(&bench.path("log")).contains("started"));
    let first = format!("by piecewatch poll (process {}, ", running.child.id());
    let ended = once(&bench, &[("attic", &api), ("shed", &other.url())]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(
        ended.err.contains("node attic is asked for ") && ended.err.contains(&first),
        "{}",
        ended.err
    );
    assert!(!ended.out.contains("attic"), "it was not asked: {}", ended.out);
    assert!(facts(&bench, "shed").len() > 10, "the other one was");
    let second = bench.run(["poll", "--config", "c.toml"]);
    assert!(second.code == Some(1) && second.err.contains(&first), "{}", second.err);
    assert_eq!(running.stop().0, Some(0));
    assert_eq!(once(&bench, &[("attic", &api)]).code, Some(0));
}

#[test]
#[cfg(unix)]
fn what_came_before_a_stop_is_kept() {
    let bench = Bench::new();
    ask(&bench, |_| ());
    let (node, hanging) = (ApiNode::start(NODE), ApiNode::hanging());
    let (attic, shed) = (format!("attic={}", node.url()), format!("shed={}", hanging.url()));
    let arguments = ["poll", "--db", "n.db", "--once", "--node", &attic, "--node", &shed];
    let mut command = bench.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    until("attic is stored", || polls(&bench, "attic").len() == 3);
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success()
    );
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let (out, err) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(out.matches("answered").count(), 3, "{out}");
    assert!(err.contains("stopped before everything was asked"), "{err}");
    assert!(facts(&bench, "attic").len() > 10);
}

/// Nodes that fail in their own ways: each is told in the database for what it is, none delays the one
/// that is well, and all are asked again until they are well, too.
#[test]
#[cfg(unix)]
fn nodes_that_were_ill_are_known_again_by_themselves() {
    fn says(text: &'static str) -> impl Fn(&mut TcpStream) + Clone + Send + 'static {
        move |stream| {
            let _ = stream.write_all(text.as_bytes());
        }
    }
    fn hangs(stream: &mut TcpStream) {
        let _ = stream.read(&mut [0; 64]);
    }
    // As often as a question is asked that may be answered the next time.
    const TRIES: usize = 3;
    let bench = Bench::new();
    let error =
        says("HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    let page =
        says("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
    let liar =
        says("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{}");
    let huge = says(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n{}",
    );
    // What may be slow comes last: the others are looked at before they are well again.
    let ill = [
        ("error", "/api/sno/ with 500", ApiNode::ill_at_first("1error", TRIES, error)),
        ("page", "with a web page", ApiNode::ill_at_first("1page", 1, page)),
        ("liar", "broke off its answer", ApiNode::ill_at_first("1liar", TRIES, liar)),
        ("reset", "broke off its answer", ApiNode::ill_at_first("1reset", TRIES, |_| {})),
        ("huge", "with more than 8388608 bytes", ApiNode::ill_at_first("1huge", 1, huge)),
        (
            "other",
            "which is well and not other",
            ApiNode::ill_at_first("1other", 1, |stream| node::dashboard(stream, NODE)),
        ),
        ("slow", "is too slow", ApiNode::ill_at_first("1slow", TRIES, hangs)),
    ];
    let well = ApiNode::start(NODE);
    let mut config = "[polling]\ntimeout_seconds = 1\n".to_owned();
    let nodes =
        std::iter::once(("well", &well)).chain(ill.iter().map(|(name, _, node)| (*name, node)));
    for (name, node) in nodes {
        let url = node.url();
        config.push_str(&format!(
            "[[node]]\nname = \"{name}\"\nsource = \"{name}.log\"\napi = \"{url}\"\n"
        ));
    }
    let began = now();
    let running = Running::start(&bench, &config);
    let is_there = || bench.path("n.db").exists() && log(&bench.path("log")).contains("started");
    until("the database is made", is_there);
    let row =
        |name: &str| polls(&bench, name).into_iter().find(|row| row.part == PollPart::Dashboard);
    for (name, words, _) in &ill {
        until(name, || row(name).is_some());
        let row = row(name).unwrap();
        assert!(row.failing_since.is_some() && row.succeeded_at.is_none(), "{row:?}");
        let error = row.last.error.unwrap();
        assert!(error.contains(words), "{name}: {error}");
        assert_eq!(facts(&bench, name), [""; 0], "{name}");
    }
    // The first of the nodes is asked at once for everything, whatever the others do.
    until("the one that is well is known", || polls(&bench, "well").len() == 3);
    let first = poll_of(&bench, "well", PollPart::Dashboard).last.at;
    for row in polls(&bench, "well") {
        assert_eq!(row.last.error, None, "{:?}", row.part);
        let since_first = row.last.at.as_micros() - first.as_micros();
        assert!((0..3_000_000).contains(&since_first), "{row:?} was late");
        assert!(row.last.took_micros < 3_000_000, "{row:?} took long");
    }
    for (name, ..) in &ill {
        until(name, || row(name).is_some_and(|row| row.succeeded_at.is_some()));
        assert_eq!(row(name).unwrap().failing_since, None, "{name}");
    }
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
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
        polls(&bench, "attic").iter().any(|row| row.part == PollPart::Paystubs)
    });
    until("that is told", || log(&bench.path("log")).contains("the database can be written again"));
    assert!(facts(&bench, "attic").len() > ApiNode::PAYSTUBS);
    assert_eq!(running.stop().0, Some(0));
}
