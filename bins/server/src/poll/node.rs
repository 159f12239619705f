//! A node that is asked: its addresses, and what is known of it.

use std::path::PathBuf;

use piecewatch_model::{Fact, NodeName, Poll, PollPart, Report};
use piecewatch_node_api::{
    Client,
    poll::{self, Asked, Span},
};
use tokio::sync::Semaphore;

use crate::clock;

/// A node that is asked.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: NodeName,
    pub(super) dashboard: Dashboard,
    /// The folder of its databases, in place of a dashboard.
    databases: Option<PathBuf>,
    /// Its debug endpoint.
    metrics: Option<Client>,
    /// Its id; an answer for another one is refused.
    pub(super) id: Option<String>,
    /// How much of what it was paid is asked next.
    pub(super) span: Span,
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
        Self { name, dashboard, databases, metrics, id: None, span: Span::Whole }
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

    /// Asks one of its parts.
    pub(super) async fn ask(&mut self, part: PollPart, gate: &Semaphore) -> Brought {
        let (poll, facts) = self.asked(part, gate).await;
        if poll.error.is_none() {
            self.learn(part, &facts);
        } else if matches!(self.dashboard, Dashboard::Guessed(_)) && part != PollPart::Metrics {
            return Brought::NotFound(poll);
        }
        Brought::Report(Report { node: self.name.clone(), poll, facts })
    }

    async fn asked(&self, part: PollPart, gate: &Semaphore) -> (Poll, Vec<Fact>) {
        let now = clock::now();
        let asked = || {
            let client = self.dashboard.client().expect("it is among the parts");
            Asked { client, node_id: self.id.as_deref(), now }
        };
        match part {
            PollPart::Dashboard => poll::dashboard(asked()).await,
            PollPart::Satellites => poll::satellites(asked(), gate).await,
            PollPart::Paystubs => poll::paystubs(asked(), self.span).await,
            PollPart::Metrics => {
                let client = self.metrics.as_ref().expect("it is among the parts");
                poll::metrics(client, now).await
            }
            PollPart::Databases => unreachable!("not yet"),
        }
    }

    /// Takes from a good answer what the next question needs.
    fn learn(&mut self, part: PollPart, facts: &[Fact]) {
        for fact in facts {
            if let Fact::Status(status) = fact
                && let Some(id) = &status.node_id
            {
                self.id = Some(id.as_ref().to_owned());
            }
        }
        if part == PollPart::Paystubs {
            self.span = Span::Recent;
        }
        if let Dashboard::Guessed(client) = &self.dashboard
            && part == PollPart::Dashboard
        {
            tracing::info!(node = %self.name, "a dashboard was found at {}", client.address());
            self.dashboard = Dashboard::At(client.clone());
        }
    }
}
