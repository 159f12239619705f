//! What is unusual, in a sentence.

use std::fmt::Write;

use piecewatch_model::{ByteCount, Timestamp};

use super::{Departure, Finding, Kind, Seen};
use crate::metric::{Metric, Scale};

/// How many metrics a sentence tells.
const METRICS_MAX: usize = 4;

impl Finding {
    /// What it is and what tells it, and whether the node was upgraded, as a sentence or two for people; `now` is only used to leave
    /// out the date of today.
    pub fn sentence(&self, now: Timestamp) -> String {
        let mut text = self.headline();
        match self.ended {
            None => push(&mut text, format_args!(" since {}", time(self.since, now))),
            Some(end) => {
                let (since, end) = (time(self.since, now), time(end, now));
                push(&mut text, format_args!(" from {since} to {end}"));
            }
        }
        for (at, departure) in self.told().into_iter().enumerate() {
            // While it goes on the last hour tells how it is; afterwards the worst how it was.
            let (seen, how) = match departure.ended {
                None => (&departure.latest, ""),
                Some(_) => (&departure.worst, "at worst "),
            };
            text.push_str(if at == 0 { ": " } else { "; " });
            text.push_str(how);
            text.push_str(&phrase(departure.metric, seen));
        }
        text.push('.');
        if let (Some(first), Some(last)) = (self.upgrades.first(), self.upgrades.last()) {
            // A node that was upgraded twice is told of by where it came from and where it is.
            let at = time(first.at, now);
            let (from, to) = (&first.from, &last.to);
            push(
                &mut text,
                format_args!(
                    " The node went from version {from} to {to} at {at}: its log may tell the same in \
                     other words since."
                ),
            );
        }
        text
    }

    /// The departures that a sentence tells: what says the same of one direction is told once.
    fn told(&self) -> Vec<&Departure> {
        let has = |metric| self.departures.iter().any(|of| of.metric == metric);
        let is_told_by = |metric| match metric {
            Metric::DownloadP50 => has(Metric::DownloadP95),
            Metric::UploadP50 => has(Metric::UploadP95),
            Metric::Egress => has(Metric::Downloads),
            Metric::Ingress => has(Metric::Uploads),
            Metric::Downloads
            | Metric::Uploads
            | Metric::DownloadSuccess
            | Metric::UploadSuccess
            | Metric::AuditsFailed
            | Metric::DownloadP95
            | Metric::UploadP95
            | Metric::PingsFailed
            | Metric::Troubles => false,
        };
        let told = self.departures.iter().filter(|of| !is_told_by(of.metric));
        told.take(METRICS_MAX).collect()
    }

    fn headline(&self) -> String {
        let is_over = self.ended.is_some();
        let tense = |now: &'static str, then: &'static str| if is_over { then } else { now };
        let Some(lead) = self.departures.first() else { return String::new() };
        match self.kind {
            Kind::AuditsFail => tense("Audits fail", "Audits failed").to_owned(),
            Kind::Unreachable => {
                tense(
                    "The node and satellites do not reach",
                    "The node and satellites did not reach",
                )
                .to_owned()
                    + " each other"
            }
            Kind::Slow => {
                let verb = tense("take", "took");
                format!("{} {verb} {} as long as usual", self.directions(lead), times(lead.factor))
            }
            Kind::Failing => match lead.metric.scale() {
                Scale::Share => {
                    let verb = tense("fail or are canceled", "failed or were canceled");
                    format!(
                        "{} {verb} {} as often as usual",
                        self.directions(lead),
                        times(lead.factor)
                    )
                }
                Scale::Count | Scale::Bytes | Scale::Micros => {
                    let verb = tense("tells", "told");
                    format!("The log {verb} of more trouble than usual")
                }
            },
            Kind::Quiet | Kind::Busy => {
                let verb = tense("are", "were");
                format!("{} {verb} {} usual", self.directions(lead), part(lead.factor))
            }
        }
    }

    /// `Downloads`, `Uploads`, or both where both left what is usual in the same way.
    fn directions(&self, lead: &Departure) -> &'static str {
        let is_of = |wanted: &str| {
            let same = |of: &&Departure| {
                let is_as_lead = of.ended.is_some() == lead.ended.is_some();
                is_as_lead && of.metric.scale() == lead.metric.scale()
            };
            self.departures.iter().filter(same).any(|of| direction(of.metric) == wanted)
        };
        match (is_of("download"), is_of("upload")) {
            (true, true) => "Downloads and uploads",
            (true, false) => "Downloads",
            (false, _) => "Uploads",
        }
    }
}

const fn direction(metric: Metric) -> &'static str {
    match metric {
        Metric::Downloads
        | Metric::Egress
        | Metric::DownloadSuccess
        | Metric::DownloadP50
        | Metric::DownloadP95 => "download",
        Metric::Uploads
        | Metric::Ingress
        | Metric::UploadSuccess
        | Metric::UploadP50
        | Metric::UploadP95 => "upload",
        Metric::AuditsFailed | Metric::PingsFailed | Metric::Troubles => "",
    }
}

/// `twice`, `three times`, `1.6 times`.
fn times(factor: Option<f64>) -> String {
    const WORDS: [&str; 11] =
        ["", "", "twice", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let Some(factor) = factor else { return "many times".to_owned() };
    let whole = factor.round();
    match whole as usize {
        _ if factor < 1.75 => format!("{factor:.1} times"),
        2 => "twice".to_owned(),
        few @ 3..=10 => format!("{} times", WORDS[few]),
        _ if factor < 100.0 => format!("{whole} times"),
        _ => "more than 100 times".to_owned(),
    }
}

/// A part or a multiple of what is usual, in the words that go before `usual`.
fn part(factor: Option<f64>) -> String {
    match factor {
        Some(factor) if factor < 0.02 => "hardly any of the".to_owned(),
        Some(factor) if factor < 1.0 => format!("{:.0} % of the", factor * 100.0),
        Some(_) | None => format!("{} the", times(factor)),
    }
}

/// What was seen, and what is usual: `p95 of downloads 900 ms, usually 280 to 340 ms`.
fn phrase(metric: Metric, seen: &Seen) -> String {
    let (low, high) = (seen.usual.low, seen.usual.high);
    let of = |value: f64, usual: String| match metric {
        Metric::Downloads => format!("{} downloads an hour{usual}", count(value)),
        Metric::Uploads => format!("{} uploads an hour{usual}", count(value)),
        Metric::Egress => format!("{} downloaded in an hour{usual}", bytes(value)),
        Metric::Ingress => format!("{} uploaded in an hour{usual}", bytes(value)),
        Metric::DownloadSuccess => format!("{} of downloads succeed{usual}", percent(value)),
        Metric::UploadSuccess => format!("{} of uploads succeed{usual}", percent(value)),
        Metric::AuditsFailed => format!("{} failed audits an hour{usual}", count(value)),
        Metric::DownloadP50 => format!("half of the downloads take {}{usual}", millis(value)),
        Metric::DownloadP95 => format!("p95 of downloads {}{usual}", millis(value)),
        Metric::UploadP50 => format!("half of the uploads take {}{usual}", millis(value)),
        Metric::UploadP95 => format!("p95 of uploads {}{usual}", millis(value)),
        Metric::PingsFailed => format!("{} failed check-ins an hour{usual}", count(value)),
        Metric::Troubles => format!("{} lines of trouble an hour{usual}", count(value)),
    };
    let shown = match metric.scale() {
        Scale::Count => (count(low), count(high)),
        Scale::Bytes => (bytes(low), bytes(high)),
        Scale::Share => (percent(low), percent(high)),
        Scale::Micros => (millis(low), millis(high)),
    };
    let usual = if seen.usual.center == 0.0 {
        ", usually none".to_owned()
    } else if shown.0 == shown.1 {
        format!(", usually {}", shown.0)
    } else {
        format!(", usually {} to {} at that hour", without_unit(&shown), shown.1)
    };
    of(seen.value, usual)
}

/// The first of two values without its unit, where the second one has the same.
fn without_unit((low, high): &(String, String)) -> &str {
    let unit = |text: &str| text.split_once(' ').map(|(_, unit)| unit.to_owned());
    match (low.split_once(' '), unit(high)) {
        (Some((number, of_low)), Some(of_high)) if of_low == of_high => number,
        (Some(_) | None, _) => low,
    }
}

fn count(value: f64) -> String {
    format!("{value:.0}")
}

fn bytes(value: f64) -> String {
    ByteCount::new(value as u64).to_string()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Microseconds as milliseconds, or as seconds.
fn millis(micros: f64) -> String {
    if micros < 10_000.0 {
        format!("{:.1} ms", micros / 1_000.0)
    } else if micros < 1_000_000.0 {
        format!("{:.0} ms", micros / 1_000.0)
    } else {
        format!("{:.1} s", micros / 1_000_000.0)
    }
}

/// `14:00 UTC`, with the date where it is not today's.
fn time(at: Timestamp, now: Timestamp) -> String {
    let text = at.to_string();
    let (date, hour) = (text.get(..10).unwrap_or(&text), text.get(11..16).unwrap_or_default());
    if at.date() == now.date() { format!("{hour} UTC") } else { format!("{date} {hour} UTC") }
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a String takes any text");
}
