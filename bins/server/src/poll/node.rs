//! A node that is asked: its addresses, and what is known of it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use piecewatch_collector::config::Polling;
use piecewatch_model::{ByteCount, Fact, NodeName, Poll, PollPart, Report, SatelliteId, Timestamp};
use piecewatch_node_api::{
    Client, Error as ApiError, Gate,
    poll::{self, Asked, Span},
};
use piecewatch_store::node_databases::{self, Contents};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::{ids::Ids, schedule};
use crate::clock::{self, Stopwatch};

/// How long a node's databases are waited for: gigabytes are copied in that time, unless the disk
/// does not answer.
const DATABASES_MAX: Duration = Duration::from_secs(120);

/// For so long the last two months hold everything that is new; after a longer silence the whole past
/// is asked again.
const RECENT_MICROS: i64 = 30 * 86_400 * 1_000_000;

/// Where a node is asked.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Its dashboard.
    pub(super) dashboard: Option<Client>,
    /// Whether nobody said that its dashboard is there.
    pub(super) is_guessed: bool,
    /// The folder of its databases, in place of a dashboard.
    pub(super) databases: Option<PathBuf>,
    /// Its debug endpoint.
    pub(super) metrics: Option<Client>,
}

/// A node that is asked, by several at once: one part does not wait for another.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: NodeName,
    pub(super) places: Places,
    /// A part may take as long as its pace.
    polling: Polling,
    known: Mutex<Known>,
}

/// What is known of a node.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Its id; an answer for another one is refused.
    pub(super) id: Option<String>,
    /// When its past was told for the last time; `None` when it never was.
    pub(super) history_at: Option<Timestamp>,
    /// Whether its dashboard answered last for another node.
    is_another: bool,
    /// Whether its dashboard has answered.
    is_found: bool,
    /// The satellite behind which the next poll begins.
    after: Option<SatelliteId>,
    /// Its databases, while they are being read. A disk that does not answer keeps one thread, not
    /// one more with each poll.
    reading: Option<JoinHandle<Contents>>,
}

impl Node {
    pub(super) fn new(name: NodeName, places: Places, polling: &Polling) -> Self {
        Self { name, places, polling: polling.clone(), known: Mutex::default() }
    }

    /// What is known of it. Nothing is left half done while this is held.
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it is asked, in the order in which it is asked first.
    pub(super) fn parts(&self) -> Vec<PollPart> {
        let mut parts = Vec::new();
        if self.places.dashboard.is_some() {
            parts.extend([PollPart::Dashboard, PollPart::Satellites, PollPart::Paystubs]);
        }
        if self.places.databases.is_some() {
            parts.push(PollPart::Databases);
        }
        if self.places.metrics.is_some() {
            parts.push(PollPart::Metrics);
        }
        parts
    }

    /// What tells of its past: the first time of all of it.
    pub(super) const fn part_of_history(&self) -> PollPart {
        if self.places.databases.is_some() { PollPart::Databases } else { PollPart::Paystubs }
    }

    /// How much of its past is asked: what came since the last time, if that was not long ago.
    fn span(&self, now: Timestamp) -> Span {
        let limit = now.plus_micros(-RECENT_MICROS);
        match self.known().history_at {
            Some(at) if at >= limit => Span::Recent,
            Some(_) | None => Span::Whole,
        }
    }

    /// Asks one of its parts. Of a node that is known under another name nothing is kept.
    pub(super) async fn ask(&self, part: PollPart, gate: &Gate, ids: &Arc<Ids>) -> Report {
        let (mut poll, mut facts) = match part {
            PollPart::Metrics | PollPart::Databases if self.known().is_another => {
                self.held_back(part)
            }
            PollPart::Dashboard
            | PollPart::Satellites
            | PollPart::Paystubs
            | PollPart::Metrics
            | PollPart::Databases => self.asked(part, gate).await,
        };
        if let Some(id) = told_id(&facts).map(str::to_owned) {
            let refused = self.refused(&id, ids);
            if part == PollPart::Dashboard {
                self.known().is_another = refused.is_some();
            }
            if let Some(error) = refused {
                facts.clear();
                poll.error = Some(error.into());
            }
        }
        self.learn(&poll, &facts);
        let is_lost =
            self.places.is_guessed && part == PollPart::Dashboard && !self.known().is_found;
        if is_lost && let Some(error) = &mut poll.error {
            *error = format!("no dashboard of this node was found: {error}").into();
        }
        Report { node: self.name.clone(), poll, facts }
    }

    /// What is not asked, since it may be another node's: it does not tell who it is.
    fn held_back(&self, part: PollPart) -> (Poll, Vec<Fact>) {
        let error = "not asked: the dashboard of this node answers for another one, and this does not tell whose it is";
        let poll = Poll {
            at: clock::now(),
            part,
            took_micros: 0,
            requests: 0,
            bytes: ByteCount::new(0),
            error: Some(error.into()),
        };
        (poll, Vec::new())
    }

    /// What to say when this id is another node's: it was another one before, or it is known under
    /// another name.
    fn refused(&self, id: &str, ids: &Ids) -> Option<String> {
        let address = self.places.dashboard.as_ref()?.address();
        if let Some(expected) = self.known().id.clone().filter(|expected| expected != id) {
            let (address, found) = (address.clone(), id.to_owned());
            return Some(ApiError::OtherNode { address, expected, found }.words());
        }
        let other = ids.claim(id, &self.name).err()?;
        let name = &self.name;
        Some(format!(
            "{address} answers for node {id}, which is {other} and not {name}: correct the address of one of the two, or keep one name"
        ))
    }

    async fn asked(&self, part: PollPart, gate: &Gate) -> (Poll, Vec<Fact>) {
        let now = clock::now();
        let id = self.known().id.clone();
        let time_max = schedule::pace(part, &self.polling).max(self.polling.timeout);
        let of = |client| Asked { client, node_id: id.as_deref(), now, time_max };
        let dashboard = || of(self.places.dashboard.as_ref().expect("it is among the parts"));
        match part {
            // Whose id it is, is looked at here.
            PollPart::Dashboard => poll::dashboard(Asked { node_id: None, ..dashboard() }).await,
            PollPart::Satellites => {
                let mut after = self.known().after;
                let asked = poll::satellites(dashboard(), gate, &mut after).await;
                self.known().after = after;
                asked
            }
            PollPart::Paystubs => poll::paystubs(dashboard(), self.span(now)).await,
            PollPart::Metrics => {
                poll::metrics(of(self.places.metrics.as_ref().expect("it is among the parts")))
                    .await
            }
            PollPart::Databases => self.read(now).await,
        }
    }

    /// Reads its databases, on a thread that may wait for disks.
    async fn read(&self, now: Timestamp) -> (Poll, Vec<Fact>) {
        let began = Stopwatch::start();
        let folder = self.places.databases.clone().expect("it is among the parts");
        let span = self.span(now);
        let reading = self.known().reading.take();
        let mut reading = reading.unwrap_or_else(|| {
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
                self.known().reading = Some(reading);
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

    /// Takes from an answer what the next question needs.
    fn learn(&self, poll: &Poll, facts: &[Fact]) {
        let mut known = self.known();
        let id = told_id(facts);
        if let Some(id) = id {
            known.id = Some(id.to_owned());
            if self.places.is_guessed && !known.is_found {
                let address = self.places.dashboard.as_ref().map(Client::address);
                tracing::info!(node = %self.name, address = address.map(tracing::field::display), "a dashboard was found");
            }
            known.is_found = true;
        }
        if poll.error.is_none() && poll.part == self.part_of_history() {
            known.history_at = Some(poll.at);
        }
    }
}

/// The id that a node told of itself.
fn told_id(facts: &[Fact]) -> Option<&str> {
    facts.iter().find_map(|fact| match fact {
        Fact::Status(status) => status.node_id.as_deref(),
        Fact::Space(_)
        | Fact::Standing(_)
        | Fact::Bandwidth(_)
        | Fact::Storage(_)
        | Fact::Prices(..)
        | Fact::Estimate(_)
        | Fact::Paystub(_)
        | Fact::Payment(_)
        | Fact::Quantiles(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use piecewatch_collector::config::Discovery;
    use piecewatch_node_api::Limits;

    use super::*;

    fn node(places: Places) -> Node {
        let hour = Duration::from_secs(3_600);
        let polling = Polling {
            dashboard_every: hour,
            satellites_every: hour,
            paystubs_every: hour,
            timeout: hour,
            jitter_percent: 10,
            discovery: Discovery::Off,
        };
        Node::new("attic".parse().unwrap(), places, &polling)
    }

    #[tokio::test]
    async fn a_dashboard_that_is_looked_for_in_vain_is_told() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        drop(listener);
        let limits = Limits { attempts_max: 1, ..Limits::default() };
        let dashboard = Some(Client::new(address, limits));
        let node = node(Places { dashboard, is_guessed: true, ..Places::default() });
        let report = node.ask(PollPart::Dashboard, &Gate::new(1), &Arc::default()).await;
        let error = report.poll.error.unwrap();
        assert!(error.starts_with("no dashboard of this node was found: http://127"), "{error}");
    }

    #[test]
    fn the_whole_past_is_asked_at_first_and_after_a_long_silence() {
        let node = node(Places::default());
        let at: Timestamp = "2026-08-19T12:00:00Z".parse().unwrap();
        assert_eq!(node.span(at), Span::Whole);
        node.known().history_at = Some(at);
        let later = |days: i64| at.plus_micros(days * 86_400 * 1_000_000);
        assert_eq!([0, 30].map(|days| node.span(later(days))), [Span::Recent, Span::Recent]);
        assert_eq!(node.span(later(31)), Span::Whole);
    }

    #[test]
    fn a_node_has_one_name() {
        let ids = Ids::default();
        let [attic, shed]: [NodeName; 2] = ["attic", "shed"].map(|name| name.parse().unwrap());
        assert_eq!(ids.claim("1a", &attic), Ok(()));
        assert_eq!(ids.claim("1a", &attic), Ok(()));
        assert_eq!(ids.claim("1a", &shed), Err(attic));
        assert_eq!(ids.claim("1b", &shed), Ok(()));
    }
}
