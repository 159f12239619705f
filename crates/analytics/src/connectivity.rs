//! Can the satellites and clients reach a node, and is its process as it should be?

mod log;
mod reach;

use std::{cmp::Ordering, collections::BTreeMap};

use piecewatch_model::{
    FailureClass, Grain, Lifecycle, LifecycleEvent, NodeName, NodeStatus, Outcome, PollPart, Quic,
    SatelliteId, Timestamp, TroubleKind,
};
use piecewatch_store::{Fate, Nodes, PollRow, Reader, Reported, Result, TroubleCount, Window};

use crate::{
    judgement::{Judged, Judgement, length, minute, times},
    restarts::{Ending, Restart, restarts},
    version::compare,
};
pub use log::LogOfWindow;
pub(crate) use reach::of_unreached;

const MINUTE: i64 = 60_000_000;
/// The dashboard is asked every five minutes: two polls may fail.
const POLL_LOOK: i64 = 15 * MINUTE;
const POLL_TROUBLE: i64 = 120 * MINUTE;
/// A node that keeps ending by itself, so often in so long, does so in a loop.
const LOOP_ENDS: usize = 3;
const LOOP_MICROS: i64 = 60 * MINUTE;
/// More than the texts of trouble that a node has.
const TROUBLES_MAX: u32 = 10_000;
/// A node that restarts every minute writes some seven thousand such lines a day.
const EVENTS_MAX: u32 = 50_000;
/// So many of the newest starts are told one by one: a node in a loop has thousands.
const STARTS_MAX: usize = 100;

/// Failed check-ins with satellites.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedPings {
    /// How many, by satellite.
    pub by_satellite: BTreeMap<Option<SatelliteId>, u64>,
    /// The last of them.
    pub last_at: Option<Timestamp>,
    /// The template of the most frequent text.
    pub text: Box<str>,
}

/// A version, and the lowest that the network accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The version that runs.
    pub running: Box<str>,
    /// The lowest that is accepted; `None` where it was not told.
    pub minimum: Option<Box<str>>,
}

/// Starts of the process in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestartCount {
    /// How many.
    pub all: usize,
    /// How many of them after an end that nobody had asked for.
    pub unasked: usize,
}

/// Signs that a clock is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockTrouble {
    /// How often the node itself found its clock off.
    pub told: u64,
    /// How many transfers failed because the clocks of both sides differ; either may be wrong.
    pub transfers: u64,
}

/// How a node can be reached, and how its process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connectivity {
    /// The node.
    pub node: NodeName,
    /// From when to when failures, clock trouble and restarts are counted: it begins with the log
    /// where that began later than was asked for.
    pub window: Window,
    /// Whether the log of the window is known.
    pub log: LogOfWindow,
    /// Whether it can be reached over QUIC.
    pub quic: Judged<Quic>,
    /// When something from outside reached it last, as it was when the node was asked last.
    pub last_ping: Judged<Timestamp>,
    /// For how long nothing had reached it when it was asked last, in microseconds: since it started where
    /// nothing has yet. `None` where it has told neither.
    pub unreached_micros: Option<i64>,
    /// Check-ins with satellites that failed.
    pub failed_pings: Judged<FailedPings>,
    /// When it was asked last with success.
    pub last_poll: Judged<Timestamp>,
    /// The port that satellites are told.
    pub port: Judged<u16>,
    /// Whether its clock is right.
    pub clock: Judged<ClockTrouble>,
    /// Its version.
    pub version: Judged<Versions>,
    /// Its starts.
    pub restarts: Judged<RestartCount>,
    /// The newest hundred of them, the oldest first.
    pub starts: Vec<Restart>,
}

/// What is known of one node, as a [`Reader`] returns it.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionFacts<'a> {
    /// The node.
    pub node: &'a NodeName,
    /// From when to when its log is looked at.
    pub window: Window,
    /// Whether the log of the window is known.
    pub log: LogOfWindow,
    /// How its process is.
    pub status: Option<&'a Reported<NodeStatus>>,
    /// How the polls go.
    pub polls: &'a [PollRow],
    /// Its trouble in the window.
    pub troubles: &'a [TroubleCount],
    /// How many transfers of the window failed because the clocks of both sides differ.
    pub clock_failures: u64,
    /// What happened to its process in the window.
    pub lifecycle: &'a [Lifecycle],
    /// The last version that its log told, of the window or before it.
    pub told_version: Option<&'a str>,
}

impl Connectivity {
    /// Judges what is known of a node at `now`.
    pub fn of(facts: &ConnectionFacts<'_>, now: Timestamp) -> Self {
        let mut starts = restarts(facts.lifecycle);
        let restarts = restart_count(facts.log, &starts);
        starts.drain(..starts.len().saturating_sub(STARTS_MAX));
        Self {
            node: facts.node.clone(),
            window: facts.window,
            log: facts.log,
            quic: reach::quic(facts),
            last_ping: reach::last_ping(facts),
            unreached_micros: reach::unreached(facts),
            failed_pings: reach::failed_pings(facts),
            last_poll: last_poll(facts, now),
            port: reach::port(facts),
            clock: clock(facts),
            version: version(facts),
            restarts,
            starts,
        }
    }

    /// Each by its name, with its judgement and sentence.
    pub fn judgements(&self) -> [(&'static str, Judgement, &str); 8] {
        fn of<'a, T>(
            name: &'static str,
            judged: &'a Judged<T>,
        ) -> (&'static str, Judgement, &'a str) {
            (name, judged.judgement, &judged.sentence)
        }
        [
            of("quic", &self.quic),
            of("last_ping", &self.last_ping),
            of("failed_pings", &self.failed_pings),
            of("last_poll", &self.last_poll),
            of("port", &self.port),
            of("clock", &self.clock),
            of("version", &self.version),
            of("restarts", &self.restarts),
        ]
    }

    /// The worst of all.
    pub fn worst(&self) -> Judgement {
        let judgements = self.judgements().map(|(_, judgement, _)| judgement);
        judgements.into_iter().max().unwrap_or(Judgement::Unknown)
    }
}

/// Asks how a node can be reached: its log in a window, and what it told when it was asked.
///
/// # Errors
///
/// When the database cannot be read.
pub fn connectivity_of(
    reader: &Reader,
    node: &NodeName,
    window: Window,
    now: Timestamp,
) -> Result<Connectivity> {
    let nodes = Nodes::Of(std::slice::from_ref(node));
    let window = match reader.reach(nodes)? {
        Some(reach) if reach.from < window.to => {
            Window { from: window.from.max(reach.from), to: window.to }
        }
        Some(_) | None => window,
    };
    let by_clock = Fate::Ended(Outcome::Failed(FailureClass::Clock));
    let clock_failures = reader.fate_series(nodes, window, Grain::Hour, by_clock)?;
    let events = reader.lifecycle(nodes, window, EVENTS_MAX)?;
    let lifecycle: Vec<Lifecycle> = events.into_iter().map(|event| event.what).collect();
    let version = reader.activity(nodes, window.to)?.pop().and_then(|activity| activity.version);
    let statuses = reader.statuses(nodes)?;
    let facts = ConnectionFacts {
        node,
        window,
        log: log::log_of(reader, nodes, window)?,
        status: statuses.first(),
        polls: &reader.polls(nodes)?,
        troubles: &reader.trouble_counts(nodes, window, TROUBLES_MAX)?,
        clock_failures: clock_failures.iter().map(|point| point.count).sum(),
        lifecycle: &lifecycle,
        told_version: version.as_ref().map(|told| told.event.detail()),
    };
    Ok(Connectivity::of(&facts, now))
}

fn last_poll(facts: &ConnectionFacts<'_>, now: Timestamp) -> Judged<Timestamp> {
    let about = |poll: &&PollRow| match poll.part {
        PollPart::Dashboard | PollPart::Databases => true,
        PollPart::Satellites | PollPart::Paystubs | PollPart::Metrics => false,
    };
    let polls = || facts.polls.iter().filter(about);
    let error = polls().find_map(|poll| poll.last.error.as_deref());
    let because = error.map(|error| format!(" The last poll failed: {error}.")).unwrap_or_default();
    let Some(at) = polls().filter_map(|poll| poll.succeeded_at).max() else {
        return match polls().next() {
            Some(_) => Judged {
                value: None,
                judgement: Judgement::Trouble,
                sentence: format!("The node has never answered.{because}"),
            },
            None => Judged::unknown(
                "The node was never asked itself; piecewatch poll does that, and then its scores, \
                 space and QUIC are known.",
            ),
        };
    };
    let age = now.as_micros() - at.as_micros();
    let ago = length(age);
    if age > POLL_TROUBLE {
        let sentence = format!(
            "The node has not answered for {ago}: what it told itself is as old.{because} See whether \
             it and piecewatch poll are running."
        );
        Judged::new(at, Judgement::Trouble, sentence)
    } else if age > POLL_LOOK {
        let sentence = format!("The node has not answered for {ago}.{because}");
        Judged::new(at, Judgement::Look, sentence)
    } else {
        Judged::new(at, Judgement::Well, format!("The node answered {ago} ago."))
    }
}

/// The judgement of a log that tells of nothing bad; `value` is that of nothing.
fn nothing_told<T>(log: LogOfWindow, value: T, nothing: &str) -> Judged<T> {
    match log {
        LogOfWindow::Known => Judged::new(value, Judgement::Well, log.so_far(nothing)),
        LogOfWindow::Partly { .. } | LogOfWindow::Missing => Judged::unknown(log.so_far(nothing)),
    }
}

fn clock(facts: &ConnectionFacts<'_>) -> Judged<ClockTrouble> {
    let of_clock = || facts.troubles.iter().filter(|trouble| trouble.kind == TroubleKind::Clock);
    let told: u64 = of_clock().map(|trouble| trouble.count).sum();
    let trouble = ClockTrouble { told, transfers: facts.clock_failures };
    if let Some(most) = of_clock().max_by_key(|trouble| trouble.count) {
        let sentence = format!(
            "The clock was found to be off {} ({}). Synchronise it (NTP): satellites refuse orders of \
             another time.",
            times(told),
            most.text
        );
        return Judged::new(trouble, Judgement::Trouble, sentence);
    }
    if trouble.transfers > 0 {
        let transfers = match trouble.transfers {
            1 => "1 transfer".to_owned(),
            many => format!("{many} transfers"),
        };
        let sentence = format!(
            "{transfers} failed because the clocks of the two sides differ. The wrong one may be that \
             of the other side; see that this one is synchronised (NTP)."
        );
        return Judged::new(trouble, Judgement::Look, sentence);
    }
    nothing_told(facts.log, trouble, "Nothing says that the clock is off")
}

fn version(facts: &ConnectionFacts<'_>) -> Judged<Versions> {
    let status = facts.status.map(|status| &status.what);
    let minimum_of_log = || {
        let minimums = facts.lifecycle.iter().filter_map(|told| match &told.event {
            LifecycleEvent::MinimumVersion(version) => Some((told.at, version.clone())),
            LifecycleEvent::Configured
            | LifecycleEvent::Started(_)
            | LifecycleEvent::Version(_)
            | LifecycleEvent::Stopping
            | LifecycleEvent::Spawned(_)
            | LifecycleEvent::Exited(_) => None,
        });
        minimums.max_by_key(|(at, _)| *at).map(|(_, version)| version)
    };
    let running = status.and_then(|status| status.version.clone());
    let Some(running) = running.or_else(|| facts.told_version.map(Into::into)) else {
        return Judged::unknown("The version is not known: no start was logged, nobody asked.");
    };
    let minimum = status.and_then(|status| status.allowed_version.clone()).or_else(minimum_of_log);
    let is_refused = facts.troubles.iter().any(|trouble| trouble.kind == TroubleKind::Version);
    let order = minimum.as_deref().and_then(|minimum| compare(&running, minimum));
    let (judgement, sentence) = match (order, status.and_then(|status| status.is_up_to_date)) {
        (Some(Ordering::Less), _) => {
            let minimum = minimum.as_deref().unwrap_or_default();
            let sentence = format!(
                "Version {running} is older than {minimum}, the lowest that the network accepts: the \
                 node gets no new pieces. Update it."
            );
            (Judgement::Trouble, sentence)
        }
        (Some(Ordering::Equal | Ordering::Greater), _) => {
            (Judgement::Well, format!("Version {running} is accepted."))
        }
        (None, Some(false)) => (
            Judgement::Trouble,
            format!("The node counts its version {running} as too old. Update it."),
        ),
        (None, _) if is_refused => (
            Judgement::Trouble,
            format!("The node said that its version {running} is too old. Update it."),
        ),
        (None, Some(true)) => {
            (Judgement::Well, format!("The node counts its version {running} as new enough."))
        }
        (None, None) => {
            (Judgement::Unknown, format!("It is not known whether version {running} is accepted."))
        }
    };
    Judged::new(Versions { running, minimum }, judgement, sentence)
}

fn restart_count(log: LogOfWindow, starts: &[Restart]) -> Judged<RestartCount> {
    let unasked: Vec<&Restart> =
        starts.iter().filter(|start| start.before == Ending::Unasked).collect();
    let count = RestartCount { all: starts.len(), unasked: unasked.len() };
    let is_close = |ends: &[&Restart]| {
        let (first, last) = (ends[0].at, ends[ends.len() - 1].at);
        last.as_micros() - first.as_micros() <= LOOP_MICROS
    };
    let loops = unasked.windows(LOOP_ENDS).rfind(|ends| is_close(ends));
    let (judgement, sentence) = match (loops, unasked.last()) {
        (Some(ends), _) => {
            let last = ends[ends.len() - 1].at;
            let sentence = format!(
                "The process ended by itself {}, {LOOP_ENDS} times or more within an hour, and began \
                 again at {} the last time. The lines before each start tell why.",
                times(count.unasked as u64),
                minute(last)
            );
            (Judgement::Trouble, sentence)
        }
        (None, Some(last)) => {
            let sentence = format!(
                "It began anew {}, {} of them after an end that nobody had asked for, the last time at \
                 {}. The lines before that tell why.",
                times(count.all as u64),
                count.unasked,
                minute(last.at)
            );
            (Judgement::Look, sentence)
        }
        (None, None) if count.all == 0 => {
            return nothing_told(log, count, "It did not restart");
        }
        (None, None) => (
            Judgement::Well,
            format!("It restarted {}, as it was asked to.", times(count.all as u64)),
        ),
    };
    Judged::new(count, judgement, sentence)
}
