//! The summary for people.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use piecewatch_analytics::{
    success::{Acceptance, Upgrade},
    tally::{Amount, Part, Share, Tally},
};
use piecewatch_model::{Action, ByteCount, FailureClass, Outcome, SatelliteId, Timestamp};
use piecewatch_store::Window;

use super::{NodeSummary, SatelliteSummary, Summary};
use crate::{
    Colour,
    sentence::sentence,
    table::{Align, Cell, Style, Table, number, percent},
};

pub(super) fn write(
    summary: &Summary,
    db: &Path,
    out: &mut dyn Write,
    colour: Colour,
) -> io::Result<()> {
    if summary.nodes.is_empty() {
        let db = db.display();
        writeln!(out, "{db} holds no node yet. Import a log:")?;
        return writeln!(out, "  piecewatch import --db {db} --node NAME LOG");
    }
    for (at, node) in summary.nodes.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let name = Style::Bold.paint(node.node.as_str(), colour);
        match summary.window {
            Some(Window { from, to }) => {
                writeln!(out, "{name}   {} to {} UTC", minute(from), minute(to))?;
            }
            None => writeln!(out, "{name}")?,
        }
        writeln!(out)?;
        write_node(node, out, colour)?;
    }
    Ok(())
}

/// An instant to the minute; windows begin and end at whole ones.
fn minute(instant: Timestamp) -> String {
    let text = instant.to_string();
    text.split_at_checked(16).map_or(text.clone(), |(minute, _)| minute.replace('T', " "))
}

fn write_node(node: &NodeSummary, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    if node.actions.is_empty() {
        writeln!(out, "  No transfer ended in this time.")?;
    } else {
        actions(node).write(out, colour)?;
        writeln!(out)?;
        satellites(&node.satellites).write(out, colour)?;
    }
    let sentences = sentences(node);
    if !sentences.is_empty() {
        writeln!(out)?;
    }
    sentences.iter().try_for_each(|text| sentence(out, text))
}

/// What the tables do not say, where there is something to say.
fn sentences(node: &NodeSummary) -> Vec<String> {
    let mut sentences = Vec::new();
    let audits = node.actions.get(&Action::GetAudit).map(Tally::audits).unwrap_or_default();
    if audits.unrecoverable > 0 {
        sentences.push(format!(
            "Audits whose piece is gone: {}. These cost a node its place.",
            number(audits.unrecoverable)
        ));
    }
    if audits.recoverable > 0 {
        sentences.push(format!(
            "Audits that failed otherwise and may pass the next time: {}.",
            number(audits.recoverable)
        ));
    }
    let Acceptance { rejected, .. } = node.acceptance;
    if let Some(Share { part, whole }) = node.acceptance.share()
        && rejected > 0
    {
        sentences.push(format!(
            "{} uploads were rejected because the node was busy: it took up {} of all.",
            number(rejected),
            percent(part, whole)
        ));
    }
    for Upgrade { at, from, to, .. } in &node.upgrades {
        sentences.push(format!(
            "Version {to} since {} UTC, {from} before: rates of before and after do not compare.",
            minute(*at)
        ));
    }
    sentences
}

/// One row for each action and outcome; the rate of success beside the first of an action, the
/// classes of failures under theirs.
fn actions(node: &NodeSummary) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("ACTION", Left),
        ("OUTCOME", Left),
        ("COUNT", Right),
        ("SHARE", Right),
        ("BYTES", Right),
        ("SUCCESS RATE", Right),
    ]);
    let all = node.actions.values().map(Tally::count).sum();
    for (action, tally) in &node.actions {
        let classes: Vec<String> = tally
            .by_class()
            .map(|(class, count)| format!("{} {}", class.name(), number(count)))
            .collect();
        let outcomes = [
            (Outcome::Success.name(), tally.success, String::new()),
            (Outcome::Canceled.name(), tally.canceled, String::new()),
            ("failed", tally.failed(), format!("because of {}", classes.join(", "))),
        ];
        let mut first = true;
        for (outcome, amount, note) in outcomes {
            if amount.count == 0 {
                continue;
            }
            let (name, rate) =
                if first { (action.name(), rate(action, tally)) } else { ("", Cell::from("")) };
            first = false;
            let cells = [
                Cell::from(name),
                Cell::from(outcome),
                Cell::from(number(amount.count)),
                Cell::styled(percent(amount.count, all), Style::Dim),
                Cell::from(amount.bytes.to_string()),
                rate,
            ];
            table.noted_row(cells, [Cell::styled(note, note_style(action, tally))]);
        }
    }
    table
}

fn rate(action: &Action, tally: &Tally) -> Cell {
    match tally.success(action) {
        Some(Share { part, whole }) if *action == Action::GetAudit && part < whole => {
            Cell::styled(percent(part, whole), Style::Alert)
        }
        Some(Share { part, whole }) => Cell::from(percent(part, whole)),
        None => Cell::from(""),
    }
}

/// Pieces that are gone, a disk that fails and audits not passed cost a node its place.
fn note_style(action: &Action, tally: &Tally) -> Style {
    let grave = tally
        .by_class()
        .any(|(class, _)| matches!(class, FailureClass::Missing | FailureClass::Disk));
    if grave || *action == Action::GetAudit { Style::Alert } else { Style::Plain }
}

/// What a satellite's transfers are put together by, where there is a line for each satellite.
#[derive(Default)]
struct Directions {
    uploads: Direction,
    downloads: Direction,
    audits: Tally,
    others: Tally,
}

/// Transfers in one direction.
#[derive(Default)]
struct Direction {
    /// What enters the rate.
    rated: Tally,
    /// Those of which the log names no action: races that were lost.
    nameless: u64,
}

impl Directions {
    fn of(actions: &BTreeMap<Action, Tally>) -> Self {
        let mut sums = Self::default();
        for (action, tally) in actions {
            match (Part::of(action), action) {
                (Some(Part::Uploads), _) => sums.uploads.rated.merge(tally),
                (Some(Part::Downloads), _) => sums.downloads.rated.merge(tally),
                (Some(Part::Audits), _) => sums.audits.merge(tally),
                (None, Action::Upload) => sums.uploads.nameless += tally.count(),
                (None, Action::Download) => sums.downloads.nameless += tally.count(),
                (None, _) => sums.others.merge(tally),
            }
        }
        sums
    }
}

fn satellites(satellites: &[SatelliteSummary]) -> Table {
    use Align::{Left, Right};
    let sums: Vec<Directions> =
        satellites.iter().map(|satellite| Directions::of(&satellite.actions)).collect();
    let has_others = sums.iter().any(|sums| sums.others.count() > 0);
    let mut columns = vec![
        ("SATELLITE", Left),
        ("UPLOADS", Right),
        ("RATE", Right),
        ("RECEIVED", Right),
        ("DOWNLOADS", Right),
        ("RATE", Right),
        ("SENT", Right),
        ("AUDITS", Right),
        ("RATE", Right),
    ];
    if has_others {
        columns.push(("OTHERS", Right));
    }
    let mut table = Table::new(columns);
    for (satellite, sums) in satellites.iter().zip(&sums) {
        let mut row = vec![Cell::from(name(satellite.id))];
        row.extend(direction(&sums.uploads));
        row.extend(direction(&sums.downloads));
        row.push(count(sums.audits.count()));
        row.push(rate(&Action::GetAudit, &sums.audits));
        if has_others {
            row.push(count(sums.others.count()));
        }
        table.row(row);
    }
    table
}

/// How many, the rate of success, and what was moved by those that succeeded.
fn direction(Direction { rated, nameless }: &Direction) -> [Cell; 3] {
    let all = rated.count() + nameless;
    if all == 0 {
        return [Cell::from("–"), Cell::from(""), Cell::from("")];
    }
    let Amount { count: part, bytes } = rated.success;
    let bytes = if bytes == ByteCount::default() { String::new() } else { bytes.to_string() };
    [count(all), Cell::from(percent(part, rated.count())), Cell::from(bytes)]
}

fn count(n: u64) -> Cell {
    Cell::from(if n == 0 { "–".to_owned() } else { number(n) })
}

/// The name that operators use, or the beginning of the id.
fn name(id: Option<SatelliteId>) -> String {
    let Some(id) = id else { return "(not told)".to_owned() };
    match id.known() {
        Some(known) => known.name.to_owned(),
        None => id.to_string().chars().take(12).chain(['…']).collect(),
    }
}
