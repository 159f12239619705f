//! Polls: a few questions that belong together, the facts that they bring, and what they cost.
//!
//! Each poll of a dashboard's address asks first who is there: an answer for another node than
//! before brings no facts. What came before something failed is kept.

use std::pin::pin;

use piecewatch_model::{Fact, Period, Poll, PollPart, SatelliteId, Timestamp};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Duration, Instant, sleep, timeout},
};

use crate::{
    Client, Cost, Error, Result,
    answer::{Dashboard, DashboardSatellite, Months},
};

/// A node rests after a satellite for as long as that took it, but not less than this: a slow disk
/// answers first from its cache, and pays later.
const REST_MIN: Duration = Duration::from_millis(100);
/// And not more than this, so that a poll of many satellites ends.
const REST_MAX: Duration = Duration::from_secs(5);
/// A node that has not answered for a satellite within this time gives its turn to another: it is not
/// busy but gone, or so slow that one more beside it makes no difference.
const TURN_MAX: Duration = Duration::from_secs(3);
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
    let result = poll.who(asked).await;
    poll.ended(result.err())
}

/// Asks everything by satellite: one after another, each when `gate` lets it through, and with a
/// rest between, since each keeps a core of the node busy. A node that hangs does not keep others
/// from passing the gate. What one satellite lacks does not keep
/// the others from being asked.
pub async fn satellites(asked: Asked<'_>, gate: &Semaphore) -> (Poll, Vec<Fact>) {
    let mut poll = Running::new(PollPart::Satellites, asked.now);
    let dashboard = match poll.who(asked).await {
        Ok(dashboard) => dashboard,
        Err(error) => return poll.ended(Some(error)),
    };
    let mut failed = None;
    let mut rest = None;
    for satellite in &dashboard.satellites {
        if let Some(rest) = rest {
            sleep(rest).await;
        }
        // A gate is closed only by who wants no more answers.
        let Ok(turn) = gate.acquire().await else { break };
        let began = Instant::now();
        let result = in_turn(turn, poll.satellite(asked, satellite)).await;
        rest = Some(began.elapsed().clamp(REST_MIN, REST_MAX));
        if let Err(error) = result {
            let ends = error.is_of_whole_node();
            failed = failed.or(Some(error));
            if ends {
                break;
            }
        }
    }
    poll.ended(failed)
}

/// Waits for what is asked, and holds its turn until then, but not for longer than [`TURN_MAX`].
async fn in_turn<T>(turn: SemaphorePermit<'_>, question: impl Future<Output = T>) -> T {
    let mut question = pin!(question);
    if let Ok(answer) = timeout(TURN_MAX, &mut question).await {
        return answer;
    }
    drop(turn);
    question.await
}

/// Asks what satellites stated and sent for past months.
pub async fn paystubs(asked: Asked<'_>, span: Span) -> (Poll, Vec<Fact>) {
    let mut poll = Running::new(PollPart::Paystubs, asked.now);
    let result = poll.paystubs(asked, span).await;
    poll.ended(result.err())
}

/// Asks a debug endpoint for what the node measured. It does not tell who it is.
pub async fn metrics(client: &Client, now: Timestamp) -> (Poll, Vec<Fact>) {
    let mut poll = Running::new(PollPart::Metrics, now);
    let result = client.metrics(&mut poll.cost).await;
    let result =
        result.map(|quantiles| poll.facts.extend(quantiles.into_iter().map(Fact::Quantiles)));
    poll.ended(result.err())
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

    async fn satellite(&mut self, asked: Asked<'_>, of: &DashboardSatellite) -> Result<()> {
        let satellite = asked.client.satellite(of.id, &mut self.cost).await?;
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
        // When nobody knows which month the answer is about, the next poll will tell.
        if let Some(months) = Months::of(asked_at, date.unwrap_or_else(|| self.now())) {
            self.facts.extend(estimates.of_months(id, months).into_iter().map(Fact::Estimate));
        }
        Ok(())
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
