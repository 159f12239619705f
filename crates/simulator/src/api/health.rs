//! The public port, asked by HTTP: whether the node is well.

use piecewatch_model::Timestamp;

use super::{Answer, JSON, NodeApi};
use crate::json::Json;

/// Below this share of time online a node is not well.
const ONLINE_MIN: f64 = 0.9;

impl NodeApi {
    /// Answers a GET on the public port, whatever the path.
    pub fn answer_public(&self, now: Timestamp) -> Answer {
        let mut satellites = self.account.trusted(now).peekable();
        let has_any = satellites.peek().is_some();
        let is_well = has_any
            && satellites.all(|satellite| {
                let bad = [satellite.disqualified_at, satellite.suspended_at];
                bad.into_iter().flatten().all(|at| at > now)
                    && satellite.online_score(now) >= ONLINE_MIN
            });
        let help = "To access Storagenode services, please use DRPC protocol!";
        let document = Json::Object(vec![
            ("Statuses", Json::Null),
            ("Help", help.into()),
            ("AllHealthy", is_well.into()),
        ]);
        Answer::new(if is_well { 200 } else { 503 }, JSON, document.indented())
    }
}
