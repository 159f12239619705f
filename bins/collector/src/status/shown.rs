//! A status, for people and for machines.

use std::{
    io::{self, Write},
    time::Duration,
};

use piecewatch_analytics::{
    restarts::Ending,
    silence::Silence,
    work::{OpenWork, Task},
};
use piecewatch_model::{ByteCount, NodeName, Timestamp};
use serde_json::{Value, json};

use super::gathered::{Known, Status, age};
use crate::{
    report::{self, Report},
    shape::{length, number, percent, table},
};

/// A table of nodes, and a line for each thing that is the matter.
pub(super) fn text(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "database  {}", status.db.display())?;
    if status.following.followers.is_empty() {
        writeln!(out, "collector  none runs: below is what was read before")?;
    }
    for report in &status.following.reports {
        writeln!(out, "collector  {}", collector(report, status.now))?;
    }
    if status.nodes.is_empty() {
        return writeln!(out, "\nNo node is known yet.");
    }
    let headings = ["NODE", "LOG", "LINES", "UPLOAD", "DOWNLOAD", "FREE", "VERSION", "RESTARTED"];
    let mut rows = vec![headings.map(str::to_owned)];
    rows.extend(status.nodes.iter().map(|(name, known)| row(status, name, known.as_ref())));
    writeln!(out)?;
    table(&rows, out)?;
    let mut is_first = true;
    for (name, known) in &status.nodes {
        for note in notes(status, name, known.as_ref()) {
            if std::mem::take(&mut is_first) {
                writeln!(out)?;
            }
            writeln!(out, "  {name}: {note}")?;
        }
    }
    Ok(())
}

fn collector(report: &Report, now: Timestamp) -> String {
    let Report { process, version, .. } = report;
    if let Some(trouble) = report.trouble(now) {
        return trouble;
    }
    let ago = |at: &report::Moment| length(age(at.0, now));
    let committed = match &report.committed_at {
        Some(at) => {
            let commits = if report.commits == 1 {
                "1 commit".to_owned()
            } else {
                format!("{} commits", number(report.commits))
            };
            format!("{commits}, the last {} ago", ago(at))
        }
        None => "nothing committed yet".to_owned(),
    };
    let (since, reported) = (ago(&report.since), ago(&report.reported_at));
    format!(
        "process {process}, version {version}, for {since}; {committed}; reported {reported} ago"
    )
}

fn row(status: &Status, name: &NodeName, known: Option<&Known>) -> [String; 8] {
    let none = || "–".to_owned();
    let ago = |at: Option<Timestamp>| at.map_or_else(none, |at| minutes(age(at, status.now)));
    let report = status.following.report(name).map(|(_, node)| node);
    let activity = known.map(|known| &known.activity);
    let version = activity.and_then(|activity| activity.version.as_ref());
    let restart = known.and_then(|known| known.restart.as_ref());
    let space = activity.and_then(|activity| activity.space);
    [
        name.to_string(),
        log(status, name),
        report.map_or_else(none, |report| number(report.lines)),
        ago(activity.and_then(|activity| activity.upload_at)),
        ago(activity.and_then(|activity| activity.download_at)),
        space.map_or_else(none, |space| space.bytes.to_string()),
        version.map_or_else(none, |version| version.event.detail().to_owned()),
        ago(restart.map(|restart| restart.at)),
    ]
}

/// How the log of a node is read, in few words.
fn log(status: &Status, name: &NodeName) -> String {
    let Some(holder) = status.following.holder(name) else { return "not followed".to_owned() };
    let Some((_, node)) = status.following.report(name) else {
        return format!("followed by process {}", holder.process);
    };
    match &node.following {
        report::Following::Starting => "starting".to_owned(),
        report::Following::Waiting { .. } => "waiting".to_owned(),
        report::Following::Moved { .. } => "moved".to_owned(),
        report::Following::CatchingUp { read_bytes, total_bytes, seconds_left, .. } => {
            let done = percent(*read_bytes, *total_bytes);
            match seconds_left {
                Some(seconds) => {
                    let left = length(Duration::from_secs(*seconds));
                    format!("catching up, {done}, {left} left")
                }
                None => format!("catching up, {done}"),
            }
        }
        report::Following::Live { noticing } => format!("live, {noticing}"),
        report::Following::Disconnected { .. } => "disconnected".to_owned(),
    }
}

/// What deserves a sentence of its own.
fn notes(status: &Status, name: &NodeName, known: Option<&Known>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut is_read = true;
    match status.following.report(name).map(|(_, node)| &node.following) {
        Some(report::Following::Waiting { reason }) => notes.push(format!("waiting: {reason}")),
        Some(report::Following::Moved { reason }) => notes.push(format!("moved: {reason}")),
        Some(report::Following::Disconnected { reason, retry_seconds }) => {
            notes.push(format!("disconnected: {reason}; tried again within {retry_seconds} s"));
        }
        Some(report::Following::CatchingUp {
            read_bytes, total_bytes, lines_per_second, ..
        }) => {
            // What is not read yet is no silence.
            is_read = false;
            let (read, total) = (ByteCount::new(*read_bytes), ByteCount::new(*total_bytes));
            let mut note = format!("{read} of {total} read");
            if let Some(lines) = lines_per_second {
                note.push_str(&format!(", {} lines/s", number(*lines)));
            }
            notes.push(note);
        }
        Some(report::Following::Live { .. }) => {}
        Some(report::Following::Starting) | None => is_read = false,
    }
    let Some(known) = known else { return notes };
    if is_read && known.silence != Silence::Lively {
        notes.push(known.silence.explanation());
    }
    if is_read && known.restart.as_ref().is_some_and(|last| last.before == Ending::Unasked) {
        notes.push("nobody asked it to end before it restarted: it crashed, or was killed".into());
    }
    notes.extend(known.work.iter().map(|work| work_note(work, status.now)));
    notes
}

fn work_note(work: &OpenWork, now: Timestamp) -> String {
    let mut note = task(work.task);
    if let Some(satellite) = work.satellite {
        let id = satellite.to_string();
        let name = satellite.known().map_or(id.as_str(), |known| known.name);
        note.push_str(&format!(" for {name}"));
    }
    if let Some(store) = &work.store {
        note.push_str(&format!(" in {store}"));
    }
    note.push_str(&format!(", for {}", length(age(work.since, now))));
    let Some(progress) = work.progress else { return note };
    for (count, what) in [
        (progress.examined, "pieces looked at"),
        (progress.affected, "changed"),
        (progress.failed, "failed"),
    ] {
        if count > 0 {
            note.push_str(&format!(", {} {what}", number(count)));
        }
    }
    if progress.bytes > 0 {
        note.push_str(&format!(", {}", ByteCount::new(progress.bytes)));
    }
    note
}

fn task(task: Task) -> String {
    match task {
        Task::Compaction => "compaction".to_owned(),
        Task::Maintenance(kind) => kind.name().replace('_', " "),
    }
}

/// How long ago something was of which the minute is known.
fn minutes(age: Duration) -> String {
    match age.as_secs() / 60 {
        0 => "now".to_owned(),
        minutes => length(Duration::from_secs(minutes * 60)),
    }
}

/// One object.
pub(super) fn json(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let nodes: Vec<Value> =
        status.nodes.iter().map(|(name, known)| node(status, name, known.as_ref())).collect();
    let collectors: Vec<Value> = status
        .following
        .reports
        .iter()
        .map(|report| {
            json!({
                "process": report.process,
                "version": report.version,
                "since": report.since,
                "reported_at": report.reported_at,
                "committed_at": report.committed_at,
                "commits": report.commits,
                "blocked": report.blocked,
                "trouble": report.trouble(status.now),
            })
        })
        .collect();
    let db = status.db.display().to_string();
    let answer = json!({
        "db": db,
        "at": status.now.to_string(),
        "collectors": collectors,
        "nodes": nodes,
    });
    serde_json::to_writer_pretty(&mut *out, &answer)?;
    writeln!(out)
}

fn node(status: &Status, name: &NodeName, known: Option<&Known>) -> Value {
    let holder = status.following.holder(name).map(|holder| {
        json!({
            "program": holder.program,
            "process": holder.process,
            "since": holder.since.to_string(),
        })
    });
    let report = status.following.report(name).map(|(_, node)| node);
    json!({
        "name": name.as_str(),
        "followed_by": holder,
        "source": report.map(|report| &report.source),
        "lines": report.map(|report| report.lines),
        "log": report.map(|report| &report.following),
        "known": known.map(known_json),
    })
}

fn known_json(known: &Known) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let activity = &known.activity;
    let work = |work: &OpenWork| {
        json!({
            "task": task(work.task),
            "satellite": work.satellite.map(|id| id.to_string()),
            "store": work.store,
            "since": work.since.to_string(),
            "progress": work.progress.map(|progress| json!({
                "at": progress.at.to_string(),
                "examined": progress.examined,
                "affected": progress.affected,
                "failed": progress.failed,
                "bytes": progress.bytes,
            })),
        })
    };
    json!({
        "first_at": time(known.records.map(|(first, _)| first)),
        "last_at": time(known.records.map(|(_, last)| last)),
        "stored_at": time(activity.stored_at),
        "upload_at": time(activity.upload_at),
        "download_at": time(activity.download_at),
        "available_bytes": activity.space.map(|space| space.bytes.get()),
        "version": activity.version.as_ref().map(|version| version.event.detail()),
        "restarted_at": time(known.restart.as_ref().map(|restart| restart.at)),
        "silence": known.silence.name(),
        "silence_text": known.silence.explanation(),
        "work": known.work.iter().map(work).collect::<Vec<_>>(),
    })
}
