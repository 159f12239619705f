//! Starts and ends of transfers to latencies.

use std::collections::{BTreeMap, HashMap, VecDeque};

use foldhash::fast::RandomState;
use piecewatch_model::{Action, Direction, Latency, PieceId, SatelliteId, Transfer};
use smallvec::SmallVec;

use crate::{Ended, Stamp, Started};

/// A stream ends after 30 minutes at the latest: what is open for longer has no end in this log.
pub(crate) const OPEN_MICROS_MAX: i64 = 30 * 60 * 1_000_000;
/// The most starts remembered. Beyond, the oldest are forgotten, and the latency of what they began
/// stays unknown.
const STARTS_MAX: usize = 1 << 16;
/// With fewer starts than this in its order, a pairing does not look for those that have ended.
const ORDER_MIN: usize = 1 << 10;

/// The most open starts of one piece. No client reads a piece so often at once; a log that says so
/// must not cost more than others.
const STARTS_PER_PIECE_MAX: usize = 64;

/// The starts whose ends are awaited.
///
/// A start and an end belong together when they name the same piece and nothing that both of them
/// name differs: satellite, action, offset, peer. One piece is downloaded by several clients at
/// once; of several starts that fit, the oldest counts.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    open: HashMap<PieceId, SmallVec<[Open; 1]>, RandomState>,
    /// Piece and time of every start, in order: what is to be forgotten next. Some have ended.
    order: VecDeque<(PieceId, i64)>,
    /// How many open audits began at each time.
    audits: BTreeMap<i64, usize>,
}

#[derive(Debug)]
struct Open {
    satellite: Option<SatelliteId>,
    action: Action,
    offset: Option<u64>,
    remote: Option<std::net::SocketAddr>,
    /// The line's own time in microseconds: what is open is forgotten by it. The stamp may be of
    /// another clock than that of the lines around it.
    at: i64,
    stamp: Stamp,
}

impl Pairing {
    /// Remembers a start.
    pub(crate) fn start(&mut self, started: Started) {
        let Started { start, stamp } = started;
        let at = start.at.as_micros();
        self.forget_before(at.saturating_sub(OPEN_MICROS_MAX));
        self.forget_ended();
        self.order.push_back((start.piece, at));
        let open = self.open.entry(start.piece).or_default();
        if open.len() == STARTS_PER_PIECE_MAX {
            forget_audit(&mut self.audits, &open.remove(0));
        }
        if start.action == Action::GetAudit {
            *self.audits.entry(at).or_default() += 1;
        }
        open.push(Open {
            satellite: start.satellite,
            action: start.action,
            offset: start.offset,
            remote: start.remote,
            at,
            stamp,
        });
    }

    /// Finds the start of a transfer that ended, and gives the transfer what only the start knew:
    /// its latency, and satellite and action where the end does not name them.
    pub(crate) fn end(&mut self, ended: &mut Ended) {
        let Some(open) = self.open.get_mut(&ended.transfer.piece) else { return };
        let oldest = ended.transfer.at.as_micros().saturating_sub(OPEN_MICROS_MAX);
        let fits = |open: &Open| open.at >= oldest && open.fits(&ended.transfer);
        let Some(at) = open.iter().position(fits) else { return };
        let start = open.remove(at);
        forget_audit(&mut self.audits, &start);
        if open.is_empty() {
            self.open.remove(&ended.transfer.piece);
        }
        ended.transfer.latency = latency(start.stamp, ended.stamp);
        ended.transfer.satellite = ended.transfer.satellite.or(start.satellite);
        if direction_only(&ended.transfer.action).is_some() {
            ended.transfer.action = start.action;
        }
    }

    /// Forgets every start: the node has restarted, and nothing goes on across that.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
        self.order.clear();
        self.audits.clear();
    }

    /// When the oldest audit began that is still open at a time, both in microseconds.
    pub(crate) fn oldest_audit(&self, now: i64) -> Option<i64> {
        let still_open = now.saturating_sub(OPEN_MICROS_MAX)..;
        self.audits.range(still_open).next().map(|(at, _)| *at)
    }

    /// Most starts end within a second: without this, their order would be many times as long as
    /// what is open.
    fn forget_ended(&mut self) {
        if self.order.len() >= ORDER_MIN && self.order.len() / 4 >= self.open.len() {
            let open = &self.open;
            self.order.retain(|(piece, _)| open.contains_key(piece));
            self.order.shrink_to(ORDER_MIN.max(2 * self.order.len()));
        }
    }

    fn forget_before(&mut self, micros: i64) {
        while let Some(&(piece, at)) = self.order.front()
            && (at < micros || self.order.len() >= STARTS_MAX)
        {
            self.order.pop_front();
            if let Some(open) = self.open.get_mut(&piece) {
                open.retain(|open| {
                    let stays = open.at > at;
                    if !stays {
                        forget_audit(&mut self.audits, open);
                    }
                    stays
                });
                if open.is_empty() {
                    self.open.remove(&piece);
                }
            }
        }
    }
}

/// An open start is none any more.
fn forget_audit(audits: &mut BTreeMap<i64, usize>, open: &Open) {
    if open.action == Action::GetAudit
        && let Some(count) = audits.get_mut(&open.at)
    {
        *count -= 1;
        if *count == 0 {
            audits.remove(&open.at);
        }
    }
}

impl Open {
    fn fits(&self, end: &Transfer) -> bool {
        same(self.satellite, end.satellite)
            && same(self.offset, end.offset)
            && same(self.remote, end.remote)
            && same_action(&self.action, &end.action)
    }
}

/// Whether two values are not known to differ.
fn same<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => true,
    }
}

fn same_action(start: &Action, end: &Action) -> bool {
    match (direction_only(start), direction_only(end)) {
        (None, None) => start == end,
        (Some(direction), _) => direction == end.direction(),
        (None, Some(direction)) => direction == start.direction(),
    }
}

/// The direction of an action that names nothing else.
const fn direction_only(action: &Action) -> Option<Direction> {
    match action {
        Action::Upload => Some(Direction::Upload),
        Action::Download => Some(Direction::Download),
        Action::Put
        | Action::Get
        | Action::GetAudit
        | Action::GetRepair
        | Action::PutRepair
        | Action::Delete
        | Action::PutGracefulExit
        | Action::Other(_) => None,
    }
}

/// The time between two stamps of one clock; `None` when the clocks differ or went back.
fn latency(start: Stamp, end: Stamp) -> Option<Latency> {
    if start.clock != end.clock {
        return None;
    }
    let micros = u64::try_from(end.micros.checked_sub(start.micros)?).ok()?;
    Some(Latency { micros, clock: start.clock })
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{Clock, Outcome, Timestamp, TransferStarted};

    use super::*;

    fn stamp(micros: i64) -> Stamp {
        Stamp { micros, clock: Clock::DockerNanos }
    }

    fn started(micros: i64, offset: u64, port: u16) -> Started {
        let start = TransferStarted {
            at: Timestamp::from_micros(micros),
            satellite: Some(SatelliteId::new([1; 32])),
            piece: PieceId::new([7; 32]),
            action: Action::Get,
            offset: Some(offset),
            remote: Some(([1, 2, 3, 4], port).into()),
            available: None,
        };
        Started { start, stamp: stamp(micros) }
    }

    fn ended(micros: i64, offset: Option<u64>, port: Option<u16>) -> Ended {
        let transfer = Transfer {
            at: Timestamp::from_micros(micros),
            satellite: None,
            piece: PieceId::new([7; 32]),
            action: Action::Download,
            outcome: Outcome::Success,
            size: None,
            offset,
            remote: port.map(|port| ([1, 2, 3, 4], port).into()),
            country: None,
            latency: None,
            error: None,
            error_text: None,
        };
        Ended { transfer, stamp: stamp(micros), telling: crate::Telling::Once }
    }

    fn micros(pairing: &mut Pairing, mut end: Ended) -> Option<u64> {
        pairing.end(&mut end);
        end.transfer.latency.map(|latency| latency.micros)
    }

    /// Predecessor fault 33: parallel downloads of one piece shared a start time, durations below a
    /// millisecond were dropped and those above four seconds rounded to whole seconds.
    #[test]
    fn parallel_downloads_of_one_piece_keep_their_own_starts() {
        let mut pairing = Pairing::default();
        pairing.start(started(0, 0, 1));
        pairing.start(started(1_000, 0, 2));
        pairing.start(started(2_000, 512, 1));
        assert_eq!(micros(&mut pairing, ended(2_100, Some(512), Some(1))), Some(100));
        assert_eq!(micros(&mut pairing, ended(5_001_234, Some(0), Some(2))), Some(5_000_234));
        assert_eq!(micros(&mut pairing, ended(6_000_000, None, None)), Some(6_000_000));
        assert_eq!(micros(&mut pairing, ended(7_000_000, None, None)), None);
    }

    #[test]
    fn an_end_learns_from_its_start_what_it_does_not_name() {
        let mut pairing = Pairing::default();
        pairing.start(started(0, 0, 1));
        let mut end = ended(10, None, None);
        pairing.end(&mut end);
        assert_eq!(end.transfer.action, Action::Get);
        assert_eq!(end.transfer.satellite, Some(SatelliteId::new([1; 32])));
    }

    #[test]
    fn clocks_that_differ_or_go_back_give_no_latency() {
        assert_eq!(latency(stamp(5), stamp(4)), None);
        let whole = Stamp { micros: 9, clock: Clock::WholeSeconds };
        assert_eq!(latency(stamp(5), whole), None);
    }

    #[test]
    fn no_stream_goes_on_for_more_than_half_an_hour() {
        let mut pairing = Pairing::default();
        pairing.start(started(0, 0, 1));
        assert_eq!(micros(&mut pairing, ended(OPEN_MICROS_MAX + 1, None, None)), None);
    }

    #[test]
    fn the_oldest_audit_that_goes_on_is_known_until_it_ends_or_is_given_up() {
        let audit = |at, offset| {
            let mut started = started(at, offset, 1);
            started.start.action = Action::GetAudit;
            started
        };
        let mut pairing = Pairing::default();
        pairing.start(started(0, 0, 1));
        assert_eq!(pairing.oldest_audit(1), None, "a download is none");
        for (at, offset) in [(10, 100), (10, 200), (20, 300)] {
            pairing.start(audit(at, offset));
        }
        for (offset, oldest) in [(100, Some(10)), (300, Some(10)), (200, None)] {
            assert_eq!(pairing.oldest_audit(30), Some(10));
            pairing.end(&mut ended(30, Some(offset), Some(1)));
            assert_eq!(pairing.oldest_audit(30), oldest, "{offset}");
        }
        pairing.start(audit(40, 0));
        let last = 40 + OPEN_MICROS_MAX;
        assert_eq!(pairing.oldest_audit(last), Some(40));
        assert_eq!(pairing.oldest_audit(last + 1), None, "no line says that it ended");
        pairing.start(audit(last + 1, 0));
        assert_eq!(pairing.audits.keys().copied().collect::<Vec<_>>(), [last + 1]);
        pairing.clear();
        assert_eq!(pairing.oldest_audit(last + 2), None, "the node has restarted");
        for at in 0..2 * STARTS_PER_PIECE_MAX as i64 {
            pairing.start(audit(last + at, 0));
        }
        let oldest = last + STARTS_PER_PIECE_MAX as i64;
        assert_eq!(pairing.oldest_audit(oldest), Some(oldest), "so many of one piece");
    }

    #[test]
    fn starts_are_forgotten_after_half_an_hour_and_at_the_limit() {
        let mut pairing = Pairing::default();
        pairing.start(started(0, 0, 1));
        pairing.start(started(OPEN_MICROS_MAX + 1, 0, 1));
        assert_eq!(micros(&mut pairing, ended(OPEN_MICROS_MAX + 2, None, None)), Some(1));
        for at in 0..2 * STARTS_MAX as i64 {
            let mut one = started(OPEN_MICROS_MAX + at, 0, 1);
            if at % 2 == 0 {
                let mut id = [0; 32];
                id[..8].copy_from_slice(&at.to_be_bytes());
                one.start.piece = PieceId::new(id);
            }
            pairing.start(one);
        }
        assert!(pairing.order.len() <= STARTS_MAX);
        assert!(pairing.open.values().map(|open| open.len()).sum::<usize>() <= STARTS_MAX);
        assert_eq!(pairing.open[&PieceId::new([7; 32])].len(), STARTS_PER_PIECE_MAX);
    }
}
