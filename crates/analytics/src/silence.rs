//! Why does a node's log tell less than it should?

use std::time::Duration;

use piecewatch_model::{ByteCount, NodeName, Timestamp};
use piecewatch_store::{Activity, Nodes, Reader, Result};

const HOUR: Duration = Duration::from_secs(3600);

/// A node that ended and began again within this time has restarted.
const RESTART_MAX: Duration = Duration::from_secs(120);
/// A log that told transfers up to its end: a small node tells one in six seconds.
const NO_LINES: Duration = Duration::from_secs(30 * 60);
/// A log that told none lately: its most regular lines are the scores, every four hours and up to
/// five minutes later.
const NO_LINES_OF_QUIET: Duration = Duration::from_secs(5 * 3600);
/// A node moves no piece for so long only when something is wrong, or nobody knows it yet.
const NO_TRANSFERS: Duration = HOUR;
/// The orders of an hour are settled when that hour is over, one more hour has passed, and the
/// hourly round comes: three hours after the first transfer. Orders that come later than this after
/// the last transfer in the log are of transfers that are not in it.
const ORDERS_LAG: Duration = Duration::from_secs(4 * 3600);
/// Within this time any node that writes lines of level INFO has told scores, twice.
const TELLS_WITHIN: Duration = Duration::from_secs(9 * 3600);
/// Uploads are rarer than downloads on an old node, but not so rare.
const NO_UPLOADS: Duration = Duration::from_secs(3 * 3600);
/// Satellites choose no node for uploads that has less than 5 GB left. What was left is told before
/// the last uploads, hence twice that.
const NEXT_TO_NOTHING: ByteCount = ByteCount::new(10_000_000_000);

/// Whether a node is silent, and in which way. `since` is the last sign of what is missing, `None`
/// where there was none for 30 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// It is not: lines come, and they tell of uploads and downloads.
    Lively,
    /// The node said that it stops, or its supervisor that it did, or it crashed.
    Stopped {
        /// When.
        since: Timestamp,
        /// The last words.
        words: Box<str>,
    },
    /// No lines come, and the log does not tell why.
    NoLines {
        /// When lines came last.
        since: Option<Timestamp>,
    },
    /// Lines come and none tells of transfers; whether there are any, orders and scores will show.
    NoTransfers {
        /// The last transfer.
        since: Option<Timestamp>,
    },
    /// The node moves pieces and does not log it: orders are settled for transfers that are not in
    /// the log.
    Muted {
        /// The last transfer in the log.
        since: Option<Timestamp>,
        /// When orders were settled last.
        orders_at: Timestamp,
    },
    /// Only errors are logged: neither transfers, nor orders, nor scores, nor work on the pieces.
    OnlyErrors {
        /// The last line of level INFO that is known.
        since: Option<Timestamp>,
    },
    /// The node moves no pieces, though it runs and logs.
    NoTraffic {
        /// The last transfer.
        since: Option<Timestamp>,
    },
    /// Downloads go on, uploads do not, and next to no space is left.
    FullDisk {
        /// The last upload.
        since: Option<Timestamp>,
        /// What was left when it was told last.
        available: ByteCount,
    },
    /// Downloads go on and uploads do not, and the log does not tell why.
    NoUploads {
        /// The last upload.
        since: Option<Timestamp>,
    },
}

impl Silence {
    /// The kind of silence of a node at `now`. Ask when everything that its log holds was read:
    /// before that, what is told last happened long ago.
    pub fn of(activity: &Activity, now: Timestamp) -> Self {
        let Some(stored_at) = activity.stored_at else { return Self::NoLines { since: None } };
        if let Some(stopped) = stopped(activity, now) {
            return stopped;
        }
        let transfer_at = activity.transfer_at();
        let told_to_the_end = !is_past(transfer_at, stored_at, NO_LINES);
        let lines_within = if told_to_the_end { NO_LINES } else { NO_LINES_OF_QUIET };
        if is_past(Some(stored_at), now, lines_within) {
            return Self::NoLines { since: Some(stored_at) };
        }
        if is_past(transfer_at, now, NO_TRANSFERS) {
            return without_transfers(activity, now);
        }
        if !is_past(activity.upload_at, now, NO_UPLOADS) {
            return Self::Lively;
        }
        let since = activity.upload_at;
        match activity.space {
            Some(space) if space.bytes < NEXT_TO_NOTHING => {
                Self::FullDisk { since, available: space.bytes }
            }
            Some(_) | None => Self::NoUploads { since },
        }
    }

    /// Since when; `None` for a lively node, and where it began more than 30 days ago.
    pub const fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Lively => None,
            Self::Stopped { since, .. } => Some(*since),
            Self::NoLines { since }
            | Self::NoTransfers { since }
            | Self::Muted { since, .. }
            | Self::OnlyErrors { since }
            | Self::NoTraffic { since }
            | Self::FullDisk { since, .. }
            | Self::NoUploads { since } => *since,
        }
    }

    /// The kind in lower-case words joined by `_`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lively => "lively",
            Self::Stopped { .. } => "stopped",
            Self::NoLines { .. } => "no_lines",
            Self::NoTransfers { .. } => "no_transfers",
            Self::Muted { .. } => "muted",
            Self::OnlyErrors { .. } => "only_errors",
            Self::NoTraffic { .. } => "no_traffic",
            Self::FullDisk { .. } => "full_disk",
            Self::NoUploads { .. } => "no_uploads",
        }
    }

    /// What is the matter and what to look at, in a sentence or two for the operator.
    pub fn explanation(&self) -> String {
        let since = match self.since() {
            Some(since) => format!("since {}", minute(since)),
            None => "for 30 days or more".to_owned(),
        };
        match self {
            Self::Lively => "The log tells of uploads and downloads.".to_owned(),
            Self::Stopped { words, .. } => {
                format!("The node has been down {since}; its last words: {words}.")
            }
            Self::NoLines { .. } => format!(
                "No lines have come {since}: the node hangs or was killed, or its log is \
                 written elsewhere."
            ),
            Self::NoTransfers { .. } => format!(
                "No transfers were logged {since}: nobody uploads or downloads, or the node does \
                 not log it. Its orders and scores will show within hours."
            ),
            Self::Muted { orders_at, .. } => format!(
                "No transfers were logged {since}, but orders of transfers were settled at {}: the \
                 node works and does not log them. Remove piecestore from its log.custom-level.",
                minute(*orders_at)
            ),
            // Of a log that is new, or of long ago, nobody can tell how it goes on.
            Self::OnlyErrors { since: None } => {
                "Nothing of the last 30 days was read that a node logs at level info: if that stays \
                 so, look whether this is its log, and set its log.level to info."
                    .to_owned()
            }
            Self::OnlyErrors { since: Some(_) } => format!(
                "Only errors were logged {since}: set the node's log.level to info to see its \
                 transfers."
            ),
            Self::NoTraffic { .. } => format!(
                "No transfers were made {since}, though the node runs: check that it can be \
                 reached from outside, and that no satellite has suspended it."
            ),
            Self::FullDisk { available, .. } => format!(
                "No uploads have come {since} while downloads go on: the node is full, {available} \
                 was left."
            ),
            Self::NoUploads { .. } => format!(
                "No uploads have come {since} while downloads go on: the node is full, its version \
                 is too old, or satellites have suspended it."
            ),
        }
    }
}

/// `2026-08-19 14:03 UTC`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string().replace('T', " ");
    format!("{} UTC", text.get(..16).unwrap_or(&text))
}

/// Asks for the silence of nodes as it was at an instant, such as the end of a window: what was read
/// of a node after it, as when an old log is imported, is told as of its newest record. Nodes that
/// have no log are left out.
///
/// # Errors
///
/// When the database cannot be read.
pub fn silence_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    at: Timestamp,
) -> Result<Vec<(NodeName, Silence)>> {
    let known = reader.nodes()?;
    let newest = |name: &NodeName| {
        let node = known.iter().find(|node| node.name == *name)?;
        node.records.map(|(_, last)| last)
    };
    let mut silences = Vec::new();
    for mut activity in reader.activity(nodes, at)? {
        let Some(last) = newest(&activity.node) else { continue };
        if activity.stored_at.is_some_and(|stored| stored > at) {
            activity.stored_at = Some(last.min(at));
        }
        let silence = Silence::of(&activity, at);
        silences.push((activity.node, silence));
    }
    Ok(silences)
}

/// Whether there was nothing for so long.
fn is_past(last: Option<Timestamp>, now: Timestamp, limit: Duration) -> bool {
    last.is_none_or(|last| after(last, limit) <= now)
}

fn after(at: Timestamp, duration: Duration) -> Timestamp {
    at.plus_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

/// The last words of a node, if nothing came after them.
fn stopped(activity: &Activity, now: Timestamp) -> Option<Silence> {
    let stop = activity.stopped.as_ref().map(|stop| {
        let detail = stop.event.detail();
        (stop.at, if detail.is_empty() { "it was asked to stop" } else { detail })
    });
    let fatal = activity.fatal.as_ref().map(|fatal| (fatal.at, &*fatal.text));
    // What broke says more than that the process ended, which is told at the same time or later.
    let last = stop.max(fatal).map(|(at, _)| at)?;
    let words = match fatal {
        Some((at, text)) if after(at, RESTART_MAX) >= last => text,
        Some(_) | None => stop?.1,
    };
    let started = activity.started.as_ref().map(|started| started.at);
    let later = [started, activity.transfer_at(), activity.orders_at, activity.scores_at];
    // A start in the second of the stop is the one after it.
    let goes_on = later.into_iter().flatten().any(|at| at > last) || started == Some(last);
    if goes_on || !is_past(Some(last), now, RESTART_MAX) {
        return None;
    }
    Some(Silence::Stopped { since: last, words: words.into() })
}

fn without_transfers(activity: &Activity, now: Timestamp) -> Silence {
    let since = activity.transfer_at();
    if let Some(orders_at) = activity.orders_at
        && is_past(since, orders_at, ORDERS_LAG)
    {
        return Silence::Muted { since, orders_at };
    }
    let started = activity.started.as_ref().map(|started| started.at);
    let version = activity.version.as_ref().map(|version| version.at);
    let at_info = [activity.orders_at, activity.scores_at, activity.work_at, started, version];
    let told = at_info.into_iter().fold(since, Option::max);
    if is_past(told, now, TELLS_WITHIN) {
        return Silence::OnlyErrors { since: told };
    }
    if is_past(since, now, TELLS_WITHIN) {
        return Silence::NoTraffic { since };
    }
    Silence::NoTransfers { since }
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{Lifecycle, LifecycleEvent, Trouble, TroubleKind};
    use piecewatch_store::Available;

    use super::*;

    const NOW: Timestamp = Timestamp::from_civil((2026, 8, 19), 14, 0, 0);

    fn ago(minutes: i64) -> Option<Timestamp> {
        Some(NOW.plus_micros(-minutes * 60_000_000))
    }

    /// A node that was busy up to so many minutes ago.
    fn busy(minutes: i64) -> Activity {
        Activity {
            node: "n1".parse().unwrap(),
            stored_at: ago(minutes),
            upload_at: ago(minutes + 1),
            download_at: ago(minutes + 1),
            orders_at: ago(minutes + 50),
            scores_at: ago(minutes + 200),
            work_at: None,
            space: None,
            started: None,
            version: None,
            stopped: None,
            fatal: None,
            disk_trouble: None,
        }
    }

    fn lifecycle(minutes: i64, event: LifecycleEvent) -> Option<Lifecycle> {
        Some(Lifecycle { at: ago(minutes).unwrap(), event })
    }

    fn check(activity: &Activity, name: &str, since: Option<Timestamp>) -> String {
        let silence = Silence::of(activity, NOW);
        assert_eq!((silence.name(), silence.since()), (name, since), "{activity:?}");
        silence.explanation()
    }

    #[test]
    fn a_busy_node_is_lively_and_a_quiet_minute_is_nothing() {
        check(&busy(0), "lively", None);
        check(&busy(29), "lively", None);
        // An upload a few hours ago is nothing either.
        check(&Activity { upload_at: ago(179), ..busy(0) }, "lively", None);
    }

    #[test]
    fn without_lines_the_last_words_tell_whether_the_node_stopped() {
        check(&busy(30), "no_lines", ago(30));
        check(&Activity { stored_at: None, ..busy(0) }, "no_lines", None);

        let stopping = Activity { stopped: lifecycle(30, LifecycleEvent::Stopping), ..busy(30) };
        let text = check(&stopping, "stopped", ago(30));
        assert!(text.ends_with("its last words: it was asked to stop."), "{text}");

        let fatal = Trouble {
            at: ago(31).unwrap(),
            kind: TroubleKind::Fatal,
            satellite: None,
            text: "unrecoverable error: disk gone".into(),
        };
        let crashed = Activity { fatal: Some(fatal), ..stopping.clone() };
        assert!(check(&crashed, "stopped", ago(30)).contains("disk gone"));

        // Its process ended an hour before that, and began again: this time nothing was said.
        let once = Activity {
            stopped: lifecycle(90, LifecycleEvent::Exited("status 1".into())),
            started: lifecycle(89, LifecycleEvent::Configured),
            ..busy(30)
        };
        check(&once, "no_lines", ago(30));
        let at_once = lifecycle(30, LifecycleEvent::Configured);
        check(&Activity { started: at_once, ..stopping }, "no_lines", ago(30));
        // A restart is no stop.
        let now = Activity { stopped: lifecycle(1, LifecycleEvent::Stopping), ..busy(1) };
        check(&now, "lively", None);
    }

    #[test]
    fn orders_without_transfers_tell_a_muted_node() {
        let silent =
            |minutes| Activity { upload_at: ago(minutes), download_at: ago(minutes), ..busy(0) };
        check(&silent(59), "lively", None);
        // Orders of now may still be of transfers of four hours ago.
        check(&silent(200), "no_transfers", ago(200));
        check(&silent(300), "muted", ago(300));
        let always = Activity { upload_at: None, download_at: None, ..busy(0) };
        let text = check(&always, "muted", None);
        assert!(text.contains("for 30 days or more") && text.contains("custom-level"), "{text}");
        // A muted node writes a line an hour, or fewer.
        check(&Activity { stored_at: ago(120), ..always.clone() }, "muted", None);
        check(&Activity { stored_at: ago(300), ..always }, "no_lines", ago(300));
    }

    #[test]
    fn without_orders_scores_tell_whether_the_node_logs_at_all() {
        let silent = |minutes| Activity {
            upload_at: ago(minutes),
            download_at: ago(minutes),
            orders_at: ago(minutes - 120),
            ..busy(0)
        };
        check(&silent(8 * 60), "no_transfers", ago(8 * 60));
        check(&silent(9 * 60), "no_traffic", ago(9 * 60));
        let errors = |minutes| Activity { scores_at: ago(minutes + 100), ..silent(minutes) };
        check(&errors(9 * 60), "no_traffic", ago(9 * 60));
        check(&errors(11 * 60), "only_errors", ago(9 * 60));
        // Walks and compactions are logged at level info, too.
        let works = Activity { work_at: ago(60), ..errors(11 * 60) };
        let text = check(&works, "no_traffic", ago(11 * 60));
        assert!(text.contains("though the node runs"), "{text}");
    }

    #[test]
    fn a_log_of_which_nothing_recent_was_read_is_not_said_to_hold_errors() {
        let unknown = Silence::OnlyErrors { since: None }.explanation();
        assert!(unknown.starts_with("Nothing of the last 30 days was read"), "{unknown}");
        let errors = Silence::OnlyErrors { since: ago(600) }.explanation();
        assert!(errors.starts_with("Only errors were logged since"), "{errors}");
    }

    #[test]
    fn downloads_without_uploads_tell_a_full_disk_where_space_was_told() {
        let space = |bytes| Some(Available { at: ago(190).unwrap(), bytes: ByteCount::new(bytes) });
        let full = Activity { upload_at: ago(180), ..busy(0) };
        check(&full, "no_uploads", ago(180));
        check(
            &Activity { space: space(2_000_000_000_000), ..full.clone() },
            "no_uploads",
            ago(180),
        );
        let text = check(&Activity { space: space(4_000_000_000), ..full }, "full_disk", ago(180));
        assert!(text.contains("4") && text.contains("was left"), "{text}");
    }
}
