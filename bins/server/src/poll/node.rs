//! A node that is asked: its addresses, and what is known of it.

use std::{path::PathBuf, time::Duration};

use piecewatch_model::{ByteCount, Fact, NodeName, Poll, PollPart, Report, Timestamp};
use piecewatch_node_api::{
    Client,
    poll::{self, Asked, Span},
};
use piecewatch_store::node_databases::{self, Contents};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use crate::clock::{self, Stopwatch};

/// How long a node's databases are waited for: gigabytes are copied in that time, unless the disk
/// does not answer.
const DATABASES_MAX: Duration = Duration::from_secs(120);

/// For so long the last two months hold everything that is new; after a longer silence the whole past
/// is asked again.
const RECENT_MICROS: i64 = 30 * 86_400 * 1_000_000;

/// A node that is asked.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: NodeName,
    pub(super) dashboard: Dashboard,
    /// The folder of its databases, in place of a dashboard.
    databases: Option<PathBuf>,
    /// Its databases, while they are being read. A disk that does not answer keeps one thread, not
    /// one more with each poll.
    reading: Option<JoinHandle<Contents>>,
    /// Its debug endpoint.
    metrics: Option<Client>,
    /// Its id; an answer for another one is refused.
    pub(super) id: Option<String>,
    /// When its past was told for the last time; `None` when it never was.
    pub(super) history_at: Option<Timestamp>,
}

/// Where a node's dashboard is.
#[derive(Debug)]
pub(super) enum Dashboard {
    /// Nowhere that we know.
    None,
    /// Here.
    At(Client),
    /// Perhaps here: nobody said so. Until it answers as this node, nothing is told of it.
    Guessed(Client),
}

impl Dashboard {
    const fn client(&self) -> Option<&Client> {
        match self {
            Self::None => None,
            Self::At(client) | Self::Guessed(client) => Some(client),
        }
    }
}

/// What asking a node brought.
#[derive(Debug)]
pub(super) enum Brought {
    /// A report, good or bad.
    Report(Report),
    /// No dashboard is where one might have been, or it is another node's.
    NotFound(Poll),
}

impl Node {
    pub(super) const fn new(
        name: NodeName,
        dashboard: Dashboard,
        databases: Option<PathBuf>,
        metrics: Option<Client>,
    ) -> Self {
        Self { name, dashboard, databases, reading: None, metrics, id: None, history_at: None }
    }

    /// What it is asked, in the order in which it is asked first.
    pub(super) fn parts(&self) -> Vec<PollPart> {
        let mut parts = Vec::new();
        if self.dashboard.client().is_some() {
            parts.extend([PollPart::Dashboard, PollPart::Satellites, PollPart::Paystubs]);
        }
        if self.databases.is_some() {
            parts.push(PollPart::Databases);
        }
        if self.metrics.is_some() {
            parts.push(PollPart::Metrics);
        }
        parts
    }

    /// What tells of its past: the first time of all of it.
    pub(super) const fn part_of_history(&self) -> PollPart {
        if self.databases.is_some() { PollPart::Databases } else { PollPart::Paystubs }
    }

    /// How much of its past is asked: what came since the last time, if that was not long ago.
    fn span(&self, now: Timestamp) -> Span {
        let limit = now.plus_micros(-RECENT_MICROS);
        match self.history_at {
            Some(at) if at >= limit => Span::Recent,
            Some(_) | None => Span::Whole,
        }
    }

    /// Asks one of its parts.
    pub(super) async fn ask(&mut self, part: PollPart, gate: &Semaphore) -> Brought {
        let (poll, facts) = self.asked(part, gate).await;
        if poll.error.is_none() {
            self.learn(&poll, &facts);
        } else if matches!(self.dashboard, Dashboard::Guessed(_)) && part != PollPart::Metrics {
            return Brought::NotFound(poll);
        }
        Brought::Report(Report { node: self.name.clone(), poll, facts })
    }

    async fn asked(&mut self, part: PollPart, gate: &Semaphore) -> (Poll, Vec<Fact>) {
        let now = clock::now();
        let span = self.span(now);
        let asked = || {
            let client = self.dashboard.client().expect("it is among the parts");
            Asked { client, node_id: self.id.as_deref(), now }
        };
        match part {
            PollPart::Dashboard => poll::dashboard(asked()).await,
            PollPart::Satellites => poll::satellites(asked(), gate).await,
            PollPart::Paystubs => poll::paystubs(asked(), span).await,
            PollPart::Metrics => {
                let client = self.metrics.as_ref().expect("it is among the parts");
                poll::metrics(client, now).await
            }
            PollPart::Databases => self.read(now).await,
        }
    }

    /// Reads its databases, on a thread that may wait for disks.
    async fn read(&mut self, now: Timestamp) -> (Poll, Vec<Fact>) {
        let began = Stopwatch::start();
        let folder = self.databases.clone().expect("it is among the parts");
        let span = self.span(now);
        let mut reading = self.reading.take().unwrap_or_else(|| {
            spawn_blocking(move || match span {
                Span::Whole => node_databases::read_all(&folder),
                Span::Recent => node_databases::read(&folder, now),
            })
        });
        let (facts, error) = match timeout(DATABASES_MAX, &mut reading).await {
            Ok(Ok(Contents { facts, problems, .. })) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                (facts, (!problems.is_empty()).then(|| problems.join("; ")))
            }
            Ok(Err(error)) => (Vec::new(), Some(format!("the databases cannot be read: {error}"))),
            Err(_) => {
                self.reading = Some(reading);
                let seconds = DATABASES_MAX.as_secs();
                let error = format!("the disk with the databases has not answered for {seconds} s");
                (Vec::new(), Some(error))
            }
        };
        let poll = Poll {
            at: now,
            part: PollPart::Databases,
            took_micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            requests: 0,
            bytes: ByteCount::new(0),
            error: error.map(Into::into),
        };
        (poll, facts)
    }

    /// Takes from a good answer what the next question needs.
    fn learn(&mut self, poll: &Poll, facts: &[Fact]) {
        for fact in facts {
            if let Fact::Status(status) = fact
                && let Some(id) = &status.node_id
            {
                self.id = Some(id.as_ref().to_owned());
            }
        }
        if poll.part == self.part_of_history() {
            self.history_at = Some(poll.at);
        }
        if let Dashboard::Guessed(client) = &self.dashboard
            && poll.part == PollPart::Dashboard
        {
            tracing::info!(node = %self.name, "a dashboard was found at {}", client.address());
            self.dashboard = Dashboard::At(client.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_past_is_asked_at_first_and_after_a_long_silence() {
        let mut node = Node::new("attic".parse().unwrap(), Dashboard::None, None, None);
        let at: Timestamp = "2026-08-19T12:00:00Z".parse().unwrap();
        assert_eq!(node.span(at), Span::Whole);
        node.history_at = Some(at);
        let later = |days: i64| at.plus_micros(days * 86_400 * 1_000_000);
        assert_eq!([0, 30].map(|days| node.span(later(days))), [Span::Recent, Span::Recent]);
        assert_eq!(node.span(later(31)), Span::Whole);
    }
}
