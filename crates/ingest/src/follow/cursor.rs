//! Where a stream goes on after it was interrupted, and what it then says again.

use xxhash_rust::xxh3::xxh3_64;

use super::{Source, StartAt, arrival::Arrival};

/// How far back lines are counted, at least, in nanoseconds. Within it lines may be out of order, as
/// those of two threads are; and two lines about one event stand within it.
const WINDOW_NANOS: i64 = 2_000_000_000;

/// How far a stream was taken that says its lines again: by their times, and by how many lines they
/// are. Many lines bear the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    count: Count,
    /// What takes the place of `count` when that has become too long.
    next: Option<Count>,
    /// The newest time of a line.
    newest: Arrival,
}

/// How many lines were taken from the first one of this time or a later one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    since: Arrival,
    lines: u64,
    /// The hash of the first one. A stream that does not say it again says nothing again.
    first: u64,
}

impl Count {
    const fn from(since: Arrival) -> Self {
        Self { since, lines: 0, first: 0 }
    }

    /// Counts a line. What has no time belongs to the line before it.
    fn take(&mut self, at: Option<Arrival>, line: &[u8]) {
        if at.is_some_and(|at| at < self.since) {
            return;
        }
        if self.lines == 0 {
            self.first = xxh3_64(line);
        }
        self.lines += 1;
    }
}

impl Reached {
    /// The place before the first line of this time.
    pub(super) const fn before(at: Arrival) -> Self {
        Self { count: Count::from(at), next: None, newest: at }
    }

    /// The place before the first line that is taken of all. It bears this time; others of its time
    /// may bear an earlier one.
    pub(super) const fn beginning(at: Arrival) -> Self {
        Self::before(Arrival { nanos: at.nanos.saturating_sub(WINDOW_NANOS) })
    }

    /// The place as it is stored: since when lines are counted, how many they are, the hash of the
    /// first, and the newest time.
    pub(super) fn to_cursor(self) -> Box<str> {
        let Count { since, lines, first } = self.count;
        format!("{} {lines} {first} {}", since.nanos, self.newest.nanos).into()
    }

    /// Reads what [`Reached::to_cursor`] gave.
    pub(super) fn from_cursor(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split(' ');
        let since = Arrival { nanos: parts.next()?.parse().ok()? };
        let (lines, first) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let newest = Arrival { nanos: parts.next()?.parse().ok()? };
        Some(Self { count: Count { since, lines, first }, next: None, newest })
    }

    /// Counts one more line.
    pub(super) fn take(&mut self, at: Option<Arrival>, line: &[u8]) {
        if let Some(at) = at.filter(|&at| at > self.newest) {
            self.newest = at;
            let last = self.next.unwrap_or(self.count).since;
            // Nothing before it is as new: here one can begin to count.
            if at.nanos.saturating_sub(last.nanos) >= WINDOW_NANOS
                && let Some(next) = self.next.replace(Count::from(at))
            {
                self.count = next;
            }
        }
        self.count.take(at, line);
        if let Some(next) = &mut self.next {
            next.take(at, line);
        }
    }
}

/// Finds out which lines a stream says again after it was interrupted.
#[derive(Debug)]
pub(super) struct Replay {
    /// How far the stream was taken before; `None` once that is passed.
    reached: Option<Reached>,
    /// Counted lines seen again.
    seen: u64,
}

impl Replay {
    pub(super) const fn up_to(reached: Option<Reached>) -> Self {
        Self { reached, seen: 0 }
    }

    /// Whether a line, which bears this time, was taken before.
    pub(super) fn is_known(&mut self, at: Option<Arrival>, line: &[u8]) -> bool {
        let Some(Reached { count, newest, .. }) = self.reached else { return false };
        if at.map_or(self.seen == 0, |at| at < count.since) {
            return true;
        }
        let is_known = self.seen < count.lines
            && at.is_none_or(|at| at <= newest)
            && (self.seen > 0 || xxh3_64(line) == count.first);
        self.seen += 1;
        if !is_known || self.seen == count.lines {
            self.reached = None;
        }
        is_known
    }
}

/// The command that gives the lines of a source from where it was taken to. What it says again is
/// found out by [`Replay`], and of journald by its first line.
pub(super) fn command(source: &Source, cursor: Option<&str>, start: StartAt) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    match source {
        Source::Docker(container) => {
            let mut command = words(&["docker", "logs", "--follow", "--timestamps"]);
            match (cursor.and_then(Reached::from_cursor), start) {
                (Some(reached), _) => {
                    // Lines of that very time are among what it gives.
                    let since = reached.count.since.nanos;
                    let (seconds, nanos) =
                        (since.div_euclid(1_000_000_000), since.rem_euclid(1_000_000_000));
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
            match (cursor, start) {
                // Of a place that is not kept any more `--after-cursor` would leave out the first
                // line that is.
                (Some(cursor), _) => command.push(format!("--cursor={cursor}")),
                (None, StartAt::Time(at)) => command.push(format!("--since=@{}", at.as_seconds())),
                (None, StartAt::Beginning | StartAt::End) => {}
            }
            let is_end = cursor.is_none() && start == StartAt::End;
            command.push(if is_end { "--lines=0" } else { "--no-tail" }.to_owned());
            command
        }
        Source::Command(words) => words.clone(),
        Source::File(_) | Source::Tcp(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> Option<Arrival> {
        (nanos != 0).then_some(Arrival { nanos })
    }

    /// Takes lines up to a cut, then hears all of them again: what comes after the cut is new.
    fn check(times: &[i64]) {
        for cut in 1..=times.len() {
            let mut reached = Reached::beginning(at(times[0]).unwrap());
            times[..cut].iter().for_each(|&nanos| reached.take(at(nanos), b"x"));
            let cursor = reached.to_cursor();
            let mut replay = Replay::up_to(Reached::from_cursor(&cursor));
            let known: Vec<bool> =
                times.iter().map(|&nanos| replay.is_known(at(nanos), b"x")).collect();
            let expected: Vec<bool> = (0..times.len()).map(|number| number < cut).collect();
            assert_eq!(known, expected, "{times:?} {cut} {cursor}");
        }
    }

    #[test]
    fn lines_said_again_are_known_and_new_ones_of_the_same_time_are_not() {
        check(&[1, 2, 2, 2, 3, 3]);
        // Late by less than the window, and without a time of their own.
        check(&[5, 7, 6, 0, 0, 7, 6, 8, 0]);
        let second = 1_000_000_000;
        let long: Vec<i64> = (1..40).flat_map(|at| [at * second, at * second, 0]).collect();
        check(&long);
        // Late ones where counting begins anew.
        let late: Vec<i64> = (3..40).flat_map(|at| [at * second, at * second - 9, 0]).collect();
        check(&late);
    }

    #[test]
    fn what_is_older_than_the_count_is_known_and_what_is_newer_than_all_is_new() {
        let mut reached = Reached::before(at(10).unwrap());
        [10, 10, 12].into_iter().for_each(|nanos| reached.take(at(nanos), b"x"));
        let is_known = |times: &[i64]| {
            let mut replay = Replay::up_to(Some(reached));
            times.iter().map(|&nanos| replay.is_known(at(nanos), b"x")).collect::<Vec<_>>()
        };
        assert_eq!(is_known(&[0, 8, 9, 10, 10, 0]), [true, true, true, true, true, true]);
        // What was taken is not said any more.
        assert_eq!(is_known(&[13, 12, 13]), [false, false, false]);
        // One that goes on by itself, and says something else of the same time.
        assert!(!Replay::up_to(Some(reached)).is_known(at(10), b"y"));
        let mut replay = Replay::up_to(Some(Reached::before(at(10).unwrap())));
        let known = [9, 0, 10, 9].map(|nanos| replay.is_known(at(nanos), b"x"));
        assert_eq!(known, [true, true, false, false], "a start at a time");
    }

    #[test]
    fn the_count_stays_short() {
        let mut reached = Reached::before(Arrival { nanos: 1 });
        (1..100_000).for_each(|line| reached.take(at(line * 1_000_000), b"x"));
        assert!((2_000..=4_001).contains(&reached.count.lines), "{reached:?}");
    }

    #[test]
    fn commands_go_on_where_they_were_taken_to() {
        let text = |source: &str, cursor, start| {
            command(&source.parse().unwrap(), cursor, start).join(" ")
        };
        let time = StartAt::Time("2026-08-19T14:03:27Z".parse().unwrap());
        assert_eq!(
            text("docker:sn", Some("1787148207354820935 1 7 1787148208000000000"), time),
            "docker logs --follow --timestamps --since=1787148207.354820935 sn"
        );
        assert_eq!(
            text("docker:sn", None, StartAt::End),
            "docker logs --follow --timestamps --tail=0 sn"
        );
        assert_eq!(
            text("journald:sn", Some("s=1;i=2"), StartAt::Beginning),
            "journalctl --follow --output=json --all \
             --output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM --unit=sn --cursor=s=1;i=2 --no-tail"
        );
        assert!(text("journald:sn", None, time).ends_with("--since=@1787148207 --no-tail"));
        assert!(text("journald:sn", None, StartAt::Beginning).ends_with("--unit=sn --no-tail"));
        assert!(text("journald:sn", None, StartAt::End).ends_with("--unit=sn --lines=0"));
    }
}
