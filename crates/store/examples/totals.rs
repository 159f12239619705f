//! Prints what the nodes in a database have moved, by action and fate:
//! `cargo run --example totals -- piecewatch.db`. Without a file it makes an empty one.

use std::{error::Error, path::PathBuf};

use piecewatch_store::{Fate, Nodes, Store, StoreConfig};

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| folder.path().join("piecewatch.db"), PathBuf::from);
    let Store { readers, writer: _ } = Store::open(&path, StoreConfig::default())?;
    let totals = readers.get()?.traffic_totals(Nodes::All, None)?;
    match totals.window {
        Some(window) => println!("from {} to {}", window.from, window.to),
        None => println!("no records yet"),
    }
    for row in totals.rows {
        let satellite = match row.satellite {
            Some(id) => id.known().map_or_else(|| id.to_string(), |known| known.name.to_owned()),
            None => "-".to_owned(),
        };
        let fate = match row.fate {
            Fate::Ended(outcome) => outcome.name(),
            Fate::Rejected => "rejected",
        };
        let (node, action, count, bytes) = (row.node, row.action, row.count, row.bytes);
        println!("{node:12} {satellite:16} {action:12} {fate:9} {count:>12} {bytes:>10}");
    }
    Ok(())
}
