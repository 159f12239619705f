//! From what a node has booked to what is stored, over HTTP and for every version of the node.

use std::{collections::BTreeMap, time::Duration};

use piecewatch_model::{
    ByteCount, ByteHours, Fact, Grain, MicroUsd, Paystub, Period, Poll, Report, SatelliteId,
    Standing, StorageBasis, Timestamp,
};
use piecewatch_node_api::{
    Client, Gate, Limits,
    poll::{self, Asked, Span},
};
use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, EstimatedMonth, NodeApi, Port, SimulatedTime,
};
use piecewatch_store::{Nodes, Reader, Store, StoreConfig, Window, Writer};

const EVER: Window =
    Window { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(1 << 33) };

fn ever() -> std::ops::RangeInclusive<Period> {
    "2015-01".parse().unwrap()..="2099-12".parse().unwrap()
}

/// A simulated node, and a database for what it answers.
struct Polled {
    account: Account,
    server: ApiServer,
    time: SimulatedTime,
    writer: Writer,
    reader: Reader,
    _folder: tempfile::TempDir,
}

impl Polled {
    fn new(config: &AccountConfig, version: ApiVersion) -> Self {
        let account = Account::random(config);
        let time = SimulatedTime::new(config.now);
        let api = NodeApi::new(account.clone(), version);
        let server = ApiServer::start(api, Port::Dashboard, time.clone()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db");
        let Store { writer, readers } = Store::open(&path, StoreConfig::default()).unwrap();
        Self { account, server, time, writer, reader: readers.get().unwrap(), _folder: folder }
    }

    /// Asks the node everything at a time, and stores what it answers.
    fn poll(&mut self, now: Timestamp) {
        self.time.set_now(now);
        let client = Client::new(self.server.url().parse().unwrap(), Limits::default());
        let time_max = Duration::from_secs(60);
        let asked = Asked { client: &client, node_id: None, now, time_max };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answers: [(Poll, Vec<Fact>); 3] = runtime.block_on(async {
            [
                poll::dashboard(asked).await,
                poll::satellites(asked, &Gate::new(1), &mut None).await,
                poll::paystubs(asked, Span::Whole).await,
            ]
        });
        for (poll, facts) in answers {
            assert_eq!(poll.error, None, "{:?}", poll.part);
            let report = Report { node: "n1".parse().unwrap(), poll, facts };
            assert_eq!(self.writer.report(&report, now).unwrap(), 0);
        }
    }
}

/// Traffic, storage, prices and standings: what a node tells of the running month.
fn check_month(polled: &Polled, version: ApiVersion, now: Timestamp) {
    let (account, reader) = (&polled.account, &polled.reader);
    let month = Period::containing(now).unwrap();
    let trusted = account.satellites(now);
    let is_told = |day: Timestamp, satellite| {
        day >= month.start() && day < month.end() && trusted.contains(&satellite)
    };

    let moved: Vec<_> = reader.daily_bandwidth(Nodes::All, EVER).unwrap();
    let moved: Vec<_> = moved.into_iter().map(|told| told.what).collect();
    let mut booked = account.bandwidth(now);
    booked.retain(|day| is_told(day.day, day.satellite));
    assert!(booked.len() > 20, "{version}: {} days", booked.len());
    // Days come by the database's order of satellites.
    let keyed = |days: Vec<_>| -> BTreeMap<_, _> {
        days.into_iter()
            .map(|day: piecewatch_model::DailyBandwidth| ((day.day, day.satellite), day))
            .collect()
    };
    assert_eq!(keyed(moved), keyed(booked), "{version}");

    let has_hours = version > ApiVersion::V1_37;
    let stored = reader.daily_storage(Nodes::All, EVER).unwrap();
    let stored = stored.into_iter().map(|told| told.what);
    let stored: BTreeMap<_, _> = stored
        .filter(|day| day.basis == StorageBasis::Reported)
        .map(|day| ((day.day, day.satellite), day))
        .collect();
    let expected: BTreeMap<_, _> = account
        .storage(now)
        .into_iter()
        .filter(|day| is_told(day.day, day.satellite))
        .map(|mut day| {
            day.covered_seconds = day.covered_seconds.filter(|_| has_hours);
            day.average = day.average.filter(|_| has_hours);
            ((day.day, day.satellite), day)
        })
        .collect();
    assert!(expected.len() > 20, "{version}: {} days", expected.len());
    assert_eq!(stored, expected, "{version}");

    let prices = reader.prices(Nodes::All).unwrap();
    let prices: BTreeMap<_, _> =
        prices.into_iter().map(|row| (row.satellite, (row.period, row.prices))).collect();
    let expected = account.prices(now).into_iter().map(|(id, prices)| (id, (month, prices)));
    assert_eq!(prices, expected.collect(), "{version}");
}

fn check_state(polled: &Polled, version: ApiVersion, now: Timestamp) {
    let (account, reader) = (&polled.account, &polled.reader);
    let standings = reader.standings(Nodes::All).unwrap();
    let standings: BTreeMap<SatelliteId, Standing> =
        standings.into_iter().map(|told| (told.what.satellite, told.what)).collect();
    let told = |standing: Standing| {
        let vetted_at = standing.vetted_at.filter(|_| version >= ApiVersion::V1_142);
        // The dashboard does not tell these.
        let unknown = Standing::unknown(standing.satellite);
        let known = Standing {
            vetted_at,
            offline_suspended_at: unknown.offline_suspended_at,
            exited_at: unknown.exited_at,
            audits: unknown.audits,
            ..standing
        };
        (known.satellite, known)
    };
    let expected: BTreeMap<_, _> = account.standings(now).into_iter().map(told).collect();
    assert_eq!(standings, expected, "{version}");

    let space = reader.space(Nodes::All, EVER, 1).unwrap().remove(0);
    let booked = account.space(now);
    assert_eq!((space.total, space.trash), (booked.total, booked.trash), "{version}");
    // What the hash store needs besides counts as used from v1.143 on.
    let (used, pieces) = (space.used.unwrap(), booked.used.unwrap());
    if version >= ApiVersion::V1_143 {
        assert!(used >= pieces, "{version}");
        assert_eq!(space.available, booked.available, "{version}");
    } else {
        assert_eq!(used, pieces, "{version}");
    }
    let status = reader.statuses(Nodes::All).unwrap().remove(0).what;
    assert_eq!(status.version.as_deref(), Some(version.number()));
}

/// Hundredths of a cent are whole numbers of hundred millionths of a dollar.
fn money(cents: f64) -> MicroUsd {
    MicroUsd::new((cents * 10_000.0).round() as i64)
}

fn check_estimates(polled: &Polled, version: ApiVersion, now: Timestamp) {
    let month = Period::containing(now).unwrap();
    let told = polled.reader.estimates(Nodes::All, ever()).unwrap();
    let told: BTreeMap<_, _> =
        told.into_iter().map(|told| ((told.what.satellite, told.what.period), told.what)).collect();
    let mut count = 0;
    for id in polled.account.satellites(now) {
        let Some(estimate) = polled.account.estimate(id, now) else { continue };
        let check = |period: Period, expected: &EstimatedMonth| {
            let told = told[&(id, period)];
            assert_eq!(told.egress, ByteCount::new(expected.egress_bytes), "{version}");
            assert_eq!(told.egress_payout, money(expected.egress_cents), "{version}");
            assert_eq!(told.repair_audit, ByteCount::new(expected.repair_audit_bytes));
            assert_eq!(told.repair_audit_payout, money(expected.repair_audit_cents));
            assert_eq!(told.storage_payout, money(expected.storage_cents), "{version}");
            assert_eq!(told.payout, money(expected.payout_cents), "{version}");
            let byte_hours = (expected.byte_months * 720.0).round() as u64;
            assert_eq!(told.storage, ByteHours::new(byte_hours), "{version}");
        };
        check(month, &estimate.current);
        check(month.plus_months(-1).unwrap(), &estimate.previous);
        let expected = Some(money(estimate.expected_cents as f64));
        assert_eq!(told[&(id, month)].expected, expected, "{version}");
        count += 2;
    }
    assert_eq!(told.len(), count, "{version}: of no other satellite or month");
}

fn check_paid(polled: &Polled, version: ApiVersion, now: Timestamp) {
    let key = |stub: &Paystub| (stub.period, stub.satellite);
    let stated = polled.reader.paystubs(Nodes::All, ever()).unwrap();
    let stated: BTreeMap<_, _> =
        stated.into_iter().map(|told| (key(&told.what), told.what)).collect();
    let expected: BTreeMap<_, _> =
        polled.account.paystubs(now).into_iter().map(|stub| (key(&stub), stub)).collect();
    assert!(expected.len() > 20, "{version}: {} paystubs", expected.len());
    assert!(stated.keys().eq(expected.keys()), "{version}");
    for (key, stub) in expected {
        let told = &stated[&key];
        // The node divides by 720 and writes a float, which has 53 bits.
        let (there, here) = (stub.usage_at_rest.get(), told.usage_at_rest.get());
        assert!(there.abs_diff(here) <= there >> 51, "{version}: {here} is not {there}");
        assert_eq!(*told, Paystub { usage_at_rest: told.usage_at_rest, ..stub }, "{version}");
    }

    // The API tells what was sent by statement, with the receipt as soon as there is one.
    let sent = polled.reader.payments(Nodes::All, ever()).unwrap();
    let sent: BTreeMap<_, _> =
        sent.into_iter().map(|told| ((told.what.period, told.what.satellite), told.what)).collect();
    for (key, told) in &sent {
        assert_eq!(told.amount, stated[key].distributed, "{version}");
    }
    let payments = polled.account.payments(now);
    assert!(!payments.is_empty());
    for payment in payments {
        let told = &sent[&(payment.period, payment.satellite)];
        assert_eq!((told.amount, &told.receipt), (payment.amount, &payment.receipt), "{version}");
    }
}

#[test]
fn what_each_version_tells_is_what_the_node_has_booked() {
    std::thread::scope(|scope| {
        for version in ApiVersion::ALL {
            scope.spawn(move || {
                let config = AccountConfig { seed: 3, ..AccountConfig::default() };
                let mut polled = Polled::new(&config, version);
                polled.poll(config.now);
                check_month(&polled, version, config.now);
                check_state(&polled, version, config.now);
                check_estimates(&polled, version, config.now);
                check_paid(&polled, version, config.now);
            });
        }
    });
}

/// The last poll of August misses what was booked after it; the first of September brings it.
#[test]
fn what_the_last_poll_of_a_month_missed_comes_with_the_next() {
    let last = Timestamp::from_civil((2026, 8, 31), 18, 0, 0);
    let first = Timestamp::from_civil((2026, 9, 1), 0, 30, 0);
    let config = AccountConfig {
        now: last,
        luck: piecewatch_simulator::Luck::Good,
        size: Some(ByteCount::new(10_000_000_000_000)),
        ..AccountConfig::default()
    };
    let mut polled = Polled::new(&config, ApiVersion::V1_162);
    let august: Period = "2026-08".parse().unwrap();
    let downloaded = |polled: &Polled, at| -> BTreeMap<SatelliteId, u64> {
        let mut sums = BTreeMap::new();
        for day in polled.account.bandwidth(at) {
            if day.day >= august.start() && day.day < august.end() {
                assert_eq!(day.day, day.day.floor(Grain::Day));
                *sums.entry(day.satellite).or_default() += day.get.get();
            }
        }
        sums
    };
    polled.poll(last);
    let of_days = |polled: &Polled| -> BTreeMap<SatelliteId, u64> {
        let mut sums = BTreeMap::new();
        for told in polled.reader.daily_bandwidth(Nodes::All, EVER).unwrap() {
            if told.what.day < august.end() {
                *sums.entry(told.what.satellite).or_default() += told.what.get.get();
            }
        }
        sums
    };
    let (known, whole) = (downloaded(&polled, last), downloaded(&polled, first));
    assert_eq!(of_days(&polled), known);
    assert!(known.iter().all(|(id, sum)| *sum < whole[id]), "{known:?} of {whole:?}");
    // On the 31st the month before is not asked for: the node may mean another one.
    let told = polled.reader.estimates(Nodes::All, ever()).unwrap();
    assert!(!told.is_empty() && told.iter().all(|told| told.what.period == august));

    polled.poll(first);
    assert_eq!(of_days(&polled), known, "days of a past month are not told again");
    let told = polled.reader.estimates(Nodes::All, august..=august).unwrap();
    let told: BTreeMap<_, _> =
        told.iter().map(|told| (told.what.satellite, told.what.egress.get())).collect();
    assert_eq!(told, whole);
}
