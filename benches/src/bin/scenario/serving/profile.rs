//! Where a process that runs spends its time, as `perf` samples it: the functions, and a flame graph.

use std::{collections::BTreeMap, fmt::Write, path::Path, process::Command};

use anyhow::{Result, ensure};

/// How many functions are shown.
const SHOWN: usize = 20;
/// The flame graph's size, in pixels.
const WIDTH: f64 = 1_200.0;
const ROW: f64 = 17.0;
/// What is narrower is left out.
const NARROW: f64 = 1.0;
/// About so wide is a letter.
const LETTER: f64 = 6.5;

/// A profile.
#[derive(Debug)]
pub(super) struct Profile {
    /// The functions in which most time is spent, with their share of all samples.
    pub(super) top: String,
    /// Each stack on a line, its functions from the outermost on, and how often it was seen.
    pub(super) folded: String,
    pub(super) flame: String,
}

/// Samples a process for so many seconds; `None` where `perf` is not there or may not look.
pub(super) fn take(process: u32, seconds: u64, folder: &Path) -> Result<Option<Profile>> {
    let data = folder.join("perf.data");
    let mut record = Command::new("perf");
    record.args(["record", "--quiet", "-F", "499", "--call-graph=dwarf,16384", "-o"]).arg(&data);
    record.args(["-p", &process.to_string(), "--", "sleep", &seconds.max(1).to_string()]);
    match record.output() {
        Ok(output) if output.status.success() => {}
        Ok(_) | Err(_) => return Ok(None),
    }
    let script = perf(&["script", "-F", "comm,ip,sym", "-i"], &data)?;
    let stacks = fold(&script);
    let folded = stacks.iter().fold(String::new(), |mut text, (stack, count)| {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{} {count}", stack.join(";"));
        text
    });
    Ok(Some(Profile { top: top(&stacks), folded, flame: flame(&stacks) }))
}

fn perf(arguments: &[&str], data: &Path) -> Result<String> {
    let output = Command::new("perf").args(arguments).arg(data).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Thread and functions, the outermost first, and how often that was seen.
type Stacks = BTreeMap<Vec<String>, u64>;

/// Reads samples: a thread's name on a line, then a function on each, the innermost first, then nothing.
fn fold(script: &str) -> Stacks {
    let mut stacks = Stacks::new();
    for sample in script.split("\n\n") {
        let mut lines = sample.lines().filter(|line| !line.trim().is_empty());
        let Some(thread) = lines.next() else { continue };
        let mut stack: Vec<String> = lines.map(function).collect();
        stack.push(thread.trim().to_owned());
        stack.reverse();
        *stacks.entry(stack).or_default() += 1;
    }
    stacks
}

/// The function on a line, without its address and the hash that makes its name unique.
fn function(line: &str) -> String {
    let name = line.trim().split_once(' ').map_or("", |(_, name)| name.trim());
    let name = match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 => name,
        Some(_) | None => name,
    };
    name.replace(';', ",")
}

fn top(stacks: &Stacks) -> String {
    let all: u64 = stacks.values().sum();
    let (mut own, mut within) = (BTreeMap::new(), BTreeMap::new());
    for (stack, count) in stacks {
        if let Some(innermost) = stack.last() {
            *own.entry(innermost.as_str()).or_default() += count;
        }
        let mut functions: Vec<&str> = stack.iter().map(String::as_str).collect();
        functions.sort_unstable();
        functions.dedup();
        for function in functions {
            *within.entry(function).or_insert(0_u64) += count;
        }
    }
    let mut own: Vec<(&str, u64)> = own.into_iter().collect();
    own.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let share = |count: u64| count as f64 * 100.0 / all.max(1) as f64;
    let mut text = "     in it  with what it calls\n".to_owned();
    for (name, count) in own.into_iter().take(SHOWN) {
        let all_within = within.get(name).copied().unwrap_or(count);
        // Writing to memory does not fail.
        let _ = writeln!(text, "{:8.2} % {:8.2} %  {name}", share(count), share(all_within));
    }
    text
}

/// A function with what it calls.
#[derive(Debug, Default)]
struct Flame<'a> {
    count: u64,
    calls: BTreeMap<&'a str, Self>,
}

fn flame(stacks: &Stacks) -> String {
    let mut root = Flame::default();
    for (stack, count) in stacks {
        root.count += count;
        let mut at = &mut root;
        for function in stack {
            at = at.calls.entry(function).or_default();
            at.count += count;
        }
    }
    let mut rows = String::new();
    let scale = WIDTH / root.count.max(1) as f64;
    let deepest = push(&mut rows, &root, 0.0, 0, scale);
    let height = (deepest + 1) as f64 * ROW;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">
<style>rect {{ fill: #f2a33c; stroke: #fff; stroke-width: 0.5 }} g:hover rect {{ fill: #e0701f }} text {{ fill: #222 }}</style>
{rows}</svg>
"#
    )
}

/// Draws what a function calls, each below it; gives how deep that goes.
fn push(rows: &mut String, of: &Flame<'_>, left: f64, depth: usize, scale: f64) -> usize {
    let (mut x, mut deepest) = (left, depth);
    for (name, call) in &of.calls {
        let width = call.count as f64 * scale;
        if width >= NARROW {
            let (y, name) = (depth as f64 * ROW, escaped(name));
            let letters = (width / LETTER) as usize;
            let label: String = name.chars().take(letters).collect();
            let label = if letters < 3 || label.contains('&') { "" } else { &label };
            // Writing to memory does not fail.
            let _ = writeln!(
                rows,
                r#"<g><title>{name}: {}</title><rect x="{x:.1}" y="{y}" width="{width:.1}" height="{ROW}"/><text x="{:.1}" y="{}">{label}</text></g>"#,
                call.count,
                x + 2.0,
                y + 12.0,
            );
            deepest = deepest.max(push(rows, call, x, depth + 1, scale));
        }
        x += width;
    }
    deepest
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_stacks_from_the_outermost_on() {
        let script = "server\n  55d0 inner::h0123456789abcdef\n  55d1 outer\n\n\
                      server\n  55d0 inner::h0123456789abcdef\n  55d1 outer\n\nwriter\n  55d9 <a as b>::c\n";
        let stacks = fold(script);
        let stack = ["server", "outer", "inner"].map(str::to_owned).to_vec();
        assert_eq!((stacks.len(), stacks[&stack]), (2, 2));
        let top = top(&stacks);
        assert!(top.lines().nth(1).unwrap().ends_with("66.67 %    66.67 %  inner"), "{top}");
        let flame = flame(&stacks);
        assert!(flame.contains("<title>&lt;a as b&gt;::c: 1</title>"), "{flame}");
        assert!(flame.contains(r#"<rect x="0.0" y="34" width="800.0""#), "{flame}");
    }
}
