//! A question with what it is about: which nodes, which time, and in which form it is answered.

use std::io::Write;

use bytes::Bytes;
use piecewatch_model::{Action, KnownSatellite, NodeName, SatelliteId, Timestamp};
use piecewatch_store::{NodeInfo, Nodes, Window};
use serde::Serialize;

use super::{Answer, Body, CSV, Parts, Problem, Reply, parameter, query::Query};
use crate::{Result, form::heading};

/// A question.
pub(super) struct Ask<'a> {
    /// What it is asked of.
    pub(super) parts: &'a Parts,
    /// What was said.
    pub(super) query: Query,
    /// The nodes that it is about, in the order in which they were named, or by name. None where the
    /// question names no nodes.
    pub(super) nodes: Vec<NodeInfo>,
    /// When it was asked.
    pub(super) now: Timestamp,
}

/// An answer as CSV.
pub(super) struct Sheet<A> {
    heading: fn() -> Result<Vec<u8>>,
    rows: fn(&A, &mut dyn Write) -> Result<()>,
}

impl<A: Send + 'static> Sheet<A> {
    /// A list that is read on while it is written.
    pub(super) fn streamed(self, list: A) -> Answer {
        let rows = move |out: &mut dyn Write| {
            out.write_all(&(self.heading)()?).map_err(crate::Error::Output)?;
            (self.rows)(&list, out)
        };
        Answer { content_type: CSV, body: Body::Rows(Box::new(rows)) }
    }
}

impl<A> Sheet<A> {
    /// Rows of a type, which are written without their heading.
    pub(super) const fn of<R: Serialize + Default>(
        rows: fn(&A, &mut dyn Write) -> Result<()>,
    ) -> Self {
        Self { heading: heading::<R>, rows }
    }
}

impl<'a> Ask<'a> {
    /// # Errors
    ///
    /// When a node is named that there is not, or the database cannot be read.
    pub(super) fn of(parts: &'a Parts, query: Query, now: Timestamp) -> Result<Self, Problem> {
        let mut nodes = Vec::new();
        if query.has("nodes") {
            let known = with_configured(parts.readers.get()?.nodes()?, &parts.configured);
            nodes = match query.text("nodes") {
                Some(said) => chosen(known, said)?,
                None => known,
            };
        }
        Ok(Self { parts, query, nodes, now })
    }

    /// The names of the nodes.
    pub(super) fn names(&self) -> Vec<NodeName> {
        self.nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// From the first record of the nodes to their last.
    pub(super) fn reach(&self) -> Option<Window> {
        let times = || self.nodes.iter().filter_map(|node| node.records);
        let from = times().map(|(first, _)| first).min()?;
        let to = times().map(|(_, last)| last).max()?;
        Some(Window { from, to: to.plus_micros(1) })
    }

    /// The window that was asked for, as far as there are records of the nodes; `None` where there is
    /// none in it.
    pub(super) fn window(&self) -> Option<Window> {
        self.within(self.reach()?)
    }

    /// The window that was asked for within another one; `None` where the two do not meet. Without
    /// `to` it ends with the other one.
    pub(super) fn within(&self, reach: Window) -> Option<Window> {
        let (from, to) = match (self.query.instant("from"), self.query.instant("to")) {
            (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to))),
            either => either,
        };
        let end = to.map_or(reach.to, |to| to.min(reach.to));
        // A beginning that was said wants no other.
        let is_wanted = from.is_none() || self.query.was_said("window");
        let length = self.query.length("window").filter(|_| is_wanted);
        let begin = [from, length.map(|length| length.before(end)), Some(reach.from)];
        let begin = begin.into_iter().flatten().max().unwrap_or(reach.from);
        (begin < end).then_some(Window { from: begin, to: end })
    }

    /// The action that was asked for.
    pub(super) fn action(&self) -> Option<Action> {
        self.query.text("action").map(Action::from_name)
    }

    /// The satellite that was asked for, by the name that operators use or by its id.
    ///
    /// # Errors
    ///
    /// When there is no such.
    pub(super) fn satellite(&self) -> Result<Option<SatelliteId>, Problem> {
        let Some(said) = self.query.text("satellite") else { return Ok(None) };
        let known = KnownSatellite::ALL.iter().find(|known| known.name == said);
        let id = known.map(|known| known.id()).or_else(|| said.parse().ok());
        id.map(Some).ok_or_else(|| {
            Problem::missing(format!(
                "there is no satellite {said:?}; say one as in us1, or its whole id"
            ))
        })
    }

    /// The answer in the form that was asked for, JSON or CSV; whole in either.
    pub(super) fn reply<A>(
        &self,
        answer: A,
        json: impl FnOnce(&A) -> Result<Vec<u8>, Problem>,
        sheet: Sheet<A>,
    ) -> Reply {
        if self.query.word("format") != Some("csv") {
            return Ok(Answer::json(json(&answer)?.into()));
        }
        let mut bytes = (sheet.heading)()?;
        (sheet.rows)(&answer, &mut bytes)?;
        Ok(Answer::csv(bytes.into()))
    }
}

/// A value as JSON.
pub(super) fn written(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let failed = |error: serde_json::Error| crate::Error::Output(error.into());
    Ok(serde_json::to_vec(value).map_err(failed)?)
}

/// A value as a whole answer.
pub(super) fn whole(value: &impl Serialize) -> Reply {
    Ok(Answer::json(Bytes::from(written(value)?)))
}

/// The nodes of the database, and those that are configured and of which it knows nothing yet, by name.
fn with_configured(mut nodes: Vec<NodeInfo>, configured: &[NodeName]) -> Vec<NodeInfo> {
    for name in configured {
        if nodes.iter().all(|node| node.name != *name) {
            nodes.push(NodeInfo { name: name.clone(), records: None });
        }
    }
    nodes.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    nodes
}

/// These nodes.
pub(super) const fn of(names: &[NodeName]) -> Nodes<'_> {
    Nodes::Of(names)
}

/// The nodes that were named, each once. A name that holds a comma can only be named alone.
fn chosen(known: Vec<NodeInfo>, said: &str) -> Result<Vec<NodeInfo>, Problem> {
    let find = |name: &str| known.iter().find(|node| node.name.as_str() == name);
    if let Some(only) = find(said) {
        return Ok(vec![only.clone()]);
    }
    let mut chosen: Vec<NodeInfo> = Vec::new();
    for name in parameter::names(said).map_err(|wrong| Problem::bad(format!("nodes: {wrong}")))? {
        if name.is_empty() {
            let detail = "nodes: a name is missing before or after a comma; say nodes=a,b";
            return Err(Problem::bad(detail));
        }
        let node = find(name).ok_or_else(|| {
            let name: String = name.chars().take(NodeName::MAX_CHARS).collect();
            Problem::missing(format!(
                "there is no node {name:?}; /api/v1/nodes tells which there are"
            ))
        })?;
        if chosen.iter().all(|other| other.name != node.name) {
            chosen.push(node.clone());
        }
    }
    Ok(chosen)
}
