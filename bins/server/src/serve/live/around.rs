//! What stands beside the counts of a node in the overview: its health, its disk, what it earns.
//!
//! It takes a dozen questions for each node, and changes slowly: each node is asked anew about every
//! ten seconds, a few of them each second, and never while somebody waits but for the first time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use piecewatch_analytics::silence::silence_of;
use piecewatch_finance::Figure;
use piecewatch_model::{ByteCount, MicroUsd, NodeName, Period, Timestamp};
use piecewatch_store::{Nodes, Reader, Window};

use super::{Changed, Live, Parts, Refusal, Topic, asking::Get};

/// After about how many seconds each node is asked anew.
const ROUND: usize = 10;
/// How many nodes are asked while somebody waits for them; the others follow.
const AT_ONCE_MAX: usize = 32;
/// Nodes at which nobody looked for so long are not asked any more, in microseconds. Whoever watches
/// looks every minute, even if nothing happens.
const WANTED: i64 = 150 * 1_000_000;
/// How far back the space of a node is looked for, in microseconds.
const REACH: i64 = 90 * 24 * 3600 * 1_000_000;

/// What is known beside a node's counts.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Aside {
    /// The kind of its silence, and a sentence.
    pub(super) health: Option<(&'static str, String)>,
    pub(super) last_record: Option<Timestamp>,
    pub(super) disk: Disk,
    pub(super) earnings: Option<Earned>,
}

/// A node's disk, by what it told last.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disk {
    pub(super) used: Option<ByteCount>,
    pub(super) trash: Option<ByteCount>,
    pub(super) available: Option<ByteCount>,
    pub(super) total: Option<ByteCount>,
}

/// What a node earns this month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Earned {
    pub(super) so_far: MicroUsd,
    pub(super) forecast: MicroUsd,
    /// On which estimates these are built.
    pub(super) figures: BTreeSet<Figure>,
}

/// What is known of the nodes that somebody looks at.
#[derive(Debug, Default)]
pub(super) struct Around(Mutex<BTreeMap<NodeName, Known>>);

#[derive(Debug)]
struct Known {
    aside: Aside,
    asked_at: Timestamp,
    wanted_at: Timestamp,
}

impl Around {
    fn known(&self) -> MutexGuard<'_, BTreeMap<NodeName, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of nodes; of some of many that were never looked at nothing yet.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(super) fn of(
        &self,
        reader: Get<'_>,
        parts: &Parts,
        nodes: &[NodeName],
        now: Timestamp,
    ) -> Result<BTreeMap<NodeName, Aside>, Refusal> {
        let mut asides = BTreeMap::new();
        let mut missing = Vec::new();
        let mut known = self.known();
        for node in nodes {
            match known.get_mut(node) {
                Some(known) => {
                    known.wanted_at = now;
                    asides.insert(node.clone(), known.aside.clone());
                }
                None if missing.len() < AT_ONCE_MAX => missing.push(node.clone()),
                // The next round asks for those that were never asked for first.
                None => {
                    let never = Known {
                        aside: Aside::default(),
                        asked_at: Timestamp::from_seconds(0),
                        wanted_at: now,
                    };
                    known.insert(node.clone(), never);
                }
            }
        }
        drop(known);
        if missing.is_empty() {
            return Ok(asides);
        }
        let asked = ask(reader()?, parts, &missing, now)?;
        let mut known = self.known();
        for (node, aside) in asked {
            asides.insert(node.clone(), aside.clone());
            known.insert(node, Known { aside, asked_at: now, wanted_at: now });
        }
        Ok(asides)
    }

    /// More of a node's past was written: what was known of it was of a part. It is asked anew among the
    /// first.
    pub(super) fn outdate(&self, node: &NodeName) {
        if let Some(known) = self.known().get_mut(node) {
            known.asked_at = Timestamp::from_seconds(0);
        }
    }

    /// Asks anew for some of the nodes that somebody looks at: those that were asked the longest ago.
    /// Gives those of which something is new.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(super) fn renew(&self, parts: &Parts, now: Timestamp) -> Result<Vec<NodeName>, Refusal> {
        let age = |at: Timestamp| now.as_micros() - at.as_micros();
        let mut known = self.known();
        known.retain(|_, known| age(known.wanted_at) <= WANTED);
        let share = known.len().div_ceil(ROUND);
        // A clock may be set back.
        let rests = 0..ROUND as i64 * 1_000_000;
        let is_due = |known: &Known| !rests.contains(&age(known.asked_at));
        let mut oldest: Vec<(Timestamp, NodeName)> = known
            .iter()
            .filter(|(_, known)| is_due(known))
            .map(|(node, known)| (known.asked_at, node.clone()))
            .collect();
        drop(known);
        oldest.sort_unstable();
        let nodes: Vec<NodeName> = oldest.into_iter().take(share).map(|(_, node)| node).collect();
        if nodes.is_empty() {
            return Ok(nodes);
        }
        let asked = ask(parts.readers.get()?, parts, &nodes, now)?;
        let mut known = self.known();
        let mut changed = Vec::new();
        for (node, aside) in asked {
            let Some(known) = known.get_mut(&node) else { continue };
            known.asked_at = now;
            if known.aside != aside {
                known.aside = aside;
                changed.push(node);
            }
        }
        Ok(changed)
    }
}

impl Live {
    /// Renews what stands beside the counts of the overview, and gives what that changes: to be called
    /// every second.
    pub(super) fn look_around(&self) -> BTreeSet<Changed> {
        match self.around.renew(&self.parts, self.now()) {
            Ok(nodes) => {
                let changed = |node| Changed { topic: Topic::Overview, node: Some(node) };
                nodes.into_iter().map(changed).collect()
            }
            Err(Refusal::None(reason) | Refusal::NotNow(reason)) => {
                tracing::warn!("how nodes are is not known: {reason}");
                BTreeSet::new()
            }
        }
    }
}

fn ask(
    reader: Reader,
    parts: &Parts,
    nodes: &[NodeName],
    now: Timestamp,
) -> Result<BTreeMap<NodeName, Aside>, Refusal> {
    let mut asides = BTreeMap::new();
    for node in nodes {
        let window = Window { from: now.plus_micros(-REACH), to: now.plus_micros(REACH) };
        let space = reader.newest_space(node, window)?;
        let disk = Disk {
            used: space.held.as_ref().and_then(|row| row.used),
            trash: space.whole.as_ref().and_then(|row| row.trash),
            available: space.left.as_ref().and_then(|row| row.available),
            total: space.whole.as_ref().and_then(|row| row.total),
        };
        asides
            .insert(node.clone(), Aside { health: None, last_record: None, disk, earnings: None });
    }
    // Of a log whose end is not read yet nobody knows how it is now.
    let silences = silence_of(&reader, Nodes::Of(nodes), now)?;
    for (node, silence) in silences.into_iter().filter(|(node, _)| (parts.is_current)(node)) {
        if let Some(aside) = asides.get_mut(&node) {
            aside.health = Some((silence.name(), silence.explanation()));
        }
    }
    for info in reader.nodes()? {
        if let Some(aside) = asides.get_mut(&info.name) {
            aside.last_record = info.records.map(|(_, last)| last);
        }
    }
    // The ledger asks with readers of the same pool.
    drop(reader);
    let ledger = &parts.ledger;
    ledger.refresh()?;
    if let Some(period) = Period::containing(now) {
        for (node, aside) in &mut asides {
            let ahead = ledger.forecast(node, period, now)?;
            if ahead.as_of.is_some() {
                let total = ahead.total();
                let (so_far, forecast) = (total.so_far.payout, total.expected.payout);
                let figures = ahead.figures();
                aside.earnings = Some(Earned { so_far, forecast, figures });
            }
        }
    }
    Ok(asides)
}
