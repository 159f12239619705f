//! How each question is answered: a lost index fails here, and the documentation stays true.

use std::{fmt::Write, fs, path::PathBuf};

use piecewatch_model::{
    Action, Clock, MaintenanceKind, Measure, Outcome, Phase, PollPart, StorageBasis, TroubleKind,
};
use piecewatch_store::Plan;

use crate::fixture::Database;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/indexes.md");

fn plans() -> Vec<Plan> {
    Database::new().readers.get().unwrap().plans().unwrap()
}

/// What reads a table or an index whole, and why it may.
const SCANS: [&str; 19] = [
    // Dictionaries are small.
    "nodes",
    "the numbers of nodes",
    "satellites",
    "actions",
    "error texts that are known",
    "overview",
    "overview, minutes",
    "writer: how many error texts",
    "pruning: the oldest record of each node",
    "pruning: snapshots of the space",
    "backup: the state of now",
    // Reads no table.
    "writer: a number for the process",
    // No more from the beginning than may go in a step.
    "pruning: commits",
    // Once a day at most, and only when there is hardly room for new texts.
    "pruning: how often an error text was seen",
    "pruning: how often a text of trouble was seen",
    "pruning: how often the error of a compaction was seen",
    // Of what is to be checked, all: the first one those small tables that are read anyway.
    "check: a small table",
    "check: every page",
    "check: what takes the room",
];

#[test]
fn each_question_is_answered_by_a_search() {
    let mut text = String::new();
    for plan in plans() {
        writeln!(text, "{}", plan.question).unwrap();
        plan.steps.iter().for_each(|step| writeln!(text, "    {step}").unwrap());
        assert!(!plan.scans() || SCANS.contains(&plan.question), "{plan:?}");
    }
    insta::assert_snapshot!(text);
}

/// SQLite learns the shape of the tables while a collector runs, and may then think that a table is so
/// small, or all of it of one node, that reading the whole of it is as well.
#[test]
fn what_is_in_the_database_changes_no_plan() {
    let empty = plans();
    for nodes in [1, 4] {
        let database = Database::new();
        fill(&database, nodes);
        database.again().upkeep().unwrap().optimize().unwrap();
        let learned = "SELECT count(DISTINCT tbl) FROM sqlite_stat1";
        let connection = rusqlite::Connection::open(database.path()).unwrap();
        let learned: u32 = connection.query_row(learned, [], |row| row.get(0)).unwrap();
        assert!(learned > 30, "{learned} tables");
        let filled = database.readers.get().unwrap().plans().unwrap();
        for (empty, filled) in empty.iter().zip(&filled) {
            assert_eq!(filled.steps, empty.steps, "{} with {nodes} nodes", filled.question);
        }
    }
}

/// Two hundred rows in every table, whatever they mean; of those that have one for each node, as many.
fn fill(database: &Database, nodes: i64) {
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let list = |sql: &str, column: usize| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(column)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for table in list(tables, 0) {
        let columns = format!("SELECT name, type FROM pragma_table_info('{table}')");
        let (names, types) = (list(&columns, 0), list(&columns, 1));
        for number in 1..=200_i64 {
            let value = |(name, kind): (&String, &String)| match (name.as_str(), kind.as_str()) {
                ("node", _) => (1 + number % nodes).to_string(),
                (_, "INTEGER" | "REAL") => number.to_string(),
                (_, "BLOB") => format!("x'{number:064}'"),
                _ => format!("'text {number}'"),
            };
            let values: Vec<String> = names.iter().zip(&types).map(value).collect();
            let values = values.join(", ");
            let insert = format!("INSERT OR IGNORE INTO {table} VALUES ({values})");
            connection.execute(&insert, []).unwrap();
        }
    }
}

/// How a statement begins; none is put together of parts that begin otherwise.
const VERBS: [&str; 6] = ["SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH"];

/// Every statement in the source of the store, with the file that has it. Those that are asked of a node's
/// own databases have no part in ours.
fn statements() -> Vec<(PathBuf, String)> {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let (source, _tests) = source.split_once("#[cfg(test)]").unwrap_or((&source, ""));
            for verb in VERBS {
                for (at, _) in source.match_indices(&format!("\"{verb} ")) {
                    let (statement, _rest) = source[at + 1..].split_once('"').unwrap();
                    found.push((path.clone(), statement.to_owned()));
                }
            }
        }
    }
    found.retain(|(path, _)| !path.to_str().unwrap().contains("node_databases"));
    found
}

/// Whether a statement is this one, in which braces stand for what is put there.
fn is_of(statement: &str, pattern: &str) -> bool {
    let mut rest = statement;
    for (number, part) in pattern.split(['{', '}']).enumerate() {
        // Every second part is within braces: a name.
        if number % 2 == 1 {
            continue;
        }
        match (number, rest.find(part)) {
            (0, Some(0)) | (1.., Some(_)) => {}
            (_, Some(_) | None) => return false,
        }
        rest = &rest[rest.find(part).unwrap() + part.len()..];
    }
    rest.is_empty() || pattern.ends_with('}')
}

/// What only puts rows where their keys say looks for nothing: SQLite has no plan for it.
#[test]
fn every_statement_that_looks_for_something_is_among_the_plans() {
    let database = Database::new();
    let plans = database.readers.get().unwrap().plans().unwrap();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let has_plan = |statement: &str| {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        explained.raw_query().next().unwrap().is_some()
    };
    let statements = statements();
    assert!(statements.len() > 150, "{} statements were found", statements.len());
    let unknown: Vec<_> = statements
        .iter()
        .filter(|(_, statement)| !plans.iter().any(|plan| is_of(&plan.sql, statement)))
        .filter(|(_, statement)| statement.contains('{') || has_plan(statement))
        .collect();
    assert!(unknown.is_empty(), "neither in `plans` nor in docs/indexes.md: {unknown:#?}");
}

#[test]
fn braces_stand_for_a_name() {
    assert!(is_of("DELETE FROM orders WHERE at < ?1", "DELETE FROM {table} WHERE at < ?1"));
    assert!(is_of("SELECT at FROM orders", "SELECT at FROM orders"));
    assert!(!is_of("SELECT at FROM orders WHERE at < ?1", "SELECT at FROM orders"));
    assert!(!is_of("DELETE FROM orders", "DELETE FROM {table} WHERE at < ?1"));
}

/// `UPDATE_DOCS=1` writes the plans into the document instead of comparing.
#[test]
fn the_document_tells_the_plans_that_are() {
    let mut catalogue = String::new();
    for plan in plans() {
        let steps = plan.steps.join("\n");
        write!(
            catalogue,
            "\n### {}\n\n```sql\n{}\n```\n\n```text\n{steps}\n```\n",
            plan.question, plan.sql
        )
        .unwrap();
    }
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once("<!-- plans -->\n").unwrap();
    let (told, after) = rest.split_once("\n<!-- end of plans -->").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let document = format!("{before}<!-- plans -->\n{catalogue}\n<!-- end of plans -->{after}");
        fs::write(DOCUMENT, document).unwrap();
    } else {
        assert_eq!(told, catalogue, "run the test with UPDATE_DOCS=1 and look at what changed");
    }
}

#[test]
fn the_document_names_every_index() {
    let database = Database::new();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let mut names = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        .unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    let mut names: Vec<String> = names.map(Result::unwrap).collect();
    names.sort();
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (table, _) = document.split_once("| the `UNIQUE` names").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let mut told: Vec<&str> = rows.map(|(name, _)| name).collect();
    told.sort_unstable();
    assert_eq!(told, names);
}

/// The views read the names of codes from a table, the program from its enums.
#[test]
fn the_names_of_codes_in_the_database_are_those_of_the_program() {
    let outcome = |outcome: &Outcome| match outcome {
        Outcome::Failed(class) => format!("failed: {}", class.name()),
        Outcome::Success | Outcome::Canceled => outcome.name().to_owned(),
    };
    let mut expected: Vec<(String, u8, String)> = Vec::new();
    let mut add = |kind: &str, code: u8, name: &str| {
        expected.push((kind.to_owned(), code, name.to_owned()));
    };
    Outcome::ALL.iter().for_each(|o| add("outcome", o.code(), &outcome(o)));
    add("outcome", 8, "rejected");
    for (code, name) in ["success", "canceled", "failed"].into_iter().enumerate() {
        add("ending", code as u8, name);
    }
    Clock::ALL.iter().for_each(|clock| add("clock", clock.code(), clock.name()));
    Phase::ALL.iter().for_each(|phase| add("phase", phase.code(), phase.name()));
    MaintenanceKind::ALL.iter().for_each(|kind| add("maintenance", kind.code(), kind.name()));
    TroubleKind::ALL.iter().for_each(|kind| add("trouble", kind.code(), kind.name()));
    for code in 1..=7 {
        let event = piecewatch_model::LifecycleEvent::from_code(code, "").unwrap();
        add("lifecycle", code, event.name());
    }
    PollPart::ALL.iter().for_each(|part| add("poll", part.code(), part.name()));
    Measure::ALL.iter().for_each(|measure| add("measure", measure.code(), measure.name()));
    for basis in [StorageBasis::Reported, StorageBasis::Calculated] {
        add("storage_basis", basis.code(), basis.name());
    }
    expected.sort();

    let database = Database::new();
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let mut names = connection.prepare("SELECT kind, code, name FROM names").unwrap();
    let names = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let mut names: Vec<(String, u8, String)> = names.map(Result::unwrap).collect();
    names.sort();
    assert_eq!(names, expected);

    let mut actions = connection.prepare("SELECT id, name FROM actions ORDER BY id").unwrap();
    let actions = actions.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let actions: Vec<(u8, String)> = actions.map(Result::unwrap).take(9).collect();
    let named = Action::NAMED.iter().map(|a| (a.code().unwrap(), a.name().to_owned()));
    assert_eq!(actions, named.collect::<Vec<_>>());
}

#[test]
fn the_tables_that_serve_questions_are_known() {
    let plans = plans();
    let serving = |name: &str| plans.iter().any(|plan| plan.uses(name));
    for table in [
        "transfers",
        "traffic_hourly",
        "kept_from",
        "traffic_node_hourly",
        "flow_minutely",
        "flow_hourly",
        "latency_hourly",
        "latency_node_hourly",
        "latency_daily",
        "slow_hourly",
        "slow_daily",
        "size_hourly",
        "size_daily",
        "country_hourly",
        "country_daily",
        "error_hourly",
        "error_daily",
        "compactions",
        "maintenance",
        "orders",
        "reputation",
        "troubles",
        "lifecycle",
        "commits",
        "checkpoints",
        "storage_snapshots",
        "satellite_bandwidth_daily",
        "satellite_storage_daily",
        "prices",
        "estimates",
        "paystubs",
        "payouts",
        "standings",
        "node_status",
        "polls",
        "node_quantiles",
        "self_metrics",
    ] {
        assert!(serving(table), "{table}");
    }
    assert!(!serving("names"), "read by the views alone");
}
