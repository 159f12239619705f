//! Of what only the newest is kept: how a node is, how it stands, how its polls went.

use piecewatch_model::{LifecycleEvent, NodeStatus, Poll, PollPart, Standing};
use rusqlite::params;

use super::Told;
use crate::amount::{bytes, number};

const POLL: &str = "INSERT INTO polls (node, part, at, took, requests, bytes, error, succeeded_at,
    failing_since)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?7 IS NULL, ?3, NULL), iif(?7 IS NULL, NULL, ?3))
ON CONFLICT DO UPDATE SET at = excluded.at, took = excluded.took, requests = excluded.requests,
    bytes = excluded.bytes, error = excluded.error,
    succeeded_at = coalesce(excluded.succeeded_at, succeeded_at),
    failing_since = iif(excluded.error IS NULL, NULL, coalesce(failing_since, excluded.at))";

/// Of two polls the one that began later counts, whichever is written first. A time that is still to
/// come, ?12 is now, was told by a clock that was wrong.
const STATUS: &str = "INSERT INTO node_status (node, node_id, version, allowed_version,
    is_up_to_date, started_at, last_pinged_at, last_quic_pinged_at, quic, port, told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT DO UPDATE SET node_id = excluded.node_id, version = excluded.version,
    allowed_version = excluded.allowed_version, is_up_to_date = excluded.is_up_to_date,
    started_at = excluded.started_at, last_pinged_at = excluded.last_pinged_at,
    last_quic_pinged_at = excluded.last_quic_pinged_at, quic = excluded.quic,
    port = excluded.port, told_at = excluded.told_at
    WHERE excluded.told_at >= told_at OR told_at > ?12";

/// What one part of the polls does not tell stays as another told it. A suspension or a
/// disqualification may be lifted: ?16 and ?17 say whether this part would tell of it, so that
/// nothing told means that there is none. Of two polls the one that began later counts, as above.
const STANDING: &str = "INSERT INTO standings (node, satellite, address, joined_at, vetted_at,
    disqualified_at, suspended_at, offline_suspended_at, exited_at, audit, online, suspension,
    audits_total, audits_passed, told_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
ON CONFLICT DO UPDATE SET address = coalesce(excluded.address, address),
    joined_at = coalesce(excluded.joined_at, joined_at),
    vetted_at = coalesce(excluded.vetted_at, vetted_at),
    disqualified_at = coalesce(excluded.disqualified_at, iif(?16, NULL, disqualified_at)),
    suspended_at = coalesce(excluded.suspended_at, iif(?16, NULL, suspended_at)),
    offline_suspended_at = coalesce(excluded.offline_suspended_at,
        iif(?17, NULL, offline_suspended_at)),
    exited_at = coalesce(excluded.exited_at, exited_at),
    audit = coalesce(excluded.audit, audit), online = coalesce(excluded.online, online),
    suspension = coalesce(excluded.suspension, suspension),
    audits_total = coalesce(excluded.audits_total, audits_total),
    audits_passed = coalesce(excluded.audits_passed, audits_passed), told_at = excluded.told_at
    WHERE excluded.told_at >= told_at OR told_at > ?18";

impl Told<'_> {
    /// The last, since it tells what was passed over of the facts.
    pub(super) fn poll(&self, poll: &Poll) -> rusqlite::Result<()> {
        let passed_over = (self.passed_over > 0).then(|| {
            let (facts, satellites) = (self.passed_over, self.refused.len());
            format!("{facts} facts on {satellites} satellites were not stored: there is no room for more satellites")
        });
        let error = match (poll.error.as_deref(), &passed_over) {
            (Some(error), Some(passed_over)) => Some(format!("{error}; {passed_over}")),
            (Some(error), None) => Some(error.to_owned()),
            (None, _) => passed_over,
        };
        self.connection.prepare_cached(POLL)?.execute(params![
            self.node,
            poll.part.code(),
            poll.at.as_micros(),
            number(poll.took_micros),
            poll.requests,
            bytes(poll.bytes),
            error,
        ])?;
        Ok(())
    }

    /// Another version than before is an event, too.
    pub(super) fn status(&self, status: &NodeStatus) -> rusqlite::Result<()> {
        self.connection.prepare_cached(STATUS)?.execute(params![
            self.node,
            status.node_id.as_deref(),
            status.version.as_deref(),
            status.allowed_version.as_deref(),
            status.is_up_to_date,
            status.started_at.map(|at| at.as_micros()),
            status.last_pinged_at.map(|at| at.as_micros()),
            status.last_quic_pinged_at.map(|at| at.as_micros()),
            status.quic.map(|quic| quic.name()),
            status.port,
            self.at.as_micros(),
            self.now.as_micros(),
        ])?;
        self.version(LifecycleEvent::Version("".into()).code(), status.version.as_deref())?;
        let minimum = LifecycleEvent::MinimumVersion("".into()).code();
        self.version(minimum, status.allowed_version.as_deref())
    }

    /// New scores enter the history, too.
    pub(super) fn standing(&mut self, standing: &Standing, part: PollPart) -> rusqlite::Result<()> {
        let Some(satellite) = self.satellite(&standing.satellite)? else { return Ok(()) };
        // SQLite has no NaN. No satellite has such a score either.
        let scores = standing.scores.filter(|scores| {
            [scores.audit, scores.online, scores.suspension].into_iter().all(f64::is_finite)
        });
        let (total, passed) =
            standing.audits.map(|(total, passed)| (number(total), number(passed))).unzip();
        self.connection.prepare_cached(STANDING)?.execute(params![
            self.node,
            satellite,
            standing.address.as_deref(),
            standing.joined_at.map(|at| at.as_micros()),
            standing.vetted_at.map(|at| at.as_micros()),
            standing.disqualified_at.map(|at| at.as_micros()),
            standing.suspended_at.map(|at| at.as_micros()),
            standing.offline_suspended_at.map(|at| at.as_micros()),
            standing.exited_at.map(|at| at.as_micros()),
            scores.map(|scores| scores.audit),
            scores.map(|scores| scores.online),
            scores.map(|scores| scores.suspension),
            total,
            passed,
            self.at.as_micros(),
            tells_suspensions(part),
            tells_offline_suspensions(part),
            self.now.as_micros(),
        ])?;
        match scores {
            Some(scores) => self.scores(satellite, &scores, standing.audits),
            None => Ok(()),
        }
    }
}

/// Whether a standing from this part tells of a disqualification, and of a suspension for audits,
/// if there is one. What the node answers about a satellite does not.
const fn tells_suspensions(part: PollPart) -> bool {
    match part {
        PollPart::Dashboard | PollPart::Databases => true,
        PollPart::Satellites | PollPart::Paystubs | PollPart::Metrics => false,
    }
}

/// Whether it tells of a suspension for having been offline. The dashboard does not.
const fn tells_offline_suspensions(part: PollPart) -> bool {
    match part {
        PollPart::Databases => true,
        PollPart::Dashboard | PollPart::Satellites | PollPart::Paystubs | PollPart::Metrics => {
            false
        }
    }
}
