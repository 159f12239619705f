//! `/api/sno/`: the node as a whole.

use piecewatch_model::{NodeStatus, Timestamp};

use super::{ApiVersion, NodeApi};
use crate::{
    account::SatelliteAccount,
    calendar::{days_of, month_of},
    json::Json,
};

impl NodeApi {
    /// How the node's process is: what its dashboard tells, in the words of the vocabulary.
    pub fn status(&self, now: Timestamp) -> NodeStatus {
        let process = &self.account.process;
        let tells_quic = self.version >= ApiVersion::V1_71;
        NodeStatus {
            node_id: Some(process.node_id.as_str().into()),
            version: Some(self.version.number().into()),
            allowed_version: Some(self.version.allowed().into()),
            is_up_to_date: Some(true),
            started_at: Some(process.started_at(now)),
            last_pinged_at: process.last_pinged_at(now),
            last_quic_pinged_at: process.last_quic_pinged_at(now).filter(|_| tells_quic),
            quic: tells_quic.then_some(process.quic),
            port: tells_quic.then_some(process.port),
        }
    }

    pub(super) fn dashboard(&self, now: Timestamp) -> Json {
        let process = &self.account.process;
        let satellites = self.account.trusted(now).map(|of| self.dashboard_satellite(of, now));
        let (from, to) = days_of(month_of(now));
        let sums = self.account.satellites.iter().map(|of| of.traffic_sum(from, to, now).total());
        let bandwidth: u64 = sums.sum();
        let features = process.wallet_features.iter().map(|feature| Json::from(*feature));
        let mut fields = vec![
            ("nodeID", process.node_id.as_str().into()),
            ("wallet", process.wallet.as_str().into()),
            ("walletFeatures", Json::list_or_null(features.collect())),
            ("satellites", Json::list_or_null(satellites.collect())),
            ("diskSpace", self.disk_space(now)),
            (
                "bandwidth",
                Json::Object(vec![("used", bandwidth.into()), ("available", 0_i64.into())]),
            ),
            ("lastPinged", Json::time_or_zero(process.last_pinged_at(now))),
            ("version", self.version.number().into()),
            ("allowedVersion", self.version.allowed().into()),
            ("upToDate", true.into()),
            ("startedAt", process.started_at(now).into()),
        ];
        if self.version >= ApiVersion::V1_71 {
            let quic_pinged = process.last_quic_pinged_at(now);
            fields.push(("configuredPort", process.port.to_string().into()));
            fields.push(("quicStatus", process.quic.name().into()));
            fields.push(("lastQuicPingedAt", Json::time_or_zero(quic_pinged)));
        }
        Json::Object(fields)
    }

    fn dashboard_satellite(&self, satellite: &SatelliteAccount, now: Timestamp) -> Json {
        let by_now = |at: Option<Timestamp>| Json::from(at.filter(|at| *at <= now));
        let mut fields = vec![
            ("id", satellite.id.to_string().into()),
            ("url", satellite.address.as_ref().into()),
            ("disqualified", by_now(satellite.disqualified_at)),
            ("suspended", by_now(satellite.suspended_at)),
        ];
        if self.version <= ApiVersion::V1_121 {
            fields.push(("currentStorageUsed", satellite.level(now).into()));
        } else {
            fields.push(("vettedAt", by_now(satellite.vetted_at)));
        }
        Json::Object(fields)
    }

    fn disk_space(&self, now: Timestamp) -> Json {
        let disk = self.account.disk(now);
        let allocated = self.account.allocated;
        if self.version < ApiVersion::V1_143 {
            let overused = (disk.pieces + disk.trash).saturating_sub(allocated);
            return Json::Object(vec![
                ("used", disk.pieces.into()),
                ("available", allocated.into()),
                ("trash", disk.trash.into()),
                ("overused", overused.into()),
            ]);
        }
        Json::Object(vec![
            ("used", disk.total().into()),
            ("available", allocated.saturating_sub(disk.total()).into()),
            ("overused", disk.total().saturating_sub(allocated).into()),
            ("allocated", allocated.into()),
            ("trash", disk.trash.into()),
            ("reclaimable", disk.reclaimable.into()),
        ])
    }
}
