//! What nodes report under the names and labels of Storj-Exporter, so that boards and alerts made
//! for it go on working.
//!
//! That program runs once for each node, and boards tell nodes apart by `instance`. So each sample
//! has the node's name there, and Prometheus keeps it with `honor_labels: true`. Left out is what no
//! report holds: the wallet, the available bandwidth (always 0), and `currentStorageUsed`.

use std::collections::BTreeMap;

use piecewatch_analytics::storage::Capacity;
use piecewatch_model::{
    ByteCount, DailyBandwidth, DailyStorage, Grain, NodeEstimate, NodeName, NodeStatus, Period,
    Quic, SatelliteId, Standing, Timestamp,
};
use piecewatch_store::{Nodes, Reported, Window};

use super::{Metrics, Result, family::Families};

/// A byte-month has so many byte-hours, as the node reckons.
const HOURS_OF_MONTH: f64 = 720.0;
const SPACE_MICROS: i64 = 30 * Grain::Day.micros();

/// What one node and satellite moved.
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    egress: [u64; 3],
    ingress: [u64; 2],
}

/// The kinds of [`Moved::egress`] and [`Moved::ingress`], as the node's dashboard has them.
const EGRESS: [&str; 3] = ["repair", "audit", "usage"];
const INGRESS: [&str; 2] = ["repair", "usage"];

impl Moved {
    fn add(&mut self, day: &DailyBandwidth) {
        let get = ByteCount::get;
        let (egress, ingress) = (
            [get(day.get_repair), get(day.get_audit), get(day.get)],
            [get(day.put_repair), get(day.put)],
        );
        self.egress.iter_mut().zip(egress).for_each(|(sum, bytes)| *sum += bytes);
        self.ingress.iter_mut().zip(ingress).for_each(|(sum, bytes)| *sum += bytes);
    }

    fn outward(&self) -> u64 {
        self.egress.iter().sum()
    }

    fn inward(&self) -> u64 {
        self.ingress.iter().sum()
    }
}

/// What of a satellite is told: by node and satellite.
type Satellites<T> = BTreeMap<(NodeName, SatelliteId), T>;

impl Metrics {
    pub(super) fn exporter(&self, families: &mut Families, now: Timestamp) -> Result<()> {
        let Some(month) = Period::containing(now) else { return Ok(()) };
        let reader = self.readers.get()?;
        let so_far = Window { from: month.start(), to: month.end() };
        let statuses = reader.statuses(Nodes::All)?;
        let bandwidth = reader.daily_bandwidth(Nodes::All, so_far)?;
        let storage = reader.daily_storage(Nodes::All, so_far)?;
        let standings = reader.standings(Nodes::All)?;
        let estimates = reader.estimates(Nodes::All, month..=month)?;
        let lately = Window { from: now.plus_micros(-SPACE_MICROS), to: now };
        let mut spaces = Vec::new();
        for node in reader.nodes()? {
            let capacity = Capacity::of(&reader.newest_space(&node.name, lately)?);
            spaces.push((node.name, capacity));
        }
        drop(reader);
        nodes(families, &statuses, &spaces);
        let (month, today) =
            (moved(&bandwidth, so_far.from), moved(&bandwidth, now.floor(Grain::Day)));
        total_bandwidth(families, &month);
        satellites(families, &standings, &month, &storage);
        traffic(families, &standings, &month, &today);
        stored_today(families, &standings, &storage);
        payout(families, &estimates);
        Ok(())
    }
}

fn nodes(
    families: &mut Families,
    statuses: &[Reported<NodeStatus>],
    spaces: &[(NodeName, Capacity)],
) {
    let info = families.info("storj_node", "Storj node info");
    for status in statuses {
        let of = &status.what;
        let words = |is_so: bool| if is_so { "True" } else { "False" };
        for (key, value) in [
            ("nodeID", of.node_id.as_deref()),
            ("upToDate", of.is_up_to_date.map(words)),
            ("version", of.version.as_deref()),
            ("allowedVersion", of.allowed_version.as_deref()),
            ("quicStatus", of.quic.map(Quic::name)),
        ] {
            let Some(value) = value else { continue };
            let labels = [("instance", status.node.as_str()), ("type", key), (key, value)];
            info.add(labels, 1_u64);
        }
    }
    let space = families.gauge("storj_total_diskspace", "Storj total diskspace metrics");
    for (node, capacity) in spaces {
        for (kind, told) in [
            ("used", capacity.used),
            // What was allotted, as nodes up to v1.142 told it and boards take it.
            ("available", capacity.total),
            ("trash", capacity.trash),
        ] {
            let labels = [("instance", node.as_str()), ("type", kind)];
            space.add_known(labels, told.map(|told| told.bytes.get()));
        }
    }
}

fn total_bandwidth(families: &mut Families, month: &Satellites<Moved>) {
    let mut sums: BTreeMap<&NodeName, u64> = BTreeMap::new();
    for ((node, _), moved) in month {
        *sums.entry(node).or_default() += moved.outward() + moved.inward();
    }
    let used = families.gauge("storj_total_bandwidth", "Storj total bandwidth metrics");
    for (node, bytes) in sums {
        used.add([("instance", node.as_str()), ("type", "used")], bytes);
    }
}

/// What the node moved by satellite since a day began.
fn moved(bandwidth: &[Reported<DailyBandwidth>], from: Timestamp) -> Satellites<Moved> {
    let mut sums = Satellites::<Moved>::new();
    for row in bandwidth.iter().filter(|row| row.what.day >= from) {
        sums.entry((row.node.clone(), row.what.satellite)).or_default().add(&row.what);
    }
    sums
}

/// The labels of a satellite's sample.
fn labels<'a>(
    node: &'a NodeName,
    kind: &'a str,
    (id, address): (&'a str, &'a str),
) -> [(&'static str, &'a str); 4] {
    [("instance", node.as_str()), ("type", kind), ("satellite", id), ("url", address)]
}

/// The id of a satellite and its address: as the node told it, or as it is known.
fn named(standing: &Standing) -> (String, String) {
    let known = standing.satellite.known().map(|known| known.address.to_owned());
    let address = standing.address.as_deref().map(str::to_owned).or(known);
    (standing.satellite.to_string(), address.unwrap_or_default())
}

fn satellites(
    families: &mut Families,
    standings: &[Reported<Standing>],
    month: &Satellites<Moved>,
    storage: &[Reported<DailyStorage>],
) {
    let mut stored = Satellites::<u64>::new();
    for row in storage {
        *stored.entry((row.node.clone(), row.what.satellite)).or_default() +=
            row.what.byte_hours.get();
    }
    let summary = families.gauge("storj_sat_summary", "Storj satellite summary metrics");
    for row in standings {
        let (id, address) = named(&row.what);
        let key = (row.node.clone(), row.what.satellite);
        let moved = month.get(&key);
        let is_suspended =
            row.what.suspended_at.is_some() || row.what.offline_suspended_at.is_some();
        for (kind, value) in [
            ("storageSummary", stored.get(&key).copied()),
            ("bandwidthSummary", moved.map(|moved| moved.outward() + moved.inward())),
            ("egressSummary", moved.map(Moved::outward)),
            ("ingressSummary", moved.map(Moved::inward)),
            ("disqualified", Some(row.what.disqualified_at.is_some().into())),
            ("suspended", Some(is_suspended.into())),
        ] {
            summary.add_known(labels(&row.node, kind, (&id, &address)), value);
        }
    }
    let audit = families.gauge("storj_sat_audit", "Storj satellite audit metrics");
    for row in standings {
        let Some(scores) = row.what.scores else { continue };
        let (id, address) = named(&row.what);
        for (kind, score) in [
            ("auditScore", scores.audit),
            ("suspensionScore", scores.suspension),
            ("onlineScore", scores.online),
        ] {
            audit.add(labels(&row.node, kind, (&id, &address)), score);
        }
    }
}

fn traffic(
    families: &mut Families,
    standings: &[Reported<Standing>],
    month: &Satellites<Moved>,
    today: &Satellites<Moved>,
) {
    for (name, help, of) in [
        ("storj_sat_month_egress", "Storj satellite egress since current month start", month),
        ("storj_sat_day_egress", "Storj satellite egress since current day start", today),
    ] {
        let family = families.gauge(name, help);
        for row in standings {
            let (id, address) = named(&row.what);
            let Some(moved) = of.get(&(row.node.clone(), row.what.satellite)) else { continue };
            for (kind, bytes) in EGRESS.into_iter().zip(moved.egress) {
                family.add(labels(&row.node, kind, (&id, &address)), bytes);
            }
        }
    }
    for (name, help, of) in [
        ("storj_sat_month_ingress", "Storj satellite ingress since current month start", month),
        ("storj_sat_day_ingress", "Storj satellite ingress since current day start", today),
    ] {
        let family = families.gauge(name, help);
        for row in standings {
            let (id, address) = named(&row.what);
            let Some(moved) = of.get(&(row.node.clone(), row.what.satellite)) else { continue };
            for (kind, bytes) in INGRESS.into_iter().zip(moved.ingress) {
                family.add(labels(&row.node, kind, (&id, &address)), bytes);
            }
        }
    }
}

/// The last day of which the satellite has told.
fn stored_today(
    families: &mut Families,
    standings: &[Reported<Standing>],
    storage: &[Reported<DailyStorage>],
) {
    let mut last = Satellites::<u64>::new();
    // By day, so that the last one stays.
    for row in storage {
        last.insert((row.node.clone(), row.what.satellite), row.what.byte_hours.get());
    }
    let family = families.gauge(
        "storj_sat_day_storage",
        "Storj satellite data stored on disk since current day start",
    );
    for row in standings {
        let (id, address) = named(&row.what);
        let bytes = last.get(&(row.node.clone(), row.what.satellite)).copied();
        family.add_known(labels(&row.node, "atRestTotal", (&id, &address)), bytes);
    }
}

/// Amounts are cents, as the node tells them.
fn payout(families: &mut Families, estimates: &[Reported<NodeEstimate>]) {
    let mut nodes: BTreeMap<&NodeName, Vec<&NodeEstimate>> = BTreeMap::new();
    for row in estimates {
        nodes.entry(&row.node).or_default().push(&row.what);
    }
    let family =
        families.gauge("storj_payout_currentMonth", "Storj estimated payouts for current month");
    for (node, of) in nodes {
        let bytes = |part: fn(&NodeEstimate) -> ByteCount| {
            of.iter().map(|estimate| part(estimate).get()).sum::<u64>() as f64
        };
        let cents = |part: fn(&NodeEstimate) -> i64| {
            of.iter().map(|estimate| part(estimate)).sum::<i64>() as f64 / 10_000.0
        };
        let stored: u64 = of.iter().map(|estimate| estimate.storage.get()).sum();
        for (kind, value) in [
            ("egressBandwidth", bytes(|of| of.egress)),
            ("egressBandwidthPayout", cents(|of| of.egress_payout.get())),
            ("egressRepairAudit", bytes(|of| of.repair_audit)),
            ("egressRepairAuditPayout", cents(|of| of.repair_audit_payout.get())),
            ("diskSpace", stored as f64 / HOURS_OF_MONTH),
            ("diskSpacePayout", cents(|of| of.storage_payout.get())),
            // Of all satellites together the node tells 0.
            ("heldRate", 0.0),
            ("payout", cents(|of| of.payout.get())),
            ("held", cents(|of| of.held.get())),
            ("currentMonthExpectations", cents(|of| of.expected.map_or(0, |of| of.get()))),
        ] {
            family.add([("instance", node.as_str()), ("type", kind)], value);
        }
    }
}
