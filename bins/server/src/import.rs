//! `piecewatch import`: batches from `piecewatch-ingest` to `piecewatch-store`.

mod report;
mod writing;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use piecewatch_ingest::{
    Archive, Countries, FileReport, Flow, Import, ImportConfig, Status, find_archives,
};
use piecewatch_model::{Batch, LineCounts};
use piecewatch_store::{OldTransfers, Store, StoreConfig, Writer};

use self::{
    report::{Files, Report},
    writing::{Queue, Written},
};
use crate::{Colour, Error, Result, cli::ImportArgs, clock::Stopwatch, progress::Progress};

/// How often an import looks again when another process reads the same files at the same time.
const ATTEMPTS_MAX: u32 = 100;

/// What to read, in order.
struct Sources {
    archives: Vec<Archive>,
    stdin: bool,
}

/// Imports, and prints what became of every line.
pub(crate) fn run(arguments: &ImportArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let since = Stopwatch::start();
    let countries = match &arguments.geoip {
        Some(path) => Some(Countries::open(path).map_err(Error::Source)?),
        None => None,
    };
    let (sources, mut errors) = find(&arguments.paths);
    let mut files = Files::default();
    if sources.stdin || !sources.archives.is_empty() {
        let config = ImportConfig {
            node: arguments.node.clone(),
            workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            countries,
            time_zone: None,
        };
        let done = import(arguments, &sources, &config, &mut files);
        errors.extend(done.unwrap_or_else(|error| vec![error]));
    }
    let report = Report { node: arguments.node.clone(), files, elapsed: since.elapsed() };
    let written = if arguments.json {
        report.write_json(out)
    } else {
        report.write_text(&arguments.db, out, colour)
    };
    written.map_err(Error::Output)?;
    if errors.is_empty() { Ok(()) } else { Err(Error::Several(errors)) }
}

fn find(paths: &[PathBuf]) -> (Sources, Vec<Error>) {
    let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.iter().cloned().partition(|path| path == Path::new("-"));
    let (archives, errors) = find_archives(&paths);
    let sources = Sources { archives, stdin: !stdin.is_empty() };
    (sources, errors.into_iter().map(Error::Source).collect())
}

/// Reads the sources, adds to `files` what became of them, and gives the errors of single ones.
fn import(
    arguments: &ImportArgs,
    sources: &Sources,
    config: &ImportConfig,
    files: &mut Files,
) -> Result<Vec<Error>> {
    let old_transfers = if arguments.keep_raw { OldTransfers::Keep } else { OldTransfers::SumOnly };
    let Store { mut writer, readers } =
        Store::open(&arguments.db, StoreConfig { old_transfers, ..StoreConfig::default() })?;
    let bytes = sources.archives.iter().map(Archive::disk_len).sum();
    for _ in 0..ATTEMPTS_MAX {
        let known = readers.get()?.sources(&config.node)?;
        let mut import = Import::new(config.clone(), known.checkpoints, known.newest);
        let mut progress = Progress::start((!sources.stdin).then_some(bytes));
        let attempt = read(sources, &mut import, &mut writer, &arguments.db, &mut progress);
        files.add(attempt.statuses, &attempt.written.counts);
        attempt.written.result?;
        if !attempt.written.moved {
            return Ok(attempt.errors);
        }
        // Another process read on in one of the files. What it stored is a checkpoint now, and
        // this time all of that is passed over. Standard input is gone, though.
        if sources.stdin {
            break;
        }
    }
    Err(Error::Contended { path: arguments.db.clone() })
}

/// What came of reading all sources once.
struct Attempt {
    /// The sources that were looked at, in order.
    statuses: Vec<(String, FileReport)>,
    written: Written,
    errors: Vec<Error>,
}

/// Reads all sources on this thread and writes on another.
fn read(
    sources: &Sources,
    import: &mut Import,
    writer: &mut Writer,
    db: &Path,
    progress: &mut Progress,
) -> Attempt {
    let mut statuses = Vec::new();
    let mut errors = Vec::new();
    let mut given: BTreeMap<Arc<str>, LineCounts> = BTreeMap::new();
    let bytes = AtomicU64::new(0);
    let written = thread::scope(|scope| {
        let (queue, batches) = Queue::new();
        let writing = scope.spawn(|| writing::run(writer, db, batches));
        let mut sink = |batch: Batch| {
            progress.advance(batch.counts.lines(), bytes.load(Ordering::Relaxed));
            *given.entry(Arc::clone(&batch.source)).or_default() += batch.counts;
            queue.send(batch)
        };
        let mut note = |name: String, report: piecewatch_ingest::Result<FileReport>| {
            // What was read of a file before it broke is stored, and is told.
            let broken = FileReport { status: Status::Incomplete, unread_bytes: 0 };
            let (report, stopped) = match report {
                Ok(report) => (report, report.status == Status::Incomplete),
                Err(error) => {
                    errors.push(Error::Source(error));
                    (broken, false)
                }
            };
            statuses.push((name, report));
            if stopped { Flow::Stop } else { Flow::Continue }
        };
        let mut flow = Flow::Continue;
        for archive in &sources.archives {
            if flow == Flow::Continue {
                let report = import.file(archive, &bytes, &mut sink);
                flow = note(archive.path().to_string_lossy().into_owned(), report);
            }
        }
        if sources.stdin && flow == Flow::Continue {
            let report = import.stream(Path::new("-"), io::stdin(), &bytes, &mut sink);
            note("-".to_owned(), report);
        }
        drop(queue);
        writing.join().expect("the writing thread does not panic")
    });
    // A file may have been read to its end when its lines could not be stored.
    for (name, report) in &mut statuses {
        if given.get(name.as_str()) != written.counts.get(name.as_str()) {
            report.status = Status::Incomplete;
        }
    }
    // What gave nothing before it broke has an error to its name, and nothing to report.
    statuses.retain(|(name, report)| {
        report.status != Status::Incomplete || given.contains_key(name.as_str())
    });
    Attempt { statuses, written, errors }
}
