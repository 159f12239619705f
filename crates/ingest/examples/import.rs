//! Imports the logs that are named (files, folders, patterns) and prints what is in them, without
//! keeping anything: `cargo run -p piecewatch-ingest --example import -- LOG…`.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]
#![expect(clippy::print_stderr, reason = "what cannot be read is told beside")]

use std::{
    collections::BTreeMap, error::Error, num::NonZeroUsize, path::PathBuf, sync::atomic::AtomicU64,
    thread,
};

use piecewatch_ingest::{Flow, Import, ImportConfig, find_archives};
use piecewatch_model::{LineCounts, Outcome, Record};

/// Number and bytes of the transfers of one action and outcome.
type Totals = BTreeMap<(String, &'static str), (u64, u64)>;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        return Err("the paths of some logs are needed: import LOG…".into());
    }
    let (archives, errors) = find_archives(&paths);
    errors.iter().for_each(|error| eprintln!("{error}"));

    let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let config = ImportConfig { node: "node".parse()?, workers, countries: None, time_zone: None };
    // Nothing is stored, so nothing is known: within this run, each line still counts once.
    let mut import = Import::new(config, Vec::new(), 0);
    let mut totals = Totals::new();
    let mut counts = LineCounts::default();
    for archive in &archives {
        let report = import.file(archive, &AtomicU64::new(0), |batch| {
            counts += batch.counts;
            for record in &batch.records {
                add(record, &mut totals);
            }
            Flow::Continue
        });
        match report {
            Ok(report) => println!("{}: {}", archive.path().display(), report.status.name()),
            // What came before the error is counted.
            Err(error) => eprintln!("{error}"),
        }
    }
    println!("\n{} lines, {} of them not understood", counts.lines(), counts.unparsed);
    for ((action, outcome), (count, bytes)) in totals {
        println!("{action:<12} {outcome:<9} {count:>10} {bytes:>16} B");
    }
    Ok(())
}

fn add(record: &Record, totals: &mut Totals) {
    let Record::Transfer(transfer) = record else { return };
    let outcome = match transfer.outcome {
        Outcome::Success => "success",
        Outcome::Canceled => "canceled",
        Outcome::Failed(_) => "failed",
    };
    let total = totals.entry((transfer.action.to_string(), outcome)).or_default();
    total.0 += 1;
    total.1 += transfer.size.map_or(0, |size| size.get());
}
