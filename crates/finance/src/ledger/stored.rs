//! What a node stored for each satellite: as it was told, or the node's total shared out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use piecewatch_model::{ByteCount, ByteHours, Grain, NodeName, Period, SatelliteId, Timestamp};
use piecewatch_store::Window;

use super::{Ledger, asking, kept, shared};
use crate::{Claim, Error, LEVEL_HOLDS_MAX, Result, Shares, Storage, StorageSource, Stored};

/// How far back a satellite's last known storage may lie when a node's total is shared out.
const STORED_LATELY_MICROS: i64 = 62 * Grain::Day.micros();

impl Ledger {
    pub(super) fn storage(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<Arc<Storage>> {
        self.storage
            .get(&(node.clone(), period), || {
                let storage = self.find_storage(node, period, now)?;
                Ok((Arc::new(storage), kept(period, now)))
            })
            // What it asked of the other caches failed, and that error is shared already.
            .map_err(|error| Arc::clone(&*error))
    }

    /// What a node stores now for each satellite, by its share of what the node has in use; empty
    /// where that is not known.
    pub(super) fn levels(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<BTreeMap<SatelliteId, ByteCount>> {
        let Some(level) = self.storage_total(node, period, now)?.level else {
            return Ok(BTreeMap::new());
        };
        let claims = self.claims(node, period, now)?;
        // Bytes are shared out as byte-hours are.
        let Shares { shares, .. } = Shares::of(ByteHours::new(level.get()), &claims);
        let level = |share: ByteHours| ByteCount::new(share.get());
        Ok(shares.into_iter().map(|(satellite, share)| (satellite, level(share))).collect())
    }

    /// The total of the node, from snapshots of its space: read once for all satellites.
    fn storage_total(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<Arc<Stored>> {
        self.storage_totals.get(&(node.clone(), period), || {
            let levels = asking::levels(&self.readers.get()?, node, period)?;
            let stored = Stored::of(&levels, period, now, LEVEL_HOLDS_MAX);
            Ok((Arc::new(stored), kept(period, now)))
        })
    }

    /// As the satellites told the node; where none did, the node's total is shared out.
    fn find_storage(
        &self,
        node: &NodeName,
        period: Period,
        now: Timestamp,
    ) -> Result<Storage, Arc<Error>> {
        let told = asking::storage(&self.reader()?, node, period).map_err(shared)?;
        if !told.days.is_empty() {
            return Ok(told);
        }
        let total = self.storage_total(node, period, now)?;
        if total.covered_micros == 0 {
            return Ok(Storage::default());
        }
        let claims = self.claims(node, period, now)?;
        let Shares { basis, shares } = Shares::of(total.byte_hours, &claims);
        let source = StorageSource::Snapshots { basis, total };
        let satellites = shares.into_iter().collect();
        Ok(Storage { satellites, source, ..Storage::default() })
    }

    /// Which satellites share a node's total, and what is known of each.
    fn claims(&self, node: &NodeName, period: Period, now: Timestamp) -> Result<Vec<Claim>> {
        let account = self.account(node)?;
        let traffic = self.traffic(node, period, now)?;
        let lately =
            Window { from: period.start().plus_micros(-STORED_LATELY_MICROS), to: period.start() };
        let days = asking::storage_days(&self.reader()?, node, lately).map_err(shared)?;
        // Oldest first: the last one of a satellite stays.
        let stored: BTreeMap<SatelliteId, u64> = days
            .iter()
            .filter_map(|day| Some((day.what.satellite, day.what.average?.get())))
            .collect();
        let satellites: BTreeSet<SatelliteId> = account
            .satellites()
            .filter(|satellite| !account.is_over(*satellite, period, now))
            .chain(stored.keys().copied())
            .chain(traffic.logged.keys().flatten().copied())
            .chain(traffic.booked.iter().map(|row| row.satellite))
            .collect();
        let claim = |satellite| Claim {
            satellite,
            stored: stored.get(&satellite).copied(),
            downloaded: traffic.downloaded(satellite),
        };
        Ok(satellites.into_iter().map(claim).collect())
    }
}
