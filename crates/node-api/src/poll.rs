//! Polls: a few questions that belong together, the facts that they bring, and what they cost.
//!
//! Each poll of a dashboard's address asks first who is there: an answer for another node than
//! before brings no facts. What came before something failed is kept.

use piecewatch_model::{Fact, Period, Poll, PollPart, SatelliteId, Timestamp};
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::{
    Client, Cost, Error, Gate, Result,
    answer::{Dashboard, DashboardSatellite, Months},
};

/// A node rests after a satellite for as long as that took it, but not less than this: a slow disk
/// answers first from its cache, and pays later.
const REST_MIN: Duration = Duration::from_millis(100);
/// And not more than this, so that a poll of many satellites ends.
const REST_MAX: Duration = Duration::from_secs(5);
/// So many satellites in a row without an answer, and the node itself is taken to be in trouble: one
/// alone may be the satellite's, whose figures the node cannot reckon.
const UNANSWERED_MAX: u32 = 2;
/// The most days that a poll brings of a satellite, of storage and of traffic each: two months.
const DAYS_MAX: usize = 62;
/// A clock that is off by so much is not far off: days that it counts to the next month are taken.
const DAY_MICROS: i64 = 86_400_000_000;
/// Within so much of a month's end two clocks that are all but right may differ about the month, in
/// microseconds.
const MONTHS_END_MICROS: i64 = 10 * 60 * 1_000_000;
/// The most months in one request: 36 months on eight satellites are 0.2 MB.
const MONTHS_AT_ONCE: usize = 36;

/// Who is asked, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The client of its dashboard.
    pub client: &'a Client,
    /// The id that the node had before, base58check; `None` when it was never known.
    pub node_id: Option<&'a str>,
    /// When the poll begins.
    pub now: Timestamp,
    /// The longest that the poll may take; what came until then is kept.
    pub time_max: Duration,
}

/// How much of what satellites paid is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// All of it: for a node of which nothing is known yet.
    Whole,
    /// The last two months: what came since the last time. Nodes learn of no earlier month again.
    Recent,
}

/// Asks who the node is and how it is.
pub async fn dashboard(asked: Asked<'_>) -> (Poll, Vec<Fact>) {
    let mut poll = Running::new(PollPart::Dashboard, asked.now);
    let result = in_time(asked, async { poll.who(asked).await.map(drop) }).await;
    poll.ended(result.err())
}

/// Asks everything by satellite: one after another, each when `gate` lets it through, and with a
/// rest between, since each keeps a core of the node busy.
///
/// What one satellite lacks does not keep the others from being asked. When two in a row bring no
/// answer at all, or the time is over, the poll ends: `after` is then the last one that was asked,
/// and the next poll begins with the one behind it. Else it is `None`.
pub async fn satellites(
    asked: Asked<'_>,
    gate: &Gate,
    after: &mut Option<SatelliteId>,
) -> (Poll, Vec<Fact>) {
    let mut poll = Running::new(PollPart::Satellites, asked.now);
    let result = in_time(asked, poll.satellites(asked, gate, after)).await;
    poll.ended(result.err())
}

/// Asks what satellites stated and sent for past months.
pub async fn paystubs(asked: Asked<'_>, span: Span) -> (Poll, Vec<Fact>) {
    let mut poll = Running::new(PollPart::Paystubs, asked.now);
    let result = in_time(asked, poll.paystubs(asked, span)).await;
    poll.ended(result.err())
}

/// Asks a debug endpoint for what the node measured. It does not tell who it is, so that its id does
/// not matter here.
pub async fn metrics(asked: Asked<'_>) -> (Poll, Vec<Fact>) {
    let mut poll = Running::new(PollPart::Metrics, asked.now);
    let result = in_time(asked, asked.client.metrics(&mut poll.cost)).await;
    let result =
        result.map(|quantiles| poll.facts.extend(quantiles.into_iter().map(Fact::Quantiles)));
    poll.ended(result.err())
}

/// Waits for a poll as long as it may take.
async fn in_time<T>(asked: Asked<'_>, poll: impl Future<Output = Result<T>>) -> Result<T> {
    match timeout(asked.time_max, poll).await {
        Ok(result) => result,
        Err(_) => {
            let (address, after) = (asked.client.address().clone(), asked.time_max);
            Err(Error::Long { address, after })
        }
    }
}

/// A poll on its way.
struct Running {
    part: PollPart,
    at: Timestamp,
    began: Instant,
    cost: Cost,
    facts: Vec<Fact>,
}

impl Running {
    fn new(part: PollPart, at: Timestamp) -> Self {
        Self { part, at, began: Instant::now(), cost: Cost::default(), facts: Vec::new() }
    }

    /// What our clock says: the poll's own time and what passed since.
    fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.at.plus_micros(micros)
    }

    fn ended(self, error: Option<Error>) -> (Poll, Vec<Fact>) {
        let poll = Poll {
            at: self.at,
            part: self.part,
            took_micros: u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
            requests: self.cost.requests,
            bytes: self.cost.bytes,
            error: error.map(|error| error.words().into()),
        };
        (poll, self.facts)
    }

    /// Asks who is there; nothing is kept of another node.
    async fn who(&mut self, asked: Asked<'_>) -> Result<Dashboard> {
        let dashboard = asked.client.dashboard(&mut self.cost).await?;
        if let Some(expected) = asked.node_id
            && expected != &*dashboard.node_id
        {
            return Err(Error::OtherNode {
                address: asked.client.address().clone(),
                expected: expected.to_owned(),
                found: dashboard.node_id.into(),
            });
        }
        self.facts.extend(dashboard.facts());
        Ok(dashboard)
    }

    async fn satellites(
        &mut self,
        asked: Asked<'_>,
        gate: &Gate,
        after: &mut Option<SatelliteId>,
    ) -> Result<()> {
        let mut satellites = self.who(asked).await?.satellites;
        if let Some(last) = after.take()
            && let Some(at) = satellites.iter().position(|satellite| satellite.id == last)
        {
            satellites.rotate_left(at + 1);
        }
        let (mut failed, mut unanswered) = (None, 0);
        let mut rest = None;
        for satellite in &satellites {
            if let Some(rest) = rest {
                sleep(rest).await;
            }
            let question = async {
                let began = Instant::now();
                (self.satellite(asked, satellite).await, began.elapsed())
            };
            // Whatever ends the poll from here on, the next one begins behind this satellite.
            *after = Some(satellite.id);
            let (result, took) = gate.pass(question).await;
            rest = Some(took.clamp(REST_MIN, REST_MAX));
            let Err(error) = result else {
                unanswered = 0;
                continue;
            };
            unanswered = if error.is_of_whole_node() { unanswered + 1 } else { 0 };
            if unanswered == UNANSWERED_MAX {
                return Err(failed.unwrap_or(error));
            }
            failed = failed.or(Some(error));
        }
        *after = None;
        failed.map_or(Ok(()), Err)
    }

    async fn satellite(&mut self, asked: Asked<'_>, of: &DashboardSatellite) -> Result<()> {
        let mut satellite = asked.client.satellite(of.id, &mut self.cost).await?;
        let is_asked_for = |day: Timestamp| is_recent(day, asked.now);
        satellite.bandwidth.retain(|of| is_asked_for(of.day));
        satellite.storage.retain(|of| is_asked_for(of.day));
        // The last ones: days are in order.
        satellite.bandwidth.drain(..satellite.bandwidth.len().saturating_sub(DAYS_MAX));
        satellite.storage.drain(..satellite.storage.len().saturating_sub(DAYS_MAX));
        self.facts.push(Fact::Standing(satellite.standing(of)));
        self.facts.extend(satellite.facts());
        if satellite.prices.is_none() {
            let prices = asked.client.prices(of.id, &mut self.cost).await?;
            self.facts.push(Fact::Prices(of.id, prices));
        }
        // A node computes nothing for a satellite that has disqualified it, and says 500.
        if of.disqualified_at.is_none() {
            self.estimates(asked, of.id).await?;
        }
        Ok(())
    }

    async fn estimates(&mut self, asked: Asked<'_>, id: SatelliteId) -> Result<()> {
        let asked_at = self.now();
        let (estimates, date) = asked.client.estimates(id, &mut self.cost).await?;
        let answered_at = date.unwrap_or_else(|| self.now());
        if let Some(months) = Months::of(asked_at, answered_at) {
            self.facts.extend(estimates.of_months(id, months).into_iter().map(Fact::Estimate));
            return Ok(());
        }
        // Nobody knows which month the answer is about. At a month's end the next poll will tell.
        if is_near_months_end(asked_at) {
            return Ok(());
        }
        let address = asked.client.address().clone();
        Err(Error::Clock { address, there: answered_at, here: asked_at })
    }

    async fn paystubs(&mut self, asked: Asked<'_>, span: Span) -> Result<()> {
        self.who(asked).await?;
        let mut periods = asked.client.periods(&mut self.cost).await?;
        if span == Span::Recent {
            let recent = Period::containing(asked.now).and_then(|period| period.plus_months(-2));
            periods.retain(|period| recent.is_none_or(|recent| *period >= recent));
        }
        for months in periods.chunks(MONTHS_AT_ONCE) {
            let [first, ..] = *months else { break };
            let last = months.last().copied().unwrap_or(first);
            let paystubs = asked.client.paystubs(first..=last, &mut self.cost).await?;
            self.facts.extend(paystubs.into_iter().map(Fact::Paystub));
            for period in months {
                let payouts = asked.client.payouts(*period, &mut self.cost).await?;
                let payments = payouts.iter().filter_map(|payout| payout.payment(*period));
                self.facts.extend(payments.map(Fact::Payment));
            }
        }
        Ok(())
    }
}

/// Whether a day is of the running month or of the one before, or next to them.
fn is_recent(day: Timestamp, now: Timestamp) -> bool {
    let Some(month) = Period::containing(now) else { return false };
    let before = month.plus_months(-1).unwrap_or(month);
    day >= before.start().plus_micros(-DAY_MICROS) && day <= month.end()
}

fn is_near_months_end(at: Timestamp) -> bool {
    let month = |micros| Period::containing(at.plus_micros(micros));
    month(-MONTHS_END_MICROS) != month(MONTHS_END_MICROS)
}
