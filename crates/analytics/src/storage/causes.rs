//! Why do a node, its satellites and its files not say the same?

use piecewatch_model::ByteCount;

use super::{
    DAY_MICROS,
    capacity::{Allotment, Capacity, Told},
    files::FileAccount,
    growth::Growth,
};

/// A part of the difference between what two parties say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// What it is.
    pub kind: CauseKind,
    /// How many bytes; negative where it makes the node's figure smaller.
    pub bytes: i64,
}

/// Why a node takes more or less than its satellites report, or counts more or less than its files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CauseKind {
    /// Deleted pieces that are kept for a week. Nobody pays for them.
    Trash,
    /// What is dead in the hash store's log files, and will be freed by compactions.
    Dead,
    /// What else is taken besides pieces and trash: tables of the hash store, and what of its dead
    /// bytes the log does not tell.
    Other,
    /// Pieces that satellites do not count: garbage that no bloom filter has named yet, pieces of
    /// satellites that are gone, and what came since the day of the reports.
    Garbage,
    /// The same, where satellites have reported nothing: most of it is what they do not tell.
    Unreported,
    /// Satellites count more than the node does: its own count is behind. A walk over its pieces
    /// sets it right.
    NodeCountsLess,
    /// Pieces in parts of the files of which nothing is known.
    UnknownFiles,
    /// What came or went since walks and compactions told of the files, if the node grew then as it
    /// does now; no more than the difference.
    Since,
    /// Sizes in the hash store, which nodes round.
    Rounding,
    /// What came or went otherwise, other files on a disk that is the node's alone, or a count that
    /// is off. A walk over the pieces sets it right.
    ChangedOrMiscounted,
}

impl CauseKind {
    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trash => "trash",
            Self::Dead => "dead",
            Self::Other => "other",
            Self::Garbage => "garbage",
            Self::Unreported => "unreported",
            Self::NodeCountsLess => "node_counts_less",
            Self::UnknownFiles => "unknown_files",
            Self::Since => "since",
            Self::Rounding => "rounding",
            Self::ChangedOrMiscounted => "changed_or_miscounted",
        }
    }
}

/// What a node takes beyond its allotment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overused {
    /// How much.
    pub bytes: ByteCount,
    /// How much of it is trash, dead bytes and the like, which go without anyone's doing.
    pub passing: ByteCount,
}

impl Overused {
    pub(super) fn of(capacity: &Capacity) -> Option<Self> {
        let bytes = capacity.overused?.bytes;
        let passing =
            capacity.whole.map_or(ByteCount::default(), |whole| whole.trash + whole.other);
        (bytes > ByteCount::default()).then(|| Self { bytes, passing: passing.min(bytes) })
    }
}

/// Why a node takes more or less than satellites report. `dead` is what the log tells of the hash
/// store, and `rest` what remains is called where the node counts more.
pub(super) fn against_satellites(
    whole: &Allotment,
    reported: ByteCount,
    dead: ByteCount,
    rest: CauseKind,
) -> Vec<Cause> {
    let dead = dead.min(whole.other);
    let remaining = signed(whole.used) - signed(reported);
    let rest = if remaining < 0 { CauseKind::NodeCountsLess } else { rest };
    told([
        (CauseKind::Trash, signed(whole.trash)),
        (CauseKind::Dead, signed(dead)),
        (CauseKind::Other, signed(whole.other) - signed(dead)),
        (rest, remaining),
    ])
}

/// Why a node counts more or less pieces than are in its files.
pub(super) fn against_files(node: Told, files: &FileAccount, growth: &[Growth]) -> Vec<Cause> {
    let Some(found) = files.found() else { return Vec::new() };
    let difference = signed(node.bytes) - signed(found);
    if difference > 0 && !files.missing.is_empty() {
        return told([(CauseKind::UnknownFiles, difference)]);
    }
    let since = since(node, files, growth);
    let since = if since.signum() == difference.signum() {
        since.signum() * since.abs().min(difference.abs())
    } else {
        0
    };
    let rest = difference - since;
    let is_rounding = rest.unsigned_abs() <= files.rounding.get();
    let rest_is = if is_rounding { CauseKind::Rounding } else { CauseKind::ChangedOrMiscounted };
    told([(CauseKind::Since, since), (rest_is, rest)])
}

/// What came since the files were told of, if the node grew as it does now: by the growth over the
/// shortest time that reaches back so far, else over the longest that is known.
fn since(node: Told, files: &FileAccount, growth: &[Growth]) -> i64 {
    let Some(since) = files.since else { return 0 };
    let days = (node.at.as_micros() - since.as_micros()).max(0) as f64 / DAY_MICROS as f64;
    let known = || growth.iter().filter_map(|of| Some((of.over.days(), of.pieces?.per_day)));
    let reaching = known().find(|(over, _)| f64::from(*over) >= days);
    reaching.or_else(|| known().next_back()).map_or(0, |(_, per_day)| (per_day * days) as i64)
}

fn told<const N: usize>(causes: [(CauseKind, i64); N]) -> Vec<Cause> {
    let causes = causes.into_iter().filter(|(_, bytes)| *bytes != 0);
    causes.map(|(kind, bytes)| Cause { kind, bytes }).collect()
}

fn signed(bytes: ByteCount) -> i64 {
    i64::try_from(bytes.get()).unwrap_or(i64::MAX)
}
