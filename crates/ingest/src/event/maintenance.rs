//! Work on the pieces: garbage collection, file walkers, trash, deletion, migration, disk checks.

use piecewatch_model::{ByteCount, Grain, Maintenance, MaintenanceKind as Kind, Phase, Record};

use super::{Event, short};

/// The numbers of a line, each under its names in both vocabularies.
#[derive(Default)]
struct Numbers {
    examined: &'static [&'static str],
    affected: &'static [&'static str],
    failed: &'static [&'static str],
    bytes: &'static [&'static str],
}

/// A line of any logger but `hashstore`.
pub(super) fn parse(event: &Event<'_>) -> Option<Record> {
    match event.logger {
        "retain" => retain(event),
        "pieces" => used_space_walker(event),
        "pieces:trash" => trash(event),
        "collector" => collector(event),
        "piecedeleter" => delete(event),
        "piecestore:monitor" => disk_check(event),
        "piecemigrate:chore" => migration(event),
        logger if logger.starts_with("lazyfilewalker.") => lazy_walker(event),
        logger if crate::transfer::is_transfer_logger(logger.as_bytes()) => {
            if event.message == "New bloomfilter is received" {
                return record(event, Kind::BloomFilter, Phase::Finished, Numbers::default());
            }
            delete(event)
        }
        _ => None,
    }
}

/// The steps of a compaction, and the opening of the store at start.
pub(super) fn hashstore(event: &Event<'_>) -> Option<Record> {
    let (kind, phase) = match event.message {
        "compact once started" => (Kind::CompactionStep, Phase::Started),
        "compact once finished" => (Kind::CompactionStep, Phase::Finished),
        "hashtbl rewritten" | "records rewritten" => (Kind::CompactionStep, Phase::Progress),
        "hashstore opened successfully" => (Kind::HashstoreOpen, Phase::Finished),
        _ => return None,
    };
    let numbers = match event.message {
        "hashtbl rewritten" => Numbers {
            examined: &["total_records", "total records"],
            affected: &["trashed_records", "trashed records"],
            failed: &[],
            bytes: &["reclaimed_bytes", "reclaimed bytes"],
        },
        "records rewritten" => {
            Numbers { affected: &["records"], bytes: &["bytes"], ..Numbers::default() }
        }
        _ => Numbers::default(),
    };
    record(event, kind, phase, numbers)
}

fn retain(event: &Event<'_>) -> Option<Record> {
    let phase = match event.message {
        "Retain job queued" => Phase::Queued,
        "Moved pieces to trash during retain" => Phase::Finished,
        "retain pieces failed" => Phase::Failed,
        "About to move piece to trash" => {
            return single_piece(event, Kind::Retain, Phase::Progress);
        }
        "failed to trash piece" | "failed to delete piece" => {
            return single_piece(event, Kind::Retain, Phase::Failed);
        }
        message if message.starts_with("Prepared to run a Retain request") => Phase::Started,
        _ => return None,
    };
    let numbers = Numbers {
        examined: &["pieces_count", "Pieces count"],
        affected: &["deleted_pieces", "Deleted pieces", "num deleted"],
        failed: &["failed_to_delete", "Failed to delete"],
        bytes: &[],
    };
    record(event, Kind::Retain, phase, numbers)
}

fn used_space_walker(event: &Event<'_>) -> Option<Record> {
    let phase = match event.message {
        "used-space-filewalker started" => Phase::Started,
        "used-space-filewalker completed" => Phase::Finished,
        "used-space-filewalker failed" => Phase::Failed,
        _ => return None,
    };
    let numbers = Numbers {
        examined: &["total_pieces_count", "Total Pieces Count"],
        bytes: &["total_pieces_size", "Total Pieces Size", "piecesTotal"],
        ..Numbers::default()
    };
    record(event, Kind::UsedSpaceWalker, phase, numbers)
}

/// The walkers that run as processes of their own; `….subprocess` tells what the process says, the
/// logger above it that the process began and ended.
fn lazy_walker(event: &Event<'_>) -> Option<Record> {
    let name = event.logger.strip_prefix("lazyfilewalker.")?;
    let (name, of_process) = match name.strip_suffix(".subprocess") {
        Some(name) => (name, false),
        None => (name, true),
    };
    let kind = match name {
        "gc-filewalker" => Kind::GcWalker,
        "used-space-filewalker" => Kind::UsedSpaceWalker,
        "trash-cleanup-filewalker" => Kind::TrashWalker,
        _ => return None,
    };
    let phase = match event.message {
        "starting subprocess" => Phase::Queued,
        "subprocess exited with status"
        | "failed to start subprocess"
        | "subprocess exited with error" => Phase::Failed,
        // What the process says itself tells when it began and ended, with its numbers.
        _ if of_process => return None,
        message if message.ends_with("filewalker started") => Phase::Started,
        message if message.ends_with("filewalker completed") => Phase::Finished,
        _ => return None,
    };
    let numbers = Numbers {
        examined: &["pieces_count", "piecesCount"],
        affected: &[
            "trashed_pieces",
            "Trashed Pieces",
            "piecesTrashed",
            "num_keys_deleted",
            "numKeysDeleted",
        ],
        failed: &[],
        bytes: &["bytes_deleted", "bytesDeleted", "piecesTotal"],
    };
    record(event, kind, phase, numbers)
}

fn trash(event: &Event<'_>) -> Option<Record> {
    let (kind, phase) = match event.message {
        "emptying trash started" => (Kind::EmptyTrash, Phase::Started),
        "emptying trash finished" => (Kind::EmptyTrash, Phase::Finished),
        "emptying trash failed" => (Kind::EmptyTrash, Phase::Failed),
        "restore trash started" => (Kind::RestoreTrash, Phase::Started),
        "restore trash finished" => (Kind::RestoreTrash, Phase::Finished),
        "restore trash failed" => (Kind::RestoreTrash, Phase::Failed),
        _ => return None,
    };
    record(event, kind, phase, Numbers::default())
}

fn collector(event: &Event<'_>) -> Option<Record> {
    let phase = match event.message {
        "expired pieces collection started" => Phase::Started,
        "expired pieces collection completed" | "collect" => Phase::Finished,
        "error during expired pieces collection" => Phase::Failed,
        "deleted expired piece" | "delete expired" => {
            return single_piece(event, Kind::ExpiredPieces, Phase::Progress);
        }
        "unable to delete piece" => return single_piece(event, Kind::ExpiredPieces, Phase::Failed),
        _ => return None,
    };
    record(
        event,
        Kind::ExpiredPieces,
        phase,
        Numbers { affected: &["count"], ..Numbers::default() },
    )
}

fn delete(event: &Event<'_>) -> Option<Record> {
    match event.message {
        "deleted" | "delete piece sent to trash" => {
            single_piece(event, Kind::Delete, Phase::Progress)
        }
        "delete failed" | "could not send delete piece to trash" => {
            single_piece(event, Kind::Delete, Phase::Failed)
        }
        _ => None,
    }
}

fn migration(event: &Event<'_>) -> Option<Record> {
    let phase = match event.message {
        "enqueued for migration" => Phase::Queued,
        "processed a bunch of pieces" => Phase::Progress,
        "couldn't migrate" => return single_piece(event, Kind::Migration, Phase::Failed),
        "failed to enqueue for migration" => Phase::Failed,
        _ => return None,
    };
    let numbers = Numbers { affected: &["successes"], bytes: &["size"], ..Numbers::default() };
    record(event, Kind::Migration, phase, numbers)
}

fn disk_check(event: &Event<'_>) -> Option<Record> {
    let kind = match event.message {
        "readability check done" => Kind::ReadCheck,
        "writability check done" => Kind::WriteCheck,
        _ => return None,
    };
    record(event, kind, Phase::Finished, Numbers::default())
}

#[expect(clippy::unnecessary_wraps, reason = "every caller hands it on")]
fn record(event: &Event<'_>, kind: Kind, phase: Phase, numbers: Numbers) -> Option<Record> {
    let payload = event.payload();
    let number = |names: &[&str]| if names.is_empty() { None } else { payload.number(names) };
    Some(Record::Maintenance(Box::new(Maintenance {
        at: event.at,
        kind,
        phase,
        satellite: event.satellite(),
        store: payload.text(&["store"]).map(short),
        duration_micros: payload.duration(&["duration", "Duration", "elapsed", "open_time"]),
        examined: number(numbers.examined),
        affected: number(numbers.affected),
        failed: number(numbers.failed),
        bytes: payload.size(numbers.bytes).map(ByteCount::new),
    })))
}

/// A line about one piece. A node may write a million of them in a row: they are told by the minute.
#[expect(clippy::unnecessary_wraps, reason = "every caller hands it on")]
fn single_piece(event: &Event<'_>, kind: Kind, phase: Phase) -> Option<Record> {
    let failed = phase == Phase::Failed;
    Some(Record::Maintenance(Box::new(Maintenance {
        at: event.at.floor(Grain::Minute),
        kind,
        phase,
        satellite: event.satellite(),
        store: None,
        duration_micros: None,
        examined: None,
        affected: (!failed).then_some(1),
        failed: failed.then_some(1),
        bytes: None,
    })))
}
