//! Where the program spends its time, by thread, as `perf` samples it.

use std::{collections::BTreeMap, ffi::OsString, fmt::Write, path::Path, process::Command};

use anyhow::{Result, ensure};

use crate::Run;

/// How many functions of a thread are shown.
const SHOWN: usize = 20;
/// A thread with less than this share of the samples is not shown, in percent.
const SHARE_MIN: f64 = 2.0;

/// What samples are put together by.
#[derive(Debug, Clone, Copy)]
enum By {
    /// Thread and function.
    Thread,
    /// Function, with what it calls.
    Call,
}

/// Profiles an import; `None` where `perf` is not there or may not look.
pub(crate) fn take(run: &Run) -> Result<Option<String>> {
    run.remove_database("program.db");
    let mut program = vec![run.program.clone().into_os_string()];
    program.extend(["import", "--json", "--node", "bench", "--keep-raw", "--db"].map(Into::into));
    program.extend([run.path("program.db").into(), run.path("young-long.log").into()]);
    let report = samples(run, &program, By::Thread)?;
    Ok(report.map(|report| by_thread(&report)))
}

/// Profiles ledgers that are filled over the books in a folder: the functions, with the share of the
/// samples in them and in what they call. `None` where `perf` is not there or may not look.
pub(crate) fn take_ledgers(run: &Run, folder: &Path) -> Result<Option<String>> {
    let program = [std::env::current_exe()?.into(), "ledgers".into(), folder.into()];
    calls(run, &program)
}

/// Profiles a question that is asked of a history, as ledgers are.
pub(crate) fn take_question(
    run: &Run,
    database: &Path,
    question: &str,
    days: i64,
) -> Result<Option<String>> {
    let days = days.to_string().into();
    let program =
        [std::env::current_exe()?.into(), "ask".into(), database.into(), question.into(), days];
    calls(run, &program)
}

fn calls(run: &Run, program: &[OsString]) -> Result<Option<String>> {
    let Some(report) = samples(run, program, By::Call)? else { return Ok(None) };
    let mut text = String::new();
    for line in report.lines() {
        let columns: Vec<&str> = line.split(';').map(str::trim).collect();
        let &[all, own, symbol, ..] = columns.as_slice() else { continue };
        let share: f64 = all.trim_end_matches('%').parse().unwrap_or_default();
        if share >= SHARE_MIN {
            // Writing to memory does not fail.
            let _ = writeln!(text, "{all:>8} {own:>8}  {symbol}");
        }
    }
    Ok(Some(text))
}

/// What `perf` tells of a program and its arguments, in columns separated by semicolons.
fn samples(run: &Run, program: &[OsString], by: By) -> Result<Option<String>> {
    let data = run.path("perf.data");
    let mut command = Command::new("perf");
    command.args(["record", "--quiet", "-F", "999", "-o"]).arg(&data);
    let sorted = match by {
        // `pid` names threads.
        By::Thread => ["--no-children", "--sort", "pid,symbol"],
        By::Call => {
            command.arg("--call-graph=dwarf,16384");
            ["--children", "--sort", "symbol"]
        }
    };
    let Ok(output) = command.arg("--").args(program).output() else { return Ok(None) };
    if !output.status.success() {
        return Ok(None);
    }
    let mut command = Command::new("perf");
    command.args(["report", "--stdio", "--quiet", "-g", "none"]).args(sorted);
    command.args(["--field-separator", ";", "-i"]).arg(&data);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn by_thread(report: &str) -> String {
    let mut threads: BTreeMap<&str, Vec<(f64, &str)>> = BTreeMap::new();
    for line in report.lines() {
        let columns: Vec<&str> = line.split(';').collect();
        // Behind the symbol come columns of hardware that is not there.
        let &[share, thread, symbol, ..] = columns.as_slice() else { continue };
        if let Ok(share) = share.trim().trim_end_matches('%').parse::<f64>() {
            threads.entry(thread.trim()).or_default().push((share, symbol.trim()));
        }
    }
    let total = |symbols: &Vec<(f64, &str)>| symbols.iter().map(|(share, _)| share).sum::<f64>();
    let mut threads: Vec<_> =
        threads.into_values().map(|symbols| (total(&symbols), symbols)).collect();
    threads.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut text = String::new();
    for (share, mut symbols) in threads.into_iter().filter(|(share, _)| *share >= SHARE_MIN) {
        symbols.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}: {share:.1} % of all samples", role(&symbols));
        for (part, symbol) in symbols.iter().take(SHOWN) {
            let _ = writeln!(text, "{:7.2} %  {symbol}", part * 100.0 / share);
        }
        text.push('\n');
    }
    text
}

/// What a thread does, told by where it spends its time.
fn role(symbols: &[(f64, &str)]) -> &'static str {
    let share = |part: &str| -> f64 {
        symbols.iter().filter(|(_, symbol)| symbol.contains(part)).map(|(share, _)| share).sum()
    };
    let parts = [
        ("the thread that writes", share("sqlite3") + share("piecewatch_store")),
        ("a thread that parses", share("Parser") + share("parse_chunk") + share("fields")),
        ("the thread that puts in order", share("Assembler") + share("pairing")),
        ("the thread that reads", share("copy_to_iter") + share("copy_user") + share("xxh3")),
    ];
    let most = parts.into_iter().max_by(|(_, a), (_, b)| a.total_cmp(b));
    match most {
        Some((role, share)) if share > 0.0 => role,
        Some(_) | None => "another thread",
    }
}
