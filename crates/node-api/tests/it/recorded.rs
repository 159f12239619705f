//! What real nodes have answered. Expected figures are those of the files, by hand.

use std::{fs, path::Path};

use piecewatch_model::{
    ByteCount, ByteHours, CentsPerTb, Fact, KnownSatellite, MicroUsd, Prices, Quic, StorageBasis,
    Timestamp,
};
use piecewatch_node_api::answer::{Dashboard, Estimates, Months, Satellite};

const VERSIONS: [&str; 2] = ["v1.37.1", "v1.71.2"];

pub(crate) fn recorded(version: &str, name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(version);
    fs::read(folder.join(name)).unwrap()
}

fn dashboard(version: &str) -> Dashboard {
    Dashboard::from_json(&recorded(version, "sno.json")).unwrap()
}

fn satellite(version: &str) -> Satellite {
    Satellite::from_json(&recorded(version, "satellite.json")).unwrap()
}

fn estimates(version: &str) -> Estimates {
    Estimates::of_all(&recorded(version, "payout.json")).unwrap()
}

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[test]
fn the_dashboard_of_v1_71_is_understood() {
    let dashboard = dashboard("v1.71.2");
    assert_eq!(&*dashboard.node_id, "1Xf5b3xHn1ajoNRpJJJd3RebWUgZ58BVqNxKPAH2g1snSAEyNt");
    let status = &dashboard.status;
    assert_eq!(status.version.as_deref(), Some("1.71.2"));
    assert_eq!(status.allowed_version.as_deref(), Some("1.24.0"));
    assert_eq!(status.is_up_to_date, Some(true));
    assert_eq!(status.started_at, time("2023-02-07T05:31:38.785164Z"));
    assert_eq!(status.last_pinged_at, time("2023-02-09T11:02:02.808318Z"));
    assert_eq!(status.last_quic_pinged_at, time("2023-02-09T10:31:48.116823Z"));
    assert_eq!(status.quic, Some(Quic::Misconfigured));
    // Between quotes in the answer.
    assert_eq!(status.port, Some(28_967));
    assert_eq!(dashboard.moved, Some(ByteCount::new(21_724_116_480)));
    let us2 = &dashboard.satellites[0];
    assert_eq!(us2.id.known().map(|known| known.name), Some("us2"));
    assert_eq!(us2.address.as_deref(), Some("us2.storj.io:7777"));
    assert_eq!(us2.stored, Some(ByteCount::new(11_957_487_360)));
    assert_eq!((us2.disqualified_at, us2.suspended_at, us2.vetted_at), (None, None, None));
    let names = dashboard.satellites.iter().map(|satellite| satellite.id.known().unwrap().name);
    let expected = ["us2", "saltlake", "ap1", "us1", "eu1", "europe-north-1"];
    assert_eq!(names.collect::<Vec<_>>(), expected);
}

#[test]
fn a_dashboard_without_later_fields_is_understood() {
    let status = dashboard("v1.37.1").status;
    assert_eq!(status.version.as_deref(), Some("1.37.1"));
    assert_eq!((status.quic, status.last_quic_pinged_at, status.port), (None, None, None));
}

/// Predecessor fault 20: `diskSpace.available` was taken for the whole, or for what is left,
/// whatever the version.
#[test]
fn available_of_old_nodes_is_the_whole() {
    let space = dashboard("v1.71.2").space;
    assert_eq!(space.total, Some(ByteCount::new(3_500_000_000_000)));
    assert_eq!(space.used, Some(ByteCount::new(3_381_577_296_000)));
    assert_eq!(space.trash, Some(ByteCount::new(117_961_155_200)));
    // 3,500,000,000,000 - 3,381,577,296,000 - 117,961,155,200
    assert_eq!(space.available, Some(ByteCount::new(461_548_800)));
    assert_eq!(space.overused, Some(ByteCount::new(0)));
    assert_eq!(space.reclaimable, None);
}

#[test]
fn the_satellite_of_v1_71_is_understood() {
    let satellite = satellite("v1.71.2");
    assert_eq!(satellite.id.known().map(|known| known.name), Some("us2"));
    assert_eq!(satellite.joined_at, time("2021-01-07T01:54:43.576738Z"));
    let prices = satellite.prices.unwrap();
    let [egress, repair, audit, storage] = [2_000, 1_000, 1_000, 150].map(CentsPerTb::new);
    assert_eq!(prices, Prices { egress, repair, audit, storage });
    let days = &satellite.storage;
    assert_eq!(days.len(), 9);
    assert_eq!(Some(days[0].day), time("2023-02-01T00:00:00Z"));
    assert_eq!(days[0].byte_hours, ByteHours::new(286_680_780_438));
    assert_eq!(days[0].covered_seconds, Some(23 * 3_600));
    assert_eq!(days[0].average, Some(ByteCount::new(12_464_381_758)));
    assert_eq!(days[0].basis, StorageBasis::Reported);
    // The running day covers six hours.
    assert_eq!(Some(days[8].day), time("2023-02-09T00:00:00Z"));
    assert_eq!(days[8].byte_hours, ByteHours::new(71_777_209_849));
    assert_eq!(days[8].covered_seconds, Some(6 * 3_600));
    let first = satellite.bandwidth[0];
    assert_eq!(Some(first.day), time("2023-02-01T00:00:00Z"));
    assert_eq!(first.get_repair, ByteCount::new(11_051_520));
    assert_eq!(first.get_audit, ByteCount::new(171_776));
    assert_eq!((first.get, first.put, first.put_repair), Default::default());
}

/// Predecessor fault 22: a form of scores was expected that no node sends, so none was ever known.
#[test]
fn scores_are_known_of_every_version() {
    for (version, online) in [("v1.37.1", 1.0), ("v1.71.2", 0.999_490_330_711_282_2)] {
        let satellite = satellite(version);
        let dashboard = dashboard(version);
        let standing = satellite.standing(&dashboard.satellites[0]);
        let scores = standing.scores.unwrap();
        assert_eq!((scores.audit, scores.suspension, scores.online), (1.0, 1.0, online));
        assert_eq!(standing.address.as_deref(), Some("us2.storj.io:7777"));
        assert_eq!(standing.joined_at, satellite.joined_at);
        let windows = satellite.audit_history.unwrap().windows;
        assert!(windows.len() >= 48, "{version}: {} windows", windows.len());
        assert!(windows.iter().all(|window| window.reached <= window.audits));
    }
}

#[test]
fn storage_before_v1_70_has_no_hours() {
    let days = satellite("v1.37.1").storage;
    assert_eq!(days.len(), 29);
    assert_eq!(days[0].byte_hours, ByteHours::new(287_074_807_617));
    assert_eq!((days[0].covered_seconds, days[0].average), (None, None));
}

#[test]
fn estimates_are_money_and_byte_hours() {
    let estimates = estimates("v1.71.2");
    let current = estimates.current;
    assert_eq!(current.egress, ByteCount::new(2_918_793_472));
    // 5.83 cents.
    assert_eq!(current.egress_payout, MicroUsd::new(58_300));
    assert_eq!(current.repair_audit, ByteCount::new(18_326_741_248));
    assert_eq!(current.repair_audit_payout, MicroUsd::new(183_100));
    // 935,646,190,261.8284 byte-months of 720 hours.
    assert_eq!(current.storage, ByteHours::new(673_665_256_988_516));
    assert_eq!(current.storage_payout, MicroUsd::new(1_403_500));
    assert_eq!(current.payout, MicroUsd::new(1_644_900));
    // Of all satellites together the node writes 0 percent, whatever they hold back.
    assert_eq!(current.held_percent, None);
    // 15.479999999999999 cents.
    assert_eq!(estimates.previous.egress_payout, MicroUsd::new(154_800));
    assert_eq!(estimates.expected, MicroUsd::new(5_410_000));
    let old = self::estimates("v1.37.1");
    assert_eq!(old.previous.held, MicroUsd::new(8_550));
    assert_eq!(old.current.egress_payout, MicroUsd::new(1_648_500));
}

/// The answers are of one satellite and of all six of the same node at the same time: what the one
/// has is within what all have, and each sum is that of its parts.
#[test]
fn one_satellite_stays_within_all_six() {
    for version in VERSIONS {
        let (dashboard, satellite) = (dashboard(version), satellite(version));
        let all = estimates(version).current;
        let sum = |of: fn(&piecewatch_model::DailyBandwidth) -> ByteCount| {
            satellite.bandwidth.iter().map(of).sum::<ByteCount>()
        };
        let (get, audit, repair) =
            (sum(|day| day.get), sum(|day| day.get_audit), sum(|day| day.get_repair));
        let ingress = sum(|day| day.put) + sum(|day| day.put_repair);
        assert!(get <= all.egress, "{version}: {get} of {}", all.egress);
        assert!(audit + repair <= all.repair_audit, "{version}");
        assert!(get + audit + repair + ingress <= dashboard.moved.unwrap(), "{version}");
        // Each day is rounded to whole byte-hours.
        let stored: ByteHours = satellite.storage.iter().map(|day| day.byte_hours).sum();
        assert!(stored <= all.storage, "{version}: {stored:?} of {:?}", all.storage);
        let told = satellite.stored.unwrap();
        assert!(stored.get().abs_diff(told.get()) <= 31, "{version}: {stored:?} is not {told:?}");
        // The node's own sums of the same days.
        assert_eq!(satellite.egress, Some(get + audit + repair), "{version}");
        assert_eq!(satellite.ingress, Some(ingress), "{version}");
        assert_eq!(satellite.moved, Some(get + audit + repair + ingress), "{version}");
        // All satellites together store what the node uses, but for what their paces differ by.
        let by_satellite: ByteCount =
            dashboard.satellites.iter().filter_map(|satellite| satellite.stored).sum();
        let used = dashboard.space.used.unwrap();
        let difference = by_satellite.get().abs_diff(used.get());
        assert!(difference * 100 <= used.get(), "{version}: {by_satellite} of {used}");
        // Components, less what is held back, are the payout; each was rounded to a hundredth of a
        // cent, and there are six satellites.
        let parts = all.egress_payout + all.repair_audit_payout + all.storage_payout;
        let off = (parts.get() - all.held.get() - all.payout.get()).abs();
        assert!(off <= 6 * 100, "{version}: {off} millionths off");
    }
}

#[test]
fn the_recorded_estimate_is_of_the_month_of_the_recording() {
    let (asked, answered) = (time("2023-02-09T11:02:03Z").unwrap(), time("2023-02-09T11:02:04Z"));
    let months = Months::of(asked, answered.unwrap()).unwrap();
    let us2 = KnownSatellite::ALL[5].id();
    let [current, previous] = &estimates("v1.71.2").of_months(us2, months)[..] else {
        panic!("there are two months");
    };
    assert_eq!(
        (current.period.to_string(), previous.period.to_string()),
        ("2023-02".into(), "2023-01".into())
    );
    assert_eq!(current.expected, Some(MicroUsd::new(5_410_000)));
    assert_eq!(previous.expected, None);
    assert_eq!(previous.payout, MicroUsd::new(6_544_900));
}

#[test]
fn facts_of_a_dashboard_are_how_it_is_and_its_space() {
    let dashboard = dashboard("v1.71.2");
    let expected = [Fact::Status(dashboard.status.clone()), Fact::Space(dashboard.space)];
    assert_eq!(dashboard.facts(), expected);
}
