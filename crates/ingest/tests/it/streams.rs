//! Streams that break and come back: what a command prints, and what another host sends.

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use piecewatch_ingest::{FollowConfig, Source, StartAt, State};
use piecewatch_model::{Clock, Record};
use piecewatch_simulator::{Config, Encoding, LongLines, Simulator, Truth, Vocabulary};

use crate::{
    following::{Stored, config, wait_until},
    programs::{Played, with_programs},
};

/// 2026-08-19T14:03:27Z
const BEGIN_SECONDS: u64 = 1_787_148_207;

fn simulated(encoding: Encoding, lines: u64) -> (Vec<String>, Truth) {
    let simulated = Config {
        seed: 11,
        encoding,
        vocabulary: Vocabulary::Y2026,
        long_lines: LongLines::Never,
        ..Config::default()
    };
    let mut log = Vec::new();
    let truth = Simulator::new(simulated).write(lines, &mut log).unwrap();
    (String::from_utf8(log).unwrap().lines().map(str::to_owned).collect(), truth)
}

fn assert_truth(stored: &Stored, truth: &Truth, clock: Clock) {
    stored.wait_for_lines(truth.lines);
    let kept = stored.kept();
    assert_eq!(kept.totals(), truth.transfers);
    assert_eq!(kept.counts.started, truth.started);
    let latencies = kept.records.iter().filter_map(|record| {
        if let Record::Transfer(transfer) = record { transfer.latency } else { None }
    });
    let clocks: Vec<Clock> = latencies.map(|latency| latency.clock).collect();
    assert!(!clocks.is_empty() && clocks.iter().all(|&found| found == clock), "{clocks:?}");
}

/// The time before the line of this number, in nanoseconds: three lines share each, and some come
/// late.
fn nanos(number: usize) -> u64 {
    let late = if number % 10 == 7 { 900 } else { 0 };
    BEGIN_SECONDS * 1_000_000_000 + number as u64 / 3 * 40_000_111 - late
}

fn unix_time(number: usize) -> String {
    format!("{}.{:09}", nanos(number) / 1_000_000_000, nanos(number) % 1_000_000_000)
}

fn tcp(listener: &TcpListener) -> Source {
    Source::Tcp(listener.local_addr().unwrap().to_string())
}

fn send(socket: &mut TcpStream, lines: &[String]) {
    for line in lines {
        socket.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

fn check_tcp(stamped: impl Fn(usize, &String) -> String, clock: Clock) {
    let (lines, truth) = simulated(Encoding::Console, 600);
    let lines: Vec<String> =
        lines.iter().enumerate().map(|(number, line)| stamped(number, line)).collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stored = Stored::default();
    let following = stored.follow(tcp(&listener));
    let (mut socket, _) = listener.accept().unwrap();
    send(&mut socket, &lines[..100]);
    // Half a line, and the connection breaks: the rest of it never comes.
    socket.write_all(&lines[100].as_bytes()[..20]).unwrap();
    drop(socket);
    stored.wait_for_lines(100);
    assert!(wait_until(|| matches!(following.control.state(), State::Disconnected { .. })));

    let (mut socket, _) = listener.accept().unwrap();
    let (first, second) = lines[100].split_at(30);
    socket.write_all(first.as_bytes()).unwrap();
    socket.flush().unwrap();
    thread::sleep(Duration::from_millis(80));
    socket.write_all(format!("{second}\n").as_bytes()).unwrap();
    send(&mut socket, &lines[101..300]);
    stored.wait_for_lines(300);

    // The follower goes, and another one takes its place.
    drop(following);
    let _following = stored.follow(tcp(&listener));
    let (mut socket, _) = listener.accept().unwrap();
    send(&mut socket, &lines[300..]);
    assert_truth(&stored, &truth, clock);
}

#[test]
fn lines_that_a_host_sends_are_taken_through_interruptions() {
    check_tcp(|_, line| line.clone(), Clock::WholeSeconds);
}

#[test]
fn the_time_before_a_line_is_its_arrival() {
    check_tcp(|number, line| format!("{} {line}", unix_time(number)), Clock::Arrival);
}

#[test]
fn a_line_that_is_too_long_costs_one_line() {
    let (lines, truth) = simulated(Encoding::Console, 60);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stored = Stored::default();
    let _following = stored.follow(tcp(&listener));
    let (mut socket, _) = listener.accept().unwrap();
    send(&mut socket, &lines[..20]);
    let long = format!("{} {}", lines[0], "x".repeat(3 << 20));
    send(&mut socket, std::slice::from_ref(&long));
    send(&mut socket, &lines[20..]);
    stored.wait_for_lines(61);
    let kept = stored.kept();
    assert_eq!(kept.totals(), truth.transfers);
    assert_eq!((kept.counts.unparsed, kept.counts.skipped_bytes), (1, long.len() as u64 + 1));
}

#[test]
fn a_host_that_is_not_there_is_waited_for() {
    let (lines, truth) = simulated(Encoding::Console, 50);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (source, address) = (tcp(&listener), listener.local_addr().unwrap());
    drop(listener);
    let stored = Stored::default();
    let following = stored.follow(source);
    assert!(wait_until(|| matches!(following.control.state(), State::Disconnected { .. })));
    let State::Disconnected { reason, retry } = following.control.state() else {
        panic!("it was disconnected, and the next try is in a second")
    };
    assert!(reason.contains("refused"), "{reason}");
    assert_eq!(retry, Duration::from_secs(1));

    let listener = TcpListener::bind(address).unwrap();
    let (mut socket, _) = listener.accept().unwrap();
    send(&mut socket, &lines);
    assert_truth(&stored, &truth, Clock::WholeSeconds);
}

/// Follows until `is_so`, and stops; gives how long stopping takes.
#[expect(clippy::disallowed_methods, reason = "what is measured is the time of this machine")]
fn stopping(source: Source, is_so: impl Fn(&State) -> bool) -> Duration {
    let following = Stored::default().follow(source);
    assert!(wait_until(|| is_so(&following.control.state())), "{:?}", following.control.state());
    thread::sleep(Duration::from_millis(50));
    let begin = Instant::now();
    drop(following);
    begin.elapsed()
}

#[test]
fn stopping_is_quick_whatever_the_other_side_does() {
    let quick = Duration::from_millis(900);
    let is_live = |state: &State| matches!(state, State::Live { .. });
    let folder = tempfile::tempdir().unwrap();
    let living = folder.path().join("living");
    for script in [
        "sleep 100",
        "trap '' TERM PIPE INT HUP; while :; do sleep 1; done",
        "while :; do echo 2026-08-19T14:03:27Z; done",
        "exec >&-; sleep 100",
        // What a command starts goes with it.
        "(sleep 100; true) | cat",
    ] {
        let script = format!("echo $$ > {}; {script}", living.display());
        let words = ["sh", "-c", &script].map(str::to_owned);
        let is_closed = script.contains(">&-");
        let took = stopping(Source::Command(words.into()), |state| {
            living.exists() && (is_live(state) || is_closed)
        });
        assert!(took < quick, "{script}: {took:?}");
        let group = fs::read_to_string(&living).unwrap();
        fs::remove_file(&living).unwrap();
        assert!(wait_until(|| !has_members(group.trim())), "{script}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let took = stopping(tcp(&listener), is_live);
    assert!(took < quick, "a host that says nothing: {took:?}");
    // Of this block no address belongs to anybody: nobody answers, not even that nobody is there.
    let took = stopping(Source::Tcp("192.0.2.1:9".to_owned()), |_| true);
    assert!(took < quick, "a host that does not answer: {took:?}");
    let took = stopping(
        Source::Command(vec!["/nowhere/at-all".to_owned()]),
        |state| matches!(state, State::Disconnected { reason, .. } if reason.contains("/nowhere/at-all")),
    );
    assert!(took < quick, "between two tries: {took:?}");
}

/// Whether a process group has processes that run.
fn has_members(group: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok()).any(
        |stat| {
            let behind_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            let mut fields = behind_name.split(' ');
            fields.next() != Some("Z") && fields.nth(1) == Some(group)
        },
    )
}

/// A source is followed in parts, between which the follower stops, or the command ends by itself.
fn check_interrupted(played: &Played<'_>, source: &Source, lines: &[String]) -> Stored {
    let stored = Stored::default();
    played.say(&lines[..100]);
    let following = stored.follow(source.clone());
    stored.wait_for_lines(100);
    played.say(&lines[100..150]);
    stored.wait_for_lines(150);
    drop(following);

    played.say(&lines[150..200]);
    // Ends within what it says again, then within what is new.
    played.end_after(&[2, 130]);
    let following = stored.follow(source.clone());
    stored.wait_for_lines(200);
    played.say(&lines[200..333]);
    stored.wait_for_lines(333);
    drop(following);

    // Stopped at every place of two groups of lines with one time.
    for (number, line) in lines[333..339].iter().enumerate() {
        played.say(std::slice::from_ref(line));
        let _following = stored.follow(source.clone());
        stored.wait_for_lines(334 + number as u64);
    }
    played.say(&lines[339..]);
    let _following = stored.follow(source.clone());
    stored.wait_for_lines(lines.len() as u64);
    stored
}

/// What `docker logs` does: it gives what is not before `--since`, and says things of its own.
const DOCKER: &str = r#"
for word; do case $word in --since=*) since=${word#--since=};; esac; done
echo "WARNING: the daemon has its own words" >&2
said() { [ "${1%% *}" \< "${since:-0}" ] || tell "${1#* }"; }
"#;

#[test]
fn docker_logs_lose_and_double_nothing() {
    let name = "streams::docker_logs_lose_and_double_nothing";
    with_programs(name, "docker", DOCKER, |played| {
        let (lines, truth) = simulated(Encoding::Console, 400);
        let said: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(number, line)| {
                let time = unix_time(number);
                let (_, fraction) = time.split_once('.').unwrap();
                let second = piecewatch_model::Timestamp::from_seconds(
                    (nanos(number) / 1_000_000_000) as i64,
                );
                let second = second.to_string();
                format!("{time} {}.{fraction}Z {line}", second.trim_end_matches('Z'))
            })
            .collect();
        let stored = check_interrupted(played, &Source::Docker("sn".into()), &said);
        assert_truth(&stored, &truth, Clock::DockerNanos);
        let calls = played.calls();
        assert_eq!(calls[0], "logs --follow --timestamps sn");
        assert!(calls[1..].iter().all(|call| call.contains("--since=17871482")), "{calls:?}");
    });
}

/// What `journalctl` does: it gives the line of the cursor and what comes after it; or all that it
/// has when that line is gone.
const JOURNALCTL: &str = r#"
for word; do case $word in --cursor=*) cursor=${word#--cursor=};; esac; done
echo "-- Boot 8a0d120e831d4b76ac6a0ead47e232d7 --"
[ -z "$cursor" ] || grep -qF "\"$cursor\"" "$FOLDER/said" || cursor=
said() {
    case $1 in *"\"$cursor\""*) cursor=;; esac
    [ -n "$cursor" ] || tell "$1"
}
"#;

#[test]
fn the_journal_is_read_on_behind_its_last_line() {
    let name = "streams::the_journal_is_read_on_behind_its_last_line";
    with_programs(name, "journalctl", JOURNALCTL, |played| {
        let (lines, truth) = simulated(Encoding::JournalJson, 400);
        let said: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(number, line)| {
                let rest = line.strip_prefix('{').unwrap();
                format!("{{\"__CURSOR\":\"s=5fe3;i={number:x};x=11\",{rest}")
            })
            .collect();
        let source = Source::Journald("storagenode".into());
        let stored = check_interrupted(played, &source, &said);
        assert_truth(&stored, &truth, Clock::JournalMicros);

        // The line of the place was vacuumed away: what is there is all new.
        played.forget();
        let next = said[3].replace("i=3;", "i=fff;");
        played.say(std::slice::from_ref(&next));
        let _following = stored.follow(source);
        stored.wait_for_lines(401);
    });
}

/// A command that says everything again.
const AGAIN: &str = "said() { tell \"$1\"; }";

fn check_again(said: &[String], truth: &Truth, clock: Clock, name: &str) {
    with_programs(name, "again", AGAIN, |played| {
        let source = Source::Command(vec!["again".to_owned()]);
        let stored = check_interrupted(played, &source, said);
        assert_truth(&stored, truth, clock);
    });
}

#[test]
fn a_command_that_says_everything_again_doubles_nothing() {
    let name = "streams::a_command_that_says_everything_again_doubles_nothing";
    let (lines, truth) = simulated(Encoding::Console, 400);
    check_again(&lines, &truth, Clock::WholeSeconds, name);
}

#[test]
fn a_command_with_times_before_its_lines_doubles_nothing() {
    let name = "streams::a_command_with_times_before_its_lines_doubles_nothing";
    let (lines, truth) = simulated(Encoding::Console, 400);
    let stamped = |(number, line)| format!("{} {line}", unix_time(number));
    let said: Vec<String> = lines.iter().enumerate().map(stamped).collect();
    check_again(&said, &truth, Clock::Arrival, name);
}

#[test]
fn a_command_that_says_only_what_is_new_loses_nothing_that_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, _) = simulated(Encoding::Console, 300);
    let part = |number: usize| folder.path().join(number.to_string());
    for (number, lines) in lines.chunks(100).enumerate() {
        fs::write(part(number), lines.join("\n") + "\n").unwrap();
    }
    // Each time the next part; then it waits.
    let script = format!(
        "cd {}; for part in 0 1 2; do [ -f $part ] && cat $part && rm $part && exit; done; sleep 100",
        Path::display(folder.path())
    );
    let stored = Stored::default();
    let words = ["sh", "-c", &script].map(str::to_owned);
    let _following = stored.follow(Source::Command(words.into()));
    stored.wait_for_lines(300);
}

#[test]
fn a_command_may_begin_at_a_time() {
    let line = |second: u64, text: &str| format!("2026-08-19T14:03:{second:02}Z\tINFO\tx\t{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.log");
    let lines = [line(1, "old"), "\tof old".to_owned(), line(5, "new"), line(4, "late")];
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let words = ["tail", "-n", "+1", "-f"].map(str::to_owned);
    let source = Source::Command([&words[..], &[path.display().to_string()]].concat());
    let stored = Stored::default();
    let start = StartAt::Time("2026-08-19T14:03:05Z".parse().unwrap());
    let _following = stored.follow_with(FollowConfig { source, start, ..config() });
    stored.wait_for_lines(2);
}
