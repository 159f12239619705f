//! The rules that every file and every edge between crates keeps. A failure names both.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

/// The longest file, in lines. A longer one is split by noun.
const LINES_MAX: usize = 600;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 8] =
    ["util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff"];

/// What each crate of ours may depend on. Binaries and benches join the others; a new crate is
/// added here and to the diagram of docs/ARCHITECTURE.md.
const LAYERS: [(&str, &[&str]); 12] = [
    ("piecewatch-model", &[]),
    ("piecewatch-ingest", &["piecewatch-model"]),
    ("piecewatch-store", &["piecewatch-model"]),
    ("piecewatch-simulator", &["piecewatch-model"]),
    ("piecewatch-cache", &[]),
    ("piecewatch-broadcast", &[]),
    ("piecewatch-node-api", &["piecewatch-model"]),
    ("piecewatch-analytics", &["piecewatch-model", "piecewatch-store", "piecewatch-cache"]),
    ("piecewatch-finance", &["piecewatch-model", "piecewatch-store", "piecewatch-cache"]),
    (
        "piecewatch-collector",
        &[
            "piecewatch-model",
            "piecewatch-ingest",
            "piecewatch-store",
            "piecewatch-analytics",
            "piecewatch-node-api",
        ],
    ),
    ("piecewatch", JOINED),
    ("piecewatch-benches", JOINED),
];

/// What binaries and benches may join.
const JOINED: &[&str] = &[
    "piecewatch-model",
    "piecewatch-ingest",
    "piecewatch-store",
    "piecewatch-analytics",
    "piecewatch-broadcast",
    "piecewatch-cache",
    "piecewatch-collector",
    "piecewatch-finance",
    "piecewatch-node-api",
    "piecewatch-simulator",
];

/// What the tests of any crate may use besides: logs are made up by the simulator alone, and are
/// read by nothing else than what reads those of nodes.
const TESTS_MAY_USE: [&str; 2] = ["piecewatch-simulator", "piecewatch-ingest"];

/// Who may use a crate from outside that belongs to one layer. The benches measure against it.
const KEPT_APART: [(&str, &[&str]); 5] = [
    ("rusqlite", &["piecewatch-store", "piecewatch-benches"]),
    ("r2d2_sqlite", &["piecewatch-store", "piecewatch-benches"]),
    ("hyper", &["piecewatch-node-api", "piecewatch"]),
    ("quick_cache", &["piecewatch-cache", "piecewatch-benches"]),
    ("clap", &["piecewatch", "piecewatch-collector", "piecewatch-benches"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file of the tree that people wrote, by its path from the root with `/`, sorted.
fn files() -> Vec<(String, PathBuf)> {
    const SKIPPED: [&str; 5] = ["target", ".git", "corpus", "artifacts", "node_modules"];
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().unwrap().is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(entry.path());
                }
                continue;
            }
            // Of a checkout beside another one `.git` is a file.
            if name == ".git" {
                continue;
            }
            let path = entry.path();
            let short = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            found.push((short, path));
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".rs"))
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect()
}

/// What the dashboard is written in, and how a comment begins there.
const PAGE: [(&str, &str); 2] = [(".ts", "// "), (".svelte", "<!-- ")];

/// Fails with every broken rule at once.
fn report(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_file_opens_with_a_sentence_and_fits() {
    let mut broken = Vec::new();
    for (name, text) in rust_files() {
        let first = text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") {
            broken.push(format!("{name}: its first line is no `//! ` sentence on what it holds"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            broken.push(format!("{name}: {lines} lines, {LINES_MAX} at most; split it by noun"));
        }
    }
    for (name, path) in files() {
        let Some((_, comment)) = PAGE.iter().find(|(ending, _)| name.ends_with(ending)) else {
            continue;
        };
        let text = fs::read_to_string(path).unwrap();
        if !text.starts_with(comment) {
            broken.push(format!(
                "{name}: its first line is no `{comment}` sentence on what it holds"
            ));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            broken.push(format!("{name}: {lines} lines, {LINES_MAX} at most; split it by noun"));
        }
    }
    report(&broken);
}

#[test]
fn names_say_what_is_inside() {
    let mut broken = Vec::new();
    for (name, text) in rust_files() {
        let stem = Path::new(&name).file_stem().unwrap().to_string_lossy().into_owned();
        let folders = name.split('/').map(str::to_owned);
        for part in folders.chain([stem.clone()]) {
            if EMPTY_NAMES.contains(&part.as_str()) {
                broken.push(format!("{name}: `{part}` names nothing; call it by its noun"));
            }
        }
        if stem == "mod" {
            broken.push(format!("{name}: a module's file is named as the module, not mod.rs"));
        }
        for line in text.lines() {
            let line =
                line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            let module =
                line.strip_prefix("mod ").map(|rest| rest.trim_end_matches([';', '{', ' ']));
            if module.is_some_and(|module| EMPTY_NAMES.contains(&module)) {
                broken.push(format!("{name}: `{line}` names nothing; call it by its noun"));
            }
        }
    }
    report(&broken);
}

#[test]
fn nothing_is_left_to_do() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let mut broken = Vec::new();
    for (name, text) in rust_files() {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                broken.push(format!("{name}:{}: do it, or open an issue", number + 1));
            }
        }
    }
    report(&broken);
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    // What a node wrote may hold any path, and so may a test: those are looked at for less.
    let everywhere = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    let in_programs = [concat!("/tm", "p/"), concat!("/ho", "me/")];
    let mut broken = Vec::new();
    for (name, path) in files() {
        let fixture = ["/data/", "/fixtures/", "/snapshots/", "/proptest-regressions/"];
        if fixture.iter().any(|folder| name.contains(folder)) {
            continue;
        }
        let Ok(text) = fs::read_to_string(path) else { continue };
        let is_test = name.contains("/tests/") || name.starts_with("benches/");
        let mut in_tests = is_test;
        for (number, line) in text.lines().enumerate() {
            in_tests |= line.trim() == "#[cfg(test)]";
            let program = name.ends_with(".rs") && !in_tests;
            let paths = everywhere.iter().chain(in_programs.iter().filter(|_| program));
            for path in paths.filter(|path| line.contains(**path)) {
                broken.push(format!("{name}:{}: a path of one machine: {path}", number + 1));
            }
        }
    }
    report(&broken);
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Name of a dependency and whether tests alone use it, for each package of the workspace.
fn edges() -> BTreeMap<String, Vec<(String, bool)>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let edges_of = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        dependencies.iter().map(|edge| (text(&edge["name"]), edge["kind"] == "dev")).collect()
    };
    packages.iter().map(|package| (text(&package["name"]), edges_of(package))).collect()
}

#[test]
fn crates_depend_as_drawn() {
    let edges = edges();
    let layers = BTreeMap::from(LAYERS);
    let mut broken = Vec::new();
    for (package, dependencies) in &edges {
        let Some(allowed) = layers.get(package.as_str()) else {
            broken.push(format!("{package}: give it a layer here and in docs/ARCHITECTURE.md"));
            continue;
        };
        for (dependency, for_tests) in dependencies {
            let ours = edges.contains_key(dependency);
            let fine = allowed.contains(&dependency.as_str())
                || (*for_tests && TESTS_MAY_USE.contains(&dependency.as_str()));
            if ours && !fine {
                broken.push(format!("{package}: must not depend on {dependency}"));
            }
        }
    }
    report(&broken);
}

#[test]
fn sql_and_flags_stay_in_their_layer() {
    let edges = edges();
    let mut broken = Vec::new();
    for (outside, users) in KEPT_APART {
        for (package, dependencies) in &edges {
            let uses = dependencies.iter().any(|(dependency, _)| dependency == outside);
            if uses && !users.contains(&package.as_str()) {
                broken.push(format!("{package}: {outside} is for {} alone", users.join(", ")));
            }
        }
    }
    report(&broken);
}

/// Every migration by its name and the XXH3-64 hash of its bytes. A migration that was released
/// is never edited: databases that have it already would differ from new ones.
const MIGRATIONS: [(&str, u64); 12] = [
    ("0001_initial.sql", 0xf149_8498_f0e7_7cc9),
    ("0002_reports.sql", 0x7405_2b60_ed7f_66cf),
    ("0003_slowest.sql", 0x9804_2f33_e133_e4bc),
    ("0004_kept.sql", 0x387c_90da_d3a7_3adb),
    ("0005_sums_for_long_windows.sql", 0x1ed5_17a9_b8c2_2859),
    ("0006_alerts.sql", 0xcdea_fa50_96b9_bbb0),
    ("0007_watch.sql", 0x0271_d7fd_fd6c_dfcc),
    ("0008_self_metrics.sql", 0x1e14_f8fc_7ea3_2816),
    ("0009_flow.sql", 0x4992_cfed_c53d_0841),
    ("0010_latency_of_nodes.sql", 0x7c66_fb43_36bc_9e10),
    ("0011_versions.sql", 0xd923_24d0_d3c6_d733),
    ("0012_error_spreads.sql", 0x9dc6_bcbb_e03b_0cb0),
];

#[test]
fn migrations_are_as_they_were() {
    let known = BTreeMap::from(MIGRATIONS);
    let mut broken = Vec::new();
    let mut found = 0;
    for (name, path) in files() {
        let Some(migration) = name.strip_prefix("migrations/") else { continue };
        if !migration.ends_with(".sql") {
            continue;
        }
        found += 1;
        let hash = xxh3_64(&fs::read(path).unwrap());
        match known.get(migration) {
            Some(expected) if *expected == hash => {}
            Some(_) => broken
                .push(format!("{name}: changed ({hash:#018x}); write a further migration instead")),
            None => broken.push(format!("{name}: add it to MIGRATIONS as {hash:#018x}")),
        }
    }
    if found < known.len() {
        broken.push("migrations/: one that is listed in MIGRATIONS is gone".to_owned());
    }
    report(&broken);
}
