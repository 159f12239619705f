//! Words that make tests read like statements.

use piecewatch_model::{
    ByteCount, ByteHours, CentsPerTb, DailyBandwidth, KnownSatellite, MicroUsd, Paystub,
    PaystubCodes, Period, Prices, SatelliteId, Timestamp,
};

pub(crate) const TB: u64 = 1_000_000_000_000;

/// 1.50 USD for a terabyte-month, 2 USD for a terabyte moved.
pub(crate) const PRICES: Prices = Prices {
    egress: CentsPerTb::new(200),
    repair: CentsPerTb::new(200),
    audit: CentsPerTb::new(200),
    storage: CentsPerTb::new(150),
};

pub(crate) fn us1() -> SatelliteId {
    KnownSatellite::ALL[0].id()
}

pub(crate) fn eu1() -> SatelliteId {
    KnownSatellite::ALL[1].id()
}

pub(crate) fn ap1() -> SatelliteId {
    KnownSatellite::ALL[2].id()
}

pub(crate) fn usd(text: &str) -> MicroUsd {
    text.parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn month(text: &str) -> Period {
    text.parse().unwrap()
}

pub(crate) const fn bytes(bytes: u64) -> ByteCount {
    ByteCount::new(bytes)
}

pub(crate) const fn byte_hours(byte_hours: u64) -> ByteHours {
    ByteHours::new(byte_hours)
}

/// A day, 1 to 31, on which customers downloaded so much.
pub(crate) fn egress_day(period: Period, day: i64, get: u64) -> DailyBandwidth {
    DailyBandwidth {
        satellite: us1(),
        day: period.start().plus_micros((day - 1) * 86_400_000_000),
        get: bytes(get),
        get_audit: bytes(0),
        get_repair: bytes(0),
        put: bytes(0),
        put_repair: bytes(0),
    }
}

/// A paystub of us1 on which nothing was used and nothing is paid.
pub(crate) fn paystub(period: Period) -> Paystub {
    let nothing = MicroUsd::default();
    Paystub {
        satellite: us1(),
        period,
        created_at: period.end(),
        codes: PaystubCodes::default(),
        usage_at_rest: byte_hours(0),
        usage_get: bytes(0),
        usage_put: bytes(0),
        usage_get_repair: bytes(0),
        usage_put_repair: bytes(0),
        usage_get_audit: bytes(0),
        comp_at_rest: nothing,
        comp_get: nothing,
        comp_put: nothing,
        comp_get_repair: nothing,
        comp_put_repair: nothing,
        comp_get_audit: nothing,
        surge_percent: 0,
        held: nothing,
        owed: nothing,
        disposed: nothing,
        paid: nothing,
        distributed: nothing,
    }
}
