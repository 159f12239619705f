//! What moved over time, how large it was, and where it went.

use std::{collections::BTreeMap, sync::Arc};

use piecewatch_analytics::{
    rate::{InFlightPoint, InFlightSeries, RatePoint, RateSeries},
    success::{Acceptance, SuccessOverTime},
    tally::{Amount, Tally},
};
use piecewatch_model::{Action, Grain, NodeName, Timestamp};
use piecewatch_store::Window;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, of, written},
    overview::RateRow,
};
use crate::{
    countries,
    form::{Span, csv_rows},
    sizes,
};

/// The most buckets of an answer.
const BUCKETS_MAX: i64 = 3_000;
/// As many as a curve needs.
const BUCKETS_ENOUGH: i64 = 400;
const GRAINS: [Grain; 4] = [Grain::Minute, Grain::FiveMinutes, Grain::Hour, Grain::Day];

/// What moved over time.
#[derive(JsonSchema, Serialize)]
pub(super) struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<&'a str>,
    /// The width of a bucket; null where there are none.
    step_seconds: Option<i64>,
    /// By time, action and outcome; what did not happen is left out.
    points: Vec<Point<'a>>,
    /// One for each bucket.
    rates: Vec<RateAt>,
    /// Rates of success before and after an upgrade do not compare.
    upgrades: Vec<Upgrade<'a>>,
}

/// The width of a bucket, in CSV.
#[derive(Default, Clone, Copy, Serialize)]
struct Step {
    step_seconds: Option<i64>,
}

/// Transfers of one kind in one bucket.
#[derive(Default, JsonSchema, Serialize)]
struct Point<'a> {
    at: String,
    /// Null of uploads that were turned away: no line tells what they were for.
    action: Option<&'a str>,
    /// `success`, `canceled`, `failed` or `rejected`.
    outcome: &'static str,
    count: u64,
    /// Null of uploads that were turned away.
    bytes: Option<u64>,
}

#[derive(JsonSchema, Serialize)]
struct RateAt {
    at: String,
    /// Of how many nodes something is known of this time.
    nodes: usize,
    /// Null where nothing is known, which is not 0.
    rates: Option<RateRow>,
    in_flight: InFlightAt,
}

/// Transfers at once, on average over the bucket, nodes together.
#[derive(JsonSchema, Serialize)]
struct InFlightAt {
    /// Uploads; null where no log tells of the time or of how long they took, which is not 0. Actions of which
    /// it is not told how long they took are left out.
    ingress: Option<f64>,
    /// Downloads; null as above.
    egress: Option<f64>,
}

#[derive(JsonSchema, Serialize)]
struct Upgrade<'a> {
    at: String,
    node: &'a str,
    from: &'a str,
    to: &'a str,
}

struct Series {
    names: Vec<NodeName>,
    over_time: Option<(Arc<SuccessOverTime>, Arc<RateSeries>, Arc<InFlightSeries>)>,
    /// Nodes together.
    tallies: BTreeMap<Timestamp, (BTreeMap<Action, Tally>, Acceptance)>,
}

pub(super) fn traffic(ask: &Ask<'_>) -> Reply {
    let names = ask.names();
    let over_time = match ask.window() {
        Some(window) => {
            let (nodes, grain) = (of(&names), step(ask, &names, window)?);
            let observatory = &ask.parts.observatory;
            let success = observatory.success_series(nodes, window, grain)?;
            let rates = observatory.rates(nodes, window, grain)?;
            Some((success, rates, observatory.in_flight_series(nodes, window, grain)?))
        }
        None => None,
    };
    let mut series = Series { names, over_time, tallies: BTreeMap::new() };
    if let Some((success, ..)) = &series.over_time {
        for point in &success.series.points {
            let (tallies, _) = series.tallies.entry(point.at).or_default();
            tallies.entry(point.action.clone()).or_default().merge(&point.tally);
        }
        for (at, _, acceptance) in &success.series.acceptance {
            let (_, all) = series.tallies.entry(*at).or_default();
            all.accepted = all.accepted.saturating_add(acceptance.accepted);
            all.rejected = all.rejected.saturating_add(acceptance.rejected);
        }
    }
    ask.reply(
        series,
        |series| written(&series.root()),
        Sheet::of::<(Span, Step, Point<'_>)>(|series, out| {
            let (span, step) = (series.span(), Step { step_seconds: series.step_seconds() });
            csv_rows(out, series.points().map(|point| (span.clone(), step, point)))
        }),
    )
}

/// The width of the buckets: the one that was asked for or that suits, or the next that is still kept
/// and makes no more buckets than may be.
fn step(ask: &Ask<'_>, names: &[NodeName], window: Window) -> Result<Grain, Problem> {
    let (asked, most) = match ask.query.word("step") {
        Some("1m") => (Grain::Minute, BUCKETS_MAX),
        Some("5m") => (Grain::FiveMinutes, BUCKETS_MAX),
        Some("1h") => (Grain::Hour, BUCKETS_MAX),
        Some("1d") => (Grain::Day, BUCKETS_MAX),
        _ => (Grain::Minute, BUCKETS_ENOUGH),
    };
    let kept = ask.parts.readers.get()?.kept_from(of(names))?;
    let has_minutes = kept.minutes.is_none_or(|minutes| minutes <= window.from);
    let finest = if has_minutes { asked } else { asked.max(Grain::Hour) };
    let length = window.to.as_micros().saturating_sub(window.from.as_micros());
    let fits = |grain: &Grain| *grain >= finest && length / grain.micros() <= most;
    Ok(GRAINS.into_iter().find(fits).unwrap_or(Grain::Day))
}

impl Series {
    fn span(&self) -> Span {
        Span::over(self.over_time.iter().map(|(success, ..)| success.window))
    }

    fn step_seconds(&self) -> Option<i64> {
        self.over_time.as_ref().map(|(success, ..)| success.grain.micros() / 1_000_000)
    }

    fn points(&self) -> impl Iterator<Item = Point<'_>> {
        self.tallies.iter().flat_map(|(at, (tallies, acceptance))| {
            let ended = tallies.iter().flat_map(|(action, tally)| {
                let all = [
                    ("success", tally.success),
                    ("canceled", tally.canceled),
                    ("failed", tally.failed()),
                ];
                let happened = all.into_iter().filter(|(_, Amount { count, .. })| *count > 0);
                happened.map(|(outcome, amount)| Point {
                    at: at.to_string(),
                    action: Some(action.name()),
                    outcome,
                    count: amount.count,
                    bytes: Some(amount.bytes.get()),
                })
            });
            let rejected = (acceptance.rejected > 0).then(|| Point {
                at: at.to_string(),
                outcome: "rejected",
                count: acceptance.rejected,
                ..Point::default()
            });
            ended.chain(rejected)
        })
    }

    fn root(&self) -> Root<'_> {
        let over_time = self.over_time.as_ref();
        let rate = |(point, in_flight): (&RatePoint, &InFlightPoint)| RateAt {
            at: point.at.to_string(),
            nodes: point.nodes,
            rates: point.rates.map(RateRow::of),
            in_flight: InFlightAt { ingress: in_flight.ingress, egress: in_flight.egress },
        };
        // Both have a point for each bucket.
        let rates = over_time
            .iter()
            .flat_map(|(_, rates, in_flight)| rates.points.iter().zip(&in_flight.points));
        let upgrades = over_time.iter().flat_map(|(success, ..)| &success.upgrades);
        let upgrades = upgrades.map(|upgrade| Upgrade {
            at: upgrade.at.to_string(),
            node: upgrade.node.as_str(),
            from: &upgrade.from,
            to: &upgrade.to,
        });
        Root {
            span: self.span(),
            nodes: self.names.iter().map(NodeName::as_str).collect(),
            step_seconds: self.step_seconds(),
            points: self.points().collect(),
            rates: rates.map(rate).collect(),
            upgrades: upgrades.collect(),
        }
    }
}

/// How large transfers were.
pub(super) fn sizes(ask: &Ask<'_>) -> Reply {
    let names = ask.names();
    let answer = match ask.window() {
        Some(window) => {
            let found = ask.parts.observatory.sizes(of(&names), window)?;
            sizes::Answer::of(names, Some(found.window), &found.what)
        }
        None => sizes::Answer::of(names, None, &[]),
    };
    ask.reply(
        answer,
        |answer| written(&sizes::Object::of(answer)),
        Sheet::of::<(Span, sizes::Row<'_>)>(|answer, out| csv_rows(out, sizes::flat(answer))),
    )
}

/// Where the other sides are.
pub(super) fn countries(ask: &Ask<'_>) -> Reply {
    let mut answer = countries::Answer::new();
    if let Some(window) = ask.window() {
        for node in ask.names() {
            let peers = ask.parts.observatory.peers(&node, window)?;
            answer.push((node, peers));
        }
    }
    ask.reply(
        answer,
        |answer| written(&countries::Object::of(answer)),
        Sheet::of::<(Span, countries::At<'_>, countries::Country<'_>)>(|answer, out| {
            csv_rows(out, countries::flat(answer))
        }),
    )
}
