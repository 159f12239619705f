//! The service: asks the store for what the analyses need, and keeps each answer for a while.

mod kept;
mod last_hour;
mod node;
mod traffic;
mod weight;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use piecewatch_cache::{Settings, Stats};
use piecewatch_model::{Action, Clock, Grain, MicroUsd, NodeName, Timestamp};
use piecewatch_store::{
    Change, Changes, Commit, Ending, Error, LatencyFilter, Readers, SizeRow, SlowFilter, Slowest,
    Topics, TroubleCount, Window,
};

use crate::{
    compare::Comparison,
    connectivity::Connectivity,
    countries::PeersOf,
    distribution::Bar,
    errors::TopErrors,
    hot_pieces::HotList,
    latency::{LatencyAnswer, LatencyCurves, NodesOf},
    outlook::Lookout,
    overview::Overview,
    rate::{InFlight, InFlightSeries, RatePoint, RateSeries},
    reputation::Reputation,
    storage::{NodeStorage, NodeWork, StoredDays},
    success::{Success, SuccessOverTime},
};
use kept::{AnyShelf, MadeOf, Shelf};
use last_hour::LastHour;

/// How many kinds of answers there are beside outlooks.
const KINDS: usize = 21;
/// Of how many parts the weight is, of which each kind of answer has some.
const PARTS: u64 = 64;

/// What the observatory answers, shared with whoever asks the same; or what went wrong, shared with
/// whoever waited for it.
pub type Answer<T> = Result<Arc<T>, Arc<Error>>;

/// An answer, and the window that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InWindow<T> {
    /// The window asked for, widened to what is stored, or to whole minutes.
    pub window: Window,
    /// The answer.
    pub what: T,
}

/// The bars of latencies, by action and clock.
pub type LatencyBars = BTreeMap<(Action, Clock), Vec<Bar>>;

/// What is compared: when, which nodes, in which order, and what they earn for a terabyte and a month.
type ComparisonOf = (Window, Vec<NodeName>, BTreeMap<NodeName, MicroUsd>);

/// How long the observatory keeps what, and how much of it. A time of zero keeps nothing.
///
/// Times bound how old an answer may be as far as lines that come live are concerned. What is
/// reported or imported is seen at once, by [`Observatory::refresh`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservatorySettings {
    /// Latencies, over time as well, and the slowest transfers.
    pub latency: Duration,
    /// Rates of the last minute, and what is told at a glance.
    pub rates: Duration,
    /// Success, rates over time, transfers in flight, sizes, hot pieces and countries.
    pub traffic: Duration,
    /// Texts of errors, and how often there was which trouble.
    pub errors: Duration,
    /// Capacity, growth, and what is stored by day.
    pub storage: Duration,
    /// Work on the pieces.
    pub work: Duration,
    /// What satellites think of nodes.
    pub reputation: Duration,
    /// How nodes can be reached.
    pub connectivity: Duration,
    /// Nodes side by side.
    pub comparison: Duration,
    /// How many bytes all of it may take.
    pub weight_max: u64,
}

impl Default for ObservatorySettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            latency: seconds(30),
            rates: seconds(5),
            traffic: seconds(60),
            errors: seconds(60),
            storage: seconds(60),
            work: seconds(30),
            reputation: seconds(300),
            connectivity: seconds(30),
            comparison: seconds(60),
            weight_max: 16 << 20,
        }
    }
}

/// Answers what nodes do, how well, and what is unusual. Share it between threads; each question
/// blocks until it is answered, and holds a connection only while it asks the database.
///
/// Whoever asks the same while an answer is kept gets that answer, and whoever asks while it is
/// computed waits for it. A window that ends now is another one every moment; so each window is
/// widened to the buckets of what is asked, or to whole minutes, and the answer says which one it is
/// of. `now` is taken as the end of its minute.
#[derive(Debug)]
pub struct Observatory {
    readers: Readers,
    changes: Changes,
    latency: Shelf<(Window, LatencyFilter, Grain), LatencyAnswer>,
    curves: Shelf<(Window, LatencyFilter, Grain, NodesOf), LatencyCurves>,
    slowest: Shelf<(Window, SlowFilter, Grain, usize), Slowest>,
    success: Shelf<Option<Window>, Success>,
    success_series: Shelf<(Window, Grain), SuccessOverTime>,
    rates: Shelf<(Window, Grain), RateSeries>,
    last_minute: Shelf<Timestamp, RatePoint>,
    overview: Shelf<(Window, Timestamp), Overview>,
    concurrency: Shelf<(Window, Grain), InFlight>,
    in_flight: Shelf<(Window, Grain), InFlightSeries>,
    sizes: Shelf<Window, InWindow<Vec<SizeRow>>>,
    hot_pieces: Shelf<(Window, usize), HotList>,
    last_hour: LastHour,
    peers: Shelf<Window, PeersOf>,
    errors: Shelf<(Window, Vec<Ending>, usize), TopErrors>,
    troubles: Shelf<(Window, u32), Vec<TroubleCount>>,
    storage: Shelf<Timestamp, InWindow<NodeStorage>>,
    stored_days: Shelf<(Window, Timestamp), InWindow<StoredDays>>,
    work: Shelf<Window, NodeWork>,
    reputation: Shelf<(Window, Timestamp), InWindow<Vec<Reputation>>>,
    connectivity: Shelf<(Window, Timestamp), Connectivity>,
    comparison: Shelf<ComparisonOf, Comparison>,
    lookout: Lookout,
}

impl Observatory {
    /// An observatory over a database whose sums are kept so long. `clock` tells the time since any
    /// fixed moment and never goes back.
    pub fn new(readers: Readers, settings: &ObservatorySettings, clock: fn() -> Duration) -> Self {
        // By what a dashboard of twenty nodes asks: histograms and what is usual weigh most.
        let weight = |parts: u64| settings.weight_max / PARTS * parts;
        let shelf = |name, ttl, parts| Settings { name, ttl, weight_max: weight(parts) };
        let of = settings;
        let (log, reports) = (MadeOf::Log, MadeOf::LogAndReports);
        Self {
            // Nodes that are asked for it tell quantiles.
            latency: Shelf::new(shelf("latency", of.latency, 12), reports, clock),
            curves: Shelf::new(shelf("latency_series", of.latency, 6), log, clock),
            slowest: Shelf::new(shelf("slowest", of.latency, 2), log, clock),
            success: Shelf::new(shelf("success", of.traffic, 2), log, clock),
            success_series: Shelf::new(shelf("success_series", of.traffic, 6), log, clock),
            rates: Shelf::new(shelf("rates", of.traffic, 3), log, clock),
            last_minute: Shelf::new(shelf("last_minute", of.rates, 1), log, clock),
            overview: Shelf::new(shelf("overview", of.rates, 1), log, clock),
            concurrency: Shelf::new(shelf("concurrency", of.traffic, 1), log, clock),
            in_flight: Shelf::new(shelf("in_flight_series", of.traffic, 2), log, clock),
            sizes: Shelf::new(shelf("sizes", of.traffic, 1), log, clock),
            hot_pieces: Shelf::new(shelf("hot_pieces", of.traffic, 1), log, clock),
            last_hour: LastHour::default(),
            peers: Shelf::new(shelf("peers", of.traffic, 1), log, clock),
            errors: Shelf::new(shelf("errors", of.errors, 2), log, clock),
            troubles: Shelf::new(shelf("troubles", of.errors, 1), log, clock),
            storage: Shelf::new(shelf("storage", of.storage, 1), reports, clock),
            stored_days: Shelf::new(shelf("stored_days", of.storage, 2), reports, clock),
            work: Shelf::new(shelf("work", of.work, 3), log, clock),
            reputation: Shelf::new(shelf("reputation", of.reputation, 2), reports, clock),
            connectivity: Shelf::new(shelf("connectivity", of.connectivity, 1), reports, clock),
            comparison: Shelf::new(shelf("comparison", of.comparison, 1), reports, clock),
            lookout: Lookout::new(readers.clone(), weight(12), clock),
            changes: Changes::default(),
            readers,
        }
    }

    /// Forgets what has changed since the last time: call it before a question, or now and then.
    /// What nodes report, an import and a collector that catches up change what is kept; lines that
    /// come live do not, or nothing would ever be kept. The first time everything is forgotten.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; then everything is forgotten.
    pub fn refresh(&self) -> Result<(), Arc<Error>> {
        let forget = |change: Change<'_>| match change {
            Change::Anything => self.clear(),
            Change::Of(commit) => self.forget(commit),
        };
        self.changes.look(&self.readers, forget).map_err(Arc::new)
    }

    /// Forgets what a commit has changed: the answers about its node, about all nodes and about several
    /// among them.
    fn forget(&self, commit: &Commit) {
        let Commit { node, topics, .. } = commit;
        self.shelves().iter().for_each(|shelf| shelf.forget(node, *topics));
        self.last_hour.forget(commit);
        if topics.contains(Topics::PAST) {
            self.lookout.forget(node);
        }
    }

    /// Forgets everything: after a change of configuration.
    pub fn clear(&self) {
        self.shelves().iter().for_each(|shelf| shelf.clear());
        self.last_hour.clear();
        self.lookout.clear();
    }

    /// Removes what is too old to be given out: call it at least every five minutes, or give the
    /// observatory to a [`Sweeper`](piecewatch_cache::Sweeper).
    pub fn sweep(&self) {
        self.shelves().iter().for_each(|shelf| shelf.sweep());
        self.last_hour.sweep();
        self.lookout.sweep();
    }

    /// What the caches did and hold.
    pub fn stats(&self) -> Vec<Stats> {
        let shelves = self.shelves().map(|shelf| shelf.stats());
        shelves.into_iter().chain([self.lookout.stats()]).collect()
    }

    fn shelves(&self) -> [&dyn AnyShelf; KINDS] {
        [
            &self.latency,
            &self.curves,
            &self.slowest,
            &self.success,
            &self.success_series,
            &self.rates,
            &self.last_minute,
            &self.overview,
            &self.concurrency,
            &self.in_flight,
            &self.sizes,
            &self.hot_pieces,
            &self.peers,
            &self.errors,
            &self.troubles,
            &self.storage,
            &self.stored_days,
            &self.work,
            &self.reputation,
            &self.connectivity,
            &self.comparison,
        ]
    }
}
