//! What was found, for people and for machines.

use std::io::{self, Write};

use piecewatch_ingest::Source;
use serde_json::{Value, json};

use super::{Found, Log};
use crate::config::Config;

/// A table for each node.
pub(super) fn text(config: &Config, found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "database  {}", config.db.display())?;
    for Found { node, log } in found {
        writeln!(out, "\n{}", node.name)?;
        row(out, "source", &node.source.to_string())?;
        match log {
            Ok(log) => {
                for (name, value) in rows(log, &node.source) {
                    row(out, name, &value)?;
                }
            }
            Err(wrong) => row(out, "cannot be followed", wrong)?,
        }
    }
    warnings(config).iter().try_for_each(|warning| writeln!(out, "\nwarning: {warning}"))
}

/// What can be followed as it is, and is hardly meant.
fn warnings(config: &Config) -> Vec<String> {
    let known = config.nodes.iter().map(|node| node.name.clone()).collect();
    config.alerts.strangers(&known)
}

fn row(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {name:<18}  {value}")
}

fn rows(log: &Log, source: &Source) -> Vec<(&'static str, String)> {
    let found = &log.inspection;
    if found.lines == 0 {
        return vec![("lines", "none yet: the source is there, and silent".to_owned())];
    }
    let or_none = |text: Option<String>, none: &str| text.unwrap_or_else(|| none.to_owned());
    let mut rows = Vec::new();
    if let Some(file) = log.file.as_ref().filter(|file| *source != Source::File((*file).clone())) {
        rows.push(("file", file.display().to_string()));
    }
    if let Some(siblings) = log.siblings {
        rows.push(("rotated files", siblings.to_string()));
    }
    rows.push(("encoding", or_none(encodings(log), "unknown")));
    let words = found.vocabulary.map(|words| format!("those of {words}"));
    rows.push(("words", or_none(words, "no transfer was seen")));
    let version = found.version.as_deref().map(str::to_owned);
    rows.push(("node version", or_none(version, "not told in what was looked at")));
    rows.push(("from", or_none(log.oldest_at.map(|at| at.to_string()), "no time was seen")));
    rows.push(("to", or_none(found.last_at.map(|at| at.to_string()), "no time was seen")));
    rows.push(("starts", starts(log).to_owned()));
    let not_understood = found.lines - found.understood;
    rows.push(("lines looked at", format!("{}, {not_understood} not understood", found.lines)));
    rows
}

fn encodings(log: &Log) -> Option<String> {
    let names: Vec<&str> = log.inspection.encodings.iter().map(|known| known.name()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn starts(log: &Log) -> &'static str {
    match (log.inspection.starts, log.inspection.ends) {
        (0, 0) => "no transfer was seen",
        (0, _) => {
            "not logged, so latencies stay unknown: set log.level: debug on the node for them"
        }
        _ => "logged",
    }
}

/// One object.
pub(super) fn json(config: &Config, found: &[Found<'_>], out: &mut dyn Write) -> io::Result<()> {
    let nodes: Vec<Value> = found.iter().map(node).collect();
    let db = config.db.display().to_string();
    let answer = json!({ "db": db, "nodes": nodes, "warnings": warnings(config) });
    serde_json::to_writer_pretty(&mut *out, &answer)?;
    writeln!(out)
}

fn node(found: &Found<'_>) -> Value {
    let (name, source) = (found.node.name.as_str(), found.node.source.to_string());
    let log = match &found.log {
        Ok(log) => log,
        Err(wrong) => return json!({ "name": name, "source": source, "error": wrong }),
    };
    let inspection = &log.inspection;
    let time = |at: Option<piecewatch_model::Timestamp>| at.map(|at| at.to_string());
    json!({
        "name": name,
        "source": source,
        "file": log.file.as_ref().map(|file| file.display().to_string()),
        "rotated_files": log.siblings,
        "encodings": inspection.encodings.iter().map(|known| known.name()).collect::<Vec<_>>(),
        "words_of": inspection.vocabulary.map(|words| words.versions()),
        "version": inspection.version,
        "first_at": time(log.oldest_at),
        "last_at": time(inspection.last_at),
        "lines": inspection.lines,
        "not_understood": inspection.lines - inspection.understood,
        "starts": inspection.starts,
        "ends": inspection.ends,
    })
}
