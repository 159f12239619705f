//! What takes long is logged with what was asked, and whoever would wait for too long is told to come again.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    Logged,
    running::{Answer, PATIENCE, Server},
};

/// A piece that no node has: to know that, as many transfers are read as a page looks at.
const NOWHERE: &str = "ZKLYCEWKDO64V6WCGGZZUI64JWTYN37YCR6E44VZQB3YLL7OJC5Q";

/// A database of some 90,000 transfers, and a server on it with settings of its own.
fn served(settings: &[(&str, &str)]) -> (Logged, Server) {
    let logged = Logged::new(200_000, 200_000);
    logged.bench.done(["import", "--db", "nodes.db", "--node", "attic", "node.log"]);
    let server = Server::start_with(&logged.bench, &["--db", "nodes.db", "--follow"], |command| {
        for (name, value) in settings {
            command.env(format!("PIECEWATCH_{name}"), value);
        }
    });
    (logged, server)
}

/// The first line of the log with all of these words.
fn logged_line(server: &Server, words: &[&str]) -> String {
    let since = Instant::now();
    loop {
        let log = server.log();
        if let Some(line) = log.lines().find(|line| words.iter().all(|word| line.contains(word))) {
            return line.to_owned();
        }
        assert!(since.elapsed() < PATIENCE, "{words:?}: {log}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn slow_requests_and_slow_questions_are_logged_with_their_parameters() {
    let (_logged, server) = served(&[
        ("LOG_SLOW_QUERY_MS", "1"),
        ("SERVER_SLOW_REQUEST_MS", "1"),
        ("LOG_RATE_LIMIT_PER_MINUTE", "0"),
    ]);
    let query = format!("piece={NOWHERE}&limit=7");
    let answer = server.get(&format!("/api/v1/transfers?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());

    let request = logged_line(&server, &["a slow request", "/api/v1/transfers", &query]);
    assert!(request.contains("GET") && request.contains("200"), "{request}");
    let question = logged_line(&server, &["a slow question", "t.key >= "]);
    assert!(question.contains("took_ms="), "{question}");
    // What was bound stands in its place.
    let bound = |after: &str| {
        let (_, rest) = question.split_once(after).unwrap_or_else(|| panic!("{question}"));
        let number = rest.split(|letter: char| !letter.is_ascii_digit()).next();
        number.and_then(|number| number.parse::<u64>().ok())
    };
    let (first, end) = (bound("t.key >= "), bound("t.key < "));
    assert!(first.is_some() && first < end, "{question}");
}

#[test]
fn whoever_would_wait_for_too_long_is_told_when_to_come_again() {
    let (_logged, server) =
        served(&[("PERFORMANCE_READ_CONNECTIONS", "1"), ("SERVER_REQUEST_TIMEOUT_MS", "100")]);
    let ask =
        |limit: usize| server.get(&format!("/api/v1/transfers?piece={NOWHERE}&limit={limit}"));
    let answers: Vec<Answer> = thread::scope(|scope| {
        let asked: Vec<_> = (1..=60).map(|limit| scope.spawn(move || ask(limit))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    let refused = answers.iter().find(|answer| answer.status == 503);
    let refused = refused.unwrap_or_else(|| panic!("nobody: {statuses:?}"));
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert!(refused.text().contains("\"status\":503"), "{}", refused.text());
    // Who comes again then is answered.
    let since = Instant::now();
    while server.get("/api/v1/nodes").status != 200 {
        assert!(since.elapsed() < PATIENCE, "{}", server.log());
        thread::sleep(Duration::from_millis(50));
    }
}
