//! What browsers watch: the state of each topic, from what is stored and what was just read.
//!
//! [`Live::state`] gives the state of a topic and some nodes at this instant. Three topics change with
//! each line (`overview`, `traffic`, `transfers`): they are kept in memory and counted on ([`base`]);
//! the others change with commits, and come from the services that keep answers. States hold no null,
//! and tables are objects by what their rows are of, so that a patch names what changed alone.
//!
//! [`tell_changes`] tells the broadcaster which topics of which nodes changed, and [`answer_wants`]
//! answers what it asks.
mod answering;
mod around;
mod asking;
mod base;
mod changes;
mod compactions;
mod earnings;
mod latency;
mod listed;
mod overview;
mod rates;
mod reputation;
mod satellites;
mod storage;
mod sums;
mod tail;
#[cfg(test)]
mod tests;
mod traffic;
mod transfers;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use piecewatch_analytics::Observatory;
use piecewatch_broadcast::{TopicConfig, strip_nulls};
use piecewatch_collector::pipeline::unwritten::Unwritten;
use piecewatch_finance::Ledger;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Reader, Readers};
use serde_json::{Map, Value};

pub(crate) use self::{
    answering::{Job, answer_wants, tell_changes},
    changes::{Changed, Topic},
};
use self::{
    around::Around,
    asking::{Asking, Patience},
    base::Base,
};

/// How many nodes a table lists.
const NODES_MAX: usize = 200;
/// Of how many nodes a state is made at once where nothing may wait: with so many it takes about a
/// millisecond.
const AT_HAND_NODES_MAX: usize = 16;

/// A part of a state that somebody else gives, of these nodes.
pub(crate) type Part<T> = Box<dyn Fn(&[NodeName]) -> T + Send + Sync>;

/// What the states are made of.
pub(crate) struct Parts {
    pub(crate) readers: Readers,
    pub(crate) observatory: Arc<Observatory>,
    pub(crate) ledger: Arc<Ledger>,
    /// What this process reads and has not written; `None` where another process reads.
    pub(crate) unwritten: Option<Unwritten>,
    /// The nodes that are configured, which may be known before anything of them is stored.
    pub(crate) configured: Box<dyn Fn() -> Vec<NodeName> + Send + Sync>,
    /// The state of `alerts`.
    pub(crate) alerts: Part<Value>,
    /// How many alerts are active.
    pub(crate) active_alerts: Part<usize>,
    /// The state of `status`; where it is not known now browsers keep the last one.
    pub(crate) status: Part<State>,
    /// Whether the log of a node is read up to now; `true` where another process reads it, or it has none.
    pub(crate) is_current: Box<dyn Fn(&NodeName) -> bool + Send + Sync>,
    pub(crate) now: fn() -> Timestamp,
}

/// Why there is no state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is none such: a sentence for whoever asked.
    None(String),
    /// It is not known now, for this reason: ask again.
    NotNow(String),
}

impl From<piecewatch_store::Error> for Refusal {
    fn from(error: piecewatch_store::Error) -> Self {
        Self::NotNow(error.to_string())
    }
}

impl From<Arc<piecewatch_store::Error>> for Refusal {
    fn from(error: Arc<piecewatch_store::Error>) -> Self {
        Self::NotNow(error.to_string())
    }
}

impl From<Arc<piecewatch_finance::Error>> for Refusal {
    fn from(error: Arc<piecewatch_finance::Error>) -> Self {
        Self::NotNow(error.to_string())
    }
}

/// The state of a topic.
pub(crate) type State = std::result::Result<Value, Refusal>;

/// The states of all topics. Share it between threads; each question blocks until it is answered.
pub(crate) struct Live {
    parts: Parts,
    base: Mutex<Base>,
    around: Around,
    /// The newest commit of which it was told what it changed.
    told: Mutex<Option<i64>>,
    /// Whether a list of transfers was told of which newer ones are known.
    is_list_behind: AtomicBool,
}

impl Live {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            parts,
            base: Mutex::default(),
            around: Around::default(),
            told: Mutex::default(),
            is_list_behind: AtomicBool::default(),
        }
    }

    /// The topics, for the broadcaster.
    pub(crate) fn topics() -> Vec<TopicConfig> {
        Topic::ALL.map(Topic::config).into()
    }

    /// The state of a topic now, of these nodes, or of all of them where none is named.
    ///
    /// # Errors
    ///
    /// When there is no such topic or node, or the database cannot be read.
    pub(crate) fn state(&self, topic: &str, names: &[&str]) -> State {
        let topic = Topic::from_name(topic)
            .ok_or_else(|| Refusal::None(format!("there is no topic {topic}")))?;
        let now = self.now();
        let observatory = &self.parts.observatory;
        let asking = Asking { live: self, patience: Patience::Waits };
        match topic {
            Topic::Overview => overview::state(&asking, &asking.chosen(names)?),
            Topic::Traffic => traffic::state(&asking, &asking.chosen(names)?),
            Topic::Transfers => transfers::state(&asking, &asking.chosen(names)?),
            Topic::Satellites => {
                let (reader, nodes) = self.read(names)?;
                satellites::state(&reader, &nodes, now)
            }
            Topic::Compactions => {
                let (reader, nodes) = self.read(names)?;
                compactions::state(&reader, &nodes, now)
            }
            Topic::Latency => latency::state(observatory, &self.nodes(names)?, now),
            Topic::Storage => storage::state(observatory, &self.nodes(names)?, now),
            Topic::Reputation => reputation::state(observatory, &self.nodes(names)?, now),
            Topic::Earnings => earnings::state(&self.parts.ledger, &self.nodes(names)?, now),
            Topic::Status => (self.parts.status)(&self.nodes(names)?),
            Topic::Alerts => self.alerts(names),
        }
        .map(|mut state| {
            // Those that change with each line are made without.
            if !Topic::OF_LINES.contains(&topic) {
                strip_nulls(&mut state);
            }
            state
        })
    }

    /// The state of a topic of which everything is in memory; `None` of others, and of so many nodes that it
    /// would take long. Waits for nothing.
    pub(crate) fn state_at_hand(&self, topic: &str, names: &[&str]) -> Option<Value> {
        let make = match Topic::from_name(topic)? {
            Topic::Overview => overview::state,
            Topic::Traffic => traffic::state,
            Topic::Transfers => transfers::state,
            Topic::Satellites
            | Topic::Latency
            | Topic::Storage
            | Topic::Reputation
            | Topic::Earnings
            | Topic::Compactions
            | Topic::Alerts
            | Topic::Status => return None,
        };
        if names.len() > AT_HAND_NODES_MAX {
            return None;
        }
        let asking = Asking { live: self, patience: Patience::Hurries };
        let nodes = asking.chosen(names).ok()?;
        if nodes.len() > AT_HAND_NODES_MAX {
            return None;
        }
        make(&asking, &nodes).ok()
    }

    /// A reader, and the nodes of these names.
    fn read(&self, names: &[&str]) -> std::result::Result<(Reader, Vec<NodeName>), Refusal> {
        let nodes = self.nodes(names)?;
        Ok((self.parts.readers.get()?, nodes))
    }

    /// The nodes of these names, for whoever gets a reader of its own.
    fn nodes(&self, names: &[&str]) -> std::result::Result<Vec<NodeName>, Refusal> {
        Asking { live: self, patience: Patience::Waits }.chosen(names)
    }

    /// The state of `alerts`: they are told when the database cannot be asked, and of a node that it does not
    /// know there are none.
    fn alerts(&self, names: &[&str]) -> State {
        let node = |name: &&str| {
            name.parse().map_err(|_| Refusal::None(format!("there is no node {name}")))
        };
        let nodes = names.iter().map(node).collect::<std::result::Result<Vec<NodeName>, _>>()?;
        let mut state = (self.parts.alerts)(&nodes);
        strip_nulls(&mut state);
        Ok(state)
    }

    /// What has to be told again, since it was not told whole: to be called every second.
    fn left_behind(&self) -> BTreeSet<Changed> {
        let is_behind = self.is_list_behind.swap(false, Ordering::Relaxed);
        is_behind.then_some(Changed { topic: Topic::Transfers, node: None }).into_iter().collect()
    }

    fn now(&self) -> Timestamp {
        (self.parts.now)()
    }

    fn base(&self) -> MutexGuard<'_, Base> {
        self.base.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unwritten(&self) -> Option<&Unwritten> {
        self.parts.unwritten.as_ref()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("base", &self.base).finish_non_exhaustive()
    }
}

/// An object of these members, moved into it: `json!` would copy each.
fn object<const COUNT: usize>(members: [(&str, Value); COUNT]) -> Value {
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
}

/// An object of rows, each by its name.
fn table(rows: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(rows.into_iter().collect::<Map<_, _>>())
}

/// A number of which three figures are shown, and no more decimals than two.
fn three_figures(number: f64) -> f64 {
    // The place of the last of them: 3 where thousands are told, -2 where hundredths are.
    let last = number.max(1.0).log10().floor() as i32 - 2;
    let scale = 10_f64.powi(last.abs());
    if last > 0 {
        (number / scale).round() * scale
    } else {
        // A tenth has no exact value: to divide by ten gives the nearest.
        (number * scale).round() / scale
    }
}

/// A share of which a tenth of a percent is shown. What is not all is not told as all, and what is
/// something not as nothing.
fn share(share: f64) -> Value {
    let rounded = (share * 1e3).round() / 1e3;
    let told = if rounded >= 1.0 && share < 1.0 {
        0.9999
    } else if rounded <= 0.0 && share > 0.0 {
        0.0001
    } else {
        rounded
    };
    told.into()
}

/// A number that is shown with so many decimals: what differs by less is the same.
fn rounded(number: f64, decimals: i32) -> Value {
    let scale = 10_f64.powi(decimals);
    let rounded = (number * scale).round() / scale;
    serde_json::Number::from_f64(rounded).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod figures {
    use super::*;

    #[test]
    fn figures_are_told_as_far_as_they_are_shown() {
        let rates = [0.0, 0.004, 0.126, 9.994, 12.34, 99.96, 123.4, 170_545_319.0, 999_500.0];
        let told = [0.0, 0.0, 0.13, 9.99, 12.3, 100.0, 123.0, 171_000_000.0, 1_000_000.0];
        assert_eq!(rates.map(three_figures), told);
        let shares = [0.0, 0.000_2, 0.931_4, 0.999_4, 0.999_9, 1.0];
        let told: [Value; 6] = [0.0, 0.0001, 0.931, 0.999, 0.9999, 1.0].map(Value::from);
        assert_eq!(shares.map(share), told);
    }
}
