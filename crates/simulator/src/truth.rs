//! The true totals of a simulated log.

use std::{collections::BTreeMap, fmt::Write};

use piecewatch_model::{Action, FailureClass, Outcome, SatelliteId};

use crate::event::{Kind, Stamp};

/// What transfers are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferKey {
    /// The satellite; `None` where the log does not tell.
    pub satellite: Option<SatelliteId>,
    /// The action; [`Action::unnamed`] where the log does not tell.
    pub action: Action,
    /// The outcome, with the class of a failure.
    pub outcome: Outcome,
}

/// A number of transfers and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub count: u64,
    /// The sum of the sizes that their last lines tell; a line without size adds 0.
    pub bytes: u64,
}

/// The transfers of which the log has both ends. What is open when the node restarts has no end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    /// How many.
    pub count: u64,
    /// The sum of end less start by the lines' own times, as coarse as they are written.
    pub line_micros: u64,
    /// The same by the time at which Docker or journald received the lines, each cut to whole
    /// microseconds; 0 in encodings that do not tell it.
    pub arrival_micros: u64,
}

/// What a simulated log holds. Counted when things happen, never by reading the text.
///
/// A race lost in v1.86 to v1.98 is told by a line with nothing but a piece id. It counts for the
/// satellite and action of its start where the log has that, else for no satellite and
/// [`Action::unnamed`]; its size is unknown, so 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Physical lines: the sum of all counts below, with those of `transfers`.
    pub lines: u64,
    /// Ends of uploads and downloads.
    pub transfers: BTreeMap<TransferKey, Total>,
    /// Starts of uploads and downloads.
    pub started: u64,
    /// Uploads turned away.
    pub rejected: u64,
    /// Second lines about an event: twins of lost races at DEBUG, `upload internal error`.
    pub told_twice: u64,
    /// Beginnings and ends of compactions.
    pub compactions: u64,
    /// Lines that tell how many orders were settled: `sending` at INFO until v1.112, `finished`
    /// since.
    pub orders: u64,
    /// Scores of satellites.
    pub scores: u64,
    /// All other lines of the node's and the updater's logger.
    pub background: u64,
    /// Parts of an event that began on an earlier line: stack traces, lines that Docker split.
    pub continuation: u64,
    /// Lines of supervisord, systemd and journald.
    pub supervisor: u64,
    /// Bare text of a process that dies: `Error: …`, panics with their traces.
    pub crash: u64,
    /// Text of other programs.
    pub foreign: u64,
    /// Bytes of NUL before lines, as a power loss leaves them.
    pub nul_bytes: u64,
    /// Transfers of which the log has both ends.
    pub pairs: Pairs,
}

impl Truth {
    /// All transfers together.
    pub fn transfers_total(&self) -> Total {
        self.transfers.values().fold(Total::default(), |sum, total| Total {
            count: sum.count + total.count,
            bytes: sum.bytes + total.bytes,
        })
    }

    /// Counts a line that was written, in so many physical lines.
    pub(crate) fn book(&mut self, kind: Kind, stamp: Stamp, physical: u64, clocks: Clocks) {
        self.lines += physical;
        self.continuation += physical.saturating_sub(1);
        let count = match kind {
            Kind::Ended { key, bytes, started } => {
                if let Some(start) = started {
                    self.pairs.count += 1;
                    let grain = clocks.grain_micros;
                    let line = (stamp.at.div_euclid(grain) - start.at.div_euclid(grain)) * grain;
                    self.pairs.line_micros += line.unsigned_abs();
                    if clocks.has_arrival {
                        self.pairs.arrival_micros += stamp.arrival.abs_diff(start.arrival);
                    }
                }
                let total = self.transfers.entry(key).or_default();
                total.bytes += bytes;
                &mut total.count
            }
            Kind::Started => &mut self.started,
            Kind::Rejected => &mut self.rejected,
            Kind::ToldTwice => &mut self.told_twice,
            Kind::Compaction => &mut self.compactions,
            Kind::Orders => &mut self.orders,
            Kind::Scores => &mut self.scores,
            Kind::Background => &mut self.background,
            Kind::Continuation => &mut self.continuation,
            Kind::Supervisor => &mut self.supervisor,
            Kind::Crash => &mut self.crash,
            Kind::Foreign => &mut self.foreign,
        };
        *count += 1;
    }

    /// The totals as JSON, one transfer key a line, always in the same order.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\n");
        for (name, count) in [
            ("lines", self.lines),
            ("started", self.started),
            ("rejected", self.rejected),
            ("told_twice", self.told_twice),
            ("compactions", self.compactions),
            ("orders", self.orders),
            ("scores", self.scores),
            ("background", self.background),
            ("continuation", self.continuation),
            ("supervisor", self.supervisor),
            ("crash", self.crash),
            ("foreign", self.foreign),
            ("nul_bytes", self.nul_bytes),
        ] {
            push(&mut json, format_args!("  \"{name}\": {count},\n"));
        }
        let Pairs { count, line_micros, arrival_micros } = self.pairs;
        push(
            &mut json,
            format_args!(
                "  \"pairs\": {{\"count\": {count}, \"line_micros\": {line_micros}, \
                 \"arrival_micros\": {arrival_micros}}},\n  \"transfers\": ["
            ),
        );
        for (at, (TransferKey { satellite, action, outcome }, total)) in
            self.transfers.iter().enumerate()
        {
            let comma = if at == 0 { "" } else { "," };
            // Names of satellites, actions and classes have nothing to escape.
            let satellite = satellite.map_or_else(|| "null".into(), |id| format!("\"{id}\""));
            let class = failure_class(*outcome)
                .map_or_else(|| "null".into(), |class| format!("\"{}\"", class.name()));
            let (outcome, Total { count, bytes }) = (outcome.name(), total);
            push(
                &mut json,
                format_args!(
                    "{comma}\n    {{\"satellite\": {satellite}, \"action\": \"{action}\", \
                     \"outcome\": \"{outcome}\", \"class\": {class}, \"count\": {count}, \
                     \"bytes\": {bytes}}}"
                ),
            );
        }
        json.push_str("\n  ]\n}\n");
        json
    }
}

/// By which clocks a log can be paired.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    /// The grain of the lines' own times.
    pub(crate) grain_micros: i64,
    /// Whether the encoding tells when a line arrived.
    pub(crate) has_arrival: bool,
}

const fn failure_class(outcome: Outcome) -> Option<FailureClass> {
    match outcome {
        Outcome::Success | Outcome::Canceled => None,
        Outcome::Failed(class) => Some(class),
    }
}

fn push(json: &mut String, arguments: std::fmt::Arguments<'_>) {
    json.write_fmt(arguments).expect("a String takes any text");
}
