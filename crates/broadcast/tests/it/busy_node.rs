//! The overview of four busy nodes, as a dashboard shows it; a bench uses it too.

use serde_json::{Map, Value, json};

const NODES: usize = 4;
const SATELLITES: usize = 6;

/// Each with its share of the transfers, in percent, and a typical size.
const ACTIONS: [(&str, u64, u64); 6] = [
    ("download", 55, 180_000),
    ("upload", 30, 270_000),
    ("download_repair", 8, 900_000),
    ("upload_repair", 5, 650_000),
    ("audit", 1, 256),
    ("delete", 1, 0),
];

#[derive(Clone, Copy, Default)]
struct Count {
    ok: u64,
    cancelled: u64,
    failed: u64,
    bytes: u64,
}

impl Count {
    fn value(self) -> Value {
        let all = (self.ok + self.cancelled + self.failed).max(1);
        let success = (self.ok * 1_000 / all) as f64 / 1_000.0;
        json!({
            "ok": self.ok, "cancelled": self.cancelled, "failed": self.failed,
            "bytes": self.bytes, "success": success, "per_minute": self.ok / 60,
        })
    }
}

/// Counts of four nodes.
pub(crate) struct Overview {
    random: fastrand::Rng,
    counts: [[Count; ACTIONS.len()]; NODES],
}

impl Overview {
    pub(crate) fn new(seed: u64) -> Self {
        let mut overview =
            Self { random: fastrand::Rng::with_seed(seed), counts: Default::default() };
        for _ in 0..100_000 {
            overview.transfer();
        }
        overview
    }

    /// One transfer ends, somewhere.
    pub(crate) fn transfer(&mut self) {
        let node = self.random.usize(..NODES);
        let mut share = self.random.u64(..100);
        for ((_, percent, size), count) in ACTIONS.into_iter().zip(&mut self.counts[node]) {
            if share >= percent {
                share -= percent;
                continue;
            }
            match self.random.u64(..1_000) {
                0..3 => count.failed += 1,
                3..20 => count.cancelled += 1,
                _ => {
                    count.ok += 1;
                    count.bytes += self.random.u64(size / 2..=size * 3 / 2);
                }
            }
            return;
        }
    }

    /// What the dashboard is told: about 8 KiB.
    pub(crate) fn value(&self) -> Value {
        let mut nodes = Map::new();
        for (number, counts) in self.counts.iter().enumerate() {
            let actions = ACTIONS.iter().zip(counts);
            let actions: Map<String, Value> =
                actions.map(|((name, ..), count)| ((*name).to_owned(), count.value())).collect();
            let satellites: Map<String, Value> = (0..SATELLITES).map(scores).collect();
            let node = json!({
                "version": "1.114.6", "quic": "ok", "actions": actions, "satellites": satellites,
                "storage": {"used": 7_912_345_678_901_u64, "free": 2_087_654_321_099_u64},
            });
            nodes.insert(format!("node-{number}"), node);
        }
        json!({ "nodes": nodes, "hours": self.hours() })
    }

    /// The bytes of the last day by hour, of which the current one grows.
    fn hours(&self) -> Map<String, Value> {
        let bytes = |action: usize| self.counts.iter().map(|node| node[action].bytes).sum::<u64>();
        let hour = |hour: usize| {
            let past = (23 - hour) as u64 * 1_234_567_890;
            let value = json!({"download": bytes(0) + past, "upload": bytes(1) + past});
            let past = json!({"download": 9_876_543_210 + past, "upload": 8_765_432_109 + past});
            (format!("2026-01-02T{hour:02}:00:00Z"), if hour == 23 { value } else { past })
        };
        (0..24).map(hour).collect()
    }
}

fn scores(number: usize) -> (String, Value) {
    let name = format!("satellite-{number:040}");
    let scores = json!({
        "audit": 1.0, "suspension": 1.0, "online": 0.9985, "vetted": true,
        "joined_at": "2023-04-05T06:07:08Z",
    });
    (name, scores)
}
