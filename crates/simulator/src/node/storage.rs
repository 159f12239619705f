//! Work on the pieces: garbage collection, walks, trash, compactions, migration.

use super::{Node, SATELLITES};
use crate::{
    event::{Event, Key, Kind, Severity, Value, key, same},
    log::{duration, size},
    vocabulary::Era,
};

use Severity::{Debug, Info, Warn};

const SATELLITE: Key = key("Satellite ID", "satellite_id");
const PIECE: Key = key("Piece ID", "piece_id");
/// Subprocesses and orders spelled it so.
const SATELLITE_CAMEL: Key = key("satelliteID", "satellite_id");
/// The hash store spells it so, before and since.
const SATELLITE_SHORT: Key = same("satellite");
const CACHE_PATH: Key = key("cachePath", "cache_path");
const SECOND: u64 = 1_000_000;

impl Node {
    pub(super) fn storage_work(&mut self) {
        let era = self.era();
        let satellite = SATELLITES[self.satellite()];
        match self.rng.below(10) {
            0 | 1 if era >= Era::Y2025 => self.compact(era, satellite),
            0 | 1 => self.delete(era, satellite),
            2 if era >= Era::Y2022 => self.retain(era, satellite),
            3 if era >= Era::Y2023 => self.gc_walk(era, satellite),
            4 if era >= Era::Y2025 => self.used_space_walk(era, satellite),
            5 if era >= Era::Y2022 => self.empty_trash(era, satellite),
            6 if era >= Era::Y2025 => self.migrate(era, satellite),
            7 if era >= Era::Y2022 => self.trash_pieces(era, satellite),
            8 if era >= Era::Y2023 => self.trash_walk(era, satellite),
            _ => self.collect(era, satellite),
        }
    }

    fn compact(&mut self, era: Era, satellite: &'static str) {
        let store = self.rng.pick(&["s0", "s1"]);
        let line = |message: &'static str| {
            Event::new(era, Info, "hashstore", message)
                .with(SATELLITE_SHORT, satellite)
                .with(same("store"), store)
        };
        let begin = self.stats(era);
        self.tell(
            Kind::Compaction,
            line("beginning compaction").with(same("stats"), Value::Reflected(begin)),
        );
        let today = self.now / 86_400_000_000;
        self.background(line("compact once started").with(same("today"), today));
        let records = self.rng.between(900, 400_000);
        let takes = self.rng.log_normal(6 * SECOND, 1.2);
        let details = line("compaction computed details")
            .with(same("nset"), records)
            .with(same("nexist"), records)
            .with(same("modifications"), Value::Bool(true));
        let details = if era == Era::Y2026 {
            details
                .with(same("curr_log_slots"), 20_i64)
                .with(same("curr logSlots size"), "64.0 MiB")
                .with(same("next_log_slots"), 20_i64)
                .with(same("next logSlots size"), "64.0 MiB")
        } else {
            details.with(same("curr logSlots"), 14_i64).with(same("next logSlots"), 14_i64)
        };
        let candidates: Vec<i64> =
            (0..self.rng.below(5)).map(|_| self.rng.below(300) as i64).collect();
        let rewrite = candidates.iter().copied().take(1).collect();
        let details = details
            .with(same("candidates"), Value::Ints(candidates))
            .with(same("rewrite"), Value::Ints(rewrite))
            .with(same("duration"), duration(takes * 300));
        self.tell_later(takes / 3, Kind::Background, details);
        let rewritten = line("records rewritten")
            .with(same("records"), records / 60)
            .with(same("bytes"), size(records * 9_000))
            .with(same("duration"), duration(takes * 450));
        self.tell_later(takes / 2, Kind::Background, rewritten);
        self.tell_later(takes - 2, Kind::Background, table_rewritten(era, line, records, takes));
        let once = line("compact once finished")
            .with(same("duration"), duration(takes * 998))
            .with(same("completed"), Value::Bool(true));
        self.tell_later(takes - 1, Kind::Background, once);
        let end = self.stats(era);
        let finished =
            line("finished compaction").with(same("duration"), duration(takes * 1_000 + 7));
        // A nil error has no key; one in a dozen compactions has one.
        let finished = if self.rng.one_in(12) {
            let error = "hashstore: not enough free space on logs disk to compact: 1073741824 required, 52428800 free";
            finished.with_error(
                error.to_owned(),
                "\n\tstorj.io/storj/storagenode/hashstore.(*Store).Compact:812",
            )
        } else {
            finished
        };
        let finished = finished.with(same("stats"), Value::Reflected(end));
        self.tell_later(takes, Kind::Compaction, finished);
    }

    /// `stats`: a Go struct, so compact JSON within a spaced payload.
    fn stats(&mut self, era: Era) -> String {
        let today = self.now / 86_400_000_000;
        let live = self.rng.between(1, 900) << 27;
        let trash = live / self.rng.between(7, 90);
        let logs = live + trash + (live >> 5);
        let records = live / 200_023 + 1;
        let trashed = trash / 350_841 + 1;
        let slots = (records * 3).next_power_of_two().max(16_384);
        let tail = if era == Era::Y2026 {
            "\"LogsSkipped\":81,\"LogsMatched\":0,\"LogsMismatched\":0,\"FreeRequired\":\"1.0 GiB\","
        } else {
            ""
        };
        format!(
            "{{\"NumLogs\":{},\"LenLogs\":\"{}\",\"NumLogsTTL\":25,\"LenLogsTTL\":\"316.8 MiB\",\
             \"SetPercent\":{},\"TrashPercent\":{},\"TTLPercent\":0.0034742069145179723,\
             \"Compacting\":false,\"Compactions\":4,\"Today\":{today},\"LastCompact\":{},\
             \"LogsRewritten\":21,\"DataRewritten\":\"4.9 GiB\",\"DataReclaimed\":\"8.0 GiB\",\
             \"DataReclaimable\":\"{}\",\"Table\":{{\"NumSet\":{records},\"LenSet\":\"{}\",\
             \"AvgSet\":{},\"NumTrash\":{trashed},\"LenTrash\":\"{}\",\"AvgTrash\":{},\
             \"NumTTL\":228,\"LenTTL\":\"255.2 MiB\",\"AvgTTL\":1173745.403508772,\
             \"NumSlots\":{slots},\"TableSize\":\"{}\",\"Load\":{},\"Created\":{today},\
             \"Kind\":0}},{tail}\"Compaction\":{{\"Elapsed\":0,\"Remaining\":0,\
             \"TotalRecords\":0,\"ProcessedRecords\":0}}}}",
            logs >> 30,
            size(logs),
            live as f64 / logs as f64,
            trash as f64 / logs as f64,
            today - 1,
            size(logs - live),
            size(live),
            live as f64 / records as f64,
            size(trash),
            trash as f64 / trashed as f64,
            size(slots * 64),
            records as f64 / slots as f64,
        )
    }

    fn delete(&mut self, era: Era, satellite: &'static str) {
        let piece = Value::Piece(self.piece());
        let event = match era {
            Era::Y2019 => Event::new(era, Info, "piecestore", "deleted")
                .with(same("SatelliteID"), satellite)
                .with(PIECE, piece),
            Era::Y2022 | Era::Y2023 | Era::Y2025 | Era::Y2026 => {
                Event::new(era, Info, "piecedeleter", "delete piece sent to trash")
                    .with(SATELLITE, satellite)
                    .with(PIECE, piece)
            }
        };
        self.background(event);
    }

    fn retain(&mut self, era: Era, satellite: &'static str) {
        let line = |severity, message: &'static str| {
            let event = Event::new(era, severity, "retain", message);
            if era >= Era::Y2025 { event.with(CACHE_PATH, "config/retain") } else { event }
        };
        let day_before = self.time(-86_400);
        if era >= Era::Y2025 {
            let received = Event::new(era, Info, "piecestore", "New bloomfilter is received")
                .with(SATELLITE_SHORT, satellite)
                .with(same("creation"), day_before.clone());
            self.background(received);
            self.background(line(Info, "Retain job queued").with(SATELLITE, satellite));
        }
        let severity = if era == Era::Y2022 { Debug } else { Info };
        let prepared = line(severity, "Prepared to run a Retain request.")
            .with(key("Created Before", "created_before"), day_before)
            .with(key("Filter Size", "filter_size"), 1_187_031_i64)
            .with(SATELLITE, satellite);
        self.background(prepared);
        let takes = self.rng.log_normal(20 * SECOND, 1.3);
        let deleted = self.rng.below(60_000);
        let moved = line(Info, "Moved pieces to trash during retain");
        let moved = if era == Era::Y2022 {
            moved.with(same("num deleted"), deleted).with(same("Retain Status"), "enabled")
        } else {
            moved
                .with(key("Deleted pieces", "deleted_pieces"), deleted)
                .with(key("Failed to delete", "failed_to_delete"), 0_i64)
                .with(key("Pieces failed to read", "pieces_failed_to_read"), self.rng.below(2))
                .with(key("Pieces count", "pieces_count"), self.rng.between(60_000, 4_000_000))
                .with(SATELLITE, satellite)
                .with(key("Duration", "duration"), duration(takes * 1_000 + 311))
                .with(key("Retain Status", "retain_status"), "enabled")
        };
        self.tell_later(takes, Kind::Background, moved);
    }

    fn gc_walk(&mut self, era: Era, satellite: &'static str) {
        const LOGGER: &str = "lazyfilewalker.gc-filewalker";
        const CHILD: &str = "lazyfilewalker.gc-filewalker.subprocess";
        let line = |logger, message| sub(era, logger, message, satellite);
        self.background(line(LOGGER, "starting subprocess"));
        self.background(line(LOGGER, "subprocess started"));
        self.background(repeated(line(CHILD, "Database started")));
        let started = line(CHILD, "gc-filewalker started")
            .with(key("createdBefore", "created_before"), self.time(-3 * 86_400))
            .with(key("bloomFilterSize", "bloom_filter_size"), 1_187_031_i64);
        self.background(repeated(started));
        let pieces = self.rng.between(20_000, 4_000_000);
        let trashed = pieces / 70;
        // The parent reads a map: its order is as it comes.
        let completed = repeated(
            line(CHILD, "gc-filewalker completed")
                .with(key("Trashed Pieces", "trashed_pieces"), trashed)
                .with(key("Pieces Skipped", "pieces_skipped"), self.rng.below(3)),
        )
        .with(key("piecesCount", "pieces_count"), pieces)
        .with(key("Total Pieces To Trash", "total_pieces_to_trash"), trashed);
        let takes = self.rng.log_normal(15 * SECOND, 1.0);
        self.tell_later(takes, Kind::Background, completed);
        let finished = line(LOGGER, "subprocess finished successfully");
        self.tell_later(takes + 900, Kind::Background, finished);
    }

    fn trash_walk(&mut self, era: Era, satellite: &'static str) {
        const LOGGER: &str = "lazyfilewalker.trash-cleanup-filewalker";
        const CHILD: &str = "lazyfilewalker.trash-cleanup-filewalker.subprocess";
        let line = |logger, message| sub(era, logger, message, satellite);
        self.background(line(LOGGER, "starting subprocess"));
        self.background(line(LOGGER, "subprocess started"));
        self.background(repeated(line(CHILD, "Database started")));
        let started = repeated(line(CHILD, "trash-filewalker started"))
            .with(key("dateBefore", "date_before"), self.time(-7 * 86_400));
        self.background(started);
        let keys = self.rng.below(5_000);
        let completed = repeated(
            line(CHILD, "trash-filewalker completed")
                .with(key("bytesDeleted", "bytes_deleted"), keys * 669_000),
        )
        .with(key("numKeysDeleted", "num_keys_deleted"), keys);
        self.tell_later(9 * SECOND, Kind::Background, completed);
        let finished = line(LOGGER, "subprocess finished successfully");
        self.tell_later(9 * SECOND + 700, Kind::Background, finished);
    }

    fn used_space_walk(&mut self, era: Era, satellite: &'static str) {
        let line = |message: &'static str| {
            Event::new(era, Info, "pieces", message).with(SATELLITE, satellite)
        };
        self.background(line("used-space-filewalker started"));
        let pieces = self.rng.between(20_000, 4_000_000);
        let takes = self.rng.log_normal(30 * SECOND, 1.0);
        let completed = line("used-space-filewalker completed")
            .with(key("Lazy File Walker", "lazy_file_walker"), Value::Bool(self.rng.one_in(2)))
            .with(key("Total Pieces Size", "total_pieces_size"), pieces * 669_512)
            .with(key("Total Pieces Content Size", "total_pieces_content_size"), pieces * 669_000)
            .with(key("Total Pieces Count", "total_pieces_count"), pieces)
            .with(key("Duration", "duration"), duration(takes * 1_000 + 256));
        self.tell_later(takes, Kind::Background, completed);
    }

    fn empty_trash(&mut self, era: Era, satellite: &'static str) {
        let line =
            |severity, message: &'static str| Event::new(era, severity, "pieces:trash", message);
        self.background(line(Debug, "starting to empty trash"));
        self.background(line(Info, "emptying trash started").with(SATELLITE, satellite));
        let takes = self.rng.log_normal(SECOND, 2.0);
        let finished = line(Info, "emptying trash finished")
            .with(SATELLITE, satellite)
            .with(same("elapsed"), duration(takes * 1_000 + 855));
        self.tell_later(takes, Kind::Background, finished);
    }

    fn migrate(&mut self, era: Era, satellite: &'static str) {
        const LOGGER: &str = "piecemigrate:chore";
        let enqueued = Event::new(era, Info, LOGGER, "enqueued for migration");
        self.background(enqueued.with(same("sat"), satellite));
        let active = [SATELLITES[2], SATELLITES[0], SATELLITES[1], SATELLITES[3]];
        let all = "all enqueued for migration; will sleep before next pooling";
        let all = Event::new(era, Info, LOGGER, all)
            .with(same("active"), Value::Flags(active.map(|id| (id, true)).to_vec()))
            .with(same("interval"), "10m0s");
        self.background(all);
        let piece = self.piece();
        let stuck = Event::new(era, Info, LOGGER, "couldn't migrate")
            .with_error(
                "hash mismatch: source=,destination=e90c59756e034dbebaaab953488eef65e515d4317cd27fde85d669c975f24b66".to_owned(),
                "\n\tstorj.io/storj/storagenode/piecemigrate.(*Chore).copyPiece:403\n\tstorj.io/storj/storagenode/piecemigrate.(*Chore).migrateOne:359",
            )
            .with(same("sat"), satellite)
            .with(same("id"), Value::Piece(piece));
        self.background(stuck);
        let pieces = self.rng.between(100, 9_000);
        let bunch = Event::new(era, Info, LOGGER, "processed a bunch of pieces")
            .with(same("successes"), pieces)
            .with(same("size"), pieces * 669_000);
        self.background(bunch);
    }

    /// One line for each piece, at DEBUG.
    fn trash_pieces(&mut self, era: Era, satellite: &'static str) {
        for _ in 0..self.rng.between(1, 6) {
            let piece = Value::Piece(self.piece());
            let event = Event::new(era, Debug, "retain", "About to move piece to trash")
                .with(key("BF", "bf"), "6d2b")
                .with(SATELLITE, satellite)
                .with(PIECE, piece)
                .with(key("Status", "status"), "enabled");
            self.background(event);
        }
        let piece = Value::Piece(self.piece());
        let message =
            if era >= Era::Y2025 { "failed to trash piece" } else { "failed to delete piece" };
        let event = Event::new(era, Warn, "retain", message)
            .with(SATELLITE, satellite)
            .with(PIECE, piece)
            .with_error("pieces error: file does not exist".to_owned(), "");
        self.background(event);
    }

    fn collect(&mut self, era: Era, satellite: &'static str) {
        let count = self.rng.below(2_000);
        let piece = Value::Piece(self.piece());
        let severity = if era >= Era::Y2025 { Debug } else { Info };
        let (message, satellite_key) = match era {
            Era::Y2019 => ("delete expired", same("SatelliteID")),
            Era::Y2022 | Era::Y2023 | Era::Y2025 | Era::Y2026 => {
                ("deleted expired piece", SATELLITE)
            }
        };
        let deleted = Event::new(era, severity, "collector", message)
            .with(satellite_key, satellite)
            .with(PIECE, piece);
        if era < Era::Y2025 {
            self.background(deleted);
            let collected = Event::new(era, Info, "collector", "collect");
            return self.background(collected.with(same("count"), count));
        }
        self.background(Event::new(era, Info, "collector", "expired pieces collection started"));
        self.background(deleted);
        let completed = Event::new(era, Info, "collector", "expired pieces collection completed");
        self.tell_later(SECOND / 3, Kind::Background, completed.with(same("count"), count));
    }

    /// A time in a field.
    fn time(&self, shift_seconds: i64) -> String {
        let second = self.now / 1_000_000 + shift_seconds;
        piecewatch_model::Timestamp::from_seconds(second).to_string()
    }
}

fn table_rewritten(
    era: Era,
    line: impl Fn(&'static str) -> Event,
    records: u64,
    takes: u64,
) -> Event {
    let event = line("hashtbl rewritten")
        .with(same("duration"), duration(takes * 40))
        .with(key("total records", "total_records"), records)
        .with(key("total bytes", "total_bytes"), size(records * 200_000))
        .with(key("rewritten records", "rewritten_records"), records / 60)
        .with(key("rewritten bytes", "rewritten_bytes"), size(records * 9_000))
        .with(key("trashed records", "trashed_records"), 21_i64)
        .with(key("trashed bytes", "trashed_bytes"), "15.9 MiB")
        .with(key("restored records", "restored_records"), 0_i64)
        .with(key("restored bytes", "restored_bytes"), "0 B")
        .with(key("expired records", "expired_records"), 0_i64)
        .with(key("expired bytes", "expired_bytes"), "0 B")
        .with(key("reclaimed logs", "reclaimed_logs"), 1_i64)
        .with(key("reclaimed bytes", "reclaimed_bytes"), size(records * 20_000));
    // v1.141.
    match era {
        Era::Y2026 if records.is_multiple_of(2) => event.with(same("reclaim_ratio"), "NaN"),
        Era::Y2026 => event.with(same("reclaim_ratio"), Value::Float(2.87)),
        Era::Y2019 | Era::Y2022 | Era::Y2023 | Era::Y2025 => event,
    }
}

fn sub(era: Era, logger: &'static str, message: &'static str, satellite: &'static str) -> Event {
    Event::new(era, Info, logger, message).with(SATELLITE_CAMEL, satellite)
}

/// A child's line is logged again by its parent, which names the process a second time.
fn repeated(event: Event) -> Event {
    event.with(key("Process", "process"), "storagenode")
}
