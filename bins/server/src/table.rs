//! Aligned tables for people, and how their numbers look.

use std::io::{self, Write};

use crate::sentence::{lines, width};

/// Whether escape sequences for colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// To a terminal whose user has not set `NO_COLOR`.
    On,
    /// Anywhere else.
    Off,
}

/// How a cell looks when there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As the rest of the terminal.
    Plain,
    /// Headings.
    Bold,
    /// What is there for completeness.
    Dim,
    /// What wants to be looked at.
    Alert,
}

impl Style {
    /// The text in this style.
    pub(crate) fn paint(self, text: &str, colour: Colour) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Alert => "31",
        };
        match colour {
            Colour::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Colour::Off => text.to_owned(),
        }
    }
}

/// To which side the cells of a column are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One field of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell with a style.
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::Plain)
    }
}

/// What stands for a value that is not known, or not there.
pub(crate) const NOT_KNOWN: &str = "–";

/// Below so many columns a last column is not broken.
const BROKEN_MIN: usize = 24;
/// By so much is indented what stands under a row.
const NOTE_INDENT: &str = "    ";

/// Rows under headings, each column as wide as its widest cell. Words in the last column are broken
/// at the width of the terminal.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    cells: Vec<Cell>,
    /// What stands under it, each beginning on a line of its own.
    notes: Vec<Cell>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(columns: impl IntoIterator<Item = (impl Into<String>, Align)>) -> Self {
        let columns = columns.into_iter().map(|(name, align)| (name.into(), align));
        Self { columns: columns.collect(), rows: Vec::new() }
    }

    /// Adds a row; cells that are missing at its end stay empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.noted_row(cells, []);
    }

    /// Adds a row with texts under it that no column would hold; empty ones are left out.
    pub(crate) fn noted_row(
        &mut self,
        cells: impl IntoIterator<Item = Cell>,
        notes: impl IntoIterator<Item = Cell>,
    ) {
        let notes = notes.into_iter().filter(|note| !note.text.is_empty()).collect();
        self.rows.push(Row { cells: cells.into_iter().collect(), notes });
    }

    /// Leaves out the columns in which no row says anything: a line should fit a terminal.
    #[must_use]
    pub(crate) fn without_empty_columns(mut self) -> Self {
        let is_empty = |column: usize| {
            let mut cells = self.rows.iter().map(|row| row.cells.get(column));
            cells.all(|cell| {
                cell.is_none_or(|Cell { text, .. }| text.is_empty() || text == NOT_KNOWN)
            })
        };
        let kept: Vec<bool> = (0..self.columns.len()).map(|column| !is_empty(column)).collect();
        let mut at_column = kept.iter();
        self.columns.retain(|_| *at_column.next().unwrap_or(&true));
        for row in &mut self.rows {
            let mut at_cell = kept.iter();
            row.cells.retain(|_| *at_cell.next().unwrap_or(&true));
        }
        self
    }

    /// Writes the table, indented by two spaces.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub(crate) fn write(&self, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
        self.write_within(width(), out, colour)
    }

    fn write_within(&self, width: usize, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
        let names = self.columns.iter().map(|(name, _)| Cell::styled(name.clone(), Style::Bold));
        let heading = Row { cells: names.collect(), notes: Vec::new() };
        let rows = || std::iter::once(&heading).chain(&self.rows);
        let width_of = |column: usize| {
            let cells = rows().filter_map(|row| row.cells.get(column));
            cells.map(|cell| cell.text.chars().count()).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.columns.len()).map(width_of).collect();
        if let (Some((last, others)), Some((_, Align::Left))) =
            (widths.split_last_mut(), self.columns.last())
        {
            let before: usize = others.iter().map(|width| width + 2).sum();
            let left = width.saturating_sub(before + 2);
            if left >= BROKEN_MIN {
                *last = left.min(*last);
            }
        }
        for row in rows() {
            for line in self.broken(row, &widths) {
                self.write_line(&line, &widths, out, colour)?;
            }
            for note in &row.notes {
                for line in lines(&note.text, width.saturating_sub(NOTE_INDENT.len())) {
                    writeln!(out, "{NOTE_INDENT}{}", note.style.paint(&line, colour))?;
                }
            }
        }
        Ok(())
    }

    /// The cells of a row line by line: more than one where the last cell is broken.
    fn broken(&self, row: &Row, widths: &[usize]) -> Vec<Vec<Cell>> {
        let last = self.columns.len().saturating_sub(1);
        let (Some(cell), Some(width)) = (row.cells.get(last), widths.get(last)) else {
            return vec![row.cells.clone()];
        };
        let parts = lines(&cell.text, *width).into_iter();
        let line = |(number, part): (usize, String)| {
            let before = row.cells[..last].iter();
            let mut line: Vec<Cell> = match number {
                0 => before.cloned().collect(),
                _ => before.map(|_| Cell::from("")).collect(),
            };
            line.push(Cell::styled(part, cell.style));
            line
        };
        parts.enumerate().map(line).collect()
    }

    fn write_line(
        &self,
        cells: &[Cell],
        widths: &[usize],
        out: &mut dyn Write,
        colour: Colour,
    ) -> io::Result<()> {
        let mut line = String::new();
        let mut gap = 2;
        for (cell, (&width, (_, align))) in cells.iter().zip(widths.iter().zip(&self.columns)) {
            // A word that is too long is longer than its column.
            let missing = width.saturating_sub(cell.text.chars().count());
            let before = if *align == Align::Right { missing } else { 0 };
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', gap + before));
                line.push_str(&cell.style.paint(&cell.text, colour));
                gap = missing - before;
            } else {
                gap += width;
            }
            gap += 2;
        }
        writeln!(out, "{line}")
    }
}

/// A whole number with its thousands set apart: `1,234,567`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A part of a whole as a percentage, rounded down: `99.53 %`, so that what is less than all is
/// never shown as all. Nothing of nothing is `–`.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    if part >= whole {
        return "100 %".to_owned();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// A length of time with three digits, in the unit that fits: `850 µs`, `12.3 ms`, `1.23 s`; minutes
/// and hours to the second.
pub(crate) fn duration(micros: u64) -> String {
    let three = |value: f64, unit: &str| {
        let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
        format!("{value:.decimals$} {unit}")
    };
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..999_500 => three(micros as f64 / 1e3, "ms"),
        999_500..59_950_000 => three(micros as f64 / 1e6, "s"),
        59_950_000.. => {
            let seconds = (micros + 500_000) / 1_000_000;
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            match hours {
                0 => format!("{minutes} min {seconds:02} s"),
                hours => format!("{hours} h {minutes:02} min {seconds:02} s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_line_up_and_lines_do_not_end_in_spaces() {
        let mut table = Table::new([("NAME", Align::Left), ("N", Align::Right), ("", Align::Left)]);
        table.row(["a".into(), "1,000".into(), "note".into()]);
        table.row(["Süden".into(), Cell::styled("7", Style::Alert)]);
        table.row(["".into(), "8".into()]);
        let mut out = Vec::new();
        table.write(&mut out, Colour::Off).unwrap();
        let expected = "  NAME       N\n  a      1,000  note\n  Süden      7\n             8\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn columns_that_say_nothing_are_left_out() {
        let mut table = Table::new([("A", Align::Left), ("B", Align::Left), ("C", Align::Left)]);
        table.row(["x".into(), NOT_KNOWN.into(), "1".into()]);
        table.row(["y".into(), "".into()]);
        let mut out = Vec::new();
        table.without_empty_columns().write(&mut out, Colour::Off).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  A  C\n  x  1\n  y\n");
    }

    #[test]
    fn words_of_the_last_column_are_broken_and_notes_stand_under_their_row() {
        let mut table = Table::new([("A", Align::Left), ("WORDS", Align::Left)]);
        table.row(["x".into(), "one two three four five sixty".into()]);
        let note = "a note that no column would hold";
        table.noted_row(["y".into(), "five".into()], [note.into(), "".into()]);
        let mut out = Vec::new();
        table.write_within(32, &mut out, Colour::Off).unwrap();
        let expected = "  A  WORDS
  x  one two three four five
     sixty
  y  five
    a note that no column would
    hold
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut table = Table::new([("A", Align::Right), ("B", Align::Left)]);
        table.row([Cell::styled("1", Style::Alert), "x".into()]);
        let mut out = Vec::new();
        table.write(&mut out, Colour::On).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("  \u{1b}[31m1\u{1b}[0m  x\n"), "{text:?}");
    }

    #[test]
    fn numbers_are_readable() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
        assert_eq!(percent(7, 7), "100 %");
        assert_eq!(percent(999_999, 1_000_000), "99.99 %");
        assert_eq!(percent(57, 100), "57.00 %");
        assert_eq!(percent(0, 3), "0.00 %");
        assert_eq!(percent(0, 0), "–");
    }

    #[test]
    fn lengths_of_time_have_the_unit_that_fits() {
        for (micros, text) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_000, "1.00 ms"),
            (12_345, "12.3 ms"),
            (123_456, "123 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (9_995_000, "10.0 s"),
            (59_949_999, "59.9 s"),
            (60_000_000, "1 min 00 s"),
            (3_725_400_000, "1 h 02 min 05 s"),
        ] {
            assert_eq!(duration(micros), text);
        }
    }
}
