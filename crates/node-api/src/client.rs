//! The client: a question for each thing that a node answers.

use std::{ops::RangeInclusive, time::Duration};

use piecewatch_model::{ByteCount, Paystub, Period, Prices, Quantiles, SatelliteId, Timestamp};
use tokio::time::{sleep, timeout};

use crate::{
    Address, Error, Limits, Result,
    address::shown,
    answer::{
        self, Dashboard, Estimates, Health, HeldHistory, MetricsReader, Notifications,
        PeriodPayout, Read, Satellite, Satellites,
    },
    exchange::{self, Answer},
    wire::printable,
};

/// The most times that an answer may send us on. A node does once, for a slash at the end.
const REDIRECTS_MAX: u32 = 3;
/// The most that is read of an answer that says no, in bytes.
const REFUSAL_MAX: u64 = 4_096;
/// How long it is waited for: the status is known, and more important than the words.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(2);
/// The most that is shown of it, in characters.
const REFUSAL_CHARS_MAX: usize = 200;

/// What questions have cost a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// How many requests were made, those included that were tried again or sent on.
    pub requests: u32,
    /// How many bytes were answered.
    pub bytes: ByteCount,
}

/// Asks one address. Knows nothing of earlier questions: each has a connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    address: Address,
    limits: Limits,
}

/// What an answer should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    /// JSON, when all is well.
    Json,
    /// The same of a question that is dear for the node: who has not answered it in time is busy
    /// with it still, and not asked again at once.
    DearJson,
    /// JSON, whatever the status.
    JsonAnyway,
    /// Metrics, line by line.
    Metrics,
}

/// What came of it.
#[derive(Debug)]
enum Body {
    Json(Vec<u8>),
    Metrics(Box<MetricsReader>),
}

impl Client {
    /// A client for an address.
    pub const fn new(address: Address, limits: Limits) -> Self {
        Self { address, limits }
    }

    /// Whom it asks.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Who the node is, how it is, how much space it has. Cheap for the node.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn dashboard(&self, cost: &mut Cost) -> Result<Dashboard> {
        self.read("/api/sno/", Want::Json, cost, Dashboard::from_json).await
    }

    /// All satellites together. As dear for the node as all of them one by one.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn satellites(&self, cost: &mut Cost) -> Result<Satellites> {
        self.read("/api/sno/satellites", Want::DearJson, cost, Satellites::from_json).await
    }

    /// A satellite in the running month. Dear for the node.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does; with status 404 when it does not trust the
    /// satellite.
    pub async fn satellite(&self, id: SatelliteId, cost: &mut Cost) -> Result<Satellite> {
        let path = format!("/api/sno/satellite/{id}");
        let satellite = self.read(&path, Want::DearJson, cost, Satellite::from_json).await?;
        self.same(&path, id, satellite.id)?;
        Ok(satellite)
    }

    /// What a satellite pays.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn prices(&self, id: SatelliteId, cost: &mut Cost) -> Result<Prices> {
        let path = format!("/api/sno/satellites/{id}/pricing");
        let (found, prices) = self.read(&path, Want::Json, cost, answer::prices).await?;
        self.same(&path, id, found)?;
        Ok(prices)
    }

    /// What the node expects of a satellite for this month and the one before, and what its clock
    /// said then, if it told: by that it knows which month is this one.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does; with status 500 when it is disqualified there.
    pub async fn estimates(
        &self,
        id: SatelliteId,
        cost: &mut Cost,
    ) -> Result<(Estimates, Option<Timestamp>)> {
        let path = format!("/api/sno/estimated-payout?id={id}");
        self.dated(&path, Want::DearJson, cost, Estimates::of_satellite).await
    }

    /// The same of all satellites together; those that have disqualified the node are left out.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn estimates_of_all(
        &self,
        cost: &mut Cost,
    ) -> Result<(Estimates, Option<Timestamp>)> {
        self.dated("/api/sno/estimated-payout", Want::DearJson, cost, Estimates::of_all).await
    }

    /// What all satellites stated for some months, and for no others.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn paystubs(
        &self,
        periods: RangeInclusive<Period>,
        cost: &mut Cost,
    ) -> Result<Vec<Paystub>> {
        let path = format!("/api/heldamount/paystubs/{}/{}", periods.start(), periods.end());
        let mut paystubs = self.read(&path, Want::Json, cost, answer::paystubs).await?;
        paystubs.retain(|paystub| periods.contains(&paystub.period));
        let months = periods.end().months_since(*periods.start()).max(0) as usize + 1;
        answer::at_most(answer::SATELLITES_MAX * months, paystubs.len(), "paystubs")
            .map_err(|source| self.unread(&path, b"[]", source))?;
        Ok(paystubs)
    }

    /// What all satellites stated for a month.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn paystubs_of(&self, period: Period, cost: &mut Cost) -> Result<Vec<Paystub>> {
        let path = format!("/api/heldamount/paystubs/{period}");
        self.read(&path, Want::Json, cost, answer::paystubs).await
    }

    /// What a satellite stated for a month; `None` when it stated nothing.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn paystub(
        &self,
        period: Period,
        id: SatelliteId,
        cost: &mut Cost,
    ) -> Result<Option<Paystub>> {
        let path = format!("/api/heldamount/paystubs/{period}?id={id}");
        self.read(&path, Want::Json, cost, answer::paystub).await
    }

    /// The months for which there are paystubs, oldest first.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn periods(&self, cost: &mut Cost) -> Result<Vec<Period>> {
        self.read("/api/heldamount/periods", Want::Json, cost, answer::periods).await
    }

    /// What satellites paid for a month, with receipts.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn payouts(&self, period: Period, cost: &mut Cost) -> Result<Vec<PeriodPayout>> {
        let path = format!("/api/heldamount/payout-history/{period}");
        self.read(&path, Want::Json, cost, answer::payouts).await
    }

    /// What satellites hold back.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn held_history(&self, cost: &mut Cost) -> Result<Vec<HeldHistory>> {
        self.read("/api/heldamount/held-history", Want::Json, cost, HeldHistory::from_json).await
    }

    /// A page of what the node has told its operator, newest first. Pages begin with 1.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does.
    pub async fn notifications(
        &self,
        page: u32,
        per_page: u32,
        cost: &mut Cost,
    ) -> Result<Notifications> {
        let path = format!("/api/notifications/list?limit={per_page}&page={}", page.max(1));
        self.read(&path, Want::Json, cost, Notifications::from_json).await
    }

    /// Whether all is well with a node's satellites. The address is that of its public port, not of
    /// its dashboard.
    ///
    /// # Errors
    ///
    /// When the node does not answer as a node does. That not all is well is an answer.
    pub async fn health(&self, cost: &mut Cost) -> Result<Health> {
        self.read("/", Want::JsonAnyway, cost, Health::from_json).await
    }

    /// What the node measured of its transfers. The address is that of its debug endpoint.
    ///
    /// # Errors
    ///
    /// When it does not answer as a debug endpoint does.
    pub async fn metrics(&self, cost: &mut Cost) -> Result<Vec<Quantiles>> {
        match self.fetch("/metrics", Want::Metrics, cost).await? {
            (Body::Metrics(reader), _) => Ok(reader.finish()),
            (Body::Json(_), _) => unreachable!("metrics were wanted"),
        }
    }

    async fn read<T>(
        &self,
        path: &str,
        want: Want,
        cost: &mut Cost,
        read: fn(&[u8]) -> Read<T>,
    ) -> Result<T> {
        Ok(self.dated(path, want, cost, read).await?.0)
    }

    async fn dated<T>(
        &self,
        path: &str,
        want: Want,
        cost: &mut Cost,
        read: fn(&[u8]) -> Read<T>,
    ) -> Result<(T, Option<Timestamp>)> {
        let (Body::Json(bytes), date) = self.fetch(path, want, cost).await? else {
            unreachable!("JSON was wanted")
        };
        match read(&bytes) {
            Ok(value) => Ok((value, date)),
            Err(source) => Err(self.unread(path, &bytes, source)),
        }
    }

    /// What is the matter with an answer that could not be read.
    fn unread(&self, path: &str, bytes: &[u8], source: serde_json::Error) -> Error {
        let (address, path) = (self.address.clone(), path.to_owned());
        let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if begins == Some(&b'<') {
            Error::WebPage { address, path }
        } else if source.is_data() {
            Error::Strange { address, path, source }
        } else {
            Error::NotJson { address, path, bytes: bytes.len(), source }
        }
    }

    fn same(&self, path: &str, asked: SatelliteId, found: SatelliteId) -> Result<()> {
        if asked == found {
            return Ok(());
        }
        let (address, path) = (self.address.clone(), path.to_owned());
        Err(Error::OtherSatellite { address, path, found: found.to_string() })
    }

    /// Asks until there is an answer, it is clear that there will be none, or it was tried often
    /// enough.
    async fn fetch(
        &self,
        path: &str,
        want: Want,
        cost: &mut Cost,
    ) -> Result<(Body, Option<Timestamp>)> {
        let mut failures = 0;
        loop {
            let error = match timeout(self.limits.answer, self.attempt(path, want, cost)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => Error::Slow {
                    address: self.address.clone(),
                    path: path.to_owned(),
                    after: self.limits.answer,
                },
            };
            failures += 1;
            let is_busy = want == Want::DearJson && matches!(error, Error::Slow { .. });
            if failures >= self.limits.attempts_max || is_busy || !error.may_pass() {
                return Err(error);
            }
            sleep(self.limits.backoff.pause(failures, fastrand::f64())).await;
        }
    }

    async fn attempt(
        &self,
        path: &str,
        want: Want,
        cost: &mut Cost,
    ) -> Result<(Body, Option<Timestamp>)> {
        let accept = match want {
            Want::Json | Want::DearJson | Want::JsonAnyway => "application/json",
            Want::Metrics => "text/plain",
        };
        let mut target = self.address.target(path);
        for _ in 0..=REDIRECTS_MAX {
            cost.requests += 1;
            let answer = exchange::ask(&self.address, &target, accept, &self.limits).await?;
            let Some(location) = answer.location() else {
                return self.take(path, want, answer, cost).await;
            };
            let Some(next) = self.address.redirected(&target, location) else {
                return Err(Error::Elsewhere {
                    address: self.address.clone(),
                    path: path.to_owned(),
                    to: shown(location),
                });
            };
            target = next;
        }
        Err(Error::Circle { address: self.address.clone(), path: path.to_owned() })
    }

    /// Takes an answer that does not send us on.
    async fn take(
        &self,
        path: &str,
        want: Want,
        mut answer: Answer,
        cost: &mut Cost,
    ) -> Result<(Body, Option<Timestamp>)> {
        let (address, status) = (self.address.clone(), answer.status());
        if answer.is_web_page() && status < 400 {
            return Err(Error::WebPage { address, path: path.to_owned() });
        }
        if status != 200 && want != Want::JsonAnyway {
            let text = refusal(&mut answer, cost).await;
            return Err(Error::Status { address, path: path.to_owned(), status, text });
        }
        let (mut body, max_bytes) = match want {
            Want::Json | Want::DearJson | Want::JsonAnyway => {
                (Body::Json(Vec::new()), self.limits.answer_max_bytes)
            }
            Want::Metrics => (Body::Metrics(Box::default()), self.limits.metrics_max_bytes),
        };
        let date = answer.date();
        let too_long = || Error::TooLong { address, path: path.to_owned(), max_bytes };
        if answer.announced_bytes().is_some_and(|bytes| bytes > max_bytes) {
            return Err(too_long());
        }
        while let Some(piece) = answer.piece().await? {
            cost.bytes = cost.bytes + ByteCount::new(piece.len() as u64);
            if answer.bytes() > max_bytes {
                return Err(too_long());
            }
            match &mut body {
                Body::Json(bytes) => bytes.extend_from_slice(&piece),
                Body::Metrics(reader) => reader.push(&piece),
            }
        }
        Ok((body, date))
    }
}

/// What a node says with a status that is no success: `{"error":"…"}`, or the beginning of whatever
/// else it is.
async fn refusal(answer: &mut Answer, cost: &mut Cost) -> String {
    if answer.is_web_page() {
        return String::new();
    }
    let mut bytes = Vec::new();
    let reading = async {
        // What breaks off here is told well enough by the status.
        while let Ok(Some(piece)) = answer.piece().await {
            cost.bytes = cost.bytes + ByteCount::new(piece.len() as u64);
            bytes.extend_from_slice(&piece);
            if answer.bytes() > REFUSAL_MAX {
                break;
            }
        }
    };
    let _ = timeout(REFUSAL_TIME_MAX, reading).await;
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    let text = match serde_json::from_slice::<Refusal>(&bytes) {
        Ok(refusal) => refusal.error,
        Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    printable(text.trim()).chars().take(REFUSAL_CHARS_MAX).collect()
}
