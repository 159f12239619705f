//! How the nodes are: what they hold, what satellites think of them, what they earn, and how fresh
//! all that is.

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_analytics::{reputation::Score, storage::Capacity, tally::Tally};
use piecewatch_finance::Figure;
use piecewatch_ingest::State;
use piecewatch_model::{Action, Grain, NodeName, NodeStatus, Period, Quic, Timestamp};
use piecewatch_store::{NodeInfo, Nodes, PollRow, Reported, Window};

use super::{Metrics, Result, family::Families, satellite_name, seconds_of};
use crate::serve::own::OwnFigures;

const DAY: i64 = Grain::Day.micros();
/// What nobody told of the space for so long is not known.
const SPACE_MICROS: i64 = 30 * DAY;

impl Metrics {
    /// Adds everything by node.
    pub(super) fn nodes(
        &self,
        families: &mut Families,
        own: &OwnFigures,
        now: Timestamp,
    ) -> Result<()> {
        let reader = self.readers.get()?;
        let nodes = reader.nodes()?;
        let names: Vec<NodeName> = nodes.iter().map(|node| node.name.clone()).collect();
        let statuses = reader.statuses(Nodes::All)?;
        let polls = reader.polls(Nodes::All)?;
        let before = |micros: i64| Window { from: now.plus_micros(-micros), to: now };
        // By node: what the log told last, where the node itself is not asked. A window without length has the
        // version at its beginning.
        let mut versions: BTreeMap<NodeName, Box<str>> = BTreeMap::new();
        for run in reader.versions(Nodes::All, before(0))? {
            versions.insert(run.node, run.version);
        }
        let space = |node: &NodeName| reader.newest_space(node, before(SPACE_MICROS));
        let spaces = names
            .iter()
            .map(|node| Ok((node, Capacity::of(&space(node)?))))
            .collect::<Result<Vec<_>>>()?;
        // The services below take readers of their own.
        drop(reader);
        logs(families, &nodes, own, now);
        polled(families, &polls);
        processes(families, &statuses, &versions);
        capacities(families, &spaces);
        self.success(families, now)?;
        self.reputation(families, &names, now)?;
        self.earnings(families, &names, now)
    }

    fn success(&self, families: &mut Families, now: Timestamp) -> Result<()> {
        let day = Window { from: now.plus_micros(-DAY), to: now };
        let answer = self.observatory.success(Nodes::All, Some(day))?;
        let mut tallies: BTreeMap<(&NodeName, &Action), Tally> = BTreeMap::new();
        for ((node, _, action), tally) in &answer.tallies {
            tallies.entry((node, action)).or_default().merge(tally);
        }
        let ratio = families.gauge(
            "piecewatch_transfer_success_ratio",
            "The share of the transfers of the last 24 hours that succeeded",
        );
        for ((node, action), tally) in tallies {
            let labels = [("node", node.as_str()), ("action", action.name())];
            ratio.add_known(labels, tally.success(action).map(|share| share.ratio()));
        }
        let accepted = families.gauge(
            "piecewatch_upload_acceptance_ratio",
            "The share of the uploads of the last 24 hours that the node did not turn away",
        );
        for (node, acceptance) in &answer.acceptance {
            let share = acceptance.share().map(|share| share.ratio());
            accepted.add_known([("node", node.as_str())], share);
        }
        Ok(())
    }

    fn reputation(
        &self,
        families: &mut Families,
        nodes: &[NodeName],
        now: Timestamp,
    ) -> Result<()> {
        let day = Window { from: now.plus_micros(-DAY), to: now };
        let mut reputations = Vec::new();
        for node in nodes {
            reputations.push(self.observatory.reputation(node, day, now)?);
        }
        let all = || reputations.iter().flat_map(|of| &of.what);
        for (score, name, help) in [
            (
                Score::Audit,
                "piecewatch_audit_score_ratio",
                "The share of audits that were passed, as the satellite counts",
            ),
            (
                Score::Suspension,
                "piecewatch_suspension_score_ratio",
                "The share of audits that ended in a known way, as the satellite counts",
            ),
            (
                Score::Online,
                "piecewatch_online_score_ratio",
                "The share of time in which the node could be reached, as the satellite counts",
            ),
        ] {
            let family = families.gauge(name, help);
            for of in all() {
                let labels = [
                    ("node", of.node.as_str()),
                    ("satellite", &satellite_name(Some(of.satellite))),
                ];
                family.add_known(labels, of.newest.map(|told| score.of(&told.scores)));
            }
        }
        let vetting = families.gauge(
            "piecewatch_vetting_progress_ratio",
            "How far the node is with being vetted by the satellite; 1 is vetted",
        );
        for of in all() {
            let name = satellite_name(Some(of.satellite));
            let labels = [("node", of.node.as_str()), ("satellite", &name)];
            vetting.add_known(labels, of.vetting.progress());
        }
        let standing = families.gauge(
            "piecewatch_standing",
            "Whether the node is disqualified, suspended or gone (1) on the satellite, or not (0)",
        );
        for of in all() {
            let name = satellite_name(Some(of.satellite));
            for (kind, at) in [
                ("disqualified", of.disqualified_at),
                ("suspended", of.suspended_at),
                ("offline_suspended", of.offline_suspended_at),
                ("exited", of.exited_at),
            ] {
                let labels = [("node", of.node.as_str()), ("satellite", &*name), ("state", kind)];
                standing.add(labels, at.is_some());
            }
        }
        Ok(())
    }

    fn earnings(&self, families: &mut Families, nodes: &[NodeName], now: Timestamp) -> Result<()> {
        let Some(current) = Period::containing(now) else { return Ok(()) };
        let periods =
            [("previous", current.plus_months(-1)), ("current", Some(current))].into_iter();
        let periods: Vec<(&str, Period)> =
            periods.filter_map(|(name, period)| Some((name, period?))).collect();
        let mut months = Vec::new();
        for node in nodes {
            for (name, period) in &periods {
                let month = self.ledger.month(node, *period, now);
                months.push((*name, month?));
            }
        }
        let amounts = || {
            months.iter().flat_map(|(name, month)| {
                Figure::ALL.into_iter().filter_map(move |figure| {
                    let total = month.total(figure);
                    let labels = [
                        ("node", month.node.as_str()),
                        ("month", *name),
                        ("figure", figure.name()),
                    ];
                    (total.known > 0).then_some((labels, total))
                })
            })
        };
        let earned = families.gauge(
            "piecewatch_earnings_dollars",
            "What a month earns, by figure: three that are never to be added up",
        );
        amounts().for_each(|(labels, total)| earned.add(labels, dollars(total.amount.get())));
        let missing = families.gauge(
            "piecewatch_earnings_missing_satellites",
            "Satellites whose amount is not in that figure, since it is not known",
        );
        amounts().for_each(|(labels, total)| missing.add(labels, total.missing));
        let held = families.gauge(
            "piecewatch_held_dollars",
            "What the satellite holds back of all months, less what it gave back",
        );
        for (_, month) in months.iter().filter(|(name, _)| *name == "current") {
            for of in &month.satellites {
                let name = satellite_name(Some(of.satellite));
                let labels = [("node", month.node.as_str()), ("satellite", &*name)];
                held.add(labels, dollars(of.held.kept().get()));
            }
        }
        Ok(())
    }
}

/// How fresh the log is.
fn logs(families: &mut Families, nodes: &[NodeInfo], own: &OwnFigures, now: Timestamp) {
    let last = families.gauge(
        "piecewatch_log_last_record_timestamp_seconds",
        "The time of the newest record of the node's log",
    );
    let newest = |node: &NodeInfo| node.records.map(|(_, newest)| newest);
    for node in nodes {
        last.add_known([("node", node.name.as_str())], newest(node).map(seconds_of));
    }
    let lag = families.gauge(
        "piecewatch_log_lag_seconds",
        "How long ago the newest record of the node's log was",
    );
    for node in nodes {
        let age = |at: Timestamp| (now.as_micros() - at.as_micros()).max(0) as f64 / 1e6;
        lag.add_known([("node", node.name.as_str())], newest(node).map(age));
    }
    let Some(pipeline) = &own.moment.pipeline else { return };
    let live = families.gauge(
        "piecewatch_log_up",
        "Whether the node's log is read (1) or cannot be (0); it is read while it catches up, too",
    );
    for node in &pipeline.nodes {
        let is_up = match node.state {
            State::CatchingUp { .. } | State::Moved { .. } | State::Live { .. } => true,
            State::Starting | State::Waiting { .. } | State::Disconnected { .. } => false,
        };
        live.add([("node", node.node.as_str())], is_up);
    }
    let behind = families
        .gauge("piecewatch_log_behind_bytes", "Bytes of the node's log that are still to be read");
    for node in &pipeline.nodes {
        let bytes = match node.state {
            State::CatchingUp { read_bytes, total_bytes } => {
                Some(total_bytes.saturating_sub(read_bytes))
            }
            State::Live { .. } | State::Moved { .. } => Some(0),
            State::Starting | State::Waiting { .. } | State::Disconnected { .. } => None,
        };
        behind.add_known([("node", node.node.as_str())], bytes);
    }
    let lines = families.counter(
        "piecewatch_log_lines",
        "Lines of the node's log that were read since it is followed",
    );
    for node in &pipeline.nodes {
        lines.add([("node", node.node.as_str())], node.lines);
    }
}

/// How the node's own dashboard answers.
fn polled(families: &mut Families, polls: &[PollRow]) {
    let up = families.gauge(
        "piecewatch_poll_up",
        "Whether the last poll of the node succeeded (1) or not (0), by part",
    );
    for poll in polls {
        let labels = [("node", poll.node.as_str()), ("part", poll.part.name())];
        up.add(labels, poll.last.error.is_none());
    }
    let succeeded = families.gauge(
        "piecewatch_poll_last_success_timestamp_seconds",
        "When the last poll of the node began that succeeded, by part",
    );
    for poll in polls {
        let labels = [("node", poll.node.as_str()), ("part", poll.part.name())];
        succeeded.add_known(labels, poll.succeeded_at.map(seconds_of));
    }
    let took = families.gauge(
        "piecewatch_poll_duration_seconds",
        "How long the last poll of the node took, by part",
    );
    for poll in polls {
        let labels = [("node", poll.node.as_str()), ("part", poll.part.name())];
        took.add(labels, poll.last.took_micros as f64 / 1e6);
    }
}

/// How the node's process is.
fn processes(
    families: &mut Families,
    statuses: &[Reported<NodeStatus>],
    versions: &BTreeMap<NodeName, Box<str>>,
) {
    let info = families.info("piecewatch_node", "The version that the node runs");
    let mut told = BTreeSet::new();
    for status in statuses {
        let Some(version) = &status.what.version else { continue };
        info.add([("node", status.node.as_str()), ("version", version)], 1_u64);
        told.insert(&status.node);
    }
    for (node, version) in versions.iter().filter(|(node, _)| !told.contains(node)) {
        info.add([("node", node.as_str()), ("version", version)], 1_u64);
    }
    let current = families.gauge(
        "piecewatch_node_up_to_date",
        "Whether the node runs a version that the network allows (1) or not (0)",
    );
    for status in statuses {
        current.add_known([("node", status.node.as_str())], status.what.is_up_to_date);
    }
    for (name, help, of) in [
        (
            "piecewatch_node_start_timestamp_seconds",
            "When the node's process began",
            (|status| status.started_at) as fn(&NodeStatus) -> Option<Timestamp>,
        ),
        (
            "piecewatch_node_last_ping_timestamp_seconds",
            "When the node was asked by a satellite last",
            |status| status.last_pinged_at,
        ),
        (
            "piecewatch_node_last_quic_ping_timestamp_seconds",
            "When the node was asked by a satellite over QUIC last",
            |status| status.last_quic_pinged_at,
        ),
    ] {
        let family = families.gauge(name, help);
        for status in statuses {
            family.add_known([("node", status.node.as_str())], of(&status.what).map(seconds_of));
        }
    }
    let quic = families.gauge(
        "piecewatch_node_quic_up",
        "Whether the node can be reached over QUIC (1) or not (0)",
    );
    for status in statuses {
        let is_ok = match status.what.quic {
            Some(Quic::Ok) => Some(true),
            Some(Quic::Misconfigured | Quic::Disabled) => Some(false),
            Some(Quic::Refreshing) | None => None,
        };
        quic.add_known([("node", status.node.as_str())], is_ok);
    }
}

fn capacities(families: &mut Families, spaces: &[(&NodeName, Capacity)]) {
    let bytes = families.gauge(
        "piecewatch_disk_bytes",
        "The node's space as it was told last: used is pieces without trash, free what is left for \
         pieces, total what was allotted, overused what is used beyond that, reclaimable what \
         compactions would free",
    );
    for (node, capacity) in spaces {
        for (kind, told) in [
            ("used", capacity.used),
            ("trash", capacity.trash),
            ("free", capacity.available),
            ("total", capacity.total),
            ("overused", capacity.overused),
            ("reclaimable", capacity.reclaimable),
        ] {
            let labels = [("node", node.as_str()), ("kind", kind)];
            bytes.add_known(labels, told.map(|told| told.bytes.get()));
        }
    }
    let told_at =
        families.gauge("piecewatch_disk_timestamp_seconds", "When what is free was told last");
    for (node, capacity) in spaces {
        let at = capacity.available.map(|told| seconds_of(told.at));
        told_at.add_known([("node", node.as_str())], at);
    }
}

fn dollars(micro_usd: i64) -> f64 {
    micro_usd as f64 / 1e6
}
