//! Uses the store alone: takes a batch, and asks what the transfers in it moved.

use std::error::Error;

use piecewatch_model::{
    Action, Batch, ByteCount, Fingerprinter, KnownSatellite, LineCounts, Outcome, PieceId, Record,
    Start, Timestamp, Transfer,
};
use piecewatch_store::{Appended, Nodes, Store, StoreConfig};

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("piecewatch.db");
    let Store { readers, mut writer } = Store::open(&path, StoreConfig::default())?;
    let at: Timestamp = "2026-08-19T14:03:29Z".parse()?;
    assert_eq!(writer.append(&[batch(at)?], at)?, [Appended::Committed]);

    let totals = readers.get()?.traffic_totals(Nodes::All, None)?;
    assert_eq!(totals.rows.len(), 1);
    for row in &totals.rows {
        println!("{} {} {} {}", row.node, row.action, row.count, row.bytes);
    }
    Ok(())
}

/// One upload, and the place in a log up to which it was read.
fn batch(at: Timestamp) -> Result<Batch, Box<dyn Error>> {
    let mut read = Fingerprinter::new();
    read.feed(b"the line that tells of it\n");
    let transfer = Transfer {
        at,
        satellite: Some(KnownSatellite::ALL[0].id()),
        piece: PieceId::new([7; 32]),
        action: Action::Put,
        outcome: Outcome::Success,
        size: Some(ByteCount::new(435_200)),
        offset: None,
        remote: Some("79.127.219.34:47146".parse()?),
        country: None,
        latency: None,
        error: None,
        error_text: None,
    };
    Ok(Batch {
        node: "attic".parse()?,
        source: "node.log".into(),
        start: Start::Beginning { known: 0 },
        end: read.checkpoint(),
        records: vec![Record::Transfer(transfer)],
        counts: LineCounts { transfers: 1, ..LineCounts::default() },
    })
}
