//! `piecewatch sizes`: how large transfers are.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use piecewatch_analytics::{
    tally::Amount,
    transfer_size::{SizeClass, size_classes},
};
use piecewatch_model::{Action, Grain, NodeName};
use piecewatch_store::{Ending, Nodes, Reader, SizeRow, Window};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Colour, Error, Result,
    cli::SizesArgs,
    database,
    form::{Form, Span, csv, json},
    table::{Align, Cell, Style, Table, number, percent},
    window::{minute, up_to_newest},
};

/// How large the transfers of nodes together were.
pub(crate) struct Answer {
    nodes: Vec<NodeName>,
    /// `None` where there are no records.
    window: Option<Window>,
    classes: BTreeMap<(Action, Ending, SizeClass), Amount>,
}

impl Answer {
    /// What rows of a window add up to.
    pub(crate) fn of(nodes: Vec<NodeName>, window: Option<Window>, rows: &[SizeRow]) -> Self {
        Self { nodes, window, classes: size_classes(rows) }
    }
}

/// Asks for sizes and prints them.
pub(crate) fn run(arguments: &SizesArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match (Form::from(arguments.form), answer.window) {
        (Form::Json, _) => json(out, &Object::of(&answer)),
        (Form::Csv, _) => return csv(out, flat(&answer)),
        (Form::Text, Some(window)) => text(&answer, window, out, colour),
        (Form::Text, None) => {
            writeln!(out, "{} holds no log of these nodes.", arguments.of.db.display())
        }
    };
    written.map_err(Error::Output)
}

fn ask(reader: &Reader, arguments: &SizesArgs) -> Result<Answer> {
    let nodes = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    let Some(window) = up_to_newest(reader, &nodes, arguments.window)? else {
        return Ok(Answer::of(nodes, None, &[]));
    };
    let rows = reader.sizes(Nodes::Of(&nodes), window)?;
    Ok(Answer::of(nodes, Some(window.widened(Grain::Hour)), &rows))
}

/// How large transfers were, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Object<'a> {
    #[serde(flatten)]
    span: Span,
    sizes: Vec<Row<'a>>,
}

/// Transfers of a class of sizes.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Row<'a> {
    action: &'a str,
    outcome: &'static str,
    from_bytes: u64,
    /// The first above it; null of the last class.
    to_bytes: Option<u64>,
    count: u64,
    bytes: u64,
}

impl<'a> Object<'a> {
    pub(crate) fn of(answer: &'a Answer) -> Self {
        Self { span: Span::over(answer.window), sizes: answer.classes.iter().map(row).collect() }
    }
}

/// Each class beside the window, for CSV.
pub(crate) fn flat(answer: &Answer) -> impl Iterator<Item = (Span, Row<'_>)> {
    answer.classes.iter().map(|of| (Span::over(answer.window), row(of)))
}

fn row<'a>(
    ((action, ending, class), amount): (&'a (Action, Ending, SizeClass), &Amount),
) -> Row<'a> {
    let above = SizeClass::ALL.into_iter().find(|other| other > class);
    Row {
        action: action.name(),
        outcome: ending.name(),
        from_bytes: class.low().get(),
        to_bytes: above.map(|above| above.low().get()),
        count: amount.count,
        bytes: amount.bytes.get(),
    }
}

fn text(answer: &Answer, window: Window, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let names: Vec<&str> = answer.nodes.iter().map(NodeName::as_str).collect();
    let title = Style::Bold.paint(&names.join(", "), colour);
    writeln!(out, "{title}   {} to {} UTC\n", minute(window.from), minute(window.to))?;
    if answer.classes.is_empty() {
        return writeln!(out, "  The size of no transfer in this time is known.");
    }
    table(answer).write(out, colour)
}

/// Transfers of an action and class, for people.
#[derive(Default)]
struct Line {
    endings: BTreeMap<Ending, u64>,
    all: Amount,
}

fn table(answer: &Answer) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("ACTION", Left),
        ("SIZE", Left),
        ("SUCCESS", Right),
        ("CANCELED", Right),
        ("FAILED", Right),
        ("SHARE", Right),
        ("DATA", Right),
    ]);
    let mut kinds: BTreeMap<(&Action, SizeClass), Line> = BTreeMap::new();
    let mut of_action: BTreeMap<&Action, u64> = BTreeMap::new();
    for ((action, ending, class), amount) in &answer.classes {
        let Line { endings, all } = kinds.entry((action, *class)).or_default();
        endings.insert(*ending, amount.count);
        all.add(*amount);
        *of_action.entry(action).or_default() += amount.count;
    }
    for ((action, class), Line { endings, all }) in kinds {
        let count = |ending| number(endings.get(&ending).copied().unwrap_or_default());
        table.row([
            Cell::from(action.name()),
            Cell::from(class.name()),
            Cell::from(count(Ending::Success)),
            Cell::from(count(Ending::Canceled)),
            Cell::from(count(Ending::Failed)),
            Cell::styled(percent(all.count, of_action[action]), Style::Dim),
            Cell::from(all.bytes.to_string()),
        ]);
    }
    table
}
