//! `piecewatch pieces`: which pieces clients download most.

use std::{
    cmp::Reverse,
    io::{self, Write},
};

use piecewatch_analytics::{HotList, HotPiece, hot_pieces_of};
use piecewatch_model::NodeName;
use piecewatch_store::Reader;
use serde::Serialize;

use crate::{
    Colour, Error, Result,
    cli::PiecesArgs,
    database,
    form::{Form, csv, json},
    table::{Align, Cell, Style, Table, number},
    window::minute,
};

/// The hot pieces of nodes that have records.
struct Answer {
    nodes: Vec<(NodeName, HotList)>,
    limit: usize,
}

/// A hot piece, for machines.
#[derive(Serialize)]
struct Row<'a> {
    node: &'a str,
    piece: String,
    downloads_at_least: u64,
    downloads_at_most: u64,
    bytes: u64,
    last_at: String,
    from: String,
    to: String,
}

/// Asks for hot pieces and prints them.
pub(crate) fn run(arguments: &PiecesArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.db, |reader| ask(reader, arguments))?;
    let written = match Form::from(arguments.form) {
        Form::Json => json(out, &answer.rows().collect::<Vec<_>>()),
        Form::Csv => return csv(out, answer.rows()),
        Form::Text if answer.nodes.is_empty() => {
            writeln!(out, "{} holds no log of these nodes.", arguments.db.display())
        }
        Form::Text => answer.write(out, colour),
    };
    written.map_err(Error::Output)
}

fn ask(reader: &Reader, arguments: &PiecesArgs) -> Result<Answer> {
    let known = reader.nodes()?.into_iter().map(|node| node.name).collect();
    let mut nodes = Vec::new();
    for node in database::chosen(&arguments.db, &arguments.node, known)? {
        if let Some(list) = hot_pieces_of(reader, &node, arguments.limit)? {
            nodes.push((node, list));
        }
    }
    Ok(Answer { nodes, limit: arguments.limit })
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

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.pieces().into_iter().map(|(node, list, piece)| Row {
            node: node.as_str(),
            piece: piece.piece.to_string(),
            downloads_at_least: piece.at_least,
            downloads_at_most: piece.at_most,
            bytes: piece.bytes.get(),
            last_at: piece.last_at.to_string(),
            from: list.window.from.to_string(),
            to: list.window.to.to_string(),
        })
    }

    fn write(&self, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
        for (node, list) in &self.nodes {
            let name = Style::Bold.paint(node.as_str(), colour);
            let (from, to) = (minute(list.window.from), minute(list.window.to));
            let downloads = number(list.downloads);
            writeln!(out, "{name}   {from} to {to} UTC   {downloads} downloads by clients")?;
        }
        let pieces = self.pieces();
        if pieces.is_empty() {
            return writeln!(
                out,
                "\n  No single download of this time is known. Single transfers are kept for 48 hours; \
                 import --keep-raw keeps older ones, too."
            );
        }
        writeln!(out)?;
        use Align::{Left, Right};
        let mut table = Table::new([
            ("DOWNLOADS", Right),
            ("BYTES", Right),
            ("LAST", Left),
            ("NODE", Left),
            ("PIECE", Left),
        ]);
        for (node, _, piece) in pieces {
            let name = if self.nodes.len() > 1 { node.as_str() } else { "" };
            table.row([
                Cell::from(downloads(piece)),
                Cell::from(piece.bytes.to_string()),
                Cell::from(minute(piece.last_at)),
                Cell::from(name),
                Cell::from(piece.piece.to_string()),
            ]);
        }
        table.without_empty_columns().write(out, colour)?;
        let error_max = self.nodes.iter().map(|(_, list)| list.error_max).max().unwrap_or(0);
        if error_max > 0 {
            let error_max = number(error_max);
            writeln!(
                out,
                "\n  There were more pieces than are counted one by one: a count is between the two \
                 numbers, and pieces that are not known had {error_max} downloads at most."
            )?;
        }
        Ok(())
    }
}

fn downloads(piece: &HotPiece) -> String {
    if piece.at_least == piece.at_most {
        return number(piece.at_least);
    }
    format!("{} to {}", number(piece.at_least), number(piece.at_most))
}
