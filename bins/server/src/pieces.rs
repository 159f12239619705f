//! `piecewatch pieces`: which pieces clients download most.

use std::{
    cmp::Reverse,
    io::{self, Write},
};

use piecewatch_analytics::hot_pieces::{HotList, HotPiece, hot_pieces_of};
use piecewatch_model::NodeName;
use piecewatch_store::{Nodes, Reader, Window};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Colour, Error, Result,
    cli::PiecesArgs,
    database,
    form::{Form, Span, csv, json},
    sentence::sentence,
    table::{Align, Cell, NOT_KNOWN, Style, Table, number},
    window::minute,
};

/// The hot pieces of nodes that have records.
pub(crate) struct Answer {
    pub(crate) nodes: Vec<(NodeName, HotList)>,
    pub(crate) limit: usize,
}

/// Everything, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<NodeRow<'a>>,
    pieces: Vec<Row<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct NodeRow<'a> {
    node: &'a str,
    #[serde(flatten)]
    span: Span,
    downloads: Option<u64>,
    error_max: u64,
}

/// A hot piece, for machines.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Row<'a> {
    node: &'a str,
    piece: String,
    downloads_at_least: u64,
    downloads_at_most: u64,
    bytes: u64,
    last_at: String,
}

/// Asks for hot pieces and prints them.
pub(crate) fn run(arguments: &PiecesArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match Form::from(arguments.form) {
        Form::Json => json(out, &answer.root()),
        Form::Csv => return csv(out, answer.flat()),
        Form::Text if answer.nodes.is_empty() => {
            writeln!(out, "{} holds no log of these nodes.", arguments.of.db.display())
        }
        Form::Text => answer.write(out, colour),
    };
    written.map_err(Error::Output)
}

fn ask(reader: &Reader, arguments: &PiecesArgs) -> Result<Answer> {
    let limit = usize::from(arguments.limit);
    let mut nodes = Vec::new();
    for node in database::chosen(reader, &arguments.of.db, &arguments.of.node)? {
        let Some(reach) = reader.reach(Nodes::Of(std::slice::from_ref(&node)))? else { continue };
        let from = arguments.window.before(reach.to).max(reach.from);
        let window = Window { from, to: reach.to };
        let list = hot_pieces_of(reader, &node, window, limit)?;
        nodes.push((node, list));
    }
    Ok(Answer { nodes, limit })
}

impl Answer {
    /// Those of all nodes, the most frequent first.
    fn pieces(&self) -> Vec<(&NodeName, &HotList, &HotPiece)> {
        let mut pieces = Vec::new();
        for (node, list) in &self.nodes {
            pieces.extend(list.pieces.iter().map(|piece| (node, list, piece)));
        }
        pieces.sort_by_key(|(.., piece)| Reverse((piece.at_least, piece.at_most)));
        pieces.truncate(self.limit);
        pieces
    }

    pub(crate) fn root(&self) -> Root<'_> {
        let nodes = self.nodes.iter().map(|(node, list)| NodeRow {
            node: node.as_str(),
            span: Span::of(list.window),
            downloads: list.downloads,
            error_max: list.error_max,
        });
        Root {
            span: Span::over(self.nodes.iter().map(|(_, list)| list.window)),
            nodes: nodes.collect(),
            pieces: self.pieces().into_iter().map(Row::of).collect(),
        }
    }

    pub(crate) fn flat(&self) -> impl Iterator<Item = (Span, Row<'_>)> {
        let pieces = self.pieces().into_iter();
        pieces.map(|of| (Span::of(of.1.window), Row::of(of)))
    }

    fn write(&self, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
        for (node, list) in &self.nodes {
            let name = Style::Bold.paint(node.as_str(), colour);
            let (from, to) = (minute(list.window.from), minute(list.window.to));
            let downloads = list.downloads.map_or_else(|| NOT_KNOWN.to_owned(), number);
            writeln!(out, "{name}   {from} to {to} UTC   {downloads} downloads by clients")?;
        }
        let pieces = self.pieces();
        if self.nodes.iter().any(|(_, list)| list.downloads.is_none()) {
            writeln!(out)?;
            sentence(
                out,
                "Where no number of downloads stands, no single one is known. Single transfers are kept \
                 for 48 hours; import --keep-raw keeps older ones, too.",
            )?;
        }
        if pieces.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        use Align::{Left, Right};
        let mut table =
            Table::new([("DOWNLOADS", Right), ("BYTES", Right), ("LAST", Left), ("NODE", Left)]);
        for (node, _, piece) in pieces {
            let name = if self.nodes.len() > 1 { node.as_str() } else { "" };
            let cells = [
                Cell::from(downloads(piece)),
                Cell::from(piece.bytes.to_string()),
                Cell::from(minute(piece.last_at)),
                Cell::from(name),
            ];
            table.noted_row(cells, [Cell::from(piece.piece.to_string())]);
        }
        table.without_empty_columns().write(out, colour)?;
        let error_max = self.nodes.iter().map(|(_, list)| list.error_max).max().unwrap_or(0);
        if error_max > 0 {
            let error_max = number(error_max);
            writeln!(out)?;
            sentence(
                out,
                &format!(
                    "There were more pieces than are counted one by one: a count is between the two \
                     numbers, and pieces that are not known had {error_max} downloads at most."
                ),
            )?;
        }
        Ok(())
    }
}

impl<'a> Row<'a> {
    fn of((node, _, piece): (&'a NodeName, &'a HotList, &'a HotPiece)) -> Self {
        Self {
            node: node.as_str(),
            piece: piece.piece.to_string(),
            downloads_at_least: piece.at_least,
            downloads_at_most: piece.at_most,
            bytes: piece.bytes.get(),
            last_at: piece.last_at.to_string(),
        }
    }
}

fn downloads(piece: &HotPiece) -> String {
    if piece.at_least == piece.at_most {
        return number(piece.at_least);
    }
    format!("{} to {}", number(piece.at_least), number(piece.at_most))
}
