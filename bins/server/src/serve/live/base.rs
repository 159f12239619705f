//! What is shown of the log right now: what the database holds, and what was read beyond it.
//!
//! The sums of each node that somebody looked at are kept here, as of one commit of the database. If
//! there are newer ones, what this process has written itself is added from memory, and what others
//! wrote is read: the minutes and hours from the oldest transfer of their commits on. Then what is read
//! and not in that commit is added to the answer alone. Whether there are newer ones is told where this
//! process writes itself, and else asked with each question, one statement.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use piecewatch_analytics::tally::Amount;
use piecewatch_collector::pipeline::unwritten::{Look, Place, Tally, Unseen, Unwritten};
use piecewatch_model::{Action, Grain, NodeName, Timestamp};
use piecewatch_store::{
    Commit, Fate, Nodes, Reader, Result, StoredTransfer, Topics, TrafficPoint, TransferFilter,
    Window,
};

use super::{
    Refusal,
    asking::Get,
    listed::{List, Listed},
    rates::Held,
    sums::{LastHour, NodeSums, Since, Today},
    tail::{AHEAD, KEPT_MAX, REACH, Row, Tail},
};

/// Of how many sets of nodes the newest transfers are kept.
const TAILS_MAX: usize = 32;
/// How many commits are read in one step.
const COMMITS_MAX: u32 = 1_000;
/// How often a look begins anew because what it builds on went meanwhile: that takes a commit each
/// time, and while nobody is known to look.
const TRIES_MAX: usize = 8;

/// Sums and lists as of one commit.
#[derive(Debug, Default)]
pub(super) struct Base {
    /// The newest commit that is in them; `None` before the first look.
    seen: Option<i64>,
    /// The newest commit of which was told; `None` while nobody tells.
    newest: Option<i64>,
    /// [`Unwritten::dropped`] when the database was asked last.
    dropped: u64,
    /// From when on they are whole.
    since: Option<Since>,
    nodes: BTreeMap<NodeName, NodeSums>,
    tails: Vec<SetTail>,
    rates: Held,
    /// The nodes in the database.
    known: BTreeSet<NodeName>,
}

/// The newest transfers of a set of nodes.
#[derive(Debug)]
struct SetTail {
    nodes: Vec<NodeName>,
    tail: Tail,
    listed: Listed,
    /// When it was wanted last, in questions.
    wanted: u64,
    is_loaded: bool,
}

/// What a question needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Sums,
    Tail,
}

/// What was read of the database, in one state.
struct Read {
    look: Look,
    /// Whether what was held belongs to what is here: not at the first look.
    is_known: bool,
    known: Option<Vec<NodeName>>,
    minutes: Vec<TrafficPoint>,
    hours: Vec<TrafficPoint>,
    /// From when on the sums of nodes were read.
    nodes: BTreeMap<NodeName, Since>,
    /// The same of the tails, by their place.
    tails: Vec<(usize, Timestamp, Vec<StoredTransfer>)>,
    new: Vec<NodeName>,
}

/// From when on something is to be read: `None` for all of it.
type Beginning = Option<Timestamp>;

/// Takes what a batch adds to the sums of a node.
type Add<'a> = &'a mut dyn FnMut(&NodeName, &Arc<Tally>);
/// Gives what was read and is not in the base; `None` when some of it went.
type Beyond<'a> = &'a dyn Fn(Add<'_>) -> Option<()>;

impl Base {
    /// The nodes in the database; they are read if that was never done.
    pub(super) fn known(
        &mut self,
        reader: Get<'_>,
    ) -> std::result::Result<&BTreeSet<NodeName>, Refusal> {
        if self.seen.is_none() || self.known.is_empty() {
            self.read_known(reader)?;
        }
        Ok(&self.known)
    }

    /// Reads anew which nodes there are.
    pub(super) fn read_known(&mut self, reader: Get<'_>) -> std::result::Result<(), Refusal> {
        self.known = reader()?.nodes()?.into_iter().map(|node| node.name).collect();
        Ok(())
    }

    /// Takes note of the newest commit, and of nodes that were written of. Whoever says it once says it
    /// of every commit: until then the database is not looked at.
    pub(super) fn learn(&mut self, newest: i64, nodes: impl IntoIterator<Item = NodeName>) {
        self.newest = Some(newest);
        self.known.extend(nodes);
    }

    /// What nodes moved today.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or is written too fast.
    pub(super) fn today(
        &mut self,
        reader: Get<'_>,
        unwritten: Option<&Unwritten>,
        nodes: &[NodeName],
        now: Timestamp,
    ) -> std::result::Result<Today, Refusal> {
        let mut today =
            self.answer(reader, unwritten, (nodes, Needs::Sums), now, |base, beyond| {
                let mut today = Today::new(now, nodes);
                for node in nodes {
                    if let Some(sums) = base.nodes.get(node) {
                        today.add_kept(node, sums);
                    }
                }
                beyond(&mut |node, tally| {
                    each(tally, |minute, of, amount| today.add(node, minute, of, amount));
                })?;
                Some(today)
            })?;
        for (name, node) in &mut today.nodes {
            node.lately = self.rates.of(name, now, node.lately);
        }
        Ok(today)
    }

    /// What nodes moved in the last hour.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or is written too fast.
    pub(super) fn last_hour(
        &mut self,
        reader: Get<'_>,
        unwritten: Option<&Unwritten>,
        nodes: &[NodeName],
        now: Timestamp,
    ) -> std::result::Result<LastHour, Refusal> {
        self.answer(reader, unwritten, (nodes, Needs::Sums), now, |base, beyond| {
            let mut hour = LastHour::new(now);
            for sums in nodes.iter().filter_map(|node| base.nodes.get(node)) {
                hour.add_kept(sums);
            }
            beyond(&mut |node, tally| {
                if nodes.binary_search(node).is_ok() {
                    each(tally, |minute, of, amount| hour.add(minute, of, amount));
                }
            })?;
            Some(hour)
        })
    }

    /// The newest transfers of nodes as they are listed.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or is written too fast.
    pub(super) fn list(
        &mut self,
        reader: Get<'_>,
        unwritten: Option<&Unwritten>,
        nodes: &[NodeName],
        now: Timestamp,
    ) -> std::result::Result<List, Refusal> {
        let tail = self.answer(reader, unwritten, (nodes, Needs::Tail), now, |base, beyond| {
            let of_set = base.tails.iter().find(|of| of.nodes == nodes);
            let mut tail = of_set.map(|of| of.tail.clone()).unwrap_or_default();
            let mut added = Vec::new();
            beyond(&mut |node, tally| {
                if nodes.binary_search(node).is_ok() {
                    added.push(rows_of(node, tally).collect::<Vec<_>>());
                }
            })?;
            // Batches are told from the oldest on.
            tail.add(added.into_iter().rev().flatten());
            Some(tail)
        })?;
        let of_set = self.tails.iter_mut().find(|of| of.nodes == nodes);
        let listed = &mut of_set.expect("room was made for it").listed;
        Ok(listed.next(&tail, now))
    }

    /// Looks at the database, and makes an answer of what is here and what is beyond; again when what
    /// is beyond went meanwhile.
    fn answer<T>(
        &mut self,
        reader: Get<'_>,
        unwritten: Option<&Unwritten>,
        (nodes, needs): (&[NodeName], Needs),
        now: Timestamp,
        make: impl Fn(&Self, Beyond<'_>) -> Option<T>,
    ) -> std::result::Result<T, Refusal> {
        let mut tries = 0;
        loop {
            // What is beyond is held until it is in the newest commit that was told, unless too much is,
            // or somebody else has stored it.
            let dropped = unwritten.map(Unwritten::dropped);
            let is_told = tries == 0 && dropped == Some(self.dropped);
            let newest = self.newest.filter(|_| is_told);
            tries += 1;
            self.look(reader, unwritten, (nodes, needs), newest, now)?;
            self.dropped = dropped.unwrap_or_default();
            let seen = self.seen.unwrap_or(i64::MIN);
            let beyond = |add: Add<'_>| match unwritten {
                Some(unwritten) => unwritten.after(seen, add),
                None => Some(()),
            };
            if let Some(answer) = make(self, &beyond) {
                return Ok(answer);
            }
            if tries == TRIES_MAX {
                return Err(Refusal::NotNow("more is written than can be looked at".to_owned()));
            }
        }
    }

    /// Brings everything up to the newest commit, of the whole database where none is told, and reads
    /// what is needed and not here.
    fn look(
        &mut self,
        reader: Get<'_>,
        unwritten: Option<&Unwritten>,
        (nodes, needs): (&[NodeName], Needs),
        newest: Option<i64>,
        now: Timestamp,
    ) -> std::result::Result<(), Refusal> {
        let since = Since::of(now);
        if self.since.is_some_and(|kept| since.minute < kept.minute || since.hour < kept.hour) {
            // The clock was set back: what is shown now is not here.
            (self.nodes, self.tails, self.since) = (BTreeMap::new(), Vec::new(), None);
        }
        self.want(nodes, needs);
        for _ in 0..TRIES_MAX {
            let place = unwritten.map(Unwritten::place);
            let newest = match newest {
                Some(newest) => newest,
                None => reader()?.newest_commit()?,
            };
            if self.seen >= Some(newest) && self.lacks(nodes, needs).is_empty() {
                break;
            }
            let read =
                reader()?.at_one_state(|reader| self.read(reader, place, (nodes, needs), now))?;
            let passed = match unwritten {
                Some(unwritten) => unwritten.looked(read.look),
                None => Some(Vec::new()),
            };
            if let Some(passed) = passed {
                self.take(read, &passed);
                break;
            }
        }
        if self.since != Some(since) {
            self.nodes.values_mut().for_each(|sums| sums.forget(since));
            self.since = Some(since);
        }
        self.nodes.values_mut().for_each(|sums| sums.add_up(since.hour));
        Ok(())
    }

    /// The nodes of a question whose sums are not here.
    fn lacks(&self, nodes: &[NodeName], needs: Needs) -> Vec<NodeName> {
        let is_lacking = |node: &&NodeName| match needs {
            Needs::Sums => !self.nodes.contains_key(*node),
            Needs::Tail => self.tails.iter().any(|of| of.nodes == nodes && !of.is_loaded),
        };
        nodes.iter().filter(is_lacking).cloned().collect()
    }

    /// Makes room for the tail of a question.
    fn want(&mut self, nodes: &[NodeName], needs: Needs) {
        if needs != Needs::Tail {
            return;
        }
        let newest = self.tails.iter().map(|of| of.wanted).max().unwrap_or(0) + 1;
        if let Some(of) = self.tails.iter_mut().find(|of| of.nodes == nodes) {
            of.wanted = newest;
            return;
        }
        if self.tails.len() == TAILS_MAX {
            let oldest = (0..TAILS_MAX).min_by_key(|place| self.tails[*place].wanted);
            self.tails.remove(oldest.expect("there are some"));
        }
        let (nodes, tail, listed) = (nodes.to_vec(), Tail::default(), Listed::default());
        self.tails.push(SetTail { nodes, tail, listed, wanted: newest, is_loaded: false });
    }

    /// Reads what is new, in one state of the database.
    fn read(
        &self,
        reader: &Reader,
        place: Option<Place>,
        (nodes, needs): (&[NodeName], Needs),
        now: Timestamp,
    ) -> Result<Read> {
        let to = reader.newest_commit()?;
        // Before the first look nothing of this process was seen, and nothing is here to be brought up.
        let from = self.seen.or(place.map(|place| place.last)).unwrap_or(to);
        let News { commits, has_gap } = news(reader, from)?;
        let is_own = |commit: &&Commit| place.is_some_and(|at| at.process == commit.process);
        let own = commits.iter().filter(is_own).map(|commit| commit.seq).max();
        let is_held = |commit: &Commit| {
            is_own(&commit)
                && place.is_some_and(|at| at.forgotten < commit.seq && commit.seq <= at.last)
        };
        let stale = stale(&commits, is_held);
        let is_new = |commit: &&Commit| !self.known.contains(&commit.node);
        let new = commits.iter().filter(is_new).map(|commit| commit.node.clone()).collect();
        let since = Since::of(now);
        let mut of_nodes: BTreeMap<NodeName, Since> = BTreeMap::new();
        for node in self.nodes.keys() {
            match stale.get(node) {
                _ if has_gap => drop(of_nodes.insert(node.clone(), since)),
                Some(from) => drop(of_nodes.insert(node.clone(), later(since, *from))),
                None => {}
            }
        }
        if needs == Needs::Sums {
            of_nodes.extend(self.lacks(nodes, needs).into_iter().map(|node| (node, since)));
        }
        let mut read = Read {
            look: Look { from, to, place: place.unwrap_or(NOWHERE), own },
            is_known: self.seen.is_some(),
            known: has_gap
                .then(|| reader.nodes())
                .transpose()?
                .map(|nodes| nodes.into_iter().map(|node| node.name).collect()),
            minutes: Vec::new(),
            hours: Vec::new(),
            nodes: of_nodes,
            tails: Vec::new(),
            new,
        };
        read.sums(reader, now)?;
        for (place, of) in self.tails.iter().enumerate() {
            let whole = now.plus_micros(-REACH);
            let from = if has_gap || !of.is_loaded {
                whole
            } else if of.nodes.iter().any(|node| stale.contains_key(node)) {
                // What was held of the others is read with it, too.
                beginning(&commits, &of.nodes).map_or(whole, |from| from.max(whole))
            } else {
                continue;
            };
            let window = Window { from, to: now.plus_micros(AHEAD) };
            let filter = TransferFilter::default();
            let page = reader.transfers(Nodes::Of(&of.nodes), window, &filter, None, KEPT_MAX)?;
            read.tails.push((place, from, page.rows));
        }
        Ok(read)
    }

    /// Takes what was read, and what others have held for it.
    fn take(&mut self, read: Read, passed: &[Unseen]) {
        for (node, from) in &read.nodes {
            self.nodes.entry(node.clone()).or_default().replace(*from);
        }
        for point in &read.minutes {
            if let (Some(sums), Some(from)) =
                (self.nodes.get_mut(&point.node), read.nodes.get(&point.node))
                && point.at >= from.minute
            {
                sums.take_minute(point);
            }
        }
        for point in &read.hours {
            if let (Some(sums), Some(from)) =
                (self.nodes.get_mut(&point.node), read.nodes.get(&point.node))
                && point.at >= from.hour
            {
                sums.take_hour(point);
            }
        }
        let tails: BTreeSet<usize> = read.tails.iter().map(|(place, ..)| *place).collect();
        for (place, from, rows) in read.tails {
            self.tails[place].tail.replace(from, rows);
            self.tails[place].is_loaded = true;
        }
        for Unseen { node, tally } in passed.iter().filter(|_| read.is_known) {
            if !read.nodes.contains_key(node)
                && let Some(sums) = self.nodes.get_mut(node)
            {
                each(tally, |minute, of, amount| sums.add(minute, of, amount));
            }
            for (_, of) in self.tails.iter_mut().enumerate().filter(|(at, _)| !tails.contains(at)) {
                if of.nodes.binary_search(node).is_ok() {
                    of.tail.add(rows_of(node, tally));
                }
            }
        }
        self.known.extend(read.new);
        if let Some(known) = read.known {
            self.known.extend(known);
        }
        self.seen = Some(read.look.to);
    }
}

/// The place of a process that reads no logs.
const NOWHERE: Place = Place { process: 0, last: i64::MIN, forgotten: i64::MIN };

impl Read {
    /// Reads the sums of the nodes that need it.
    fn sums(&mut self, reader: &Reader, now: Timestamp) -> Result<()> {
        // Those that are read as a whole, and those of which the end alone is.
        let whole = Since::of(now);
        let (whole, ends): (Vec<_>, Vec<_>) = self
            .nodes
            .iter()
            .map(|(node, from)| (node.clone(), *from))
            .partition(|(_, from)| *from == whole);
        for part in [whole, ends] {
            let minute = part.iter().map(|(_, from)| from.minute).min();
            let hour = part.iter().map(|(_, from)| from.hour).min();
            let (Some(minute), Some(hour)) = (minute, hour) else { continue };
            let names: Vec<NodeName> = part.into_iter().map(|(node, _)| node).collect();
            let to = now.plus_micros(AHEAD).max(hour.plus_micros(Grain::Day.micros()));
            let nodes = Nodes::Of(&names);
            self.minutes.extend(reader.traffic_series(
                nodes,
                Window { from: minute, to },
                Grain::Minute,
            )?);
            self.hours.extend(reader.traffic_series(
                nodes,
                Window { from: hour, to },
                Grain::Hour,
            )?);
        }
        Ok(())
    }
}

/// The nodes of which something was written that is not held, and from when on: whatever else was
/// written of them, held or not, is read with it.
fn stale(commits: &[Commit], is_held: impl Fn(&Commit) -> bool) -> BTreeMap<&NodeName, Beginning> {
    let mut stale: BTreeMap<&NodeName, Beginning> = BTreeMap::new();
    for commit in commits.iter().filter(moved).filter(|commit| !is_held(commit)) {
        stale.insert(&commit.node, Some(Timestamp::from_micros(i64::MAX)));
    }
    for commit in commits.iter().filter(moved) {
        if let Some(beginning) = stale.get_mut(&commit.node) {
            *beginning = earlier(*beginning, beginning_of(commit));
        }
    }
    stale
}

/// From when on anything was written of nodes that are in order, held or not.
fn beginning(commits: &[Commit], nodes: &[NodeName]) -> Beginning {
    let of_nodes = |commit: &&Commit| nodes.binary_search(&commit.node).is_ok();
    let all = commits.iter().filter(moved).filter(of_nodes).map(beginning_of);
    all.fold(Some(Timestamp::from_micros(i64::MAX)), earlier)
}

fn moved(commit: &&Commit) -> bool {
    commit.topics.contains(Topics::TRANSFERS)
}

/// What is old may have entered the sums alone, of which the commit does not tell.
fn beginning_of(commit: &Commit) -> Beginning {
    commit.from().filter(|_| !commit.topics.contains(Topics::PAST))
}

fn earlier(one: Beginning, other: Beginning) -> Beginning {
    one.zip(other).map(|(one, other)| one.min(other))
}

/// Where sums are read from when everything before `from` is as it was; `None` when it is not.
fn later(since: Since, from: Beginning) -> Since {
    let Some(from) = from else { return since };
    Since {
        minute: since.minute.max(from.floor(Grain::Minute)),
        hour: since.hour.max(from.floor(Grain::Hour)),
    }
}

/// The commits after one.
struct News {
    commits: Vec<Commit>,
    /// Some were removed before they were seen.
    has_gap: bool,
}

fn news(reader: &Reader, from: i64) -> Result<News> {
    let mut news = News { commits: Vec::new(), has_gap: false };
    let mut last = from;
    loop {
        let commits = reader.commits_since(last, COMMITS_MAX)?;
        let is_last = commits.len() < COMMITS_MAX as usize;
        for commit in &commits {
            news.has_gap |= commit.seq != last + 1;
            last = commit.seq;
        }
        news.commits.extend(commits);
        if is_last {
            return Ok(news);
        }
    }
}

fn each(tally: &Tally, mut add: impl FnMut(Timestamp, (&Action, Fate), Amount)) {
    for ((minute, action, fate), (count, bytes)) in &tally.minutes {
        add(*minute, (action, *fate), Amount { count: *count, bytes: *bytes });
    }
}

fn rows_of(node: &NodeName, tally: &Tally) -> impl Iterator<Item = Row> {
    tally.newest.iter().filter_map(|record| Row::read(node, record))
}
