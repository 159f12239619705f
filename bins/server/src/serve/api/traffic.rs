//! What moved over time, how large it was, and where it went.

use std::{collections::BTreeMap, sync::Arc};

use piecewatch_analytics::{
    InWindow,
    countries::PeersOf,
    rate::{InFlightPoint, InFlightSeries, RatePoint, RateSeries},
    success::{Acceptance, SuccessOverTime},
    tally::{Amount, Tally},
    transfer_size::SizeClass,
};
use piecewatch_model::{Action, Grain, NodeName, Timestamp};
use piecewatch_store::{Ending, SizeRow, Window};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, of, written},
    overview::RateRow,
};
use crate::form::{Span, csv_rows};

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
#[derive(JsonSchema, Serialize)]
pub(super) struct Sizes<'a> {
    #[serde(flatten)]
    span: Span,
    sizes: Vec<Size<'a>>,
}

/// Transfers of a class of sizes.
#[derive(Default, JsonSchema, Serialize)]
struct Size<'a> {
    action: &'a str,
    outcome: &'static str,
    from_bytes: u64,
    /// The first above it; null of the last class.
    to_bytes: Option<u64>,
    count: u64,
    bytes: u64,
}

type Classes = BTreeMap<(Action, Ending, SizeClass), Amount>;

pub(super) fn sizes(ask: &Ask<'_>) -> Reply {
    let names = ask.names();
    let found = match ask.window() {
        Some(window) => Some(ask.parts.observatory.sizes(of(&names), window)?),
        None => None,
    };
    let found = found.map(|found| (found.window, classes(&found)));
    ask.reply(
        found,
        |found| {
            let span = Span::over(found.iter().map(|(window, _)| *window));
            let sizes = found.iter().flat_map(|(_, classes)| classes.iter().map(size)).collect();
            written(&Sizes { span, sizes })
        },
        Sheet::of::<(Span, Size<'_>)>(|found, out| {
            let Some((window, classes)) = found else { return Ok(()) };
            csv_rows(out, classes.iter().map(|of| (Span::of(*window), size(of))))
        }),
    )
}

fn classes(found: &InWindow<Vec<SizeRow>>) -> Classes {
    let mut classes = Classes::new();
    for row in &found.what {
        let key = (row.action.clone(), row.ending, SizeClass::of(row.bucket));
        let sum = classes.entry(key).or_default();
        sum.count = sum.count.saturating_add(row.count);
        sum.bytes = sum.bytes + row.bytes;
    }
    classes
}

fn size<'a>(
    ((action, ending, class), amount): (&'a (Action, Ending, SizeClass), &Amount),
) -> Size<'a> {
    let above = SizeClass::ALL.into_iter().find(|other| other > class);
    Size {
        action: action.name(),
        outcome: match ending {
            Ending::Success => "success",
            Ending::Canceled => "canceled",
            Ending::Failed => "failed",
        },
        from_bytes: class.low().get(),
        to_bytes: above.map(|above| above.low().get()),
        count: amount.count,
        bytes: amount.bytes.get(),
    }
}

/// Where the other sides are.
#[derive(JsonSchema, Serialize)]
pub(super) struct Countries<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<Peers<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Peers<'a> {
    node: &'a str,
    /// `varied`; `one_address` or `private` where something hides who they are; or `unknown`.
    state: &'static str,
    sentence: Option<String>,
    /// None where nobody looked addresses up.
    countries: Vec<Country<'a>>,
}

/// Of which node a row is, in CSV.
#[derive(Default, Serialize)]
struct At<'a> {
    node: &'a str,
}

#[derive(Default, JsonSchema, Serialize)]
struct Country<'a> {
    /// Two letters; private networks and what nobody knows have a code of their own.
    country: &'a str,
    uploads: u64,
    upload_bytes: u64,
    downloads: u64,
    download_bytes: u64,
}

pub(super) fn countries(ask: &Ask<'_>) -> Reply {
    let mut found: Vec<(NodeName, Arc<PeersOf>)> = Vec::new();
    if let Some(window) = ask.window() {
        for node in ask.names() {
            let peers = ask.parts.observatory.peers(&node, window)?;
            found.push((node, peers));
        }
    }
    ask.reply(
        found,
        |found| {
            let nodes = found.iter().map(|(node, peers)| Peers {
                node: node.as_str(),
                state: peers.peers.name(),
                sentence: peers.peers.explanation(),
                countries: peers.countries.iter().map(country).collect(),
            });
            let span = Span::over(found.iter().map(|(_, peers)| peers.window));
            written(&Countries { span, nodes: nodes.collect() })
        },
        Sheet::of::<(Span, At<'_>, Country<'_>)>(|found, out| {
            let rows = found.iter().flat_map(|(node, peers)| {
                let row = |of| (Span::of(peers.window), At { node: node.as_str() }, country(of));
                peers.countries.iter().map(row)
            });
            csv_rows(out, rows)
        }),
    )
}

fn country(of: &piecewatch_analytics::countries::CountryShare) -> Country<'_> {
    Country {
        country: of.country.code(),
        uploads: of.uploads.count,
        upload_bytes: of.uploads.bytes.get(),
        downloads: of.downloads.count,
        download_bytes: of.downloads.bytes.get(),
    }
}
