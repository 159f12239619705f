//! Errors for people.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt::Display,
    io::{self, Write},
};

use piecewatch_analytics::errors::ErrorText;
use piecewatch_model::{Action, FailureClass, NodeName, Outcome, TroubleKind};

use super::{Answer, TroubleText};
use crate::{
    Colour,
    sentence::sentence,
    table::{Align, Cell, Style, Table, number, percent},
    window::minute,
};

pub(super) fn write(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let names: Vec<&str> = answer.nodes.iter().map(NodeName::as_str).collect();
    let window = answer.errors.window;
    let title = Style::Bold.paint(&names.join(", "), colour);
    writeln!(out, "{title}   {} to {} UTC\n", minute(window.from), minute(window.to))?;
    texts(answer, out, colour)?;
    if !answer.troubles.is_empty() {
        writeln!(out, "\n  What else went wrong:\n")?;
        troubles(answer).without_empty_columns().write(out, colour)?;
    }
    Ok(())
}

fn texts(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    const UNTOLD: &str = "Some lines have none, and texts are kept for a year.";
    let errors = &answer.errors;
    let ended = number(errors.ended);
    if errors.ended == 0 {
        return writeln!(out, "  No transfer {} in this time.", answer.what_ended());
    }
    if errors.count == 0 {
        let what = answer.what_ended();
        return sentence(out, &format!("{ended} transfers {what}; no text is known. {UNTOLD}"));
    }
    table(answer).write(out, colour)?;
    let by_class = in_words(errors.by_outcome.iter().map(|(of, count)| (class(*of), *count)));
    let by_action = in_words(errors.by_action.iter().map(|(of, count)| (of, *count)));
    writeln!(out)?;
    sentence(out, &format!("{} in all: {by_class}; {by_action}.", number(errors.count)))?;
    if errors.count < errors.ended {
        let (known, what) = (number(errors.count), answer.what_ended());
        sentence(
            out,
            &format!("{ended} transfers {what}; the text is known of {known}. {UNTOLD}"),
        )?;
    }
    if errors.top.len() < errors.texts {
        let (shown, texts) = (errors.top.len(), number(errors.texts as u64));
        let of = if errors.has_further_texts { "of at least" } else { "of" };
        writeln!(out, "  Shown are {shown} {of} {texts} texts; --limit shows more.")?;
    }
    Ok(())
}

fn table(answer: &Answer) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("COUNT", Right),
        ("SHARE", Right),
        ("FIRST", Left),
        ("LAST", Left),
        ("CLASS", Left),
    ]);
    let several = answer.nodes.len() > 1;
    for text in &answer.errors.top {
        let nodes = counts(text, |part| part.node.clone());
        let nodes =
            if several { in_words(nodes.iter().map(|(of, n)| (of, *n))) } else { String::new() };
        let actions = counts(text, |part| part.action.clone());
        let outcomes = counts(text, |part| part.outcome);
        let classes: Vec<&str> = outcomes.keys().map(|outcome| class(*outcome)).collect();
        let cells = [
            Cell::from(number(text.count)),
            Cell::styled(percent(text.count, answer.errors.count), Style::Dim),
            Cell::from(minute(text.first_at)),
            Cell::from(minute(text.last_at)),
            Cell::styled(classes.join(", "), style(text)),
        ];
        let actions = in_words(actions.iter().map(|(of, n)| (of, *n)));
        let places = if nodes.is_empty() { actions } else { format!("{actions}; {nodes}") };
        let notes = [Cell::from(text.text()), Cell::styled(places, Style::Dim)];
        table.noted_row(cells, notes);
    }
    table
}

/// Pieces that are gone, a disk that fails and audits not passed cost a node its place.
fn style(text: &ErrorText) -> Style {
    let is_grave = text.parts.iter().any(|part| match part.outcome {
        Outcome::Failed(FailureClass::Missing | FailureClass::Disk) => true,
        Outcome::Failed(_) => part.action == Action::GetAudit,
        Outcome::Success | Outcome::Canceled => false,
    });
    if is_grave { Style::Alert } else { Style::Plain }
}

fn counts<K: Ord>(
    text: &ErrorText,
    key: impl Fn(&piecewatch_store::ErrorRow) -> K,
) -> BTreeMap<K, u64> {
    let mut counts = BTreeMap::new();
    for part in &text.parts {
        *counts.entry(key(part)).or_default() += part.count;
    }
    counts
}

/// `GET 12, PUT 3`, the most frequent first; one alone needs no number.
fn in_words<K: Display>(counts: impl Iterator<Item = (K, u64)>) -> String {
    let mut counts: Vec<(K, u64)> = counts.collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    match &counts[..] {
        [(only, _)] => only.to_string(),
        several => {
            let words = several.iter().map(|(of, count)| format!("{of} {}", number(*count)));
            words.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The class of a failure, or the word for another outcome.
pub(super) const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success | Outcome::Canceled => outcome.name(),
        Outcome::Failed(class) => class.name(),
    }
}

fn troubles(answer: &Answer) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([("COUNT", Right), ("FIRST", Left), ("LAST", Left), ("KIND", Left)]);
    for trouble in &answer.troubles {
        let several = answer.nodes.len() > 1;
        let nodes = if several { in_words(by_node(trouble).into_iter()) } else { String::new() };
        let style = match trouble.kind {
            TroubleKind::Fatal
            | TroubleKind::Panic
            | TroubleKind::Disk
            | TroubleKind::Clock
            | TroubleKind::Version
            | TroubleKind::Orders
            | TroubleKind::Database => Style::Alert,
            TroubleKind::Ping
            | TroubleKind::Quic
            | TroubleKind::TrashRead
            | TroubleKind::LinesDropped
            | TroubleKind::Other => Style::Plain,
        };
        let cells = [
            Cell::from(number(trouble.count)),
            Cell::from(minute(trouble.first_at)),
            Cell::from(minute(trouble.last_at)),
            Cell::styled(trouble.kind.name(), style),
        ];
        let notes = [Cell::from(trouble.text.clone()), Cell::styled(nodes, Style::Dim)];
        table.noted_row(cells, notes);
    }
    table
}

fn by_node(trouble: &TroubleText) -> BTreeMap<&NodeName, u64> {
    let mut counts = BTreeMap::new();
    for part in &trouble.parts {
        *counts.entry(&part.node).or_default() += part.count;
    }
    counts
}
