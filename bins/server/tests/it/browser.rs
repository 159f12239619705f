//! The dashboard in a real browser, against the real server with simulated nodes; and the page's own checks.
//!
//! What is claimed stands in `web/browser`. It runs where the page was built: the packages are there.

use std::{
    env, fs,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use piecewatch_model::{ByteCount, Timestamp};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Config, Encoding, Incident, IncidentKind, Luck,
    NodeApi, Port, Rhythm, SimulatedTime, Simulator,
};
use serde_json::json;

use crate::program::{Bench, program};

/// Names the browser, where it is none of those that are looked for.
const BROWSER: &str = "PIECEWATCH_CHROMIUM";
/// Set where nothing may be skipped.
const REQUIRED: &str = "PIECEWATCH_REQUIRE_CHROMIUM";
/// A folder for pictures of every view, if there are to be any.
const PICTURES: &str = "PIECEWATCH_SCREENSHOTS";
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const DAYS: i64 = 30;
const HOUR_MICROS: i64 = 3_600_000_000;
const TERABYTE: u64 = 1_000_000_000_000;
/// The nodes: what they are called, how many bytes they may hold, and how busy they are.
const NODES: [(&str, u64, f64); 3] = [("attic", 8, 1.0), ("cellar", 4, 0.6), ("shed", 16, 1.5)];
/// A month of it is written and read within seconds by a build for tests.
const TRANSFERS_PER_SECOND: f64 = 0.008;

/// The folder where `build.rs` built the page, ready to run what checks it; or why that cannot be done.
fn workshop() -> Result<PathBuf, String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let built = Path::new(env!("OUT_DIR")).join("web");
    let is_included = program()
        .arg("--version")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("dashboard included"));
    if !is_included || !built.join("node_modules").exists() || !web.join("browser").exists() {
        return Err("the page was not built here; look at the warnings of the build".to_owned());
    }
    // Not part of what the page is built of, so they are not there.
    for name in tests_below(&web) {
        let to = built.join(&name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(web.join(&name), to).unwrap();
    }
    Ok(built)
}

/// All tests of the page, by their path below it.
fn tests_below(web: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![web.join("src"), web.join("browser")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let short = path.strip_prefix(web).unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if short.starts_with("browser") || short.to_string_lossy().ends_with(".test.ts")
            {
                found.push(short);
            }
        }
    }
    found
}

/// Tells why something is not checked here, and fails where it must be.
fn skipped(why: &str) {
    assert!(env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but {why}");
    eprintln!("skipped: {why}");
}

fn browser() -> Option<PathBuf> {
    if let Some(named) = env::var_os(BROWSER) {
        return Some(named.into());
    }
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH")?).collect();
    let mut all =
        BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|path| path.is_file())
}

fn ran(folder: &Path, arguments: &[&str], change: impl FnOnce(&mut Command)) {
    let mut command = Command::new("node");
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    change(&mut command);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{arguments:?}\n{said}");
    eprintln!("{said}");
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap())
}

/// A node with a month behind it: its log, and its own dashboard for as long as this lives.
fn node(bench: &Bench, number: usize, now: Timestamp) -> ApiServer {
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
    ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap()
}

#[test]
fn every_view_shows_what_is_so_in_a_real_browser() {
    let Some(browser) = browser() else {
        skipped("there is no Chromium: install it, or name it in PIECEWATCH_CHROMIUM");
        return;
    };
    let folder = match workshop() {
        Ok(folder) => folder,
        Err(why) => return skipped(&why),
    };
    let bench = Bench::new();
    let now = now();
    let dashboards: Vec<_> = (0..NODES.len()).map(|number| node(&bench, number, now)).collect();
    // Its start is an alert, so that there is one to be acknowledged.
    let common = "[performance]\ncommit_interval_ms = 500\n[polling]\ndashboard_minutes = 1\nsatellites_minutes = 5\n\
        [alerts]\nfire_minutes = 0\nevaluate_seconds = 10\nstart_up_ms_warning = 1\n";
    let mut full = format!("db = \"nodes.db\"\n{common}");
    for ((name, ..), dashboard) in NODES.iter().zip(&dashboards) {
        full.push_str(&format!(
            "[[node]]\nname = {name:?}\nsource = \"{name}.log\"\napi = {:?}\nmonthly_cost_usd = 2.10\n",
            dashboard.url()
        ));
    }
    bench.write("full.toml", full);
    bench.write("new.log", "");
    for name in ["empty", "guarded"] {
        let nothing =
            format!("db = \"{name}.db\"\n[[node]]\nname = \"new\"\nsource = \"new.log\"\n");
        bench.write(&format!("{name}.toml"), nothing);
    }
    let stage = json!({
        "program": env!("CARGO_BIN_EXE_piecewatch"),
        "folder": bench.path(""),
        "browser": browser,
        "nodes": NODES.map(|(name, ..)| name),
        "pictures": env::var_os(PICTURES).map(PathBuf::from),
    });
    let stage = bench.write("stage.json", stage.to_string());
    let vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "browser/vitest.config.ts"];
    ran(&folder, &vitest, |command| {
        command.env("PIECEWATCH_STAGE", stage);
    });
}

#[test]
fn the_page_passes_its_own_checks() {
    let folder = match workshop() {
        Ok(folder) => folder,
        Err(why) => return skipped(&why),
    };
    ran(&folder, &["node_modules/vitest/vitest.mjs", "run"], |_| {});
    ran(
        &folder,
        &["node_modules/svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.json"],
        |_| {},
    );
}
