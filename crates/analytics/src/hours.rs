//! What did a node do in each hour?

use std::collections::BTreeMap;

use piecewatch_model::{
    ByteCount, Clock, Direction, Grain, HistogramSum, NodeName, Timestamp, TroubleKind,
};
use piecewatch_store::{
    Ending, Fate, LatencyHour, Nodes, Reader, Result, TrafficPoint, TroubleHour, Window,
};

use crate::{
    distribution::{Percentile, percentile_of_sum},
    tally::Part,
};

/// Of latencies the clock of the last days counts: a log may change its form.
const CLOCK_OF_HOURS: i64 = 7 * 24;

/// What a node did in one hour, as its log tells. An hour of which the log tells nothing has no such
/// value: it is not known whether the node did nothing or nobody read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// The beginning of the hour.
    pub at: Timestamp,
    /// Downloads by clients and by repair workers, without audits. Lines that name no action do not
    /// count ([`Part::of`]).
    pub downloads: Ended,
    /// Uploads by clients and by repair workers. Those that were turned away do not count.
    pub uploads: Ended,
    /// Audits.
    pub audits: Ended,
    /// Lines about satellites that were not reached, or did not reach the node.
    pub pings_failed: u64,
    /// Lines about any other trouble than that.
    pub troubles: u64,
    /// Downloads by clients that succeeded; `None` where none has a latency.
    pub download_latency: Option<HourLatency>,
    /// Uploads by clients that succeeded; `None` where none has a latency.
    pub upload_latency: Option<HourLatency>,
}

/// Transfers, by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// How many succeeded.
    pub success: u64,
    /// How many the other side stopped.
    pub canceled: u64,
    /// How many broke.
    pub failed: u64,
    /// What those that succeeded moved.
    pub bytes: ByteCount,
}

impl Ended {
    /// All of them.
    pub const fn count(&self) -> u64 {
        self.success + self.canceled + self.failed
    }

    /// Adds transfers. Uploads that were turned away never began, and do not count.
    pub(crate) fn add(&mut self, fate: Fate, count: u64, bytes: ByteCount) {
        let outcome = match fate {
            Fate::Ended(outcome) => outcome,
            Fate::Rejected => return,
        };
        match Ending::of(outcome) {
            Ending::Success => {
                self.success += count;
                self.bytes = self.bytes + bytes;
            }
            Ending::Canceled => self.canceled += count,
            Ending::Failed => self.failed += count,
        }
    }
}

/// How long transfers took in one hour, by one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourLatency {
    /// How many were measured.
    pub count: u64,
    /// Half of them took no longer, in microseconds.
    pub p50_micros: u64,
    /// 95 of 100 took no longer, in microseconds.
    pub p95_micros: u64,
}

impl HourLatency {
    /// Of latencies that were added up; `None` where there are none. At most
    /// [`Histogram::ERROR_MAX`](piecewatch_model::Histogram::ERROR_MAX) from the truth.
    pub fn of(latencies: &HistogramSum) -> Option<Self> {
        Some(Self {
            count: latencies.count(),
            p50_micros: percentile_of_sum(latencies, Percentile::P50)?,
            p95_micros: percentile_of_sum(latencies, Percentile::P95)?,
        })
    }
}

impl Hour {
    /// An hour in which nothing was told.
    const fn empty(at: Timestamp) -> Self {
        let none = Ended { success: 0, canceled: 0, failed: 0, bytes: ByteCount::new(0) };
        Self {
            at,
            downloads: none,
            uploads: none,
            audits: none,
            pings_failed: 0,
            troubles: 0,
            download_latency: None,
            upload_latency: None,
        }
    }

    fn count(&mut self, point: &TrafficPoint) {
        let ended = match Part::of(&point.action) {
            Some(Part::Downloads) => &mut self.downloads,
            Some(Part::Uploads) => &mut self.uploads,
            Some(Part::Audits) => &mut self.audits,
            None => return,
        };
        ended.add(point.fate, point.count, point.bytes);
    }
}

/// What a node did hour by hour, of what the database tells of one node: its traffic by the hour,
/// its trouble, and the latencies of its `GET` and `PUT`. Hours without anything are left out.
pub fn hours(
    traffic: &[TrafficPoint],
    troubles: &[TroubleHour],
    latencies: &[LatencyHour<Option<HourLatency>>],
) -> Vec<Hour> {
    let mut hours: BTreeMap<Timestamp, Hour> = BTreeMap::new();
    for of_hour in traffic.chunk_by(|one, next| one.at == next.at) {
        let at = of_hour[0].at;
        let hour = hours.entry(at).or_insert(Hour::empty(at));
        of_hour.iter().for_each(|point| hour.count(point));
    }
    for trouble in troubles {
        let hour = hours.entry(trouble.at).or_insert(Hour::empty(trouble.at));
        match trouble.kind {
            TroubleKind::Ping => hour.pings_failed += trouble.lines,
            TroubleKind::Quic
            | TroubleKind::Disk
            | TroubleKind::Clock
            | TroubleKind::Version
            | TroubleKind::Orders
            | TroubleKind::TrashRead
            | TroubleKind::Database
            | TroubleKind::Fatal
            | TroubleKind::Panic
            | TroubleKind::LinesDropped
            | TroubleKind::Other => hour.troubles += trouble.lines,
        }
    }
    let clock = clock(latencies);
    for one in latencies.iter().filter(|one| Some(one.clock) == clock) {
        let hour = hours.entry(one.at).or_insert(Hour::empty(one.at));
        let latency = match one.action.direction() {
            Direction::Download => &mut hour.download_latency,
            Direction::Upload => &mut hour.upload_latency,
        };
        *latency = one.told;
    }
    hours.into_values().collect()
}

/// The clock that measured most of the last week: what two clocks measured is not compared.
fn clock(latencies: &[LatencyHour<Option<HourLatency>>]) -> Option<Clock> {
    let last = latencies.iter().map(|hour| hour.at).max()?;
    let from = last.plus_micros(-CLOCK_OF_HOURS * Grain::Hour.micros());
    let mut counts: BTreeMap<Clock, u64> = BTreeMap::new();
    for hour in latencies.iter().filter(|hour| hour.at >= from) {
        *counts.entry(hour.clock).or_default() += hour.told.map_or(0, |told| told.count);
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map(|(clock, _)| clock)
}

/// Asks what a node did hour by hour, in a window widened to whole hours.
///
/// # Errors
///
/// When the database cannot be read.
pub fn hours_of(reader: &Reader, node: &NodeName, window: Window) -> Result<Vec<Hour>> {
    let nodes = Nodes::Of(std::slice::from_ref(node));
    Ok(hours(
        &reader.traffic_series(nodes, window, Grain::Hour)?,
        &reader.trouble_hours(node, window)?,
        &reader.latency_hours(node, window, HourLatency::of)?,
    ))
}
