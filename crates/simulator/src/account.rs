//! What a node that is not there has booked over the months, and what its satellites told it.

mod draw;
mod estimate;
mod process;
mod satellite;
mod standing;
mod statement;
mod tariff;

use piecewatch_model::{
    ByteCount, ByteHours, DailyBandwidth, DailyStorage, Payment, Paystub, Period, Prices,
    SatelliteId, Space, Standing, StorageBasis, Timestamp,
};

use crate::{
    Simulator,
    calendar::{day_of, day_start, month_of, months_after},
};

pub use estimate::{EstimatedMonth, EstimatedPayout};

pub(crate) use estimate::held_percent;
pub(crate) use process::Process;
pub(crate) use satellite::{SatelliteAccount, StorageRow, Traffic};

use satellite::Spread;

/// What an account is to hold. Any value is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountConfig {
    /// Everything that is drawn is drawn from this.
    pub seed: u64,
    /// The present: the account reaches from before it to the end of the month after it, so that
    /// the node can be asked at later times, too.
    pub now: Timestamp,
    /// How many months before the present one have daily figures, up to [`Self::MONTHS_MAX`].
    /// Statements go back to when the node joined.
    pub months: u32,
    /// How many satellites the node serves, up to [`Self::SATELLITES_MAX`]: those of Storj first,
    /// then such of communities. An old node may have statements of one more that is gone.
    pub satellites: usize,
    /// What the node holds when the account ends; `None` for anything from nothing to 140 TB.
    pub size: Option<ByteCount>,
    /// What else happens.
    pub luck: Luck,
}

impl AccountConfig {
    /// The longest daily history, in months.
    pub const MONTHS_MAX: u32 = 120;
    /// The most satellites.
    pub const SATELLITES_MAX: usize = 64;
}

impl Default for AccountConfig {
    /// A year of the four satellites of Storj, up to an afternoon in August 2026.
    fn default() -> Self {
        Self {
            seed: 1,
            now: Timestamp::from_civil((2026, 8, 19), 14, 3, 27),
            months: 12,
            satellites: 4,
            size: None,
            luck: Luck::Varied,
        }
    }
}

/// What happens to a node besides its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Luck {
    /// It joined some satellites this month and others years ago; it is off for days; reports are
    /// missing; now and then a satellite suspends or disqualifies it, is left, or pays nothing.
    Varied,
    /// It joined all satellites before its daily figures begin, and nothing ever went wrong.
    Good,
}

/// What a node that is not there has booked, and what its satellites told it.
///
/// All figures are as they stand at a time that the caller gives: traffic is booked evenly over a
/// day, storage is told with a lag, statements come some days after the end of their month.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    config: AccountConfig,
    pub(crate) process: Process,
    pub(crate) satellites: Vec<SatelliteAccount>,
    /// What the operator allotted, in bytes.
    pub(crate) allocated: u64,
    trash_permille: u64,
    reclaimable_permille: u64,
    tables_permyriad: u64,
}

/// What is on the node's disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) pieces: u64,
    pub(crate) trash: u64,
    /// What the hash store could free.
    pub(crate) reclaimable: u64,
    /// The tables of the hash store.
    pub(crate) tables: u64,
}

impl Disk {
    pub(crate) fn total(self) -> u64 {
        self.pieces + self.trash + self.reclaimable + self.tables
    }
}

impl Account {
    /// An account in which everything is drawn from the seed.
    pub fn random(config: &AccountConfig) -> Self {
        draw::account(config)
    }

    /// An account that agrees with a log so far: the traffic of its days is what the transfers of
    /// the simulator booked, the space left is what it told last, and its present is the time of
    /// the log's last line. What a log does not tell is drawn, with [`Luck::Good`] and for the
    /// satellites of the log at least.
    pub fn of_log(simulator: &Simulator, config: AccountConfig) -> Self {
        let booked = simulator.booked();
        let now = simulator.now();
        let first = booked.first().map_or(now, |day| day.day);
        let needed = month_of(now).months_since(month_of(first)).unsigned_abs();
        let config = AccountConfig {
            now,
            months: config.months.max(needed),
            satellites: config.satellites.max(Simulator::SATELLITES),
            luck: Luck::Good,
            ..config
        };
        let mut account = draw::account(&config);
        account.book(&booked);
        account.allocated = account.disk(now).total() + simulator.available().get();
        account
    }

    /// Replaces the traffic of the days from the first to the last of these.
    fn book(&mut self, booked: &[DailyBandwidth]) {
        let (Some(first), Some(last)) = (booked.first(), booked.last()) else { return };
        let (first, last) = (day_of(first.day), day_of(last.day));
        for satellite in &mut self.satellites {
            for (day, number) in satellite.days.iter_mut().zip(satellite.first_day..) {
                if (first..=last).contains(&number) {
                    let of_day = booked
                        .iter()
                        .find(|of| of.satellite == satellite.id && day_of(of.day) == number);
                    day.traffic = of_day.map_or(Traffic::default(), Traffic::from);
                    day.spread = Spread::AsLogged;
                }
            }
            let until = months_after(month_of(self.config.now), 1).end();
            satellite.statements = statement::state(satellite, self.config.luck, until);
        }
    }

    /// What the account was made of.
    pub const fn config(&self) -> &AccountConfig {
        &self.config
    }

    /// The satellites that the node trusts at the time.
    pub fn satellites(&self, now: Timestamp) -> Vec<SatelliteId> {
        self.trusted(now).map(|satellite| satellite.id).collect()
    }

    pub(crate) fn trusted(&self, now: Timestamp) -> impl Iterator<Item = &SatelliteAccount> {
        self.satellites.iter().filter(move |satellite| satellite.is_trusted(now))
    }

    pub(crate) fn satellite(&self, id: SatelliteId) -> Option<&SatelliteAccount> {
        self.satellites.iter().find(|satellite| satellite.id == id)
    }

    /// All traffic booked by now, by day, then satellite. Days on which nothing was moved for a
    /// satellite have no entry.
    pub fn bandwidth(&self, now: Timestamp) -> Vec<DailyBandwidth> {
        let of = |satellite: &SatelliteAccount| {
            let id = satellite.id;
            let days = satellite.traffic(i64::MIN, i64::MAX, now);
            days.map(move |(day, traffic)| traffic.of_day(id, day)).collect::<Vec<_>>()
        };
        let mut days: Vec<_> = self.satellites.iter().flat_map(of).collect();
        days.sort_by_key(|day| (day.day, day.satellite));
        days
    }

    /// All storage that the node knows of now as satellites reported it, by day, then satellite.
    /// Byte-hours and averages are rounded to whole ones.
    pub fn storage(&self, now: Timestamp) -> Vec<DailyStorage> {
        let of = |satellite: &SatelliteAccount| {
            let id = satellite.id;
            let rows = satellite.storage(now).into_iter();
            rows.map(move |row| DailyStorage {
                satellite: id,
                day: day_start(row.day),
                byte_hours: ByteHours::new(row.byte_hours.round() as u64),
                covered_seconds: u32::try_from(row.hours * 3_600).ok(),
                average: Some(ByteCount::new(row.average().round() as u64)),
                basis: StorageBasis::Reported,
            })
        };
        let mut days: Vec<_> = self.satellites.iter().flat_map(of).collect();
        days.sort_by_key(|day| (day.day, day.satellite));
        days
    }

    /// The prices that the node knows now. It keeps no others.
    pub fn prices(&self, now: Timestamp) -> Vec<(SatelliteId, Prices)> {
        let told = |of: &SatelliteAccount| (of.id, of.tariff(month_of(now)).told());
        self.trusted(now).map(told).collect()
    }

    /// What satellites paid in a month, whether or not a node still knows.
    pub fn prices_of(&self, satellite: SatelliteId, period: Period) -> Option<Prices> {
        Some(self.satellite(satellite)?.tariff(period).told())
    }

    /// The statements that the node has by now, by period, then in its order of satellites.
    pub fn paystubs(&self, now: Timestamp) -> Vec<Paystub> {
        let all = self.satellites.iter().flat_map(|satellite| &satellite.statements);
        let known = all.map(|statement| &statement.paystub).filter(|stub| stub.created_at <= now);
        let mut paystubs: Vec<Paystub> = known.cloned().collect();
        paystubs.sort_by_key(|stub| stub.period);
        paystubs
    }

    /// The payments that the node knows of by now, by period, then in its order of satellites.
    pub fn payments(&self, now: Timestamp) -> Vec<Payment> {
        let all = self.satellites.iter().flat_map(|satellite| &satellite.statements);
        let sent = all.filter_map(|statement| statement.sent.as_ref());
        let known = sent.filter(|(at, _)| *at <= now).map(|(_, payment)| payment.clone());
        let mut payments: Vec<Payment> = known.collect();
        payments.sort_by_key(|payment| payment.period);
        payments
    }

    /// How the node stands with the satellites that it trusts.
    pub fn standings(&self, now: Timestamp) -> Vec<Standing> {
        self.trusted(now).map(|satellite| satellite.standing(now)).collect()
    }

    /// What the node has of space. `used` is pieces alone: v1.143 and later tell it with the trash
    /// and with what the hash store needs besides.
    pub fn space(&self, now: Timestamp) -> Space {
        let disk = self.disk(now);
        Space {
            used: Some(ByteCount::new(disk.pieces)),
            trash: Some(ByteCount::new(disk.trash)),
            available: Some(ByteCount::new(self.allocated.saturating_sub(disk.total()))),
            total: Some(ByteCount::new(self.allocated)),
            overused: Some(ByteCount::new(disk.total().saturating_sub(self.allocated))),
            reclaimable: Some(ByteCount::new(disk.reclaimable)),
        }
    }

    pub(crate) fn disk(&self, now: Timestamp) -> Disk {
        let pieces: u64 = self.trusted(now).map(|satellite| satellite.level(now)).sum();
        Disk {
            pieces,
            trash: pieces / 1_000 * self.trash_permille,
            reclaimable: pieces / 1_000 * self.reclaimable_permille,
            tables: pieces / 10_000 * self.tables_permyriad,
        }
    }
}
