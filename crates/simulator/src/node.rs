//! What the node does: transfers that begin and end, several at once, and now and then other work.

mod booked;
mod failure;
mod lifecycle;
mod oddity;
mod storage;
mod transfer;
mod upkeep;
mod wording;

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use piecewatch_model::{DailyBandwidth, SatelliteId};

use crate::{
    Config, Encoding, IncidentKind, Level, Mix,
    event::{Event, Kind, PieceText, Severity, Stamp, Told, What, Writer},
    rng::Rng,
    vocabulary::Era,
};

use booked::Booked;
use transfer::Transfer;

/// The satellites that the node serves, the busiest first, as text.
pub(crate) const SATELLITES: [&str; 4] = [
    "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S",
    "12L9ZFwhzVpuEKMUNUqkaTLGzwY9G24tbiigLiXpmZWKwmcNDDs",
    "121RTSDpyNZVcEU84Ticf2L1ntiuUimbWgfATz21tuvgk3vzoA6",
    "1wFTAgs9DP5RSnCqKV1eLf6N9wtk4EAtmN5DpSxcs8EjT69tGE",
];

/// One in so many errors has a trace when `log.stack` is on.
const TRACED_ERROR: u64 = 12;

/// A node at work.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    config: Config,
    rng: Rng,
    satellites: [SatelliteId; 4],
    now: i64,
    /// When Docker or journald received the last line; no two lines arrive at once.
    arrival: i64,
    next_transfer: i64,
    ahead: BinaryHeap<Reverse<Ahead>>,
    /// How many things were planned, so that those of one time keep their order.
    planned: u64,
    pending: VecDeque<Told>,
    /// Pieces that several clients ask for at once, with their satellites.
    hot: VecDeque<(PieceText, usize)>,
    /// What is left on the disk.
    space: i64,
    booked: Booked,
}

/// Something that will happen.
#[derive(Debug, Clone)]
struct Ahead {
    at: i64,
    number: u64,
    what: Planned,
}

#[derive(Debug, Clone)]
enum Planned {
    End(Box<Transfer>),
    Line(Box<(Kind, Event)>),
}

impl Node {
    pub(crate) fn new(config: Config) -> Self {
        let now = config.start.unwrap_or_else(|| config.vocabulary.start()).as_micros();
        let mut node = Self {
            rng: Rng::new(config.seed),
            satellites: SATELLITES.map(|text| text.parse().expect("the ids are well-formed")),
            now,
            arrival: now,
            next_transfer: now,
            ahead: BinaryHeap::new(),
            planned: 0,
            pending: VecDeque::new(),
            hot: VecDeque::new(),
            space: 14_478_332_563_968,
            booked: Booked::default(),
            config,
        };
        // The log begins while the node is at work: these have no start in it.
        let open = node.config.transfers_per_second.clamp(1.0, 100.0) as usize;
        for _ in 0..open {
            let transfer = node.draw_transfer();
            node.plan_end(transfer);
        }
        node
    }

    /// Draws from another seed from here on.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.rng = Rng::new(seed);
    }

    /// Changes how busy it is.
    pub(crate) fn set_transfers_per_second(&mut self, rate: f64) {
        self.config.transfers_per_second = rate;
    }

    /// What time it is for the node, in microseconds since 1970.
    pub(crate) const fn now(&self) -> i64 {
        self.now
    }

    /// What is left on the disk, in bytes.
    pub(crate) const fn space(&self) -> i64 {
        self.space
    }

    /// What was booked so far, by day, then satellite.
    pub(crate) fn booked(&self) -> Vec<DailyBandwidth> {
        self.booked.days(&self.satellites)
    }

    /// The next line.
    pub(crate) fn next_told(&mut self) -> Told {
        loop {
            if let Some(told) = self.pending.pop_front() {
                return told;
            }
            self.step();
        }
    }

    fn step(&mut self) {
        match self.ahead.peek() {
            Some(Reverse(next)) if next.at <= self.next_transfer => {
                if let Some(Reverse(Ahead { at, what, .. })) = self.ahead.pop() {
                    self.now = self.now.max(at);
                    match what {
                        Planned::End(transfer) => self.end(*transfer),
                        Planned::Line(line) => {
                            self.tell(line.0, line.1);
                        }
                    }
                }
            }
            Some(_) | None => {
                self.now = self.now.max(self.next_transfer);
                let rate = self.config.transfers_per_second;
                // A NaN is no rate; the least one serves.
                let rate = if rate.is_nan() { 0.001 } else { rate.clamp(0.001, 100_000.0) };
                let rate = rate * self.config.rhythm.at(self.now);
                let gap = self.rng.gap() * 1_000_000.0 / rate;
                self.next_transfer = self.now + gap as i64;
                if self.is_on(|kind| kind == IncidentKind::LostConnection) {
                    return self.be_unreachable();
                }
                self.begin();
                self.do_other_things();
            }
        }
    }

    /// Whether such an incident goes on.
    fn is_on(&self, is_such: impl Fn(IncidentKind) -> bool) -> bool {
        self.config.incidents.iter().any(|one| one.is_on(self.now) && is_such(one.kind))
    }

    /// Work besides transfers comes with so many transfers rather than with so much time, so that
    /// a short log has some of it too.
    fn do_other_things(&mut self) {
        let often = match self.config.mix {
            Mix::Transfers => return,
            Mix::Realistic => 1,
            Mix::Adverse => 10,
        };
        if self.rng.below(300) < often {
            self.storage_work();
        }
        if self.rng.below(300) < often {
            self.upkeep();
        }
        if self.rng.below(2_500) < often {
            self.reject_uploads();
        }
        if self.rng.below(6_000) < often {
            self.restart();
        }
        if self.rng.below(1_500) < often {
            self.oddity();
        }
    }

    fn plan(&mut self, at: i64, what: Planned) {
        self.planned += 1;
        self.ahead.push(Reverse(Ahead { at, number: self.planned, what }));
    }

    fn plan_end(&mut self, transfer: Transfer) {
        self.plan(self.now + transfer.takes, Planned::End(Box::new(transfer)));
    }

    /// Tells of something in so many microseconds.
    fn tell_later(&mut self, micros: u64, kind: Kind, event: Event) {
        let at = self.now + i64::try_from(micros).unwrap_or(0);
        self.plan(at, Planned::Line(Box::new((kind, event))));
    }

    /// Tells of something now; `None` when the level is too low to be logged.
    fn tell(&mut self, kind: Kind, mut event: Event) -> Option<Stamp> {
        if event.severity == Severity::Debug && self.config.level == Level::Info {
            return None;
        }
        let trace = event.severity == Severity::Error
            && self.config.mix != Mix::Transfers
            && event.era >= Era::Y2022
            && self.rng.one_in(TRACED_ERROR);
        let is_json = self.config.encoding == Encoding::Json;
        if trace && is_json {
            event.stack = Some(failure::STACK);
        }
        let stamp = self.stamp();
        self.pending.push_back(Told { stamp, kind, what: What::Event(event) });
        if trace && !is_json {
            for line in failure::STACK.split('\n') {
                let stamp = self.stamp();
                let what = What::Text(Writer::Node, Cow::Borrowed(line.as_bytes()));
                self.pending.push_back(Told { stamp, kind: Kind::Continuation, what });
            }
        }
        Some(stamp)
    }

    fn background(&mut self, event: Event) {
        self.tell(Kind::Background, event);
    }

    fn tell_text(&mut self, kind: Kind, writer: Writer, text: impl Into<Cow<'static, [u8]>>) {
        let stamp = self.stamp();
        self.pending.push_back(Told { stamp, kind, what: What::Text(writer, text.into()) });
    }

    fn stamp(&mut self) -> Stamp {
        let delay = self.rng.between(30, 400) as i64;
        self.arrival = (self.arrival + 1).max(self.now + delay);
        Stamp { at: self.now, arrival: self.arrival }
    }

    /// The words of the next thing: of one node of a fleet.
    fn era(&mut self) -> Era {
        let eras = self.config.vocabulary.eras();
        if eras.len() == 1 { eras[0] } else { self.rng.pick(eras) }
    }

    fn satellite(&mut self) -> usize {
        self.rng.weighted(&[55, 20, 21, 4])
    }

    fn piece(&mut self) -> PieceText {
        const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut piece = [b'A'; 52];
        for part in piece.chunks_mut(12) {
            let mut bits = self.rng.bits();
            for byte in part {
                *byte = BASE32[(bits & 31) as usize];
                bits >>= 5;
            }
        }
        // 256 bits fill 51 characters and one bit of the last.
        piece[51] = if piece[51] & 1 == 0 { b'A' } else { b'Q' };
        // Readers that search lines for levels or actions are misled by such ids.
        if self.rng.one_in(1_000) {
            let word = self.rng.pick(&["INFO", "ERROR", "DEBUG", "FATAL"]);
            let at = self.rng.below(51 - word.len() as u64) as usize;
            piece[at..at + word.len()].copy_from_slice(word.as_bytes());
        }
        piece
    }
}

impl PartialEq for Ahead {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Ahead {}

impl PartialOrd for Ahead {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ahead {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
