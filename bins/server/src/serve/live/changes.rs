//! Which topics there are, how often they may change, and what changes them.

use std::{collections::BTreeSet, sync::PoisonError};

use piecewatch_broadcast::TopicConfig;
use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::{Commit, Result, Topics};

use super::Live;

/// How many commits are looked at in one step.
const COMMITS_MAX: u32 = 1_000;
/// For how many seconds after a line rates may change by time alone: it counts until its minute ends, and
/// falls through the next one. A node's clock may be ahead a little.
const RATES_FALL: u64 = 2 * 60 + 15;

/// What may be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Topic {
    Overview,
    Traffic,
    Satellites,
    Latency,
    Transfers,
    Storage,
    Reputation,
    Earnings,
    Compactions,
    Alerts,
    Status,
}

/// How costly a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// It is in memory.
    Light,
    /// The database is asked, for milliseconds or longer.
    Heavy,
}

impl Topic {
    pub(crate) const ALL: [Self; 11] = [
        Self::Overview,
        Self::Traffic,
        Self::Satellites,
        Self::Latency,
        Self::Transfers,
        Self::Storage,
        Self::Reputation,
        Self::Earnings,
        Self::Compactions,
        Self::Alerts,
        Self::Status,
    ];
    /// What each line of a log changes.
    pub(crate) const OF_LINES: [Self; 3] = [Self::Overview, Self::Traffic, Self::Transfers];
    /// What time alone changes from second to second for a while after a line: rates fall.
    const OF_RATES: [Self; 2] = [Self::Overview, Self::Traffic];
    /// What time alone changes from second to second.
    const OF_SECONDS: [Self; 1] = [Self::Status];
    /// What time alone changes from minute to minute: windows move on, months grow.
    const OF_MINUTES: [Self; 8] = [
        Self::Overview,
        Self::Traffic,
        Self::Satellites,
        Self::Latency,
        Self::Storage,
        Self::Reputation,
        Self::Earnings,
        Self::Compactions,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Traffic => "traffic",
            Self::Satellites => "satellites",
            Self::Latency => "latency",
            Self::Transfers => "transfers",
            Self::Storage => "storage",
            Self::Reputation => "reputation",
            Self::Earnings => "earnings",
            Self::Compactions => "compactions",
            Self::Alerts => "alerts",
            Self::Status => "status",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    pub(super) const fn cost(self) -> Cost {
        match self {
            Self::Overview | Self::Traffic | Self::Transfers | Self::Alerts | Self::Status => {
                Cost::Light
            }
            Self::Satellites
            | Self::Latency
            | Self::Storage
            | Self::Reputation
            | Self::Earnings
            | Self::Compactions => Cost::Heavy,
        }
    }

    /// How often it is told.
    pub(crate) fn config(self) -> TopicConfig {
        match self {
            Self::Overview => TopicConfig::new(self.name()),
            Self::Alerts => TopicConfig::urgent(self.name()),
            // Nobody reads faster than this.
            Self::Traffic
            | Self::Transfers
            | Self::Satellites
            | Self::Latency
            | Self::Compactions => TopicConfig::limited(self.name(), 2.0),
            Self::Storage | Self::Reputation | Self::Earnings | Self::Status => {
                TopicConfig::limited(self.name(), 1.0)
            }
        }
    }

    /// Whether a commit of these kinds changes it.
    fn is_changed_by(self, topics: Topics) -> bool {
        let any = |kinds: &[Topics]| kinds.iter().any(|kind| topics.contains(*kind));
        match self {
            Self::Traffic | Self::Satellites | Self::Latency | Self::Transfers => {
                any(&[Topics::TRANSFERS])
            }
            Self::Overview => any(&[
                Topics::TRANSFERS,
                Topics::SPACE,
                Topics::REPORTED,
                Topics::LIFECYCLE,
                Topics::TROUBLES,
            ]),
            Self::Storage => {
                any(&[Topics::SPACE, Topics::REPORTED, Topics::COMPACTIONS, Topics::MAINTENANCE])
            }
            Self::Reputation => any(&[Topics::SCORES, Topics::REPORTED]),
            // A log's traffic is booked by the hour; the minutes tell of that.
            Self::Earnings => any(&[Topics::REPORTED, Topics::PAST]),
            Self::Compactions => any(&[Topics::COMPACTIONS]),
            Self::Alerts | Self::Status => false,
        }
    }
}

/// That the state of a topic changed, of one node or of all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Changed {
    pub(crate) topic: Topic,
    pub(crate) node: Option<NodeName>,
}

impl Live {
    /// What changed by what anybody committed since this was asked last. One statement when nothing was.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(crate) fn committed(&self) -> Result<BTreeSet<Changed>> {
        let reader = self.parts.readers.get()?;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = reader.newest_commit()?;
        let Some(mut last) = *told else {
            *told = Some(newest);
            drop(reader);
            self.base().learn(newest, []);
            return Ok(of_all(Topic::ALL));
        };
        let mut changed = BTreeSet::new();
        while last < newest {
            let commits = reader.commits_since(last, COMMITS_MAX)?;
            for commit in &commits {
                if commit.seq != last + 1 {
                    changed.extend(of_all(Topic::ALL));
                }
                last = commit.seq;
                if commit.topics.contains(Topics::PAST) {
                    self.around.outdate(&commit.node);
                }
                changed.extend(of_commit(commit));
            }
            if commits.len() < COMMITS_MAX as usize {
                break;
            }
        }
        *told = Some(last.max(newest));
        // Whoever has the sums may wait for one.
        drop(reader);
        let nodes = changed.iter().filter_map(|changed| changed.node.clone());
        self.base().learn(last.max(newest), nodes);
        Ok(changed)
    }
}

/// What time alone changes, told a second at a time.
#[derive(Debug)]
pub(super) struct Passing {
    minute: Option<Timestamp>,
    /// For how many seconds rates may still fall.
    falling: u64,
}

impl Passing {
    pub(super) const fn new() -> Self {
        Self { minute: None, falling: RATES_FALL }
    }

    /// What has changed at `now`, a second after it was asked last. `since` says whether there were
    /// lines since then.
    pub(super) fn second(&mut self, now: Timestamp, since: Lines) -> BTreeSet<Changed> {
        let mut changed = of_all(Topic::OF_SECONDS);
        self.falling = match since {
            Lines::Some => RATES_FALL,
            Lines::None => self.falling.saturating_sub(1),
        };
        if self.falling > 0 {
            changed.extend(of_all(Topic::OF_RATES));
        }
        let minute = now.floor(Grain::Minute);
        if self.minute.replace(minute) != Some(minute) {
            changed.extend(of_all(Topic::OF_MINUTES));
        }
        changed
    }
}

/// Whether nodes have logged anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    Some,
    None,
}

fn of_all(topics: impl IntoIterator<Item = Topic>) -> BTreeSet<Changed> {
    topics.into_iter().map(|topic| Changed { topic, node: None }).collect()
}

fn of_commit(commit: &Commit) -> impl Iterator<Item = Changed> {
    let (node, topics) = (&commit.node, commit.topics);
    let changed = move |topic: &Topic| topic.is_changed_by(topics);
    Topic::ALL
        .into_iter()
        .filter(changed)
        .map(move |topic| Changed { topic, node: Some(node.clone()) })
}

#[cfg(test)]
mod tests {
    use piecewatch_analytics::{rate::Lately, tally::Amount};
    use piecewatch_model::{Action, ByteCount, Outcome};
    use piecewatch_store::Fate;

    use super::*;

    fn is_told(changed: &BTreeSet<Changed>, topic: Topic) -> bool {
        changed.contains(&Changed { topic, node: None })
    }

    #[test]
    fn rates_are_told_each_second_until_they_are_zero_and_minutes_when_they_begin() {
        let line_at = Timestamp::from_seconds(60 * 1_000 + 1);
        let rates = |now| {
            let mut lately = Lately::default();
            let amount = Amount { count: 1, bytes: ByteCount::new(1) };
            let of = (&Action::Upload, Fate::Ended(Outcome::Success));
            lately.add(now, line_at.floor(Grain::Minute), of, amount);
            lately.rates()
        };
        let mut passing = Passing::new();
        let mut told = Lately::default().rates();
        let mut minutes = 0;
        for second in 1..=600_i64 {
            let now = line_at.plus_micros(second * 1_000_000);
            let since = if second == 1 { Lines::Some } else { Lines::None };
            let changed = passing.second(now, since);
            assert!(is_told(&changed, Topic::Status));
            if is_told(&changed, Topic::Overview) {
                told = rates(now);
            }
            assert_eq!(told, rates(now), "{second} s after the line");
            minutes += usize::from(is_told(&changed, Topic::Earnings));
            assert_eq!(is_told(&changed, Topic::Overview), is_told(&changed, Topic::Traffic));
            let is_quiet = second > 140 && now.floor(Grain::Minute) != now;
            assert!(!is_quiet || !is_told(&changed, Topic::Overview), "{second} s");
        }
        assert_eq!(minutes, 11, "the first, and each that begins");
    }
}
