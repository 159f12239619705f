//! Draws an account: who the satellites are, and what happened on every day.

use piecewatch_model::{KnownSatellite, Period, SatelliteId, Timestamp};

use super::{
    Account, AccountConfig, Luck,
    process::Process,
    satellite::{Day, SatelliteAccount, Spread, Tally, Traffic},
    statement,
    tariff::{self, Tariff},
};
use crate::{
    calendar::{
        DAY_SECONDS, SECOND, day_of, day_start, days_of, month_of, months_after, plus_months,
    },
    rng::Rng,
};

/// When the test satellites of Storj were switched off.
const SUNSET: (i64, u8, u8) = (2023, 6, 14);

/// What is the same for all satellites of an account.
struct Plan<'a> {
    config: &'a AccountConfig,
    /// The first and the last day with daily figures.
    first_day: i64,
    last_day: i64,
    /// How many months ago the node joined most of its satellites.
    age: i32,
    /// Days on which the node was off.
    off: std::ops::Range<i64>,
    /// What the node holds at the end, all satellites together.
    size: u64,
}

/// Draws everything.
pub(super) fn account(config: &AccountConfig) -> Account {
    let mut rng = Rng::new(config.seed);
    let month = month_of(config.now);
    let (first_of_month, _) = days_of(month);
    let plan = plan(config, &mut rng);
    let process = Process::draw(&mut rng, first_of_month);
    let who = who(config, &mut rng);
    let weights: Vec<u64> =
        (0..who.len()).map(|at| rng.between(1, 60) * [50, 20, 20, 4, 9][at.min(4)]).collect();
    let sum: u64 = weights.iter().sum();
    let mut satellites: Vec<SatelliteAccount> = Vec::with_capacity(who.len() + 1);
    for ((id, address), weight) in who.into_iter().zip(weights) {
        let share = (u128::from(plan.size) * u128::from(weight) / u128::from(sum)) as u64;
        satellites.push(satellite(&plan, (id, address), share, &mut rng));
    }
    satellites.extend(gone(&plan, &mut rng));
    let until = day_start(plan.last_day + 1);
    for satellite in &mut satellites {
        satellite.statements = statement::state(satellite, config.luck, until);
    }
    let overhead = rng.between(1, 9);
    let mut account = Account {
        config: *config,
        process,
        satellites,
        allocated: 0,
        trash_permille: if rng.one_in(4) { 0 } else { rng.between(1, 60) },
        reclaimable_permille: if rng.one_in(4) { 0 } else { rng.between(1, 40) },
        tables_permyriad: overhead,
    };
    account.allocated = allot(account.disk(config.now).total(), &mut rng);
    account
}

fn plan<'a>(config: &'a AccountConfig, rng: &mut Rng) -> Plan<'a> {
    let month = month_of(config.now);
    let months = config.months.min(AccountConfig::MONTHS_MAX);
    let (first_day, _) = days_of(months_after(month, -(months as i32)));
    let (_, last_day) = days_of(months_after(month, 1));
    let any = |rng: &mut Rng, low: u64, high: u64| rng.between(low, high) as i32;
    let age = match (config.luck, rng.below(12)) {
        (Luck::Good, _) => months as i32 + any(rng, 1, 30),
        (Luck::Varied, 0) => 0,
        (Luck::Varied, 1 | 2) => any(rng, 1, 9),
        (Luck::Varied, 3 | 4) => any(rng, 14, 16),
        (Luck::Varied, 5 | 6) => any(rng, 60, 84),
        (Luck::Varied, _) => any(rng, 8, 40),
    };
    let size = config.size.map_or_else(
        || {
            // Each power of two is as likely: mostly from 8 gigabytes to 140 terabytes.
            let power = match rng.below(20) {
                0 => return 0,
                1..=3 => rng.between(10, 32),
                _ => rng.between(33, 47),
            };
            rng.below(1 << power)
        },
        |size| size.get(),
    );
    let off = if config.luck == Luck::Varied && rng.one_in(4) {
        let begin = first_day + rng.below((last_day - first_day).unsigned_abs()) as i64;
        begin..begin + rng.between(1, 9) as i64
    } else {
        0..0
    };
    Plan { config, first_day, last_day, age, off, size }
}

/// The satellites that a node serves at the time: those of Storj, then those of communities.
fn who(config: &AccountConfig, rng: &mut Rng) -> Vec<(SatelliteId, Box<str>)> {
    let sunset = Timestamp::from_civil(SUNSET, 0, 0, 0);
    let of_storj = if config.now < sunset { 6 } else { 4 };
    let count = config.satellites.min(AccountConfig::SATELLITES_MAX);
    let known = KnownSatellite::ALL.iter().take(of_storj);
    let mut who: Vec<(SatelliteId, Box<str>)> =
        known.map(|known| (known.id(), known.address.into())).take(count).collect();
    while who.len() < count {
        let mut id = [0; 32];
        for chunk in id.chunks_exact_mut(8) {
            chunk.copy_from_slice(&rng.bits().to_be_bytes());
        }
        id[31] = 0;
        let address = format!("satellite-{}.community.example:7777", who.len() + 1 - of_storj);
        who.push((SatelliteId::new(id), address.into()));
    }
    who
}

/// When a node of this age joined: at any time of the month, and before now.
fn joined(plan: &Plan<'_>, age: i32, rng: &mut Rng) -> Timestamp {
    let month = months_after(month_of(plan.config.now), -age);
    let end = month.end().min(plan.config.now);
    let span = (end.as_micros() - month.start().as_micros()).unsigned_abs();
    match rng.below(8) {
        // The ends of a month are where ages are counted wrongly.
        0 => month.start(),
        1 => end.plus_micros(-1 - rng.below(span.min(DAY_SECONDS.unsigned_abs())) as i64),
        _ => month.start().plus_micros(rng.below(span.max(1)) as i64),
    }
}

fn satellite(
    plan: &Plan<'_>,
    (id, address): (SatelliteId, Box<str>),
    share: u64,
    rng: &mut Rng,
) -> SatelliteAccount {
    let ages = [0, 1, 3, 9, 14, 15, 16];
    let varied = plan.config.luck == Luck::Varied;
    let age = if varied && rng.one_in(4) { rng.pick(&ages) } else { plan.age };
    let joined_at = joined(plan, age, rng);
    let first_day = plan.first_day.max(day_of(joined_at));
    let mut satellite = SatelliteAccount {
        id,
        address,
        joined_at,
        gone_at: None,
        vetted_at: None,
        disqualified_at: None,
        suspended_at: None,
        offline_suspended_at: None,
        exited_at: None,
        audit_score: 1.0,
        suspension_score: 1.0,
        tariffs: tariffs(plan, id, rng),
        first_day,
        days: Vec::new(),
        lag_seconds: rng.between(1, 30) as i64 * 3_600 + rng.below(3_600) as i64,
        sync_phase: rng.below(43_200) as i64,
        salt: rng.bits(),
        minimum: rng.pick(&[0, 0, 250_000, 2_000_000, 7_000_000]),
        statements: Vec::new(),
    };
    draw_standing(&mut satellite, plan, rng);
    satellite.days = days(&satellite, plan, share, rng);
    satellite
}

fn tariffs(plan: &Plan<'_>, id: SatelliteId, rng: &mut Rng) -> Vec<(Period, Tariff)> {
    let mut tariffs =
        if id.known().is_some() { tariff::of_storj() } else { tariff::of_a_community(rng) };
    if rng.one_in(3) {
        let ago = rng.below(u64::from(plan.config.months) + 1) as i32;
        let at = months_after(month_of(plan.config.now), -ago);
        tariff::change(&mut tariffs, at, rng);
    }
    tariffs
}

fn draw_standing(satellite: &mut SatelliteAccount, plan: &Plan<'_>, rng: &mut Rng) {
    let now = plan.config.now;
    let joined = satellite.joined_at;
    let days = |days: u64| days as i64 * DAY_SECONDS * SECOND;
    satellite.vetted_at = Some(joined.plus_micros(days(rng.between(20, 250))));
    satellite.audit_score =
        if rng.one_in(5) { 1.0 - rng.below(400) as f64 / 20_000.0 } else { 1.0 };
    if plan.config.luck == Luck::Good {
        return;
    }
    // Between the day it joined and a month after now.
    let span = (plan.last_day - day_of(joined)).unsigned_abs().max(1);
    let some_time = |rng: &mut Rng| Some(joined.plus_micros(days(1 + rng.below(span))));
    match rng.below(20) {
        0 => {
            satellite.disqualified_at = some_time(rng);
            satellite.audit_score = 0.95;
        }
        1 => satellite.exited_at = some_time(rng),
        2 => {
            satellite.suspended_at = Some(now.plus_micros(-days(rng.below(12))).max(joined));
            satellite.suspension_score = 0.55;
        }
        3 => {
            satellite.offline_suspended_at = Some(now.plus_micros(-days(rng.below(30))).max(joined))
        }
        _ => {}
    }
}

/// How one satellite uses a node.
struct Use {
    /// How much of what is held is downloaded, repaired and uploaded on a day, in millionths.
    get_ppm: u64,
    repair_ppm: u64,
    put_ppm: u64,
    /// How many days of a hundred see nothing.
    quiet: u64,
    audits: u64,
}

fn days(satellite: &SatelliteAccount, plan: &Plan<'_>, share: u64, rng: &mut Rng) -> Vec<Day> {
    let ended = [satellite.disqualified_at, satellite.exited_at, satellite.gone_at];
    let ended = ended.into_iter().flatten().map(day_of).min().unwrap_or(i64::MAX);
    let usage = Use {
        get_ppm: rng.log_normal(2_500, 1.2),
        repair_ppm: rng.log_normal(1_200, 1.2),
        put_ppm: rng.log_normal(8_000, 1.2),
        quiet: if rng.one_in(5) { rng.pick(&[5, 40, 90]) } else { 0 },
        audits: rng.between(10, 200),
    };
    let age = (plan.last_day - day_of(satellite.joined_at)).max(1);
    // It grew evenly since it joined, or is full.
    let growth = if rng.one_in(3) { 0 } else { share as i64 / age };
    let known = plan.last_day - satellite.first_day + 1;
    let mut level = (share as i64 - growth * known).max(0);
    let rhythm = Rhythm::draw(plan, rng);
    let mut days = Vec::with_capacity(known.max(0) as usize);
    for number in satellite.first_day..=plan.last_day {
        level = (level + growth * (rng.below(401) as i64 - 100) / 100).max(0);
        let level = if number >= ended { 0 } else { level.unsigned_abs() };
        let is_on = number < ended && !plan.off.contains(&number);
        let is_quiet = usage.quiet > 0 && rng.below(100) < usage.quiet;
        let traffic = if is_on && !is_quiet { usage.day(level, rng) } else { Traffic::default() };
        let (tally_second, tally) = rhythm.tally(rng);
        days.push(Day { traffic, spread: Spread::Evenly, level, tally_second, tally });
    }
    days
}

impl Use {
    fn day(&self, level: u64, rng: &mut Rng) -> Traffic {
        let of = |ppm: u64| (level / 1_000).saturating_mul(ppm) / 1_000;
        // Pieces come in whole blocks.
        let moved = |ppm: u64, rng: &mut Rng| rng.log_normal(of(ppm), 0.5) / 256 * 256;
        Traffic {
            get: moved(self.get_ppm, rng),
            get_audit: if level == 0 { 0 } else { rng.below(self.audits) * 256 },
            get_repair: moved(self.repair_ppm, rng),
            put: moved(self.put_ppm, rng),
            put_repair: moved(self.repair_ppm / 2, rng),
        }
    }
}

/// When a satellite counts what is stored.
struct Rhythm {
    /// Usually at this second of the day.
    second: u64,
    /// One in so many counts never happens, or never reaches the node.
    missed: u64,
    lost: u64,
}

impl Rhythm {
    fn draw(plan: &Plan<'_>, rng: &mut Rng) -> Self {
        let varied = plan.config.luck == Luck::Varied;
        Self {
            second: rng.between(50_000, 86_000),
            missed: if varied && rng.one_in(3) { rng.between(10, 60) } else { 0 },
            lost: if varied && rng.one_in(4) { rng.between(20, 90) } else { 0 },
        }
    }

    /// Mostly a minute off, so that the hours between are 23 or 24; now and then some hours.
    fn tally(&self, rng: &mut Rng) -> (u32, Tally) {
        let off = if rng.one_in(12) { rng.below(9_000) } else { rng.below(60) };
        let second =
            if rng.one_in(2) { self.second - off } else { (self.second + off).min(86_399) };
        let tally = if rng.one_in(self.missed) {
            Tally::Missed
        } else if rng.one_in(self.lost) {
            Tally::Lost
        } else {
            Tally::Told
        };
        (second as u32, tally)
    }
}

/// A satellite that was switched off, of which an old node has statements only.
fn gone(plan: &Plan<'_>, rng: &mut Rng) -> Option<SatelliteAccount> {
    let (stefan_benten, europe_north) = (KnownSatellite::ALL[6], KnownSatellite::ALL[4]);
    let (known, gone_at) =
        if rng.one_in(2) { (stefan_benten, (2020, 9, 1)) } else { (europe_north, (2023, 10, 9)) };
    let gone_at = Timestamp::from_civil(gone_at, 0, 0, 0);
    let joined_at = plus_months(plan.config.now, -plan.age);
    if plan.config.luck == Luck::Good
        || joined_at >= gone_at
        || gone_at >= day_start(plan.first_day)
    {
        return None;
    }
    let mut satellite = satellite(plan, (known.id(), known.address.into()), 0, rng);
    satellite.joined_at = joined_at;
    satellite.gone_at = Some(gone_at);
    (satellite.disqualified_at, satellite.exited_at) = (None, None);
    (satellite.suspended_at, satellite.offline_suspended_at) = (None, None);
    satellite.first_day = plan.first_day;
    satellite.days = Vec::new();
    Some(satellite)
}

/// What the operator allots to a node that uses so much: mostly more than that, a whole number of
/// gigabytes, and sometimes less than is used already.
fn allot(used: u64, rng: &mut Rng) -> u64 {
    const GIGABYTE: u64 = 1_000_000_000;
    let gigabytes = used / GIGABYTE;
    let wanted = if rng.one_in(10) {
        gigabytes * rng.between(70, 100) / 100
    } else {
        gigabytes + rng.between(1, gigabytes / 2 + 500)
    };
    wanted.max(1) * GIGABYTE
}
