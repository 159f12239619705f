//! The dashboard in a real browser, against the real server with simulated nodes; and the page's own checks.
//!
//! What is claimed stands in `web/browser`. It runs in a copy of the page, with the packages that tests need.

mod workshop;

use std::{
    env,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use piecewatch_model::{ByteCount, Timestamp};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Config, Encoding, Incident, IncidentKind, Luck,
    Mix, NodeApi, Port, Rhythm, SimulatedTime, Simulator,
};
use serde_json::json;

use self::workshop::workshop;
use crate::{program::Bench, skipped::skipped};

/// Names the browser, where it is none of those that are looked for.
const BROWSER: &str = "PIECEWATCH_CHROMIUM";
/// Set where nothing may be skipped.
const REQUIRED: &str = "PIECEWATCH_REQUIRE_CHROMIUM";
/// A folder for pictures of every view, if there are to be any.
const PICTURES: &str = "PIECEWATCH_SCREENSHOTS";
/// For how many seconds pages are left open to see what that costs; not at all unless it is set.
const SOAK: &str = "PIECEWATCH_SOAK";
/// Of the tests in the browser only those whose names hold this: for whoever works on one of them.
const ONLY: &str = "PIECEWATCH_BROWSER_ONLY";
/// Another build of the program to look at: that of a release costs what users pay.
const PROGRAM: &str = "PIECEWATCH_PROGRAM";
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const DAYS: i64 = 30;
const HOUR_MICROS: i64 = 3_600_000_000;
const TERABYTE: u64 = 1_000_000_000_000;
/// The nodes: what they are called, how many bytes they may hold, and how busy they are.
const NODES: [(&str, u64, f64); 3] = [("attic", 8, 1.0), ("cellar", 4, 0.6), ("shed", 16, 1.5)];
/// A month of it is written and read within seconds by a build for tests.
const TRANSFERS_PER_SECOND: f64 = 0.008;
/// What nodes do together while pages are left open.
const SOAK_PER_SECOND: f64 = 400.0;

fn browser() -> Option<PathBuf> {
    if let Some(named) = env::var_os(BROWSER) {
        return Some(named.into());
    }
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH")?).collect();
    let mut all =
        BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|path| path.is_file())
}

fn node_js(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn ran(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{command:?}\n{said}");
    eprintln!("{said}");
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap())
}

/// A node with a month behind it.
struct Node {
    log: BufWriter<File>,
    /// Its own dashboard, for as long as this lives.
    dashboard: ApiServer,
}

impl Node {
    /// Goes on as time does, busier than before, until it is told to stop.
    fn live(&mut self, seed: u64, transfers_per_second: f64, stopped: &AtomicBool) {
        // Another one: what was before had planned what comes next, minutes later.
        let mut simulator = Simulator::new(Config {
            seed,
            encoding: Encoding::DockerJson,
            start: Some(now()),
            transfers_per_second,
            // No restarts: they are quiet for half a minute each.
            mix: Mix::Transfers,
            ..Config::default()
        });
        let mut line = Vec::new();
        while !stopped.load(Ordering::Relaxed) {
            while simulator.now() < now() {
                line.clear();
                simulator.next_line(&mut line);
                self.log.write_all(&line).unwrap();
            }
            self.log.flush().unwrap();
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn node(bench: &Bench, number: usize, now: Timestamp) -> Node {
    let (name, terabytes, share) = NODES[number];
    let seed = number as u64 + 1;
    let hours_ago = |hours: i64| now.plus_micros(-hours * HOUR_MICROS);
    let incident = |kind, from, to| Incident { kind, from: hours_ago(from), to: hours_ago(to) };
    let incidents = match number {
        0 => vec![incident(IncidentKind::SlowDisk(12), 60, 54)],
        1 => vec![incident(IncidentKind::LostConnection, 230, 227)],
        _ => Vec::new(),
    };
    let mut simulator = Simulator::new(Config {
        seed,
        // The clock of Docker knows nanoseconds, by which latencies are worth drawing.
        encoding: Encoding::DockerJson,
        start: Some(hours_ago(DAYS * 24)),
        transfers_per_second: TRANSFERS_PER_SECOND * share,
        rhythm: Rhythm::DayAndWeek,
        incidents,
        ..Config::default()
    });
    let mut log = BufWriter::new(File::create(bench.path(&format!("{name}.log"))).unwrap());
    let mut line = Vec::new();
    loop {
        line.clear();
        simulator.next_line(&mut line);
        // Nobody writes what is yet to come.
        if simulator.now() >= now {
            break;
        }
        log.write_all(&line).unwrap();
    }
    log.flush().unwrap();
    let account = Account::of_log(
        &simulator,
        AccountConfig {
            seed,
            now,
            size: Some(ByteCount::new(terabytes * TERABYTE * 6 / 10)),
            luck: Luck::Good,
            ..AccountConfig::default()
        },
    );
    let api = NodeApi::new(account, ApiVersion::V1_143);
    let dashboard = ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap();
    Node { log, dashboard }
}

/// A folder with nodes, configurations, and what the tests in the browser must know.
struct Stage {
    bench: Bench,
    nodes: Vec<Node>,
    told: PathBuf,
    workshop: PathBuf,
}

impl Stage {
    /// Sets it; or says why nothing can be shown on it.
    fn set(soak_seconds: Option<u64>) -> Result<Self, String> {
        let browser = browser()
            .ok_or("there is no Chromium: install it, or name it in PIECEWATCH_CHROMIUM")?;
        let workshop = workshop()?;
        let bench = Bench::new();
        let now = now();
        let nodes: Vec<_> = (0..NODES.len()).map(|number| node(&bench, number, now)).collect();
        // Its start is an alert, so that there is one to be acknowledged.
        let common = "[performance]\ncommit_interval_ms = 500\n[polling]\ndashboard_minutes = 1\nsatellites_minutes = 5\n\
            [alerts]\nfire_minutes = 0\nevaluate_seconds = 10\nstart_up_ms_warning = 1\n";
        let countries = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/countries.mmdb");
        let mut full = format!("db = \"nodes.db\"\ngeoip = {countries:?}\n{common}");
        for ((name, ..), node) in NODES.iter().zip(&nodes) {
            full.push_str(&format!(
                "[[node]]\nname = {name:?}\nsource = \"{name}.log\"\napi = {:?}\nmonthly_cost_usd = 2.10\n",
                node.dashboard.url()
            ));
        }
        bench.write("full.toml", full);
        bench.write("new.log", "");
        for name in ["empty", "guarded"] {
            let nothing =
                format!("db = \"{name}.db\"\n[[node]]\nname = \"new\"\nsource = \"new.log\"\n");
            bench.write(&format!("{name}.toml"), nothing);
        }
        let program = env::var_os(PROGRAM).map_or_else(
            || PathBuf::from(env!("CARGO_BIN_EXE_piecewatch")),
            |path| Path::new(&path).canonicalize().unwrap(),
        );
        let told = json!({
            "program": program,
            "folder": bench.path(""),
            "browser": browser,
            "nodes": NODES.map(|(name, ..)| name),
            "pictures": env::var_os(PICTURES).map(PathBuf::from),
            "soakSeconds": soak_seconds,
        });
        let told = bench.write("stage.json", told.to_string());
        Ok(Self { bench, nodes, told, workshop })
    }

    /// What runs a file of tests on it.
    fn tests(&self, file: &str) -> Command {
        let vitest =
            ["node_modules/vitest/vitest.mjs", "run", "--config", "browser/vitest.config.ts", file];
        let mut command = node_js(&self.workshop, &vitest);
        if let Some(only) = env::var_os(ONLY) {
            command.arg("--testNamePattern").arg(only);
        }
        command.env("PIECEWATCH_STAGE", &self.told);
        command
    }
}

#[test]
fn every_view_shows_what_is_so_in_a_real_browser() {
    match Stage::set(None) {
        Ok(stage) => ran(&mut stage.tests("browser/all.test.ts")),
        Err(why) => skipped(REQUIRED, &why),
    }
}

#[test]
fn pages_that_are_open_for_long_cost_little() {
    let Some(seconds) = env::var_os(SOAK) else { return };
    let seconds = seconds.to_str().and_then(|text| text.parse().ok()).expect("a number of seconds");
    let mut stage = Stage::set(Some(seconds)).unwrap();
    let mut command = stage.tests("browser/soak.test.ts");
    let stopped = AtomicBool::new(false);
    let rate = SOAK_PER_SECOND / NODES.len() as f64;
    let status = thread::scope(|scope| {
        let stopped = &stopped;
        for (seed, node) in (11..).zip(&mut stage.nodes) {
            scope.spawn(move || node.live(seed, rate, stopped));
        }
        // Told as it comes: it may take an hour.
        let status = command.status();
        stopped.store(true, Ordering::Relaxed);
        status.unwrap()
    });
    assert!(status.success(), "{}", stage.bench.path("").display());
}

#[test]
fn the_page_passes_its_own_checks() {
    let folder = match workshop() {
        Ok(folder) => folder,
        Err(why) => return skipped(REQUIRED, &why),
    };
    ran(&mut node_js(&folder, &["node_modules/vitest/vitest.mjs", "run"]));
    ran(&mut node_js(
        &folder,
        &["node_modules/svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.json"],
    ));
}
