//! What a node is: its id, its wallet, its port, and since when its process runs.

use piecewatch_model::{Quic, SatelliteId, Timestamp};

use crate::{
    calendar::{DAY_SECONDS, HOUR_SECONDS, SECOND, day_start},
    rng::Rng,
};

/// After a start it takes so long until somebody has reached the node.
const UNREACHED_SECONDS: i64 = 600;

/// The node's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Base58check, as ids of satellites are.
    pub(crate) node_id: String,
    pub(crate) wallet: String,
    pub(crate) wallet_features: Vec<&'static str>,
    pub(crate) port: u16,
    pub(crate) quic: Quic,
    /// The process begins anew each so many seconds…
    every_seconds: i64,
    /// …and so many after a multiple of that.
    phase_seconds: i64,
    /// A day of which the node's database has two rows for each satellite, as an upgrade leaves it.
    pub(crate) twice_on: Option<i64>,
}

impl Process {
    pub(super) fn draw(rng: &mut Rng, first_day_of_month: i64) -> Self {
        let mut id = [0; 32];
        for chunk in id.chunks_exact_mut(8) {
            chunk.copy_from_slice(&rng.bits().to_be_bytes());
        }
        id[31] = 0;
        let every_seconds = rng.between(1, 60) as i64 * DAY_SECONDS;
        let features: &[&str] = if rng.one_in(3) { &["zksync-era"] } else { &[] };
        Self {
            // Ids of nodes and of satellites are the same kind of id.
            node_id: SatelliteId::new(id).to_string(),
            wallet: format!("0x{:016x}{:016x}{:08x}", rng.bits(), rng.bits(), rng.bits() as u32),
            wallet_features: features.to_vec(),
            port: if rng.one_in(3) { rng.between(1_024, 65_535) as u16 } else { 28_967 },
            quic: Quic::ALL[rng.weighted(&[20, 3, 2, 1])],
            every_seconds,
            phase_seconds: rng.below(every_seconds.unsigned_abs()) as i64,
            twice_on: rng.one_in(6).then(|| first_day_of_month + rng.below(28) as i64),
        }
    }

    /// When the process began that runs now.
    pub(crate) fn started_at(&self, now: Timestamp) -> Timestamp {
        let since = now.as_seconds() - self.phase_seconds;
        let begin = since.div_euclid(self.every_seconds) * self.every_seconds + self.phase_seconds;
        // The fraction is the same for each start.
        Timestamp::from_seconds(begin).plus_micros(self.phase_seconds % SECOND)
    }

    /// When somebody reached the process last; `None` for never since it began.
    pub(crate) fn last_pinged_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.reached(now, 97)
    }

    /// When somebody reached it last by QUIC; `None` for never since it began.
    pub(crate) fn last_quic_pinged_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.quic {
            Quic::Ok | Quic::Refreshing => self.reached(now, HOUR_SECONDS),
            Quic::Misconfigured | Quic::Disabled => None,
        }
    }

    fn reached(&self, now: Timestamp, every_seconds: i64) -> Option<Timestamp> {
        let last = now.as_seconds().div_euclid(every_seconds) * every_seconds;
        let first = self.started_at(now).as_seconds() + UNREACHED_SECONDS;
        (last >= first).then(|| Timestamp::from_seconds(last).plus_micros(308_318))
    }

    /// Whether the node's database has two rows for the satellites on this day.
    pub(crate) fn books_twice(&self, day: i64) -> bool {
        self.twice_on.is_some_and(|twice| day_start(twice) == day_start(day))
    }
}
