//! What a node does for itself: orders, scores, check-ins, checks of disk and version, trust.

use super::{Node, SATELLITES};
use crate::{
    Encoding, IncidentKind,
    event::{Event, Key, Kind, Severity, Value, key, same},
    log::duration,
    vocabulary::Era,
};

use Severity::{Debug, Error, Info, Warn};

const SATELLITE: Key = key("Satellite ID", "satellite_id");

impl Node {
    pub(super) fn upkeep(&mut self) {
        let era = self.era();
        let satellite = SATELLITES[self.satellite()];
        if self.config.encoding == Encoding::DockerJson && self.rng.one_in(3) {
            return self.update(era);
        }
        match self.rng.below(10) {
            0 | 1 => self.settle_orders(era),
            2 if era >= Era::Y2023 => self.score(era, satellite),
            3 if era >= Era::Y2022 => self.check_in(era, satellite),
            4 if era >= Era::Y2025 => self.check_disk(era),
            5 if era >= Era::Y2022 => self.refresh_trust(era),
            6 if era >= Era::Y2022 => self.check_version(era),
            7 => self.watch_space(era),
            _ => self.keep_bandwidth(era),
        }
    }

    fn settle_orders(&mut self, era: Era) {
        for satellite in SATELLITES {
            let count = self.rng.between(20, 9_000);
            if era < Era::Y2025 {
                // Until v1.112 the logger is named after the satellite, and the count comes first.
                let logger = format!("orders.{satellite}");
                let sending = Event::new(era, Info, logger.clone(), "sending");
                self.tell(Kind::Orders, sending.with(same("count"), count));
                let finished = Event::new(era, Info, logger, "finished");
                self.tell_later(900_000, Kind::Background, finished);
                continue;
            }
            const CAMEL: Key = key("satelliteID", "satellite_id");
            let sending = Event::new(era, Debug, "orders", "sending")
                .with(CAMEL, satellite)
                .with(same("count"), count);
            self.background(sending);
            if self.rng.one_in(40) {
                let failed =
                    Event::new(era, Error, "orders", "failed to settle orders for satellite")
                        .with(CAMEL, satellite)
                        .with(key("satellite ID", "satellite_id"), satellite)
                        .with_error("order: unable to connect to the satellite: rpc: tcp connector failed: rpc: context deadline exceeded".to_owned(), "");
                self.background(failed);
            }
            let finished = Event::new(era, Info, "orders", "finished")
                .with(CAMEL, satellite)
                .with(same("count"), count);
            self.tell(Kind::Orders, finished);
        }
        self.background(Event::new(era, Debug, "orders", "cleaning"));
        self.background(Event::new(era, Debug, "orders", "cleanup finished"));
    }

    fn score(&mut self, era: Era, satellite: &'static str) {
        let audits = self.rng.between(900, 90_000);
        let missed = self.rng.below(20);
        let worse = self.rng.one_in(4);
        let online = (audits - missed) as f64 / audits as f64;
        let delta = if worse { -1.0 / audits as f64 } else { 0.0 };
        let (severity, message) =
            if worse { (Warn, "node scores worsened") } else { (Info, "node scores updated") };
        let event = Event::new(era, severity, "reputation:service", message)
            .with(SATELLITE, satellite)
            .with(key("Total Audits", "total_audits"), audits)
            .with(key("Successful Audits", "successful_audits"), audits - missed)
            .with(key("Audit Score", "audit_score"), 1_i64)
            .with(key("Online Score", "online_score"), Value::Float(online))
            .with(key("Suspension Score", "suspension_score"), 1_i64)
            .with(key("Audit Score Delta", "audit_score_delta"), 0_i64)
            .with(key("Online Score Delta", "online_score_delta"), Value::Float(delta))
            .with(key("Suspension Score Delta", "suspension_score_delta"), 0_i64);
        self.tell(Kind::Scores, event);
    }

    /// Without a way to the satellites the node tells each of them in vain that it is there, and
    /// looks again whether there is one after some ten minutes.
    pub(super) fn be_unreachable(&mut self) {
        let era = self.era();
        for satellite in SATELLITES {
            let event = Event::new(era, Error, "contact:service", "ping satellite failed ")
                .with(SATELLITE, satellite)
                .with(same("attempts"), self.rng.between(1, 12))
                .with_error(
                    "ping satellite: failed to dial storage node: rpc: tcp connector failed: rpc: dial tcp: i/o timeout"
                        .to_owned(),
                    "\n\tstorj.io/storj/storagenode/contact.(*Service).requestPingMeOnce:211",
                );
            self.background(event);
        }
        let again = self.now + self.rng.between(540, 660) as i64 * 1_000_000;
        let ends = self
            .config
            .incidents
            .iter()
            .filter(|one| one.kind == IncidentKind::LostConnection && one.is_on(self.now));
        // The first transfer afterwards begins when the connection is back, or some time later.
        let end = ends.map(|one| one.to.as_micros()).max().unwrap_or(again);
        self.next_transfer = again.min(end).max(self.now + 1);
    }

    fn check_in(&mut self, era: Era, satellite: &'static str) {
        let event = match self.rng.below(4) {
            // The space at the end belongs to the message.
            0 => Event::new(era, Error, "contact:service", "ping satellite failed ")
                .with(SATELLITE, satellite)
                .with(same("attempts"), self.rng.between(1, 12))
                .with_error(
                    "ping satellite: check-in ratelimit: node rate limited by id".to_owned(),
                    "\n\tstorj.io/storj/storagenode/contact.(*Service).requestPingMeOnce:211",
                ),
            1 => Event::new(
                era,
                Warn,
                "contact:service",
                "Your node is still considered to be online but encountered an error.",
            )
            .with(SATELLITE, satellite)
            .with(key("Error", "error"), "contact: failed to ping storage node using QUIC, your node indicated error code: 0, rpc: quic: timeout: no recent network activity"),
            _ => Event::new(era, Debug, "contact:endpoint", "pinged")
                .with(same("by"), satellite)
                .with(key("srcAddr", "src_addr"), "35.215.106.201:30587"),
        };
        self.background(event);
    }

    fn check_disk(&mut self, era: Era) {
        for message in ["readability check done", "writability check done"] {
            let takes = self.rng.log_normal(260_000, 1.0);
            let event = Event::new(era, Debug, "piecestore:monitor", message)
                .with(key("Duration", "duration"), duration(takes));
            self.background(event);
        }
        let gone = Event::new(era, Debug, "db", "directory not found").with(
            same("dir"),
            "/mnt/storj/blobs/qstuylguhrn2ozjv4h2c6xpxykd622gtgurhql2k7k75wqaaaaaa",
        );
        self.background(gone);
        self.background(
            Event::new(era, Debug, "db", "number of subdirs").with(same("count"), 1_i64),
        );
    }

    fn refresh_trust(&mut self, era: Era) {
        let fetched = Event::new(era, Debug, "trust", "Fetched URLs from source; updating cache")
            .with(same("source"), "https://static.storj.io/dcs-satellites")
            .with(same("count"), 4_i64);
        self.background(fetched);
        let after = duration(self.rng.between(7_000_000_000_000, 21_000_000_000_000));
        self.background(
            Event::new(era, Info, "trust", "Scheduling next refresh").with(same("after"), after),
        );
    }

    fn check_version(&mut self, era: Era) {
        let version = era.version();
        // Versions have a `v` since v1.151.
        let version = if era == Era::Y2026 { version } else { version.trim_start_matches('v') };
        let allowed =
            Event::new(era, Debug, "version", "Allowed minimum version from control server.")
                .with(key("Minimum Version", "minimum_version"), version);
        self.background(allowed);
        let running = Event::new(era, Debug, "version", "Running on allowed version.")
            .with(key("Version", "version"), version);
        self.background(running);
    }

    fn watch_space(&mut self, era: Era) {
        let event = if self.rng.one_in(2) {
            let message = "Disk space is less than requested. Allocated space is";
            Event::new(era, Warn, "piecestore:monitor", message)
                .with(same("bytes"), 1_799_824_293_888_i64)
        } else {
            Event::new(era, Error, "blobscache", "satPiecesTotal < 0")
                .with(same("satPiecesTotal"), -1_024_i64)
        };
        self.background(event);
    }

    fn keep_bandwidth(&mut self, era: Era) {
        let message = if era >= Era::Y2025 {
            "Persisting bandwidth usage cache to db"
        } else {
            "Performing bandwidth usage rollups"
        };
        self.background(Event::new(era, Info, "bandwidth", message));
    }

    /// The updater shares the container's output.
    fn update(&mut self, era: Era) {
        let line = |message: &'static str| {
            let mut event = Event::new(era, Info, "", message);
            event.process = era.has_process().then_some("storagenode-updater");
            event
        };
        let address = "https://version.storj.io";
        self.background(
            line("Downloading versions.").with(key("Server Address", "server_address"), address),
        );
        for service in ["storagenode", "storagenode-updater"] {
            let current = line("Current binary version")
                .with(key("Service", "service"), service)
                .with(key("Version", "version"), era.version());
            self.background(current);
            let fine = line("Version is up to date").with(key("Service", "service"), service);
            self.background(fine);
        }
    }
}
