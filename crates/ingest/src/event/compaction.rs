//! The hash store's compactions.

use piecewatch_model::{ByteCount, Compaction, Phase, Record, template};

use super::{Event, short};

/// The beginning or end of a compaction, with the state of the store at that moment.
pub(super) fn parse(event: &Event<'_>) -> Option<Record> {
    let phase = match event.message {
        "beginning compaction" => Phase::Started,
        "finished compaction" if event.error().is_some() => Phase::Failed,
        "finished compaction" => Phase::Finished,
        "compaction failed" => Phase::Failed,
        _ => return None,
    };
    let payload = event.payload();
    let stats = payload.object(&["stats"]).unwrap_or_default();
    let table = stats.object(&["Table"]).unwrap_or_default();
    Some(Record::Compaction(Box::new(Compaction {
        at: event.at,
        satellite: event.satellite()?,
        store: short(payload.text(&["store"]).unwrap_or_default()),
        phase,
        duration_micros: payload.duration(&["duration"]),
        logs: stats.size(&["LenLogs"]).map(ByteCount::new),
        live: table.size(&["LenSet"]).map(ByteCount::new),
        trash: table.size(&["LenTrash"]).map(ByteCount::new),
        reclaimable: stats.size(&["DataReclaimable"]).map(ByteCount::new),
        reclaimed: stats.size(&["DataReclaimed"]).map(ByteCount::new),
        rewritten: stats.size(&["DataRewritten"]).map(ByteCount::new),
        table_load: table.float(&["Load"]),
        trash_share: stats.float(&["TrashPercent"]),
        error: event.error().map(|error| template(error).into_boxed_str()),
    })))
}
