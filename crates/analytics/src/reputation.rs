//! What do the satellites think of a node, what changed, and how far is it from losing its place?

use std::collections::BTreeMap;

use piecewatch_model::{NodeName, SatelliteId, Standing, StandingScores, Timestamp};
use piecewatch_store::{Event, Nodes, Reader, Reported, Result, ScoreRow, Window};

use crate::judgement::{Judgement, minute};

const DAY: i64 = 24 * 3600 * 1_000_000;
/// Scores that were told before a window begins hold at its beginning; a node tells them every four
/// hours, a report only when they differ.
const REACH_MICROS: i64 = 30 * DAY;
/// Six satellites every four hours for a year are 13,000.
const SCORES_MAX: u32 = 50_000;
/// Scores that differ by less are shown alike.
const CHANGE_MIN: f64 = 0.000_05;

/// The scores of a satellite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Score {
    /// The share of audits that were passed.
    Audit,
    /// The share of audits that ended in a known way.
    Suspension,
    /// The share of time in which the node could be reached.
    Online,
}

impl Score {
    /// Every score, that which cannot be mended first.
    pub const ALL: [Self; 3] = [Self::Audit, Self::Suspension, Self::Online];

    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Suspension => "suspension",
            Self::Online => "online",
        }
    }

    /// Below this the node is disqualified (audit) or suspended: the defaults of the satellites.
    pub const fn limit(self) -> f64 {
        match self {
            Self::Audit => 0.96,
            Self::Suspension | Self::Online => 0.6,
        }
    }

    /// Below this somebody should act at once. An audit that fails takes 0.001 off a full score: at
    /// 0.97 ten more are allowed. An audit that ends in an unknown way takes 0.05 off.
    pub const fn trouble(self) -> f64 {
        match self {
            Self::Audit => 0.97,
            Self::Suspension => 0.75,
            Self::Online => 0.75,
        }
    }

    /// Below this somebody should look: five failed audits, one that ended in an unknown way, a day
    /// and a half offline of the thirty that count.
    pub const fn look(self) -> f64 {
        match self {
            Self::Audit => 0.995,
            Self::Suspension => 0.96,
            Self::Online => 0.95,
        }
    }

    /// A fall by so much is told although the score is well: one failed audit, one that ended in an
    /// unknown way, three hours offline. The online score always moves by less.
    const fn fall(self) -> f64 {
        match self {
            Self::Audit | Self::Suspension => 0.000_5,
            Self::Online => 0.004,
        }
    }

    /// How good a score is.
    pub fn judge(self, score: f64) -> Judgement {
        if score < self.trouble() {
            Judgement::Trouble
        } else if score < self.look() {
            Judgement::Look
        } else {
            Judgement::Well
        }
    }

    /// This one of three.
    pub const fn of(self, scores: &StandingScores) -> f64 {
        match self {
            Self::Audit => scores.audit,
            Self::Suspension => scores.suspension,
            Self::Online => scores.online,
        }
    }
}

/// Scores and when they were told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToldScores {
    /// When.
    pub at: Timestamp,
    /// What.
    pub scores: StandingScores,
}

/// Whether a satellite trusts a node with as many pieces as others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vetting {
    /// Nothing is known.
    Unknown,
    /// It does, since then.
    Vetted(Timestamp),
    /// The node has not told (it does since v1.131), but has been audited and waited enough.
    Probably,
    /// Not yet.
    Running {
        /// Audits that were passed, of the 100 that it takes; `None` where nobody told.
        audits: Option<u64>,
        /// Days since the node joined, of the 21 that it takes; `None` where nobody told.
        days: Option<u64>,
    },
}

impl Vetting {
    /// A node is vetted by a satellite after so many audits,
    pub const AUDITS: u64 = 100;
    /// and so many days.
    pub const DAYS: u64 = 21;

    /// How far it is, 0 to 1: as far as what it waits for longest. `None` where that is not known:
    /// days alone do not tell, for audits take longer.
    pub fn progress(self) -> Option<f64> {
        let share = |part: u64, whole: u64| (part as f64 / whole as f64).min(1.0);
        match self {
            Self::Unknown => None,
            Self::Vetted(_) | Self::Probably => Some(1.0),
            Self::Running { audits, days } => {
                let audits = audits.map(|audits| share(audits, Self::AUDITS));
                let days = days.map(|days| share(days, Self::DAYS));
                audits.map(|audits| audits.min(days.unwrap_or(1.0)))
            }
        }
    }

    fn of(standing: &Standing, audits: Option<(u64, u64)>, now: Timestamp) -> Self {
        if let Some(at) = standing.vetted_at {
            return Self::Vetted(at);
        }
        let days = standing.joined_at.map(|at| days_between(at, now));
        let passed = audits.map(|(_, passed)| passed);
        match (passed, days) {
            (None, None) => Self::Unknown,
            // It has waited long enough; whether for enough audits, nobody told.
            (None, Some(days)) if days >= Self::DAYS => Self::Unknown,
            // A hundred audits take longer than 21 days, if anything.
            (Some(passed), days)
                if passed >= Self::AUDITS && days.is_none_or(|days| days >= Self::DAYS) =>
            {
                Self::Probably
            }
            (audits, days) => Self::Running { audits, days },
        }
    }
}

/// What a satellite thinks of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Reputation {
    /// The node.
    pub node: NodeName,
    /// The satellite.
    pub satellite: SatelliteId,
    /// Its host and port; `None` where the node was not asked.
    pub address: Option<Box<str>>,
    /// The newest scores; `None` where none were told.
    pub newest: Option<ToldScores>,
    /// The scores that held when the window began; `None` where none were told before it.
    pub before: Option<ToldScores>,
    /// The scores told in the window, the oldest first.
    pub history: Vec<ToldScores>,
    /// Audits so far, and those of them that were passed.
    pub audits: Option<(u64, u64)>,
    /// Whether it is vetted.
    pub vetting: Vetting,
    /// When the node joined.
    pub joined_at: Option<Timestamp>,
    /// Whole days since then.
    pub days_joined: Option<u64>,
    /// When it was disqualified: for good.
    pub disqualified_at: Option<Timestamp>,
    /// Since when it is suspended for audits that ended in an unknown way.
    pub suspended_at: Option<Timestamp>,
    /// Since when it is suspended for having been offline.
    pub offline_suspended_at: Option<Timestamp>,
    /// When it left gracefully.
    pub exited_at: Option<Timestamp>,
}

impl Reputation {
    /// Puts together what is known of a node and a satellite: its standing where the node was asked,
    /// and scores of the window and of before it, in any order.
    pub fn of(
        node: &NodeName,
        satellite: SatelliteId,
        standing: Option<&Reported<Standing>>,
        scores: &[ScoreRow],
        window: Window,
        now: Timestamp,
    ) -> Self {
        let mut told: Vec<ToldScores> = scores.iter().map(ToldScores::of).collect();
        let reported = standing.and_then(|standing| {
            Some(ToldScores { at: standing.at, scores: standing.what.scores? })
        });
        told.sort_by_key(|told| told.at);
        let before = told.iter().rev().find(|told| told.at < window.from).copied();
        let in_window = |told: &ToldScores| window.from <= told.at && told.at < window.to;
        let history = told.iter().copied().filter(in_window).collect();
        let newest = told.last().copied().into_iter().chain(reported).max_by_key(|told| told.at);
        let unknown = Standing::unknown(satellite);
        let known = standing.map_or(&unknown, |standing| &standing.what);
        let of_log = scores.iter().filter(|row| row.audits.is_some()).max_by_key(|row| row.at);
        // Audits are only ever added.
        let audits = known.audits.max(of_log.and_then(|row| row.audits));
        Self {
            node: node.clone(),
            satellite,
            address: known.address.clone(),
            newest,
            before,
            history,
            audits,
            vetting: Vetting::of(known, audits, now),
            joined_at: known.joined_at,
            days_joined: known.joined_at.map(|at| days_between(at, now)),
            disqualified_at: known.disqualified_at,
            suspended_at: known.suspended_at,
            offline_suspended_at: known.offline_suspended_at,
            exited_at: known.exited_at,
        }
    }

    /// By how much a score has changed since the window began, or since it was told first in it;
    /// `None` where it was not told twice.
    pub fn change(&self, score: Score) -> Option<f64> {
        let newest = self.newest?;
        let first = self.before.or(self.history.first().copied())?;
        (first.at < newest.at).then(|| score.of(&newest.scores) - score.of(&first.scores))
    }

    /// How good it is: the worst of its scores and of what was decided. Where the node has left, nothing
    /// can be lost any more: that is well, unless it was disqualified.
    pub fn judgement(&self) -> Judgement {
        if self.exited_at.is_some() && self.disqualified_at.is_none() {
            return Judgement::Well;
        }
        let decided = [self.disqualified_at, self.suspended_at, self.offline_suspended_at];
        if decided.iter().any(Option::is_some) {
            return Judgement::Trouble;
        }
        let judged = self.newest.map(|newest| {
            let judge = |score: Score| score.judge(score.of(&newest.scores));
            Score::ALL.map(judge).into_iter().max().unwrap_or(Judgement::Unknown)
        });
        judged.unwrap_or(Judgement::Unknown)
    }

    /// What should be looked at, and what changed, each in a sentence for the operator; empty where
    /// all is well. `name` is that of the satellite.
    pub fn sentences(&self, name: &str) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(at) = self.disqualified_at {
            sentences.push(format!(
                "{name} has disqualified the node at {}, for good: it pays no more, and keeps what \
                 it held back.",
                minute(at)
            ));
            return sentences;
        }
        if let Some(at) = self.exited_at {
            sentences.push(format!("The node has left {name} at {}.", minute(at)));
            return sentences;
        }
        if let Some(at) = self.suspended_at {
            sentences.push(format!(
                "{name} has suspended the node since {} for audits that ended in an unknown way: it \
                 gets no new pieces. Look for errors of GET_AUDIT in its log.",
                minute(at)
            ));
        }
        if let Some(at) = self.offline_suspended_at {
            sentences.push(format!(
                "{name} has suspended the node since {} for having been offline. It mends by staying \
                 online for 30 days.",
                minute(at)
            ));
        }
        let Some(newest) = self.newest else {
            sentences.push(format!("{name} has told no scores yet."));
            return sentences;
        };
        for score in Score::ALL {
            sentences.extend(self.sentence(score, score.of(&newest.scores), name));
        }
        sentences
    }

    fn sentence(&self, score: Score, value: f64, name: &str) -> Option<String> {
        let change = self.change(score).filter(|change| change.abs() >= CHANGE_MIN);
        let moved = match change {
            Some(change) if change < 0.0 => format!(", down by {:.4} in this time", -change),
            Some(change) => format!(", up by {change:.4} in this time"),
            None => String::new(),
        };
        let fell = change.is_some_and(|change| -change >= score.fall());
        if score.judge(value) == Judgement::Well && !fell {
            return None;
        }
        let (limit, consequence) = match score {
            Score::Audit => ("0.96", "disqualified for good"),
            Score::Suspension | Score::Online => ("0.6", "suspended"),
        };
        let what = match score {
            Score::Audit => "audit",
            Score::Suspension => "suspension",
            Score::Online => "online",
        };
        let already = if value < score.limit() { "is" } else { "would be" };
        Some(format!(
            "{name}: the {what} score is {value:.4}{moved}; below {limit} the node {already} \
             {consequence}."
        ))
    }
}

impl ToldScores {
    const fn of(row: &ScoreRow) -> Self {
        let (audit, online, suspension) = (row.audit, row.online, row.suspension);
        Self { at: row.at, scores: StandingScores { audit, online, suspension } }
    }
}

/// Asks what each satellite thinks of a node, by the names of those that are known first.
///
/// # Errors
///
/// When the database cannot be read.
pub fn reputation_of(
    reader: &Reader,
    node: &NodeName,
    window: Window,
    now: Timestamp,
) -> Result<Vec<Reputation>> {
    let nodes = Nodes::Of(std::slice::from_ref(node));
    let reach = Window { from: window.from.plus_micros(-REACH_MICROS), to: window.to };
    let mut scores: BTreeMap<SatelliteId, Vec<ScoreRow>> = BTreeMap::new();
    for Event { what, .. } in reader.scores(nodes, reach, SCORES_MAX)? {
        scores.entry(what.satellite).or_default().push(what);
    }
    let standings = reader.standings(nodes)?;
    for standing in &standings {
        scores.entry(standing.what.satellite).or_default();
    }
    let each = scores.iter().map(|(&satellite, scores)| {
        let standing = standings.iter().find(|standing| standing.what.satellite == satellite);
        Reputation::of(node, satellite, standing, scores, window, now)
    });
    let mut reputations: Vec<Reputation> = each.collect();
    reputations.sort_by_key(|of| {
        (of.satellite.known().is_none(), of.satellite.known().map(|known| known.name))
    });
    Ok(reputations)
}

const fn days_between(from: Timestamp, to: Timestamp) -> u64 {
    let micros = to.as_micros() - from.as_micros();
    if micros > 0 { (micros / DAY) as u64 } else { 0 }
}
