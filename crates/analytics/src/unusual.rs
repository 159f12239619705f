//! What is unusual at a node, how unusual, and since when?

mod words;

use std::{cmp::Ordering, collections::BTreeMap};

use piecewatch_model::{Grain, Timestamp};
use piecewatch_store::Window;

use crate::{
    baseline::{Baseline, Usual, by_chance},
    metric::{Metric, Point, Scale},
    robust::median,
    success::Upgrade,
};

/// So many spreads above what is usual are unusual.
pub const SPREADS_MIN: f64 = 5.0;
/// So many are enough where little is left of what usually is much, since nothing falls below
/// nothing, and for audits that fail, since each of them counts.
pub const SPREADS_MIN_OF_LITTLE: f64 = 3.0;
/// Less than so many times as much as usual, or as little, is not worth a word.
pub const FACTOR_MIN: f64 = 1.5;
/// A success rate that fell by less than this is not worth a word.
pub const SHARE_MIN: f64 = 0.05;
/// What is left when hardly anything is left.
const HARDLY: f64 = 0.05;
/// So many unusual hours in a row are a finding, and so many usual ones its end.
pub const HOURS_IN_A_ROW: usize = 2;
/// A run does not go on after so many hours of which nothing is known.
const GAP_HOURS_MAX: i64 = 6;
/// What begins so many hours apart may have one cause.
const ONE_CAUSE_HOURS: i64 = 2;

/// On which side of what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// More, or longer.
    Above,
    /// Less, or more rarely.
    Below,
}

/// What is wrong, or just different: the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Audits fail: the node may be disqualified.
    AuditsFail,
    /// The node and the satellites do not reach each other.
    Unreachable,
    /// Transfers take longer.
    Slow,
    /// Less succeeds, or more trouble is told.
    Failing,
    /// Less is moved.
    Quiet,
    /// More is moved.
    Busy,
}

/// Something unusual: metrics that left what is usual at one time, and most likely for one reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The beginning of the first unusual hour.
    pub since: Timestamp,
    /// The end of the last unusual hour, once two usual ones have followed it, or six of which the
    /// node's log tells and not whether this goes on; `None` while it goes on.
    pub ended: Option<Timestamp>,
    /// The metrics, those of its own kind first, of them those that go on, and of them those that tell
    /// most; at least one.
    pub departures: Vec<Departure>,
    /// The upgrades of the node since the hour before it began, and up to its end: from one version to
    /// the next, endings are told in other words, so that what is unusual may be the log and not the
    /// node. Empty where none is known.
    pub upgrades: Vec<Upgrade>,
}

/// A metric that left what is usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    /// The metric.
    pub metric: Metric,
    /// To which side.
    pub side: Side,
    /// The beginning of the first unusual hour.
    pub since: Timestamp,
    /// The end of the last unusual hour, as of a [`Finding`].
    pub ended: Option<Timestamp>,
    /// How many times as much as usual, below 1 for less: the median of the unusual hours. `None`
    /// where nothing is usual.
    pub factor: Option<f64>,
    /// The newest unusual hour.
    pub latest: Seen,
    /// The hour that is the furthest from what is usual.
    pub worst: Seen,
}

/// An unusual hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The beginning of the hour.
    pub at: Timestamp,
    /// The metric in it.
    pub value: f64,
    /// By how many spreads it differs from what is usual: the robust z-score, negative below.
    pub z: f64,
    /// What is usual at that hour.
    pub usual: Usual,
}

/// Whether an hour is unusual, and on which side.
///
/// All of this has to hold: it differs by [`SPREADS_MIN`] spreads; it is [`FACTOR_MIN`] times as much
/// as usual or as little, a share fails [`FACTOR_MIN`] times as often and is [`SHARE_MIN`] lower; it
/// is made of enough transfers, audits or lines; and it is not merely better: a metric that can be
/// worse on one side only is judged on that side.
pub fn judge(metric: Metric, point: &Point, usual: &Usual) -> Option<(Side, Seen)> {
    let side = match point.value.total_cmp(&usual.center) {
        Ordering::Greater => Side::Above,
        Ordering::Less => Side::Below,
        Ordering::Equal => return None,
    };
    kind(metric, side)?;
    let spread = match metric.scale() {
        Scale::Share => usual.spread.max(by_chance(usual.center, point.evidence as f64)),
        Scale::Count | Scale::Bytes | Scale::Micros => usual.spread,
    };
    let z = if spread > 0.0 { (point.value - usual.center) / spread } else { 0.0 };
    let is_much = match (metric.scale(), side) {
        (Scale::Share, _) => {
            let (fails, failed) = (1.0 - point.value, 1.0 - usual.center);
            fails >= failed * FACTOR_MIN && fails - failed >= SHARE_MIN
        }
        (_, Side::Above) => point.value >= usual.center * FACTOR_MIN,
        (_, Side::Below) => point.value * FACTOR_MIN <= usual.center,
    };
    let is_far = z.abs() >= spreads_min(metric, side)
        || (is_traffic(metric) && point.value <= usual.center * HARDLY);
    let evidence = match (side, is_traffic(metric)) {
        // What is missing is told by what usually is there.
        (Side::Below, true) => usual.evidence,
        (Side::Below, false) | (Side::Above, _) => point.evidence as f64,
    };
    let is_unusual = is_much && is_far && evidence >= evidence_min(metric);
    is_unusual.then_some((side, Seen { at: point.at, value: point.value, z, usual: *usual }))
}

const fn is_traffic(metric: Metric) -> bool {
    match metric {
        Metric::Downloads | Metric::Uploads | Metric::Egress | Metric::Ingress => true,
        Metric::DownloadSuccess
        | Metric::UploadSuccess
        | Metric::AuditsFailed
        | Metric::DownloadP50
        | Metric::DownloadP95
        | Metric::UploadP50
        | Metric::UploadP95
        | Metric::PingsFailed
        | Metric::Troubles => false,
    }
}

const fn spreads_min(metric: Metric, side: Side) -> f64 {
    match (is_traffic(metric), metric, side) {
        (true, _, Side::Below) | (false, Metric::AuditsFailed, Side::Above) => {
            SPREADS_MIN_OF_LITTLE
        }
        (true, _, Side::Above) | (false, _, _) => SPREADS_MIN,
    }
}

/// Of how many things an hour has to be made before it is judged: nodes that do little differ a lot.
const fn evidence_min(metric: Metric) -> f64 {
    match metric {
        Metric::AuditsFailed => 3.0,
        // More than one round of check-ins with four satellites.
        Metric::PingsFailed => 6.0,
        Metric::Troubles => 10.0,
        Metric::DownloadP95 | Metric::UploadP95 => 40.0,
        Metric::Downloads
        | Metric::Uploads
        | Metric::Egress
        | Metric::Ingress
        | Metric::DownloadSuccess
        | Metric::UploadSuccess
        | Metric::DownloadP50
        | Metric::UploadP50 => 30.0,
    }
}

/// What it is when a metric leaves what is usual to this side; `None` where that is good.
const fn kind(metric: Metric, side: Side) -> Option<Kind> {
    match (metric, side) {
        (Metric::AuditsFailed, Side::Above) => Some(Kind::AuditsFail),
        (Metric::PingsFailed, Side::Above) => Some(Kind::Unreachable),
        (
            Metric::DownloadP50 | Metric::DownloadP95 | Metric::UploadP50 | Metric::UploadP95,
            Side::Above,
        ) => Some(Kind::Slow),
        (Metric::DownloadSuccess | Metric::UploadSuccess, Side::Below)
        | (Metric::Troubles, Side::Above) => Some(Kind::Failing),
        (Metric::Downloads | Metric::Uploads | Metric::Egress | Metric::Ingress, side) => {
            Some(match side {
                Side::Above => Kind::Busy,
                Side::Below => Kind::Quiet,
            })
        }
        (
            Metric::AuditsFailed
            | Metric::PingsFailed
            | Metric::Troubles
            | Metric::DownloadP50
            | Metric::DownloadP95
            | Metric::UploadP50
            | Metric::UploadP95,
            Side::Below,
        )
        | (Metric::DownloadSuccess | Metric::UploadSuccess, Side::Above) => None,
    }
}

impl Kind {
    /// In lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuditsFail => "audits_fail",
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::Failing => "failing",
            Self::Quiet => "quiet",
            Self::Busy => "busy",
        }
    }

    /// Whether what is of the other kind may come of this.
    const fn explains(self, other: Self) -> bool {
        match self {
            Self::Unreachable => matches!(other, Self::Slow | Self::Failing | Self::Quiet),
            Self::Slow => matches!(other, Self::Failing | Self::Quiet),
            Self::Failing => matches!(other, Self::Quiet),
            Self::AuditsFail | Self::Quiet | Self::Busy => false,
        }
    }
}

/// The unusual runs of one metric, oldest first: it begins with [`HOURS_IN_A_ROW`] unusual hours on
/// one side, and is over after as many usual ones, or after six hours without a point. `until` is the
/// end of the hours of which anything is known of the node: a metric may end before.
pub fn departures(
    metric: Metric,
    points: &[Point],
    baseline: &Baseline,
    until: Timestamp,
) -> Vec<Departure> {
    let mut found = Vec::new();
    let mut run: Option<Run> = None;
    for point in points {
        let judged = baseline.usual(point.at).and_then(|usual| judge(metric, point, &usual));
        if run.as_ref().is_some_and(|run| run.is_cut_off(point.at)) {
            found.extend(run.take().and_then(|run| run.ended(metric)));
        }
        match (judged, &mut run) {
            (Some((side, seen)), Some(run)) if run.side == side => run.add(seen),
            (Some((side, seen)), _) => {
                found.extend(run.take().and_then(|run| run.ended(metric)));
                run = Some(Run { side, hours: vec![seen], calm: 0 });
            }
            (None, Some(open)) => {
                open.calm += 1;
                if open.is_over() {
                    found.extend(run.take().and_then(|run| run.ended(metric)));
                }
            }
            (None, None) => {}
        }
    }
    let is_unknown = |run: &Run| run.is_cut_off(plus_hours(until, -1));
    found.extend(run.and_then(|run| {
        if is_unknown(&run) { run.ended(metric) } else { run.departure(metric, None) }
    }));
    found
}

/// Unusual hours of one metric in a row, on one side.
struct Run {
    side: Side,
    hours: Vec<Seen>,
    /// How many usual hours followed the last one.
    calm: usize,
}

impl Run {
    fn add(&mut self, seen: Seen) {
        self.calm = 0;
        self.hours.push(seen);
    }

    fn is_over(&self) -> bool {
        self.calm >= HOURS_IN_A_ROW || self.hours.len() < HOURS_IN_A_ROW
    }

    /// Whether so much time has passed without a word that an hour is another story.
    fn is_cut_off(&self, hour: Timestamp) -> bool {
        let hours = GAP_HOURS_MAX + self.calm as i64 + 1;
        self.hours.last().is_some_and(|last| hour > plus_hours(last.at, hours))
    }

    fn ended(self, metric: Metric) -> Option<Departure> {
        let end = plus_hours(self.hours.last()?.at, 1);
        self.departure(metric, Some(end))
    }

    /// `None` of fewer hours than make a finding.
    fn departure(self, metric: Metric, ended: Option<Timestamp>) -> Option<Departure> {
        if self.hours.len() < HOURS_IN_A_ROW {
            return None;
        }
        let (first, latest) = (*self.hours.first()?, *self.hours.last()?);
        let further = |a: &&Seen, b: &&Seen| a.z.abs().total_cmp(&b.z.abs());
        let worst = *self.hours.iter().max_by(further)?;
        let mut factors: Vec<f64> = self
            .hours
            .iter()
            .filter(|seen| seen.usual.center > 0.0)
            .map(|seen| factor(metric, seen))
            .collect();
        let factor = median(&mut factors);
        Some(Departure { metric, side: self.side, since: first.at, ended, factor, latest, worst })
    }
}

/// How many times as much as usual; of a share, how many times as often it fails.
fn factor(metric: Metric, seen: &Seen) -> f64 {
    match metric.scale() {
        // One in a hundred keeps it finite where usually nothing fails.
        Scale::Share => (1.0 - seen.value) / (1.0 - seen.usual.center).max(0.01),
        Scale::Count | Scale::Bytes | Scale::Micros => seen.value / seen.usual.center,
    }
}

const fn plus_hours(at: Timestamp, hours: i64) -> Timestamp {
    at.plus_micros(hours * Grain::Hour.micros())
}

/// What was and is unusual in a window: what goes on first, the newest of them first. Give points of
/// before the window, too, so that what was unusual when it began has the beginning that it had. The
/// window ends where nothing more is known of the node.
///
/// Metrics that left what is usual to sides of one [`Kind`] and at overlapping times are one
/// finding. A graver one takes in what may come of it, began within two hours of it and does not outlast
/// it by more: without a connection nothing is downloaded either.
pub fn findings(
    baselines: &BTreeMap<Metric, (Baseline, Vec<Point>)>,
    window: Window,
) -> Vec<Finding> {
    let runs = baselines
        .iter()
        .flat_map(|(&metric, (baseline, points))| departures(metric, points, baseline, window.to))
        .filter(|run| run.ended.is_none_or(|end| end > window.from));
    let mut runs: Vec<(Kind, Departure)> =
        runs.filter_map(|run| Some((kind(run.metric, run.side)?, run))).collect();
    runs.sort_by_key(|(kind, run)| (*kind, run.since, rank(run.metric)));
    let mut findings: Vec<Finding> = Vec::new();
    for (kind, run) in runs {
        match findings.iter_mut().find(|finding| finding.takes(kind, &run)) {
            Some(finding) => finding.add(run),
            None => {
                let (since, ended) = (run.since, run.ended);
                let departures = vec![run];
                findings.push(Finding { kind, since, ended, departures, upgrades: Vec::new() });
            }
        }
    }
    for finding in &mut findings {
        let own = finding.kind;
        let is_other = |of: &Departure| kind(of.metric, of.side) != Some(own);
        finding.departures.sort_by_key(|of| (is_other(of), of.ended.is_some(), rank(of.metric)));
    }
    findings.sort_by_key(|finding| (finding.ended.is_some(), std::cmp::Reverse(finding.since)));
    findings
}

/// Which metric tells most, the first one most.
const fn rank(metric: Metric) -> u8 {
    match metric {
        Metric::AuditsFailed => 0,
        Metric::PingsFailed => 1,
        Metric::DownloadP95 => 2,
        Metric::DownloadP50 => 3,
        Metric::UploadP95 => 4,
        Metric::UploadP50 => 5,
        Metric::DownloadSuccess => 6,
        Metric::UploadSuccess => 7,
        Metric::Troubles => 8,
        Metric::Downloads => 9,
        Metric::Uploads => 10,
        Metric::Egress => 11,
        Metric::Ingress => 12,
    }
}

impl Finding {
    /// Marks the upgrades that may have to do with it.
    pub(crate) fn mark(&mut self, upgrades: &[Upgrade]) {
        // An hour is unusual as a whole, and what came late in the one before shows in the next.
        let from = plus_hours(self.since, -1);
        let within = |of: &&Upgrade| from <= of.at && self.ended.is_none_or(|end| of.at < end);
        self.upgrades = upgrades.iter().filter(within).cloned().collect();
    }

    fn takes(&self, kind: Kind, run: &Departure) -> bool {
        let overlaps = self.ended.is_none_or(|end| run.since < end)
            && run.ended.is_none_or(|end| self.since < end);
        let apart = self.since.as_micros().abs_diff(run.since.as_micros());
        let begins_with_it = apart <= ONE_CAUSE_HOURS.unsigned_abs() * hour_micros();
        // What comes of it ends with it.
        let outlasts = self.ended.is_some_and(|end| {
            run.ended.is_none_or(|of_run| of_run > plus_hours(end, ONE_CAUSE_HOURS))
        });
        let comes_of_it = self.kind.explains(kind) && begins_with_it && !outlasts;
        overlaps && (self.kind == kind || comes_of_it)
    }

    fn add(&mut self, run: Departure) {
        self.since = self.since.min(run.since);
        self.ended = self.ended.zip(run.ended).map(|(a, b)| a.max(b));
        self.departures.push(run);
    }
}

const fn hour_micros() -> u64 {
    Grain::Hour.micros().unsigned_abs()
}
