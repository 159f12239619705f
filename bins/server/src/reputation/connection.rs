//! How a node is reached for machines: what each check found, beside its judgement.

use std::collections::BTreeMap;

use piecewatch_analytics::{
    connectivity::{ClockTrouble, Connectivity, FailedPings, Versions},
    judgement::Judged,
    restarts::Restart,
};
use piecewatch_model::{Quic, SatelliteId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::earnings::satellite_name;

/// Every check, by its name; null is what is not known.
#[derive(JsonSchema, Serialize)]
pub(super) struct Connection<'a> {
    clock: Check<'a, Clock>,
    failed_pings: Check<'a, Pings>,
    last_ping: Check<'a, Moment>,
    last_poll: Check<'a, Moment>,
    port: Check<'a, Port>,
    quic: Check<'a, QuicState>,
    restarts: Check<'a, Restarts<'a>>,
    version: Check<'a, Version<'a>>,
}

/// A judgement, why, and by what.
#[derive(JsonSchema, Serialize)]
struct Check<'a, T> {
    state: &'static str,
    sentence: &'a str,
    #[serde(flatten)]
    found: T,
}

/// Signs that the clock is off.
#[derive(JsonSchema, Serialize)]
struct Clock {
    /// How often the node itself found its clock off.
    told: Option<u64>,
    /// How many transfers failed because the clocks of both sides differ.
    transfers: Option<u64>,
}

/// Check-ins with satellites that failed.
#[derive(JsonSchema, Serialize)]
struct Pings {
    count: Option<u64>,
    last_at: Option<String>,
    /// What they say most often.
    text: Option<String>,
    /// Those that name no satellite are under `unknown`.
    satellites: BTreeMap<String, u64>,
}

/// When it happened last.
#[derive(JsonSchema, Serialize)]
struct Moment {
    at: Option<String>,
}

/// What satellites are told.
#[derive(JsonSchema, Serialize)]
struct Port {
    port: Option<u16>,
}

/// As the node tells it: `OK`, `Misconfigured`, `Disabled` or `Refreshing`.
#[derive(JsonSchema, Serialize)]
struct QuicState {
    quic: Option<&'static str>,
}

/// How often the process began in the window.
#[derive(JsonSchema, Serialize)]
struct Restarts<'a> {
    count: Option<usize>,
    /// Of these, after an end that nobody had asked for.
    unasked: Option<usize>,
    /// The newest hundred, the oldest first.
    starts: Vec<Start<'a>>,
}

/// A start of the process.
#[derive(JsonSchema, Serialize)]
struct Start<'a> {
    at: String,
    version: Option<&'a str>,
    /// Whether the process before it was `asked` to end, or `unasked`; else `unknown`.
    before: &'static str,
}

/// What runs, and the lowest that the network accepts.
#[derive(JsonSchema, Serialize)]
struct Version<'a> {
    running: Option<&'a str>,
    minimum: Option<&'a str>,
}

impl<'a> Connection<'a> {
    pub(super) fn of(of: &'a Connectivity) -> Self {
        Self {
            clock: Check::of(&of.clock, Clock::of),
            failed_pings: Check::of(&of.failed_pings, Pings::of),
            last_ping: Check::of(&of.last_ping, Moment::of),
            last_poll: Check::of(&of.last_poll, Moment::of),
            port: Check::of(&of.port, |port| Port { port: port.copied() }),
            quic: Check::of(&of.quic, |quic| QuicState { quic: quic.copied().map(Quic::name) }),
            restarts: Check::of(&of.restarts, |count| Restarts {
                count: count.map(|count| count.all),
                unasked: count.map(|count| count.unasked),
                starts: of.starts.iter().map(Start::of).collect(),
            }),
            version: Check::of(&of.version, Version::of),
        }
    }
}

impl<'a, T> Check<'a, T> {
    fn of<V>(judged: &'a Judged<V>, found: impl FnOnce(Option<&'a V>) -> T) -> Self {
        let (state, sentence) = (judged.judgement.name(), judged.sentence.as_str());
        Self { state, sentence, found: found(judged.value.as_ref()) }
    }
}

impl Clock {
    fn of(trouble: Option<&ClockTrouble>) -> Self {
        Self {
            told: trouble.map(|trouble| trouble.told),
            transfers: trouble.map(|trouble| trouble.transfers),
        }
    }
}

impl Pings {
    fn of(failed: Option<&FailedPings>) -> Self {
        let name = |id: &Option<SatelliteId>| {
            id.map_or_else(|| "unknown".to_owned(), |id| satellite_name(id, None))
        };
        let by_satellite = failed.iter().flat_map(|failed| &failed.by_satellite);
        let text = failed.map(|failed| failed.text.to_string());
        Self {
            count: failed.map(|failed| failed.by_satellite.values().sum()),
            last_at: failed.and_then(|failed| failed.last_at).map(|at| at.to_string()),
            text: text.filter(|text| !text.is_empty()),
            satellites: by_satellite.map(|(id, count)| (name(id), *count)).collect(),
        }
    }
}

impl Moment {
    fn of(at: Option<&Timestamp>) -> Self {
        Self { at: at.map(Timestamp::to_string) }
    }
}

impl<'a> Start<'a> {
    fn of(of: &'a Restart) -> Self {
        Self { at: of.at.to_string(), version: of.version.as_deref(), before: of.before.name() }
    }
}

impl<'a> Version<'a> {
    fn of(versions: Option<&'a Versions>) -> Self {
        Self {
            running: versions.map(|versions| &*versions.running),
            minimum: versions.and_then(|versions| versions.minimum.as_deref()),
        }
    }
}
