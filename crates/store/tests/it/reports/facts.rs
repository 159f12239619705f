//! One of each thing that a node reports.

use piecewatch_model::{
    Action, ByteCount, ByteHours, CentsPerTb, DailyBandwidth, DailyStorage, Fact, KnownSatellite,
    Measure, MicroUsd, NodeEstimate, NodeStatus, Payment, Paystub, PaystubCodes, Period, Poll,
    PollPart, Prices, Quantiles, Quic, Report, SatelliteId, Space, Standing, StandingScores,
    StorageBasis, Timestamp,
};
use piecewatch_store::{Reader, Window};

use crate::fixture::{Database, NOW, node};

pub(super) const AUGUST: Period = Period::new(2026, 8).unwrap();
pub(super) const JULY: Period = Period::new(2026, 7).unwrap();
pub(super) const MONTH: Window = Window { from: AUGUST.start(), to: AUGUST.end() };

pub(super) fn us1() -> SatelliteId {
    KnownSatellite::ALL[0].id()
}

pub(super) fn eu1() -> SatelliteId {
    KnownSatellite::ALL[1].id()
}

pub(super) const fn day(day: u8) -> Timestamp {
    Timestamp::from_civil((2026, 8, day), 0, 0, 0)
}

pub(super) const fn bytes(bytes: u64) -> ByteCount {
    ByteCount::new(bytes)
}

pub(super) const fn usd(micros: i64) -> MicroUsd {
    MicroUsd::new(micros)
}

pub(super) fn report(name: &str, at: Timestamp, part: PollPart, facts: Vec<Fact>) -> Report {
    let poll = Poll { at, part, took_micros: 1_200, requests: 3, bytes: bytes(4_096), error: None };
    Report { node: node(name), poll, facts }
}

pub(super) fn failed(name: &str, at: Timestamp, why: &str) -> Report {
    let mut report = report(name, at, PollPart::Dashboard, Vec::new());
    report.poll.error = Some(why.into());
    report
}

pub(super) fn store(database: &mut Database, report: &Report) {
    database.writer.report(report, NOW).unwrap();
}

pub(super) fn reader(database: &Database) -> Reader {
    database.readers.get().unwrap()
}

pub(super) fn status(version: &str) -> NodeStatus {
    NodeStatus {
        node_id: Some("12abc".into()),
        version: Some(version.into()),
        allowed_version: Some("1.120.1".into()),
        is_up_to_date: Some(true),
        started_at: Some(day(1)),
        last_pinged_at: Some(day(2)),
        last_quic_pinged_at: None,
        quic: Some(Quic::Misconfigured),
        port: Some(28_967),
    }
}

pub(super) fn space(used: u64) -> Space {
    Space {
        used: Some(bytes(used)),
        trash: Some(bytes(7)),
        available: Some(bytes(1_000)),
        total: Some(bytes(5_000)),
        overused: Some(bytes(0)),
        reclaimable: Some(bytes(11)),
    }
}

pub(super) fn standing(satellite: SatelliteId) -> Standing {
    Standing {
        address: Some("us1.storj.io:7777".into()),
        joined_at: Some(Timestamp::from_civil((2024, 2, 3), 4, 5, 6)),
        vetted_at: Some(Timestamp::from_civil((2024, 5, 3), 0, 0, 0)),
        suspended_at: Some(day(3)),
        scores: Some(scores(1.0)),
        audits: Some((1_000, 998)),
        ..Standing::unknown(satellite)
    }
}

pub(super) const fn scores(online: f64) -> StandingScores {
    StandingScores { audit: 1.0, online, suspension: 0.99 }
}

pub(super) const fn bandwidth(satellite: SatelliteId, at: u8, get: u64) -> DailyBandwidth {
    DailyBandwidth {
        satellite,
        day: day(at),
        get: bytes(get),
        get_audit: bytes(1),
        get_repair: bytes(2),
        put: bytes(3),
        put_repair: bytes(4),
    }
}

pub(super) const fn storage(satellite: SatelliteId, at: u8, byte_hours: u64) -> DailyStorage {
    DailyStorage {
        satellite,
        day: day(at),
        byte_hours: ByteHours::new(byte_hours),
        covered_seconds: Some(43_200),
        average: Some(bytes(9)),
        basis: StorageBasis::Calculated,
    }
}

pub(super) const fn prices(egress: u32) -> Prices {
    Prices {
        egress: CentsPerTb::new(egress),
        repair: CentsPerTb::new(201),
        audit: CentsPerTb::new(202),
        storage: CentsPerTb::new(149),
    }
}

pub(super) const fn estimate(period: Period, payout: i64) -> NodeEstimate {
    NodeEstimate {
        satellite: KnownSatellite::ALL[0].id(),
        period,
        egress: bytes(1),
        egress_payout: usd(2),
        repair_audit: bytes(3),
        repair_audit_payout: usd(4),
        storage: ByteHours::new(5),
        storage_payout: usd(6),
        held_percent: 25,
        held: usd(7),
        payout: usd(payout),
        expected: Some(usd(9)),
    }
}

pub(super) fn paystub(period: Period) -> Paystub {
    Paystub {
        satellite: us1(),
        period,
        created_at: day(7),
        codes: PaystubCodes::from_text("E:X"),
        // 20 TB for a month: more than 2^53.
        usage_at_rest: ByteHours::new(14_400_000_000_000_000),
        usage_get: bytes(2),
        usage_put: bytes(3),
        usage_get_repair: bytes(4),
        usage_put_repair: bytes(5),
        usage_get_audit: bytes(6),
        comp_at_rest: usd(7),
        comp_get: usd(8),
        comp_put: usd(9),
        comp_get_repair: usd(10),
        comp_put_repair: usd(11),
        comp_get_audit: usd(12),
        surge_percent: 150,
        held: usd(13),
        owed: usd(14),
        disposed: usd(-15),
        paid: usd(16),
        distributed: usd(17),
    }
}

pub(super) fn payment(receipt: &str, amount: i64) -> Payment {
    Payment { satellite: us1(), period: JULY, amount: usd(amount), receipt: receipt.into() }
}

pub(super) fn quantiles(p50: f64) -> Quantiles {
    Quantiles {
        measure: Measure::FirstByte,
        action: Action::from_name("GET_CONVERT"),
        count: 10,
        sum: 1_234.5,
        min: 1.0,
        p10: 2.0,
        p50,
        p90: 4.0,
        p99: 5.0,
        max: 6.0,
    }
}

/// One of each.
pub(super) fn everything(name: &str, at: Timestamp) -> Report {
    let facts = vec![
        Fact::Status(status("1.140.0")),
        Fact::Space(space(3_993)),
        Fact::Standing(standing(us1())),
        Fact::Bandwidth(bandwidth(us1(), 18, 5)),
        Fact::Storage(storage(us1(), 18, 24)),
        Fact::Prices(us1(), prices(200)),
        Fact::Estimate(estimate(AUGUST, 8)),
        Fact::Paystub(paystub(JULY)),
        Fact::Payment(payment("zksync-era:0x1", 40)),
        Fact::Quantiles(quantiles(3.0)),
    ];
    report(name, at, PollPart::Dashboard, facts)
}
