//! What the node books of its transfers, by day and satellite.

use std::collections::BTreeMap;

use piecewatch_model::{DailyBandwidth, SatelliteId, Timestamp};

use super::transfer::Transfer;
use crate::{account::Traffic, calendar::day_of};

/// A client signs one order after the other, each for so much more of a download.
const ORDER_BYTES: u64 = 262_144;

/// Sums of bytes by day and number of the satellite.
#[derive(Debug, Clone, Default)]
pub(super) struct Booked(BTreeMap<(i64, usize), Traffic>);

impl Booked {
    /// A transfer that was completed.
    pub(super) fn whole(&mut self, transfer: &Transfer, now: i64) {
        self.add(transfer, transfer.size, now);
    }

    /// A transfer of which so many bytes were moved when it ended. For a download the order in
    /// hand counts whole; of an upload, what was received.
    pub(super) fn part(&mut self, transfer: &Transfer, part: u64, now: i64) {
        let ordered = part.div_ceil(ORDER_BYTES) * ORDER_BYTES;
        let amount = if transfer.is_download() { ordered.min(transfer.size) } else { part };
        self.add(transfer, amount, now);
    }

    fn add(&mut self, transfer: &Transfer, bytes: u64, now: i64) {
        let key = (day_of(Timestamp::from_micros(now)), transfer.satellite);
        let day = self.0.entry(key).or_default();
        let sum = match transfer.action {
            "GET" => &mut day.get,
            "GET_AUDIT" => &mut day.get_audit,
            "GET_REPAIR" => &mut day.get_repair,
            "PUT" => &mut day.put,
            "PUT_REPAIR" => &mut day.put_repair,
            _ => return,
        };
        *sum += bytes;
    }

    /// By day, then satellite.
    pub(super) fn days(&self, satellites: &[SatelliteId]) -> Vec<DailyBandwidth> {
        let of_day =
            |(&(day, at), traffic): (&(i64, usize), &Traffic)| traffic.of_day(satellites[at], day);
        let mut days: Vec<DailyBandwidth> = self.0.iter().map(of_day).collect();
        days.sort_by_key(|day| (day.day, day.satellite));
        days
    }
}
