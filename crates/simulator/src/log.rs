//! How the node's events become lines: each encoding, to the byte.

mod envelope;
mod payload;
mod text;

use std::io::Write;

use piecewatch_model::Timestamp;

use crate::{
    Config, Encoding,
    event::{Event, Stamp, Told, What, Writer},
    rng::Rng,
};

pub(crate) use payload::push_remote;

pub(crate) use text::{duration, size};

use text::{day_micros, push_time};

/// What was written for one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// Physical lines.
    pub(crate) lines: u64,
    /// NULs before them.
    pub(crate) nul_bytes: u64,
}

/// What the forms are drawn from: not the numbers that the node draws.
fn form(seed: u64) -> Rng {
    Rng::new(seed ^ 0x006C_6F67)
}

/// Writes events in one encoding.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    encoding: Encoding,
    offset_minutes: i16,
    /// Chance has a part in the forms too: how wide a TAB is in [`Encoding::Spaces`].
    rng: Rng,
    /// The line before it is wrapped.
    line: Vec<u8>,
    times: Times,
}

impl Log {
    pub(crate) fn new(config: &Config) -> Self {
        let usual = match (config.encoding, config.vocabulary) {
            (Encoding::DockerJson, _) => 0,
            (_, crate::Vocabulary::Y2022 | crate::Vocabulary::Y2025) => 120,
            _ => 0,
        };
        let offset_minutes = config.utc_offset_minutes.unwrap_or(usual).clamp(-1_439, 1_439);
        Self {
            encoding: config.encoding,
            offset_minutes,
            rng: form(config.seed),
            line: Vec::with_capacity(1_024),
            times: Times::default(),
        }
    }

    /// Draws from another seed from here on.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.rng = form(seed);
    }

    /// Appends what is told, with newlines.
    pub(crate) fn write(&mut self, told: &Told, out: &mut Vec<u8>) -> Written {
        let (writer, event, nuls) = match &told.what {
            What::Event(event) => (Writer::Node, Some(event), 0),
            What::AfterNuls(nuls, event) => (Writer::Node, Some(event), *nuls),
            What::Text(writer, _) => (*writer, None, 0),
        };
        // journald ends entries at NULs, so that they only reach files.
        let nuls = if self.encoding.is_journal() { 0 } else { usize::from(nuls) };
        out.resize(out.len() + nuls, 0);
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        match (event, &told.what) {
            (Some(event), _) if self.encoding == Encoding::Json => {
                self.push_json(event, told.stamp, &mut line);
            }
            (Some(event), _) => self.push_console(event, told.stamp, &mut line),
            (None, What::Text(_, text)) => line.extend_from_slice(text),
            (None, What::Event(_) | What::AfterNuls(..)) => {}
        }
        if self.encoding == Encoding::Spaces {
            self.widen_tabs(&mut line);
        }
        let lines = envelope::wrap(self.encoding, writer, told.stamp, &line, out);
        self.line = line;
        Written { lines, nul_bytes: nuls as u64 }
    }

    fn push_console(&mut self, event: &Event, stamp: Stamp, line: &mut Vec<u8>) {
        self.times.push(stamp.at, event.era, self.offset_minutes, line);
        line.push(b'\t');
        line.extend_from_slice(event.severity.name().as_bytes());
        line.push(b'\t');
        if !event.logger.is_empty() {
            line.extend_from_slice(event.logger.as_bytes());
            line.push(b'\t');
        }
        line.extend_from_slice(event.message.as_bytes());
        if event.process.is_some() || !event.fields.is_empty() {
            line.extend_from_slice(b"\t{");
            payload::push(event, payload::Style::Console, line);
            line.push(b'}');
        }
    }

    fn push_json(&mut self, event: &Event, stamp: Stamp, line: &mut Vec<u8>) {
        line.extend_from_slice(b"{\"L\":\"");
        line.extend_from_slice(event.severity.name().as_bytes());
        line.extend_from_slice(b"\",\"T\":\"");
        self.times.push(stamp.at, event.era, self.offset_minutes, line);
        if !event.logger.is_empty() {
            line.extend_from_slice(b"\",\"N\":\"");
            line.extend_from_slice(event.logger.as_bytes());
        }
        line.extend_from_slice(b"\",\"M\":\"");
        text::push_escaped(event.message.as_bytes(), line);
        line.push(b'"');
        if event.process.is_some() || !event.fields.is_empty() {
            line.push(b',');
            payload::push(event, payload::Style::Json, line);
        }
        if let Some(stack) = event.stack {
            line.extend_from_slice(b",\"S\":\"");
            text::push_escaped(stack.as_bytes(), line);
            line.push(b'"');
        }
        line.push(b'}');
    }

    /// Makes spaces of the TABs: one in half of the lines, a run of two to eight in the others.
    fn widen_tabs(&mut self, line: &mut Vec<u8>) {
        let width = if self.rng.one_in(2) { 1 } else { self.rng.between(2, 8) as usize };
        if !line.contains(&b'\t') {
            return;
        }
        let mut spaced = Vec::with_capacity(line.len() + 8 * width);
        for &byte in line.iter() {
            if byte == b'\t' {
                spaced.resize(spaced.len() + width, b' ');
            } else {
                spaced.push(byte);
            }
        }
        *line = spaced;
    }
}

/// Times as the lines tell them. The date and time of the last second are kept, because most
/// lines share them with the one before.
#[derive(Debug, Clone, Default)]
struct Times {
    second: Option<i64>,
    text: Vec<u8>,
}

impl Times {
    fn push(
        &mut self,
        at: i64,
        era: crate::vocabulary::Era,
        offset_minutes: i16,
        out: &mut Vec<u8>,
    ) {
        let local = at + i64::from(offset_minutes) * 60_000_000;
        let second = local.div_euclid(1_000_000);
        if self.second != Some(second) {
            self.second = Some(second);
            self.text.clear();
            push_time(local, &mut self.text);
        }
        out.extend_from_slice(&self.text);
        if era.has_millis() {
            let millis = local.rem_euclid(1_000_000) / 1_000;
            // Writing to a Vec cannot fail.
            let _ = write!(out, ".{millis:03}");
        }
        if offset_minutes == 0 {
            out.push(b'Z');
            return;
        }
        let sign = if offset_minutes < 0 { '-' } else { '+' };
        let (hours, minutes) =
            (offset_minutes.unsigned_abs() / 60, offset_minutes.unsigned_abs() % 60);
        let colon = if era.has_millis() { "" } else { ":" };
        let _ = write!(out, "{sign}{hours:02}{colon}{minutes:02}");
    }
}

/// The month and day, and the time of day, of the zone in which a host's journal is read.
fn journal_time(at: i64) -> (u8, u8, i64) {
    const HOST_OFFSET_MICROS: i64 = 2 * 3_600_000_000;
    let local = at + HOST_OFFSET_MICROS;
    let (_, month, day) = Timestamp::from_micros(local).date();
    (month, day, day_micros(local) / 1_000_000)
}

#[cfg(test)]
mod tests;
