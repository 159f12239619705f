//! How a server ends, and what its browsers see of it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{ATTIC, Logged, running::Server};
use crate::program::Ended;

/// How many transfers the overview counts.
fn transfers(state: &Value) -> u64 {
    state["total"]["count"].as_u64().unwrap_or(0)
}

#[test]
fn a_stop_says_good_bye_within_five_seconds_and_loses_nothing() {
    let mut logged = Logged::new(2_000, 1_000);
    let mut server = Server::start(&logged.bench, &ATTIC);
    let mut page = server.open();
    page.subscribe(1, "overview");
    page.until(1, |state| state.is_object());
    logged.write(500);
    let since = Instant::now();
    server.signal("TERM");
    let goodbye = loop {
        if let Err(frame) = page.next() {
            break frame;
        }
    };
    assert_eq!(goodbye.map(|frame| u16::from(frame.code)), Some(1001));
    assert_eq!(server.ended().code(), Some(0), "{}", server.log());
    assert!(since.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_begun() {
    let logged = Logged::new(1_000, 900);
    let first = Server::start(&logged.bench, &ATTIC);
    let second = logged.bench.command([
        "serve",
        "--listen",
        &first.address,
        "--db",
        "other.db",
        "--node",
        "shed=other.log",
    ]);
    let mut second = second;
    let ended = Ended::of(&mut second);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("is Piecewatch running already?"), "{}", ended.err);
    assert!(!logged.bench.path("other.db").exists());
}

#[test]
fn a_second_server_leaves_the_node_to_the_first() {
    let logged = Logged::new(1_000, 900);
    let _first = Server::start(&logged.bench, &ATTIC);
    let mut second =
        logged.bench.command(["serve", "--listen", "127.0.0.1:0"].iter().chain(&ATTIC));
    let ended = Ended::of(&mut second);
    assert_eq!(ended.code, Some(1));
    let said = &ended.err;
    assert!(said.contains("attic") && said.contains("by piecewatch (process "), "{said}");
}

#[test]
fn killed_and_started_again_it_goes_on_with_no_gap() {
    let mut logged = Logged::new(4_000, 1_000);
    let mut server = Server::start(&logged.bench, &ATTIC);
    let mut page = server.open();
    page.subscribe(1, "overview");
    page.until(1, |state| transfers(state) > 0);
    for _ in 0..3 {
        logged.write(500);
        let address = server.address.clone();
        // No good-bye: what was not committed is read again.
        drop(server);
        while page.next().is_ok() {}
        logged.write(300);
        server = Server::start_on(&logged.bench, &address, &ATTIC, |_| {});
        page = server.open();
        page.subscribe(1, "overview");
        page.until(1, |state| transfers(state) > 0);
    }
    logged.write(10);
    let expected = logged.ended();
    let state = page.until(1, |state| transfers(state) >= expected);
    assert_eq!(transfers(&state), expected);
}
