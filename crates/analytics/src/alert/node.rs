//! What is the matter with a node.

use std::collections::BTreeSet;

use piecewatch_model::{NodeName, SatelliteId, Timestamp};

use super::{AlertLevel, Bounds, Condition, Evaluation, Key, Rule, Thresholds};
use crate::{
    connectivity::{Connectivity, of_unreached},
    judgement::{Judgement, length, minute, times},
    outlook::Outlook,
    reputation::{Reputation, Score},
    silence::Silence,
    storage::{Capacity, DiskFull},
    tally::{Audits, Part, Share},
};

const HOUR_MICROS: i64 = 3_600_000_000;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;
/// Of fewer transfers a share or a percentile says little.
const TRANSFERS_MIN: u64 = 100;

/// How long of twenty transfers 19 took at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyFact {
    /// Downloads or uploads.
    pub part: Part,
    /// How many.
    pub count: u64,
    /// In microseconds.
    pub p95_micros: u64,
}

/// The audits of the last 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditFacts {
    /// How they ended.
    pub ended: Audits,
    /// How long the longest took, in microseconds, and when it ended; `None` where none was measured.
    pub slowest: Option<(u64, Timestamp)>,
    /// Since when the oldest goes on that has not ended; `None` where there is none.
    pub open: Option<Timestamp>,
}

/// How far the log of a node is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRead<'a> {
    /// Up to now, or as far as anybody knows.
    UpToNow,
    /// What was written while nobody read is still read: what is newest is not stored yet.
    Behind,
    /// It cannot be read now: a file is not there, a container does not answer.
    Unreadable {
        /// Why, and what to do.
        reason: &'a str,
    },
}

/// What the analyses say of a node.
#[derive(Debug, Clone, Copy)]
pub struct NodeFacts<'a> {
    /// The node.
    pub node: &'a NodeName,
    /// How far its log is read.
    pub log: LogRead<'a>,
    /// The newest record of its log; `None` where there is none.
    pub newest: Option<Timestamp>,
    /// Whether its log tells what it should; `None` of a node without one.
    pub silence: Option<&'a Silence>,
    /// What satellites think of it.
    pub reputations: &'a [Reputation],
    /// Its space.
    pub capacity: &'a Capacity,
    /// When it is full.
    pub full: DiskFull,
    /// How it is reached, and its process.
    pub connectivity: &'a Connectivity,
    /// How long transfers of the last hour took.
    pub latencies: &'a [LatencyFact],
    /// Downloads and uploads of the last hour that failed, of all that ended; `None` where none did.
    pub failed: Option<Share>,
    /// The most frequent text of a failure; `None` where none has one.
    pub failure_text: Option<&'a str>,
    /// Its audits.
    pub audits: AuditFacts,
    /// What is unusual.
    pub outlook: &'a Outlook,
}

/// What is the matter with a node at `now`, and of what nothing is known.
pub fn of_node(facts: &NodeFacts<'_>, thresholds: &Thresholds, now: Timestamp) -> Evaluation {
    let node = facts.node;
    let mut found =
        Found { node, now, thresholds, conditions: Vec::new(), unknown: BTreeSet::new() };
    for reputation in facts.reputations {
        found.reputation(reputation);
    }
    if facts.reputations.is_empty() {
        let of_scores = [Rule::AuditScore, Rule::SuspensionScore, Rule::OnlineScore];
        let decided = [Rule::Disqualified, Rule::Suspended, Rule::OfflineSuspended];
        of_scores.into_iter().chain(decided).for_each(|rule| found.nobody_knows(rule, None));
    }
    found.disk(facts.capacity, facts.full);
    // The end of a log that is not read yet says nothing, neither good nor bad.
    let silence = match facts.log {
        LogRead::UpToNow | LogRead::Unreadable { .. } => facts.silence,
        LogRead::Behind => None,
    };
    match (facts.log, silence) {
        (LogRead::Unreadable { reason }, _) => found.unreadable(reason, facts.newest),
        (_, Some(silence)) => found.silence(silence),
        (_, None) => found.nobody_knows(Rule::Silence, None),
    }
    found.connectivity(facts.connectivity);
    // A log that says nothing says nothing good, either.
    if silence.is_some_and(tells) {
        found.latencies(facts.latencies);
        found.errors(facts.failed, facts.failure_text);
        found.audits(&facts.audits);
        found.unusual(facts.outlook);
    } else {
        OF_LOG.into_iter().for_each(|rule| found.nobody_knows(rule, None));
    }
    let Found { conditions, unknown, .. } = found;
    let nodes = BTreeSet::from([node.clone()]);
    Evaluation {
        conditions,
        unknown,
        watched: nodes.clone(),
        evaluated: nodes,
        ..Evaluation::default()
    }
}

/// Rules that judge what the log told lately.
const OF_LOG: [Rule; 10] = [
    Rule::FailedAudits,
    Rule::SlowAudits,
    Rule::DownloadLatency,
    Rule::UploadLatency,
    Rule::Errors,
    Rule::UnusualAudits,
    Rule::UnusualPings,
    Rule::UnusualSlow,
    Rule::UnusualFailing,
    Rule::UnusualQuiet,
];

/// Whether the log tells transfers where there are some.
const fn tells(silence: &Silence) -> bool {
    match silence {
        Silence::Lively
        | Silence::NoTraffic { .. }
        | Silence::FullDisk { .. }
        | Silence::NoUploads { .. } => true,
        Silence::Stopped { .. }
        | Silence::NoLines { .. }
        | Silence::NoTransfers { .. }
        | Silence::Muted { .. }
        | Silence::OnlyErrors { .. } => false,
    }
}

struct Found<'a> {
    node: &'a NodeName,
    now: Timestamp,
    thresholds: &'a Thresholds,
    conditions: Vec<Condition>,
    unknown: BTreeSet<Key>,
}

impl Found<'_> {
    /// Of a rule, at one satellite or at all of them.
    fn nobody_knows(&mut self, rule: Rule, satellite: Option<SatelliteId>) {
        self.unknown.insert(Key { rule, node: Some(self.node.clone()), satellite });
    }

    fn add(
        &mut self,
        (rule, satellite): (Rule, Option<SatelliteId>),
        level: AlertLevel,
        (value, threshold): (Option<f64>, Option<f64>),
        sentence: String,
    ) {
        if !self.thresholds.muted.contains(&rule) {
            let level = self.thresholds.level(rule, level);
            let key = Key { rule, node: Some(self.node.clone()), satellite };
            self.conditions.push(Condition { key, level, sentence, value, threshold, since: None });
        }
    }

    fn reputation(&mut self, of: &Reputation) {
        let satellite = Some(of.satellite);
        let name = match (of.satellite.known(), of.address.as_deref()) {
            (Some(known), _) => known.name.to_owned(),
            (None, Some(address)) => address.to_owned(),
            (None, None) => of.satellite.to_string(),
        };
        let decided = [
            (
                Rule::Disqualified,
                of.disqualified_at,
                "disqualified the node, for good: it pays no more, and keeps what it held back",
            ),
            (
                Rule::Suspended,
                of.suspended_at,
                "suspended the node for audits that ended in an unknown way: it gets no new pieces. \
                 Look for errors of GET_AUDIT in its log",
            ),
            (
                Rule::OfflineSuspended,
                of.offline_suspended_at,
                "suspended the node for having been offline. It mends by staying online for 30 days",
            ),
        ];
        for (rule, at, what) in decided {
            // Whoever is disqualified has nothing more to lose there.
            let is_worse = rule != Rule::Disqualified && of.disqualified_at.is_some();
            if let Some(at) = at.filter(|_| !is_worse) {
                let sentence = format!("{name} has {what} (since {}).", minute(at));
                self.add((rule, satellite), AlertLevel::Critical, (None, None), sentence);
            }
        }
        if of.disqualified_at.is_some() || of.exited_at.is_some() {
            return;
        }
        let scores = [
            (Rule::AuditScore, Score::Audit, self.thresholds.audit_score),
            (Rule::SuspensionScore, Score::Suspension, self.thresholds.suspension_score),
            (Rule::OnlineScore, Score::Online, self.thresholds.online_score),
        ];
        for (rule, score, bounds) in scores {
            let Some(newest) = of.newest else {
                self.nobody_knows(rule, satellite);
                continue;
            };
            let value = score.of(&newest.scores);
            let Some((level, bound)) = bounds.below(value) else { continue };
            let consequence = match score {
                Score::Audit => "disqualified for good",
                Score::Suspension | Score::Online => "suspended",
            };
            let (called, limit) = (score.name(), score.limit());
            let sentence = format!(
                "{name}: the {called} score is {value:.4}; below {limit} the node is {consequence}."
            );
            self.add((rule, satellite), level, (Some(value), Some(bound)), sentence);
        }
    }

    fn disk(&mut self, capacity: &Capacity, full: DiskFull) {
        // What was told a day ago may be otherwise now.
        let lately = |at: Timestamp| self.now.as_micros() - at.as_micros() <= DAY_MICROS;
        let Some(available) = capacity.available.filter(|told| lately(told.at)) else {
            return self.nobody_knows(Rule::Disk, None);
        };
        let (mut level, mut numbers) = (None, (None, None));
        let mut reasons: Vec<String> = Vec::new();
        let left = match full {
            DiskFull::Now => {
                level = Some(AlertLevel::Critical);
                reasons.push("satellites choose the node for no more uploads".to_owned());
                None
            }
            DiskFull::On { at, .. } => {
                let days = (at.as_micros() - self.now.as_micros()) as f64 / DAY_MICROS as f64;
                Some((days.max(0.0), at))
            }
            DiskFull::Unknown | DiskFull::NotFilling => None,
        };
        if let Some((days, at)) = left
            && let Some((of_days, bound)) = self.thresholds.disk_full_days.below(days)
        {
            level = level.max(Some(of_days));
            numbers = (Some(days), Some(bound));
            let when = at.to_string();
            reasons.push(format!("it is full on {}", when.get(..10).unwrap_or(&when)));
        }
        if let Some(whole) = capacity.whole
            && let Some(share) = whole.share(available.bytes)
            && let Some((of_share, bound)) = self.thresholds.disk_left_percent.below(share * 100.0)
        {
            level = level.max(Some(of_share));
            numbers = (Some(share * 100.0), Some(bound));
            reasons.push(format!("that is {:.1} % of what is allotted", share * 100.0));
        }
        let Some(level) = level else { return };
        let sentence = format!("{} are left: {}.", available.bytes, reasons.join(", and "));
        self.add((Rule::Disk, None), level, numbers, sentence);
    }

    fn silence(&mut self, silence: &Silence) {
        let can_be_critical = match silence {
            // What a full disk means its own rule tells.
            Silence::Lively | Silence::FullDisk { .. } => return,
            Silence::Stopped { .. } | Silence::NoLines { .. } | Silence::NoTraffic { .. } => true,
            Silence::NoTransfers { .. }
            | Silence::Muted { .. }
            | Silence::OnlyErrors { .. }
            | Silence::NoUploads { .. } => false,
        };
        let (minutes, beyond) = match silence.since() {
            Some(since) => {
                let (minutes, beyond) = self.beyond(since);
                (Some(minutes), beyond)
            }
            None => (None, self.thresholds.silence_minutes.above(f64::MAX)),
        };
        let Some((level, bound)) = beyond else { return };
        let level = if can_be_critical { level } else { AlertLevel::Warning };
        self.add((Rule::Silence, None), level, (minutes, Some(bound)), silence.explanation());
    }

    /// Nothing will be known as long as it lasts. It is as grave as the silence that it makes; of a log that was
    /// never read somebody is still setting it up.
    fn unreadable(&mut self, reason: &str, newest: Option<Timestamp>) {
        let judged = match newest {
            Some(newest) => {
                let (minutes, beyond) = self.beyond(newest);
                beyond.map(|(level, bound)| (level, (Some(minutes), Some(bound))))
            }
            None => {
                let beyond = self.thresholds.silence_minutes.above(f64::MAX);
                beyond.map(|_| (AlertLevel::Warning, (None, None)))
            }
        };
        if let Some((level, numbers)) = judged {
            let told = format!("Its log cannot be read, so nothing new is known of it: {reason}.");
            self.add((Rule::Silence, None), level, numbers, told);
        }
    }

    /// The minutes since then, and the bound of silence that they are beyond.
    fn beyond(&self, since: Timestamp) -> (f64, Option<(AlertLevel, f64)>) {
        let minutes = (self.now.as_micros() - since.as_micros()) as f64 / 60_000_000.0;
        (minutes, self.thresholds.silence_minutes.above(minutes))
    }

    fn connectivity(&mut self, of: &Connectivity) {
        let judged = [
            (Rule::Quic, of.quic.judgement, &of.quic.sentence),
            (Rule::Poll, of.last_poll.judgement, &of.last_poll.sentence),
            (Rule::Clock, of.clock.judgement, &of.clock.sentence),
            (Rule::Version, of.version.judgement, &of.version.sentence),
            (Rule::Restarts, of.restarts.judgement, &of.restarts.sentence),
        ];
        for (rule, judgement, sentence) in judged {
            match level_of(judgement) {
                Some(level) => self.add((rule, None), level, (None, None), sentence.clone()),
                None if judgement == Judgement::Unknown => self.nobody_knows(rule, None),
                None => {}
            }
        }
        self.pings(of);
    }

    /// Of two signs of one thing the worse one counts, and one that is known.
    fn pings(&mut self, of: &Connectivity) {
        let failed = level_of(of.failed_pings.judgement)
            .map(|level| (level, (None, None), of.failed_pings.sentence.clone()));
        let unreached = of.unreached_micros.and_then(|micros| {
            let minutes = micros as f64 / 60_000_000.0;
            let (level, bound) = self.thresholds.ping_minutes.above(minutes)?;
            Some((level, (Some(minutes), Some(bound)), of_unreached(micros)))
        });
        // A node that has just started may still be reached.
        let is_known = of.last_ping.value.is_some() || of.failed_pings.judgement == Judgement::Well;
        match [failed, unreached].into_iter().flatten().max_by_key(|(level, ..)| *level) {
            Some((level, numbers, sentence)) => {
                self.add((Rule::Pings, None), level, numbers, sentence);
            }
            None if is_known => {}
            None => self.nobody_knows(Rule::Pings, None),
        }
    }

    fn latencies(&mut self, latencies: &[LatencyFact]) {
        let parts = [
            (Part::Downloads, Rule::DownloadLatency, "downloads"),
            (Part::Uploads, Rule::UploadLatency, "uploads"),
        ];
        for (part, rule, called) in parts {
            let enough = latencies.iter().filter(|of| of.part == part && of.count >= TRANSFERS_MIN);
            let Some(slowest) = enough.max_by_key(|of| of.p95_micros) else {
                self.nobody_knows(rule, None);
                continue;
            };
            let ms = slowest.p95_micros as f64 / 1000.0;
            let Some((level, bound)) = self.thresholds.latency_p95_ms.above(ms) else { continue };
            let sentence = format!(
                "Of twenty {called} of the last hour one took {:.1} s or more.",
                ms / 1000.0
            );
            self.add((rule, None), level, (Some(ms), Some(bound)), sentence);
        }
    }

    fn errors(&mut self, failed: Option<Share>, text: Option<&str>) {
        let Some(share) = failed.filter(|share| share.whole >= TRANSFERS_MIN) else {
            return self.nobody_knows(Rule::Errors, None);
        };
        let percent = share.ratio() * 100.0;
        let Some((level, bound)) = self.thresholds.errors_percent.above(percent) else { return };
        let mostly = text.map(|text| format!(", mostly with: {text}")).unwrap_or_default();
        let sentence = format!(
            "{} of {} transfers of the last hour failed ({percent:.1} %){mostly}.",
            share.part, share.whole
        );
        self.add((Rule::Errors, None), level, (Some(percent), Some(bound)), sentence);
    }

    fn audits(&mut self, audits: &AuditFacts) {
        let Audits { recoverable, unrecoverable, .. } = audits.ended;
        let failed = (recoverable + unrecoverable) as f64;
        if let Some((level, bound)) = self.thresholds.failed_audits.above(failed) {
            let missing = match unrecoverable {
                0 => "none since a piece was missing: see disk, network and clock".to_owned(),
                some => format!("{} since the piece is not there", times(some)),
            };
            let sentence = format!(
                "Audits failed {} in the last 24 hours, {missing}.",
                times(recoverable + unrecoverable)
            );
            self.add((Rule::FailedAudits, None), level, (Some(failed), Some(bound)), sentence);
        }
        if let Some(since) = audits.open {
            self.open_audit(since);
        }
        let Some((micros, at)) = audits.slowest else { return };
        let seconds = micros as f64 / 1e6;
        let bounds: Bounds = self.thresholds.slow_audit_seconds;
        if let Some((level, bound)) = bounds.above(seconds) {
            let sentence = format!(
                "An audit took {} (until {}); after 5 minutes it counts as failed. The disk is too \
                 slow or too busy.",
                length(i64::try_from(micros).unwrap_or(i64::MAX)),
                minute(at)
            );
            self.add((Rule::SlowAudits, None), level, (Some(seconds), Some(bound)), sentence);
        }
    }

    /// It goes on before somebody sees that it does.
    fn open_audit(&mut self, since: Timestamp) {
        let micros = self.now.as_micros() - since.as_micros();
        let seconds = micros as f64 / 1e6;
        let Some((level, bound)) = self.thresholds.slow_audit_seconds.above(seconds) else {
            return;
        };
        let sentence = format!(
            "An audit has been running for {} (since {}) and has not ended; after 5 minutes it counts as \
             failed. The disk hangs, or is too slow or too busy.",
            length(micros),
            minute(since)
        );
        let before = self.conditions.len();
        self.add((Rule::SlowAudits, None), level, (Some(seconds), Some(bound)), sentence);
        self.conditions[before..].iter_mut().for_each(|of| of.since = Some(since));
    }

    fn unusual(&mut self, outlook: &Outlook) {
        let known_until = outlook.known_until;
        // Hours are judged when they are over: of a log that ended hours ago nothing is known of now.
        let age = known_until.map(|until| self.now.as_micros() - until.as_micros());
        if age.is_none_or(|age| age > 3 * HOUR_MICROS) {
            OF_LOG[5..].iter().for_each(|rule| self.nobody_knows(*rule, None));
            return;
        }
        for finding in outlook.unusual_now() {
            let Some(rule) = Rule::of_unusual(finding.kind) else { continue };
            let is_grave = matches!(rule, Rule::UnusualAudits | Rule::UnusualPings);
            let level = if is_grave { AlertLevel::Critical } else { AlertLevel::Warning };
            let worst = finding.departures.first().map(|of| of.latest);
            let numbers = (worst.map(|seen| seen.value), worst.map(|seen| seen.usual.center));
            self.add((rule, None), level, numbers, finding.sentence(self.now));
        }
    }
}

/// The level of a judgement; `None` where all is well, or nobody knows.
const fn level_of(judgement: Judgement) -> Option<AlertLevel> {
    match judgement {
        Judgement::Unknown | Judgement::Well => None,
        Judgement::Look => Some(AlertLevel::Warning),
        Judgement::Trouble => Some(AlertLevel::Critical),
    }
}
