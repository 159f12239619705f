//! Where a stream goes on after it was interrupted, and what it then says again.

use super::{Source, StartAt, arrival::Arrival};

/// How far a stream was taken, by the times before its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// The newest time.
    at: Arrival,
    /// How many lines of that time were taken.
    lines: u64,
}

impl Reached {
    /// The place as it is stored: nanoseconds since 1970 and lines.
    pub(super) fn to_cursor(self) -> Box<str> {
        format!("{} {}", self.at.nanos, self.lines).into()
    }

    /// Reads what [`Reached::to_cursor`] gave.
    pub(super) fn from_cursor(cursor: &str) -> Option<Self> {
        let (nanos, lines) = cursor.split_once(' ')?;
        Some(Self { at: Arrival { nanos: nanos.parse().ok()? }, lines: lines.parse().ok()? })
    }

    /// The place after one more line.
    pub(super) fn after(before: Option<Self>, at: Arrival) -> Self {
        match before {
            // What comes late belongs to a time that was passed already.
            Some(before) if before.at > at => before,
            Some(before) if before.at == at => Self { at, lines: before.lines + 1 },
            Some(_) | None => Self { at, lines: 1 },
        }
    }
}

/// Finds out which lines a stream says again after it was interrupted.
#[derive(Debug)]
pub(super) struct Replay {
    /// How far the stream was taken before; `None` once that is passed.
    reached: Option<Reached>,
    /// Lines of that time seen again.
    seen: u64,
}

impl Replay {
    pub(super) const fn up_to(reached: Option<Reached>) -> Self {
        Self { reached, seen: 0 }
    }

    /// Whether a line of this time was taken before.
    pub(super) fn is_known(&mut self, at: Arrival) -> bool {
        let Some(reached) = self.reached else { return false };
        if at < reached.at {
            return true;
        }
        if at == reached.at && self.seen < reached.lines {
            self.seen += 1;
            return true;
        }
        if at > reached.at {
            self.reached = None;
        }
        false
    }
}

/// The command that gives the lines of a source from where it was taken to.
pub(super) fn command(source: &Source, cursor: Option<&str>, start: StartAt) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    match source {
        Source::Docker(container) => {
            let mut command = words(&["docker", "logs", "--follow", "--timestamps"]);
            match (cursor.and_then(Reached::from_cursor), start) {
                (Some(reached), _) => {
                    let (seconds, nanos) = (
                        reached.at.nanos.div_euclid(1_000_000_000),
                        reached.at.nanos.rem_euclid(1_000_000_000),
                    );
                    command.push(format!("--since={seconds}.{nanos:09}"));
                }
                (None, StartAt::Beginning) => {}
                (None, StartAt::End) => command.push("--tail=0".to_owned()),
                (None, StartAt::Time(at)) => command.push(format!("--since={at}")),
            }
            command.push(container.clone());
            command
        }
        Source::Journald(unit) => {
            let mut command = words(&["journalctl", "--follow", "--output=json", "--all"]);
            command.push("--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM".to_owned());
            command.push(format!("--unit={unit}"));
            command.push(match (cursor, start) {
                (Some(cursor), _) => format!("--after-cursor={cursor}"),
                (None, StartAt::End) => "--lines=0".to_owned(),
                (None, StartAt::Time(at)) => format!("--since=@{}", at.as_seconds()),
                (None, StartAt::Beginning) => "--no-tail".to_owned(),
            });
            if cursor.is_some() || matches!(start, StartAt::Time(_)) {
                command.push("--no-tail".to_owned());
            }
            command
        }
        Source::Command(words) => words.clone(),
        Source::File(_) | Source::Tcp(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> Arrival {
        Arrival { nanos }
    }

    #[test]
    fn lines_said_again_are_known_and_new_ones_of_the_same_time_are_not() {
        let mut reached = None;
        for nanos in [1, 2, 2, 1, 3, 3] {
            reached = Some(Reached::after(reached, at(nanos)));
        }
        let reached = reached.and_then(|reached| Reached::from_cursor(&reached.to_cursor()));
        assert_eq!(reached, Some(Reached { at: at(3), lines: 2 }));
        let mut replay = Replay::up_to(reached);
        let known: Vec<bool> =
            [2, 3, 3, 3, 4, 3].into_iter().map(|nanos| replay.is_known(at(nanos))).collect();
        assert_eq!(known, [true, true, true, false, false, false]);
    }

    #[test]
    fn commands_go_on_where_they_were_taken_to() {
        let text = |source: &str, cursor, start| {
            command(&source.parse().unwrap(), cursor, start).join(" ")
        };
        let time = StartAt::Time("2026-08-19T14:03:27Z".parse().unwrap());
        assert_eq!(
            text("docker:sn", Some("1787148207354820935 1"), time),
            "docker logs --follow --timestamps --since=1787148207.354820935 sn"
        );
        assert_eq!(
            text("docker:sn", None, StartAt::End),
            "docker logs --follow --timestamps --tail=0 sn"
        );
        assert_eq!(
            text("journald:sn", Some("s=1;i=2"), StartAt::Beginning),
            "journalctl --follow --output=json --all \
             --output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM --unit=sn --after-cursor=s=1;i=2 --no-tail"
        );
        assert!(text("journald:sn", None, time).contains("--since=@1787148207 --no-tail"));
        assert!(text("journald:sn", None, StartAt::Beginning).ends_with("--no-tail"));
    }
}
