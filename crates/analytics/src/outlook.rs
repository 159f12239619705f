//! What is usual, unusual and changing at a node, kept until its next hour is over, if there is one.

use std::{collections::BTreeMap, mem::size_of, sync::Arc, time::Duration};

use piecewatch_cache::{Cache, Kept, Settings, Stats};
use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::{Error, Nodes, Reader, Readers, Result, Window};

use crate::{
    baseline::{Baseline, HISTORY_WEEKS},
    hours::{Hour, hours_of},
    metric::{Metric, Point},
    success::{Upgrade, upgrades_of},
    trend::Trend,
    unusual::{Finding, findings},
};

/// How far back is judged; what is usual is told by what was before.
const JUDGED_HOURS: i64 = 7 * 24;
/// Of a node that is not known for long its first week tells what is usual, though it is judged too.
const TELLING_HOURS_MIN: usize = 7 * 24;
/// What a node did in an hour is in the database so long after its end.
const FINISHED_AFTER_MICROS: i64 = 2 * 60 * 1_000_000;
/// Longer than an hour: then there is a newer one in its place.
const TTL: Duration = Duration::from_secs(2 * 3600);

/// What is usual at a node, what is not, and what changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The hours that were looked at: whole ones, the last of them over. Those before the judged ones
    /// tell what is usual; of a node that is known for less than two weeks, those of its first week.
    pub history: Window,
    /// The hours that were judged: the last week. What was unusual when it began may have begun before.
    pub judged: Window,
    /// The end of the newest hour of which something is known; `None` of a node without history.
    pub known_until: Option<Timestamp>,
    /// What was and is unusual in the judged hours, what goes on first.
    pub findings: Vec<Finding>,
    /// What is usual, of every metric.
    pub baselines: BTreeMap<Metric, Baseline>,
    /// How metrics change, of those that have enough history.
    pub trends: BTreeMap<Metric, Trend>,
    /// The upgrades of the node in the history, oldest first: what is usual and how it changes is of
    /// before and after them.
    pub upgrades: Vec<Upgrade>,
}

impl Outlook {
    /// By what a node did in the hours before `until`, which is floored to a whole hour. Give the
    /// last [`HISTORY_WEEKS`], oldest first; hours after `until` are passed over.
    ///
    /// An hour of the last week is judged by the medians of the weeks before. So what is unusual for
    /// weeks becomes usual, and what is unusual for days does not.
    pub fn of(hours: &[Hour], until: Timestamp) -> Self {
        let history = history(until);
        let judged = Window { from: plus_hours(history.to, -JUDGED_HOURS), to: history.to };
        let is_known = |hour: &&Hour| history.from <= hour.at && hour.at < history.to;
        let hours: Vec<Hour> = hours.iter().filter(is_known).copied().collect();
        let before = hours.partition_point(|hour| hour.at < judged.from);
        let telling = &hours[..before.max(TELLING_HOURS_MIN).min(hours.len())];
        let known_until = hours.last().map(|hour| plus_hours(hour.at, 1));
        let mut trends = BTreeMap::new();
        let mut to_judge: BTreeMap<Metric, (Baseline, Vec<Point>)> = BTreeMap::new();
        for metric in Metric::ALL {
            let points = metric.points(&hours);
            trends.extend(Trend::of(metric, &points).map(|trend| (metric, trend)));
            to_judge.insert(metric, (Baseline::of(metric, &metric.points(telling)), points));
        }
        let known = Window { from: judged.from, to: known_until.unwrap_or(judged.to) };
        let findings = findings(&to_judge, known);
        let baselines: BTreeMap<Metric, Baseline> =
            to_judge.into_iter().map(|(metric, (baseline, _))| (metric, baseline)).collect();
        let upgrades = Vec::new();
        Self { history, judged, known_until, findings, baselines, trends, upgrades }
    }

    /// With the upgrades of the node marked, those of its history and those within each finding.
    #[must_use]
    pub fn with_upgrades(mut self, mut upgrades: Vec<Upgrade>) -> Self {
        upgrades.retain(|of| self.history.from <= of.at && of.at < self.history.to);
        self.findings.iter_mut().for_each(|finding| finding.mark(&upgrades));
        self.upgrades = upgrades;
        self
    }

    /// Where the log ends, if that is before the last hour that is over: then what goes on did so then,
    /// and of now nothing is known. `None` of a node whose last hour is known, and of one of which
    /// nothing is.
    pub fn ends_early(&self) -> Option<Timestamp> {
        self.known_until.filter(|until| *until < self.history.to)
    }

    /// What goes on in the newest hours that are known; [`ends_early`](Self::ends_early) tells whether
    /// those are the present.
    pub fn unusual_now(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.ended.is_none())
    }

    fn weight(&self) -> u64 {
        let baseline = size_of::<Baseline>() + 168 * size_of::<Option<crate::baseline::Usual>>();
        let finding = size_of::<Finding>() + 4 * size_of::<crate::unusual::Departure>();
        let lists = self.baselines.len() * baseline
            + self.findings.len() * finding
            + self.upgrades.len() * 2 * size_of::<Upgrade>();
        (size_of::<Self>() + lists) as u64
    }
}

/// The last whole hours before an instant.
const fn history(until: Timestamp) -> Window {
    let to = until.floor(Grain::Hour);
    Window { from: plus_hours(to, -HISTORY_WEEKS * 7 * 24), to }
}

const fn plus_hours(at: Timestamp, hours: i64) -> Timestamp {
    at.plus_micros(hours * Grain::Hour.micros())
}

/// Asks what is usual, unusual and changing at a node before `until`.
///
/// # Errors
///
/// When the database cannot be read.
pub fn outlook_of(reader: &Reader, node: &NodeName, until: Timestamp) -> Result<Outlook> {
    let history = history(until);
    let upgrades = upgrades_of(reader, Nodes::Of(std::slice::from_ref(node)), history)?;
    Ok(Outlook::of(&hours_of(reader, node, history)?, until).with_upgrades(upgrades))
}

/// Answers what is usual and unusual at nodes. It reads eight weeks of a node once an hour; share it
/// between threads. Each question blocks until it is answered.
#[derive(Debug)]
pub struct Lookout {
    readers: Readers,
    outlooks: Cache<Key, Arc<Outlook>, Error>,
}

/// What an outlook depends on: another node, another finished hour, or older records that were
/// imported, and it is computed anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    node: NodeName,
    until: Timestamp,
    first_record: Option<Timestamp>,
}

impl Lookout {
    /// A lookout over a database. `clock` tells the time since any fixed moment and never goes back;
    /// all that is kept takes at most `weight_max` bytes. An outlook has some 150,000.
    pub fn new(readers: Readers, weight_max: u64, clock: fn() -> Duration) -> Self {
        let settings = Settings { name: "outlook", ttl: TTL, weight_max };
        let weight = |_: &Key, outlook: &Arc<Outlook>| outlook.weight();
        Self { readers, outlooks: Cache::new(settings, clock, weight) }
    }

    /// The outlook of a node at `now`, up to its newest hour that is over. Of a node whose log ends
    /// earlier, up to there.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn outlook(&self, node: &NodeName, now: Timestamp) -> Result<Arc<Outlook>, Arc<Error>> {
        let finished = now.plus_micros(-FINISHED_AFTER_MICROS);
        let reach = self.reader()?.reach(Nodes::Of(std::slice::from_ref(node)))?;
        let newest = reach.map_or(finished, |reach| reach.to);
        let until = finished.min(newest).floor(Grain::Hour);
        // Of a log that has ended no newer hour comes; what is imported into older ones forgets it.
        let has_ended = newest.plus_micros(TTL.as_micros() as i64) < finished;
        let kept = if has_ended { Kept::ForGood } else { Kept::ForTtl };
        let key = Key { node: node.clone(), until, first_record: reach.map(|reach| reach.from) };
        self.outlooks.get(&key, || {
            let outlook = outlook_of(&self.readers.get()?, node, until)?;
            Ok((Arc::new(outlook), kept))
        })
    }

    /// Forgets a node: after an import into hours that are over.
    pub fn forget(&self, node: &NodeName) {
        self.outlooks.invalidate(|key| key.node == *node);
    }

    /// Forgets every node.
    pub fn clear(&self) {
        self.outlooks.clear();
    }

    /// Removes what is too old to be given out: call it at least every five minutes, or give the
    /// lookout to a [`Sweeper`](piecewatch_cache::Sweeper).
    pub fn sweep(&self) {
        self.outlooks.sweep();
    }

    /// What the cache did and holds.
    pub fn stats(&self) -> Stats {
        self.outlooks.stats()
    }

    fn reader(&self) -> Result<Reader> {
        self.readers.get()
    }
}
