//! How far each source was read: compared and moved on in the transaction that stores what was
//! read.

use std::collections::HashSet;

use piecewatch_model::{Batch, Checkpoint, Fingerprinter, Head, Start, Timestamp};
use rusqlite::{Connection, OptionalExtension, Statement, params};

pub(crate) const AT: &str = "SELECT id FROM checkpoints
WHERE node = ?1 AND head_hash = ?2 AND head_len = ?3 AND offset = ?4 AND tail_hash = ?5
ORDER BY id DESC LIMIT 1";

pub(crate) const NEWER: &str = "SELECT id, head_len, head_hash FROM checkpoints NOT INDEXED
WHERE id > ?2 AND node = ?1";

pub(crate) const MOVE_ON: &str = "UPDATE checkpoints
SET node = ?1, head_len = ?2, head_hash = ?3, offset = ?4, tail_hash = ?5, marks = ?6, cursor = ?7,
    source = ?8, lines = lines + ?9, unparsed = unparsed + ?10, skipped_bytes = skipped_bytes + ?11,
    last_commit_at = ?12
WHERE id = ?13";

const BEGIN: &str = "INSERT INTO checkpoints (node, head_len, head_hash, offset, tail_hash, marks,
    cursor, source, lines, unparsed, skipped_bytes, first_commit_at, last_commit_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)";

/// Moves the position of a batch's source from its start to its end.
///
/// `false`, and nothing is changed, when the stored position is not the batch's start: somebody else
/// has read on. `own` are the checkpoints that this writer made: its readers know of each other.
pub(crate) fn advance(
    connection: &Connection,
    node: u16,
    batch: &Batch,
    now: Timestamp,
    own: &mut HashSet<i64>,
) -> rusqlite::Result<bool> {
    match batch.start {
        Start::Checkpoint { head, offset, tail_hash } => {
            let id: Option<i64> = connection
                .prepare_cached(AT)?
                .query_row(
                    params![node, head.hash as i64, head.len, offset as i64, tail_hash as i64],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(id) = id {
                move_on(connection, id, node, batch, now)?;
            }
            Ok(id.is_some())
        }
        Start::Beginning { known } => {
            if somebody_began(connection, node, known, batch.end.head, own)? {
                return Ok(false);
            }
            own.insert(begin(connection, node, batch, now)?);
            Ok(true)
        }
    }
}

/// Whether somebody else has begun to read a source with this beginning since `known`.
///
/// Heads of different lengths cannot be compared, since the bytes are not here; a head shorter than
/// it may become might belong to the same source, so it counts as the same. A false alarm costs
/// the reader one more look, after which it knows of that checkpoint. A stream is known by its name,
/// which has one length.
fn somebody_began(
    connection: &Connection,
    node: u16,
    known: i64,
    head: Head,
    own: &HashSet<i64>,
) -> rusqlite::Result<bool> {
    let mut newer = connection.prepare_cached(NEWER)?;
    let mut rows = newer.query(params![node, known])?;
    while let Some(row) = rows.next()? {
        let other = Head { len: row.get(1)?, hash: row.get::<_, i64>(2)? as u64 };
        let may_be_same = if other.len == head.len {
            other.hash == head.hash
        } else if other.is_stream() || head.is_stream() {
            false
        } else {
            usize::from(other.len.min(head.len)) < Fingerprinter::HEAD_LEN
        };
        if may_be_same && !own.contains(&row.get(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn move_on(
    connection: &Connection,
    id: i64,
    node: u16,
    batch: &Batch,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(MOVE_ON)?;
    bind(&mut statement, node, batch, now)?;
    statement.raw_bind_parameter(13, id)?;
    statement.raw_execute()?;
    Ok(())
}

fn begin(
    connection: &Connection,
    node: u16,
    batch: &Batch,
    now: Timestamp,
) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(BEGIN)?;
    bind(&mut statement, node, batch, now)?;
    statement.raw_execute()?;
    Ok(connection.last_insert_rowid())
}

/// Binds what both statements say of the place that a batch has reached.
fn bind(
    statement: &mut Statement<'_>,
    node: u16,
    batch: &Batch,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Checkpoint { head, offset, tail_hash, marks, cursor } = &batch.end;
    statement.raw_bind_parameter(1, node)?;
    statement.raw_bind_parameter(2, head.len)?;
    statement.raw_bind_parameter(3, head.hash as i64)?;
    statement.raw_bind_parameter(4, *offset as i64)?;
    statement.raw_bind_parameter(5, *tail_hash as i64)?;
    statement.raw_bind_parameter(6, marks_to_bytes(marks))?;
    statement.raw_bind_parameter(7, cursor.as_deref())?;
    statement.raw_bind_parameter(8, &*batch.source)?;
    statement.raw_bind_parameter(9, batch.counts.lines() as i64)?;
    statement.raw_bind_parameter(10, batch.counts.unparsed as i64)?;
    statement.raw_bind_parameter(11, batch.counts.skipped_bytes as i64)?;
    statement.raw_bind_parameter(12, now.as_micros())
}

fn marks_to_bytes(marks: &[u64]) -> Vec<u8> {
    marks.iter().flat_map(|mark| mark.to_le_bytes()).collect()
}

/// Reads what [`marks_to_bytes`] wrote.
pub(crate) fn marks_from_bytes(bytes: &[u8]) -> Vec<u64> {
    let (marks, _) = bytes.as_chunks();
    marks.iter().map(|mark| u64::from_le_bytes(*mark)).collect()
}
