//! The server as programs of others judge it: Schemathesis, Prometheus and its linter.
//!
//! Where one of them is not installed the test says so and is skipped, unless a variable forbids that.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use piecewatch_model::Timestamp;
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Luck, NodeApi, Port, SimulatedTime,
};
use serde_json::Value;

use super::running::{Answer, PATIENCE, Server};
use crate::{program::Bench, skipped::skipped};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/example/node.log.gz");
const TRUTH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/example/node.log.truth.json");
/// The arguments of a server over what is stored.
const FOLLOWING: [&str; 3] = ["--db", "nodes.db", "--follow"];
/// A switch of the configuration.
const EXPORTER_NAMES: &str = "PIECEWATCH_METRICS_STORJ_EXPORTER_NAMES";

/// A database with the example log of one node and the reports of another one.
fn stored() -> Bench {
    let bench = Bench::new();
    bench.done(["import", "--db", "nodes.db", "--node", "barn", EXAMPLE, "--keep-raw"]);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_seconds(i64::try_from(since_1970.as_secs()).unwrap());
    let config =
        AccountConfig { seed: 6, now, months: 12, satellites: 4, size: None, luck: Luck::Good };
    let api = NodeApi::new(Account::random(&config), ApiVersion::V1_162);
    let node = ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap();
    let node = format!("attic={}", node.url());
    bench.done(["poll", "--once", "--db", "nodes.db", "--node", &node]);
    bench
}

/// Whether a program can be started; if not, it is told.
fn is_there(name: &str, required: &str) -> bool {
    let started = Command::new(name).arg("--version").output();
    match started {
        Ok(_) => true,
        Err(error) => {
            skipped(required, &format!("{name} is not on the path ({error})"));
            false
        }
    }
}

#[test]
fn schemathesis_finds_nothing_to_say() {
    if !is_there("schemathesis", "PIECEWATCH_REQUIRE_SCHEMATHESIS") {
        return;
    }
    let bench = stored();
    let server = Server::start(&bench, &FOLLOWING);
    let url = format!("http://{}/api/v1/openapi.json", server.address);
    // The same questions each time: another machine must be able to repeat what was found.
    let output = Command::new("timeout")
        .args(["300", "schemathesis", "run", &url, "--max-examples", "5", "--seed", "7"])
        .args(["--generation-database", "none", "--no-color"])
        .current_dir(bench.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}\n{}", server.log());
    assert!(said.contains("passed"), "nothing was asked: {said}");
}

/// A Prometheus that runs; killed when dropped.
struct Prometheus {
    child: Child,
    address: String,
}

impl Prometheus {
    /// Starts one on a port that is free, which asks this server every two seconds.
    fn start(bench: &Bench, server: &Server) -> Self {
        let configuration = format!(
            "global: {{scrape_interval: 2s, scrape_timeout: 2s}}\n\
             scrape_configs:\n\
             - job_name: piecewatch\n  static_configs: [{{targets: [\"{}\"]}}]\n",
            server.address
        );
        let configuration = bench.write("prometheus.yml", configuration);
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", configuration.display()));
        command.arg(format!("--storage.tsdb.path={}", bench.path("prometheus").display()));
        command.arg("--web.listen-address=127.0.0.1:0").stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut prometheus = Self { child, address: String::new() };
        let mut log = String::new();
        while prometheus.address.is_empty() {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {log}")).unwrap();
            let address = line.split("address=").nth(1).filter(|_| line.contains("Listening on"));
            prometheus.address.push_str(address.unwrap_or_default().trim());
            log.push_str(&line);
            log.push('\n');
        }
        // It must not wait for somebody to read what it says.
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        prometheus
    }

    /// The value of a query, if it has one.
    fn value(&self, query: &str) -> Option<f64> {
        let answer = Answer::of(&self.address, &format!("/api/v1/query?query={query}"));
        // Until it is ready it answers with a sentence.
        let answer: Value = serde_json::from_slice(&answer.body).ok()?;
        answer.pointer("/data/result/0/value/1")?.as_str()?.parse().ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn prometheus_scrapes_it_and_tells_the_same_figures() {
    if !is_there("prometheus", "PIECEWATCH_REQUIRE_PROMETHEUS") {
        return;
    }
    let truth: Value = serde_json::from_slice(&std::fs::read(TRUTH).unwrap()).unwrap();
    let transfers = truth["transfers"].as_array().unwrap().iter();
    let ended: u64 = transfers.map(|of| of["count"].as_u64().unwrap()).sum();
    assert!(ended > 1_000, "{ended}");
    let bench = stored();
    let server = Server::start(&bench, &FOLLOWING);
    let prometheus = Prometheus::start(&bench, &server);
    let since = Instant::now();
    for (query, expected) in [("up", 1.0), ("sum(piecewatch_transfers_total)", ended as f64)] {
        // A scrape that is late on a busy machine takes away what is known until the next one.
        while prometheus.value(query) != Some(expected) {
            let value = prometheus.value(query);
            assert!(since.elapsed() < PATIENCE, "{query}: {value:?}: {}", server.log());
            thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn the_linter_of_prometheus_finds_nothing_to_say_of_the_real_page() {
    if !is_there("promtool", "PIECEWATCH_REQUIRE_PROMETHEUS") {
        return;
    }
    let bench = stored();
    for switch in ["false", "true"] {
        let server = Server::start_with(&bench, &FOLLOWING, |command| {
            command.env(EXPORTER_NAMES, switch);
        });
        let page = server.get("/metrics");
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(page.text().contains("\nstorj_total_diskspace{"), switch == "true");
        let mut command = Command::new("promtool");
        command.args(["check", "metrics"]).stdin(Stdio::piped());
        let mut promtool = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        promtool.stdin.take().unwrap().write_all(&page.body).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        // Names that boards of others ask for cannot be changed to what it likes better.
        let ours: Vec<&str> = said.lines().filter(|line| !line.starts_with("storj_")).collect();
        assert_eq!(ours, [""; 0]);
        // 3 is for what it would like better, 1 for what it cannot read.
        assert!(matches!(output.status.code(), Some(0 | 3)), "{:?} {said}", output.status);
    }
}
