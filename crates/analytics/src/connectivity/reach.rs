//! Whether a node is reached: QUIC, pings, its port.

use piecewatch_model::{Quic, Timestamp, TroubleKind};
use piecewatch_store::TroubleCount;

use super::{ConnectionFacts, FailedPings, MINUTE, nothing_told};
use crate::judgement::{Judged, Judgement, length, minute, times};

/// Satellites answer every check-in, which a node makes once an hour.
const PING_LOOK: i64 = 90 * MINUTE;
const PING_TROUBLE: i64 = 4 * 60 * MINUTE;
/// A check-in that fails is tried again some times in its hour: so many are two hours of them.
const PINGS_TROUBLE: u64 = 10;
const PINGS_LATELY: i64 = 120 * MINUTE;
/// What the node listens on unless it is told otherwise.
const USUAL_PORT: u16 = 28_967;

pub(super) fn quic(facts: &ConnectionFacts<'_>) -> Judged<Quic> {
    let told = facts.status.and_then(|status| status.what.quic);
    let port = facts.status.and_then(|status| status.what.port).unwrap_or(USUAL_PORT);
    let Some(quic) = told else {
        let failed = of_kind(facts, TroubleKind::Quic).map(|trouble| trouble.count).sum::<u64>();
        if failed == 0 {
            return Judged::unknown("The node has not told whether it can be reached over QUIC.");
        }
        let sentence = format!(
            "Satellites could not reach the node over QUIC {}. Forward UDP to port {port}, \
             as TCP is.",
            times(failed)
        );
        return Judged { value: None, judgement: Judgement::Look, sentence };
    };
    let (judgement, sentence) = match quic {
        Quic::Ok => reached_over_quic(facts),
        Quic::Misconfigured => {
            let sentence = format!(
                "The node cannot be reached over QUIC: uploads and downloads over it go to others. \
                 Forward UDP to port {port} in router and firewall, as TCP is."
            );
            (Judgement::Look, sentence)
        }
        Quic::Disabled => {
            let sentence = "QUIC is switched off in the node's configuration: transfers over it go to \
                            others.";
            (Judgement::Look, sentence.to_owned())
        }
        Quic::Refreshing => {
            (Judgement::Unknown, "The node is finding out whether QUIC works.".to_owned())
        }
    };
    Judged::new(quic, judgement, sentence)
}

/// A satellite tries QUIC, too, at each check-in.
fn reached_over_quic(facts: &ConnectionFacts<'_>) -> (Judgement, String) {
    let age = facts.status.and_then(|status| {
        let at = status.what.last_quic_pinged_at?;
        Some(status.at.as_micros() - at.as_micros())
    });
    match age {
        Some(age) if age > PING_LOOK => (
            Judgement::Look,
            format!(
                "The node counts QUIC as well, but nothing had reached it over QUIC for {} when it was \
                 asked. See whether UDP is still forwarded.",
                length(age)
            ),
        ),
        Some(age) => (
            Judgement::Well,
            format!("It was reached over QUIC {} before it was asked.", length(age)),
        ),
        None => (Judgement::Well, "The node can be reached over QUIC.".to_owned()),
    }
}

/// For how long nothing had reached the node when it was asked, in microseconds: since it started where
/// nothing has yet.
pub(super) fn unreached(facts: &ConnectionFacts<'_>) -> Option<i64> {
    let status = facts.status?;
    let since = status.what.last_pinged_at.or(status.what.started_at)?;
    Some(status.at.as_micros() - since.as_micros())
}

/// What it means that nothing had reached a node for so long.
pub(crate) fn of_unreached(micros: i64) -> String {
    format!(
        "Nothing had reached the node for {} when it was asked. See whether its port is forwarded and its \
         address is right.",
        length(micros)
    )
}

pub(super) fn last_ping(facts: &ConnectionFacts<'_>) -> Judged<Timestamp> {
    let Some(status) = facts.status else {
        return Judged::unknown("The node has not told when it was reached last.");
    };
    let value = status.what.last_pinged_at;
    let (judgement, sentence) = match (unreached(facts), value) {
        (Some(age), _) if age > PING_TROUBLE => (Judgement::Trouble, of_unreached(age)),
        (Some(age), _) if age > PING_LOOK => (Judgement::Look, of_unreached(age)),
        (Some(age), Some(_)) => {
            (Judgement::Well, format!("It was reached {} before it was asked.", length(age)))
        }
        (Some(_) | None, _) => {
            return Judged::unknown("Nothing has reached the node since it started.");
        }
    };
    Judged { value, judgement, sentence }
}

pub(super) fn failed_pings(facts: &ConnectionFacts<'_>) -> Judged<FailedPings> {
    let mut failed = FailedPings::default();
    for trouble in of_kind(facts, TroubleKind::Ping) {
        *failed.by_satellite.entry(trouble.satellite).or_default() += trouble.count;
        failed.last_at = failed.last_at.max(Some(trouble.last_at));
    }
    let most = of_kind(facts, TroubleKind::Ping).max_by_key(|trouble| trouble.count);
    failed.text = most.map(|trouble| trouble.text.clone()).unwrap_or_default();
    let Some(last_at) = failed.last_at else {
        return nothing_told(facts.log, failed, "No check-in with a satellite failed");
    };
    let count: u64 = failed.by_satellite.values().sum();
    let is_recent = facts.window.to.as_micros() - last_at.as_micros() <= PINGS_LATELY;
    let is_often = failed.by_satellite.values().any(|&count| count >= PINGS_TROUBLE);
    let judgement = if is_recent && is_often { Judgement::Trouble } else { Judgement::Look };
    let sentence = format!(
        "Check-ins with {} failed {}, the last at {}: {} {}",
        match failed.by_satellite.len() {
            1 => "one satellite".to_owned(),
            satellites => format!("{satellites} satellites"),
        },
        times(count),
        minute(last_at),
        failed.text,
        advice(&failed.text)
    );
    Judged::new(failed, judgement, sentence.trim_end().to_owned())
}

/// What to do about a failed check-in, by the words of its error.
fn advice(text: &str) -> &'static str {
    if text.contains("rate limited") {
        "– The node checked in too often, mostly after restarts; this passes."
    } else if text.contains("failed to ping storage node") {
        "– The satellite could not reach the node: see whether port and address are right."
    } else if text.contains("dial") || text.contains("deadline") || text.contains("lookup") {
        "– The node could not reach the satellite: see its connection and its DNS."
    } else {
        ""
    }
}

pub(super) fn port(facts: &ConnectionFacts<'_>) -> Judged<u16> {
    match facts.status.and_then(|status| status.what.port) {
        Some(USUAL_PORT) => {
            Judged::new(USUAL_PORT, Judgement::Well, "It is configured for the usual port, 28967.")
        }
        Some(port) => {
            let sentence = format!(
                "It is configured for port {port}, which must be forwarded for TCP and UDP alike."
            );
            Judged::new(port, Judgement::Well, sentence)
        }
        None => Judged::unknown("The node has not told its port."),
    }
}

fn of_kind<'a>(
    facts: &ConnectionFacts<'a>,
    kind: TroubleKind,
) -> impl Iterator<Item = &'a TroubleCount> {
    facts.troubles.iter().filter(move |trouble| trouble.kind == kind)
}
