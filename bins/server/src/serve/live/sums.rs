//! What nodes moved, by the minute and the hour: kept for each node, and added up for those chosen.

use std::collections::BTreeMap;

use piecewatch_analytics::{
    rate::Lately,
    tally::{Amount, Tally},
};
use piecewatch_model::{Action, ByteCount, Grain, NodeName, Timestamp};
use piecewatch_store::{Fate, TrafficPoint};

/// How many minutes are shown: those of the last hour, and the one that runs.
pub(super) const MINUTES: i64 = 60;

/// From when on sums are kept: the hour that is shown, and the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Since {
    pub(super) minute: Timestamp,
    pub(super) hour: Timestamp,
}

impl Since {
    /// What is shown at an instant begins then. Days are those of UTC.
    pub(super) const fn of(now: Timestamp) -> Self {
        let minute = now.floor(Grain::Minute).plus_micros(-MINUTES * Grain::Minute.micros());
        Self { minute, hour: now.floor(Grain::Day) }
    }
}

/// The transfers of one bucket of time, by what they were for and what became of them.
type Bucket = BTreeMap<(Action, Fate), Amount>;

/// What one node moved.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct NodeSums {
    minutes: BTreeMap<Timestamp, Bucket>,
    hours: BTreeMap<Timestamp, Bucket>,
    /// The hours of a day together, and which day that is: they are asked for with every window, and change
    /// with a commit. `None` when they changed.
    day: Option<(Timestamp, ByAction)>,
}

impl NodeSums {
    /// Adds what was moved in a minute.
    pub(super) fn add(&mut self, minute: Timestamp, of: (&Action, Fate), amount: Amount) {
        add_to(&mut self.minutes, minute, of, amount);
        add_to(&mut self.hours, minute.floor(Grain::Hour), of, amount);
        self.day = None;
    }

    /// Takes what the database says of the minutes and hours from `from` on in place of what is here.
    pub(super) fn replace(&mut self, from: Since) {
        drop(self.minutes.split_off(&from.minute));
        drop(self.hours.split_off(&from.hour));
        self.day = None;
    }

    pub(super) fn take_minute(&mut self, point: &TrafficPoint) {
        add_to(&mut self.minutes, point.at, (&point.action, point.fate), amount_of(point));
    }

    pub(super) fn take_hour(&mut self, point: &TrafficPoint) {
        add_to(&mut self.hours, point.at, (&point.action, point.fate), amount_of(point));
        self.day = None;
    }

    /// Adds up the hours of a day, unless that is done.
    pub(super) fn add_up(&mut self, day: Timestamp) {
        if self.day.as_ref().is_some_and(|(of, _)| *of == day) {
            return;
        }
        self.day = Some((day, self.of_day(day)));
    }

    fn of_day(&self, day: Timestamp) -> ByAction {
        let mut actions = ByAction::new();
        let end = day.plus_micros(Grain::Day.micros());
        for bucket in self.hours.range(day..end).map(|(_, bucket)| bucket) {
            for ((action, fate), amount) in bucket {
                add(&mut actions, action, *fate, *amount);
            }
        }
        actions
    }

    /// Gives up what is not shown any more.
    pub(super) fn forget(&mut self, since: Since) {
        self.minutes = self.minutes.split_off(&since.minute);
        self.hours = self.hours.split_off(&since.hour);
    }
}

fn amount_of(point: &TrafficPoint) -> Amount {
    Amount { count: point.count, bytes: point.bytes }
}

fn add_to(
    buckets: &mut BTreeMap<Timestamp, Bucket>,
    at: Timestamp,
    (action, fate): (&Action, Fate),
    amount: Amount,
) {
    let sum = buckets.entry(at).or_default().entry((action.clone(), fate)).or_default();
    *sum = plus(*sum, amount);
}

fn plus(one: Amount, other: Amount) -> Amount {
    let bytes = one.bytes.get().saturating_add(other.bytes.get());
    Amount { count: one.count.saturating_add(other.count), bytes: ByteCount::new(bytes) }
}

/// How transfers of an action ended, and how many uploads were turned away before they began.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) tally: Tally,
    pub(super) rejected: u64,
}

impl Ends {
    fn add(&mut self, fate: Fate, amount: Amount) {
        match fate {
            Fate::Ended(outcome) => self.tally.add(outcome, amount),
            Fate::Rejected => self.rejected = self.rejected.saturating_add(amount.count),
        }
    }
}

/// How transfers ended, by action.
pub(super) type ByAction = BTreeMap<Action, Ends>;

pub(super) fn add(sums: &mut ByAction, action: &Action, fate: Fate, amount: Amount) {
    match sums.get_mut(action) {
        Some(ends) => ends.add(fate, amount),
        None => sums.entry(action.clone()).or_default().add(fate, amount),
    }
}

/// A node today.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct NodeToday {
    pub(super) actions: ByAction,
    pub(super) lately: Lately,
}

/// Nodes today, each for itself.
#[derive(Debug)]
pub(super) struct Today {
    now: Timestamp,
    since: Since,
    pub(super) nodes: BTreeMap<NodeName, NodeToday>,
}

impl Today {
    pub(super) fn new(now: Timestamp, nodes: &[NodeName]) -> Self {
        let nodes = nodes.iter().map(|node| (node.clone(), NodeToday::default())).collect();
        Self { now, since: Since::of(now), nodes }
    }

    /// Adds what is kept of a node: quickly, once its day is added up.
    pub(super) fn add_kept(&mut self, node: &NodeName, sums: &NodeSums) {
        let Some(today) = self.nodes.get_mut(node) else { return };
        match &sums.day {
            Some((day, actions)) if *day == self.since.hour => today.actions.clone_from(actions),
            Some(_) | None => today.actions = sums.of_day(self.since.hour),
        }
        let lately = self.now.floor(Grain::Minute).plus_micros(-Grain::Minute.micros());
        for (minute, bucket) in sums.minutes.range(lately..) {
            for ((action, fate), amount) in bucket {
                today.lately.add(self.now, *minute, (action, *fate), *amount);
            }
        }
    }

    /// Adds what a node moved in a minute besides.
    pub(super) fn add(
        &mut self,
        node: &NodeName,
        minute: Timestamp,
        of: (&Action, Fate),
        amount: Amount,
    ) {
        let Some(today) = self.nodes.get_mut(node) else { return };
        if minute.floor(Grain::Day) == self.since.hour {
            add(&mut today.actions, of.0, of.1, amount);
        }
        today.lately.add(self.now, minute, of, amount);
    }
}

/// The minutes of the last hour, nodes together.
#[derive(Debug)]
pub(super) struct LastHour {
    now: Timestamp,
    since: Since,
    pub(super) minutes: BTreeMap<Timestamp, ByAction>,
    pub(super) lately: Lately,
}

impl LastHour {
    pub(super) fn new(now: Timestamp) -> Self {
        let (since, lately) = (Since::of(now), Lately::default());
        Self { now, since, minutes: BTreeMap::new(), lately }
    }

    pub(super) fn add_kept(&mut self, sums: &NodeSums) {
        for (minute, bucket) in sums.minutes.range(self.since.minute..) {
            for ((action, fate), amount) in bucket {
                self.add(*minute, (action, *fate), *amount);
            }
        }
    }

    pub(super) fn add(
        &mut self,
        minute: Timestamp,
        (action, fate): (&Action, Fate),
        amount: Amount,
    ) {
        // A node whose clock is ahead by more than a minute tells of times that are not shown.
        if minute < self.since.minute || minute > self.now.plus_micros(Grain::Minute.micros()) {
            return;
        }
        add(self.minutes.entry(minute).or_default(), action, fate, amount);
        self.lately.add(self.now, minute, (action, fate), amount);
    }
}
