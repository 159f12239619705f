//! How is each part of a node's hash store: what lives in it, what is dead, how full is its table?

use std::collections::BTreeMap;

use piecewatch_model::{ByteCount, Compaction, SatelliteId, Timestamp};

/// A part of a node's hash store, as its newest compaction tells.
#[derive(Debug, Clone, PartialEq)]
pub struct HashStore {
    /// For which satellite.
    pub satellite: SatelliteId,
    /// Which part, `s0` or `s1`.
    pub store: Box<str>,
    /// How it was then.
    pub state: StoreState,
}

/// What a part of a hash store holds at an instant; `None` where it was not told. Nodes round sizes
/// to one decimal of their unit, which is 2 to 7 % of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoreState {
    /// When.
    pub at: Timestamp,
    /// Bytes in log files.
    pub logs: Option<ByteCount>,
    /// Bytes of pieces, those in the trash among them.
    pub live: Option<ByteCount>,
    /// Bytes of pieces in the trash.
    pub trash: Option<ByteCount>,
    /// Bytes that a compaction could free.
    pub reclaimable: Option<ByteCount>,
    /// Share of the table's slots in use, 0 to 1. It grows until the table is rewritten larger.
    pub table_load: Option<f64>,
    /// Share of the log files' bytes that is trash, 0 to 1.
    pub trash_share: Option<f64>,
}

impl StoreState {
    /// What the line of a compaction tells; `None` where it tells no sizes.
    pub fn of(compaction: &Compaction) -> Option<Self> {
        compaction.logs.or(compaction.live)?;
        Some(Self {
            at: compaction.at,
            logs: compaction.logs,
            live: compaction.live,
            trash: compaction.trash,
            reclaimable: compaction.reclaimable,
            table_load: compaction.table_load,
            trash_share: compaction.trash_share,
        })
    }

    /// Bytes in log files that are neither pieces nor trash. `None` where it is not known.
    pub fn dead(&self) -> Option<ByteCount> {
        Some(ByteCount::new(self.logs?.get().saturating_sub(self.live?.get())))
    }

    /// Bytes of pieces without trash. `None` where it is not known.
    pub fn pieces(&self) -> Option<ByteCount> {
        let trash = self.trash.unwrap_or_default();
        Some(ByteCount::new(self.live?.get().saturating_sub(trash.get())))
    }

    /// By how much [`pieces`](Self::pieces) may be off because nodes write sizes with one decimal: half
    /// of the last one. The next unit begins at two thirds of it, as in `0.8 TiB`.
    pub fn rounding(&self) -> ByteCount {
        let half_a_decimal = |size: Option<ByteCount>| {
            let size = size.unwrap_or_default().get();
            let unit =
                (1..=6).map(|power| 1_u64 << (10 * power)).rfind(|unit| *unit / 3 * 2 <= size);
            ByteCount::new(unit.unwrap_or(0) / 20)
        };
        half_a_decimal(self.live) + half_a_decimal(self.trash)
    }

    /// Share of the log files' bytes that is dead, 0 to 1. `None` where it is not known, or there
    /// are no bytes.
    pub fn dead_share(&self) -> Option<f64> {
        let (dead, logs) = (self.dead()?, self.logs?);
        (logs.get() > 0).then(|| dead.get() as f64 / logs.get() as f64)
    }
}

/// The parts of a hash store that lines about compactions tell of, by satellite and part. The order
/// of the lines does not matter.
pub fn hash_stores(compactions: &[Compaction]) -> Vec<HashStore> {
    let mut newest: BTreeMap<(SatelliteId, &str), StoreState> = BTreeMap::new();
    for compaction in compactions {
        let Some(state) = StoreState::of(compaction) else { continue };
        let of = newest.entry((compaction.satellite, &compaction.store)).or_insert(state);
        if state.at >= of.at {
            *of = state;
        }
    }
    let store = |((satellite, store), state): ((SatelliteId, &str), StoreState)| HashStore {
        satellite,
        store: store.into(),
        state,
    };
    newest.into_iter().map(store).collect()
}
