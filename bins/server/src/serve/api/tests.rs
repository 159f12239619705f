//! Every question, over a real database: logs of simulated nodes, the example log, and polls.

mod answers;
mod csv;
mod pages;
mod random;
mod refusals;
mod schemas;
mod self_history;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use clap::Parser;
use piecewatch_analytics::{Observatory, ObservatorySettings};
use piecewatch_finance::{Ledger, LedgerSettings};
use piecewatch_model::{MicroUsd, Timestamp};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Config, Encoding, Luck, NodeApi, Port,
    SimulatedTime, Simulator,
};
use piecewatch_store::{Measuring, Store, StoreConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Acknowledged, Alerts, Answer, Api, Body, ENDPOINTS, Parts, Problem, Slot};
use crate::{Cli, Colour, clock};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/example/node.log.gz");
/// A node whose name holds a comma can be asked for, too.
const POLLED: &str = "cellar, left";

/// A database, and what answers of it.
struct Bench {
    folder: TempDir,
    api: Api,
}

impl Bench {
    /// How many statements were read with so far.
    fn statements(&self) -> u64 {
        let questions = self.api.parts.readers.question_stats();
        questions.values().map(|question| question.statements).sum()
    }

    /// Three nodes: `attic` has a log of the last hours and is asked, `barn` has the example log of
    /// long ago, and the third one is only asked.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bench = |arguments: &[&str]| {
            command(&folder, arguments);
        };
        let now = clock::now();
        let start = Some(now.plus_micros(-2 * 3_600_000_000));
        let simulated =
            Config { seed: 3, encoding: Encoding::DockerJson, start, ..Config::default() };
        let mut log = Vec::new();
        let mut simulator = Simulator::new(simulated);
        simulator.write(20_000, &mut log).unwrap();
        let path = folder.path().join("attic.log");
        std::fs::write(&path, log).unwrap();
        let random = |config| Account::random(&config);
        let of_log = |config| Account::of_log(&simulator, config);
        for (node, account) in [("attic", of_log(grown(5, now))), (POLLED, random(grown(6, now)))] {
            let api = NodeApi::new(account, ApiVersion::V1_162);
            let server = ApiServer::start(api, Port::Dashboard, SimulatedTime::new(now)).unwrap();
            let node = format!("{node}={}", server.url());
            bench(&["poll", "--once", "--db", "DB", "--node", &node]);
        }
        // Simulated logs all tell of one node, and a node is asked who it is.
        bench(&["import", "--db", "DB", "--node", "attic", path.to_str().unwrap(), "--keep-raw"]);
        bench(&["import", "--db", "DB", "--node", "barn", EXAMPLE, "--keep-raw"]);
        Self { api: api(&folder), folder }
    }

    /// A database in which there is nothing.
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Store::open(&folder.path().join("nodes.db"), StoreConfig::default()).unwrap();
        Self { api: api(&folder), folder }
    }

    /// What a command prints as JSON.
    fn command(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&command(&self.folder, arguments)).unwrap()
    }

    /// A whole answer to a question that has one.
    fn json(&self, question: &str) -> Value {
        match self.ask(question).unwrap_or_else(|problem| panic!("{question}: {problem:?}")) {
            Answer { content_type: "application/json", body: Body::Whole(bytes) } => {
                serde_json::from_slice(&bytes).unwrap()
            }
            Answer { content_type, .. } => panic!("{question}: {content_type}"),
        }
    }

    /// The heading and the rows of an answer in CSV.
    fn csv(&self, question: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let answer = self.ask(question).unwrap_or_else(|problem| panic!("{question}: {problem:?}"));
        assert_eq!(answer.content_type, "text/csv; charset=utf-8", "{question}");
        let bytes = bytes_of(answer);
        let mut reader = ::csv::Reader::from_reader(&*bytes);
        let text = |record: &::csv::StringRecord| record.iter().map(str::to_owned).collect();
        let heading = text(reader.headers().unwrap());
        let rows: Vec<Vec<String>> = reader.records().map(|row| text(&row.unwrap())).collect();
        (heading, rows)
    }

    fn ask(&self, question: &str) -> Result<Answer, Problem> {
        let (path, query) = question.split_once('?').unwrap_or((question, ""));
        self.api.answer(path, query)
    }
}

/// All bytes of an answer.
fn bytes_of(answer: Answer) -> Vec<u8> {
    match answer.body {
        Body::Whole(bytes) => bytes.to_vec(),
        Body::Rows(rows) => {
            let mut bytes = Vec::new();
            rows(&mut bytes).unwrap();
            bytes
        }
    }
}

/// Runs a command on the database of a folder, which is written `DB`.
fn command(folder: &TempDir, arguments: &[&str]) -> Vec<u8> {
    let db = folder.path().join("nodes.db");
    let filled = |argument: &&str| match *argument {
        "DB" => db.to_str().unwrap().to_owned(),
        other => other.to_owned(),
    };
    let arguments = std::iter::once("piecewatch".to_owned()).chain(arguments.iter().map(filled));
    let mut out = Vec::new();
    let ended = crate::run(&Cli::try_parse_from(arguments).unwrap(), &mut out, Colour::Off);
    assert!(ended.is_ok(), "{ended:?}: {}", String::from_utf8_lossy(&out));
    out
}

/// A node of a year.
const fn grown(seed: u64, now: Timestamp) -> AccountConfig {
    AccountConfig { seed, now, months: 12, satellites: 4, size: None, luck: Luck::Good }
}

/// Answers of the database of a folder; statements are counted.
fn api(folder: &TempDir) -> Api {
    let path = folder.path().join("nodes.db");
    let readers = Store::open(&path, StoreConfig::default()).unwrap().readers;
    readers.measure(Measuring {
        clock: clock::coarse,
        slow_after: Duration::MAX,
        tell: Box::new(|_| {}),
    });
    let settings = ObservatorySettings::default();
    let observatory = Observatory::new(readers.clone(), &settings, clock::coarse);
    let ledger = Ledger::new(readers.clone(), LedgerSettings::default(), clock::coarse);
    Api::new(Parts {
        readers,
        observatory: Arc::new(observatory),
        ledger: Arc::new(ledger),
        configured: Vec::new(),
        costs: BTreeMap::from([("attic".parse().unwrap(), MicroUsd::new(2_500_000))]),
        status: Slot {
            schema: json!({ "type": "object" }),
            answer: Box::new(|names| Ok(json!({ "nodes": names.len() }))),
        },
        alerts: Alerts {
            schema: json!({ "type": "object", "required": ["alerts"] }),
            list: Box::new(|_, window| Ok(json!({ "alerts": [], "to": window.to.to_string() }))),
            csv: Box::new(|_, _, out| out.write_all(b"id,rule\n").map_err(crate::Error::Output)),
            acknowledge: Box::new(|id, _| {
                Ok(match id {
                    "1" => Acknowledged::Noted,
                    "2" => Acknowledged::Over,
                    _ => Acknowledged::Unknown,
                })
            }),
        },
    })
}
