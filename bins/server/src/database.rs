//! `piecewatch db`, and how commands open a database.

use std::{
    io::{self, Write},
    path::Path,
    thread,
};

use piecewatch_model::{ByteCount, NodeName};
use piecewatch_store::{Check, Reader, Store, StoreConfig};

use crate::{
    Colour, Error, Result,
    cli::DbCommand,
    clock::{self, Stopwatch},
    sentence::sentence,
    table::{Align, Cell, Style, Table, number},
};

/// How many rows are removed in one transaction: a moment for those who wait to write.
const ROWS_MAX: u32 = 10_000;

/// Looks after a database.
pub(crate) fn run(command: &DbCommand, out: &mut dyn Write, colour: Colour) -> Result<()> {
    match command {
        DbCommand::Check { db } => check(db, out, colour),
        DbCommand::Backup { db, to } => backup(db, to, out),
        DbCommand::Prune { db } => prune(db, out),
    }
}

/// Opens a database that is there, asks it, and closes it again.
pub(crate) fn read<T>(path: &Path, ask: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
    let store = open(path)?;
    let reader = store.readers.get()?;
    ask(&reader)
}

/// Opens a database that is there.
pub(crate) fn open(path: &Path) -> Result<Store> {
    // Opening would make one, out of an empty file as well.
    match path.metadata() {
        Ok(file) if file.is_file() && file.len() == 0 => {
            return Err(Error::EmptyDatabase { path: path.to_owned() });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::NoDatabase { path: path.to_owned() });
        }
        Ok(_) | Err(_) => {}
    }
    Ok(Store::open(path, StoreConfig { readers: 1, ..StoreConfig::default() })?)
}

/// The nodes to show: those asked for in the order asked for, or all that the database knows.
pub(crate) fn chosen(reader: &Reader, db: &Path, asked: &[NodeName]) -> Result<Vec<NodeName>> {
    let known: Vec<NodeName> = reader.nodes()?.into_iter().map(|node| node.name).collect();
    if asked.is_empty() {
        return Ok(known);
    }
    let mut names: Vec<NodeName> = Vec::new();
    for name in asked {
        if !known.contains(name) {
            return Err(Error::UnknownNode {
                path: db.to_owned(),
                name: name.to_string(),
                known: in_words(&known),
            });
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    Ok(names)
}

fn in_words(names: &[NodeName]) -> String {
    match names {
        [] => "none".to_owned(),
        [only] => only.to_string(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(NodeName::as_str).collect();
            format!("{} and {last}", most.join(", "))
        }
    }
}

fn check(db: &Path, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let check = read(db, |reader| Ok(reader.check()?))?;
    tell(db, &check, out, colour).map_err(Error::Output)?;
    match check.damage.len() {
        0 => Ok(()),
        places => Err(Error::Damaged { path: db.to_owned(), places }),
    }
}

fn tell(db: &Path, check: &Check, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    for damage in &check.damage {
        writeln!(out, "{}", Style::Alert.paint(damage, colour))?;
    }
    if check.damage.is_empty() {
        writeln!(out, "{} is sound.", db.display())?;
    }
    let mut table = Table::new([
        ("TABLE OR INDEX", Align::Left),
        ("SIZE", Align::Right),
        ("SERVES QUESTIONS", Align::Right),
    ]);
    for object in &check.sizes {
        let served = check.plans.iter().filter(|plan| plan.uses(&object.name)).count();
        table.row([
            Cell::from(object.name.clone()),
            Cell::from(ByteCount::new(object.bytes).to_string()),
            Cell::from(if served == 0 { String::new() } else { served.to_string() }),
        ]);
    }
    writeln!(out)?;
    table.write(out, colour)?;
    let scans: Vec<&str> =
        check.plans.iter().filter(|plan| plan.scans()).map(|plan| plan.question).collect();
    if scans.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let all = scans.join("; ");
    sentence(out, &format!("Questions that read something whole, each on purpose: {all}."))
}

fn backup(db: &Path, to: &Path, out: &mut dyn Write) -> Result<()> {
    read(db, |reader| Ok(reader.backup(to)?))?;
    let told = match to.metadata() {
        Ok(file) => writeln!(out, "{}: {}", to.display(), ByteCount::new(file.len())),
        Err(_) => writeln!(out, "{}", to.display()),
    };
    told.map_err(Error::Output)
}

fn prune(db: &Path, out: &mut dyn Write) -> Result<()> {
    let mut writer = open(db)?.writer;
    let mut rows = 0;
    loop {
        let step_since = Stopwatch::start();
        let pruned = writer.prune(clock::now(), ROWS_MAX)?;
        rows += pruned.rows;
        if !pruned.more {
            break;
        }
        // Half of the time belongs to others who write.
        thread::sleep(step_since.elapsed());
    }
    let told = match rows {
        0 => writeln!(out, "{}: nothing is older than it is kept for", db.display()),
        rows => writeln!(out, "{}: {} rows removed", db.display(), number(rows)),
    };
    told.map_err(Error::Output)
}
