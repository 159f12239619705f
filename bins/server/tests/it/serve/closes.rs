//! How a WebSocket ends, whoever ends it: a browser is told with what code.

use std::{
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    ATTIC, Logged,
    running::{PATIENCE, Page, Server},
};

/// More than any buffer on the way holds.
const FLOOD: usize = 20_000_000;

/// What came before the close, and its frame.
fn closed(page: &mut Page) -> (String, Option<CloseFrame>) {
    let mut said = String::new();
    loop {
        match page.next() {
            Ok(message) => said += &message.to_string(),
            Err(frame) => return (said, frame),
        }
    }
}

#[test]
fn a_message_that_is_too_long_ends_with_1009_however_long_it_is() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start(&logged.bench, &ATTIC);
    // Beyond what a message may have, beyond what is read of one, and a flood.
    for length in [20_000, 100_000, FLOOD] {
        let mut page = server.open();
        let sent = page.send(Message::binary(vec![b'x'; length]));
        // The rest is read for a second only: on a machine that is busy the connection may be gone before.
        if length == FLOOD && sent.is_err() {
            continue;
        }
        let (said, frame) = closed(&mut page);
        let frame = frame.unwrap_or_else(|| panic!("{length}: no good-bye after {said}"));
        assert_eq!(frame.code, CloseCode::Size, "{length}: {frame}");
        assert!(!frame.reason.is_empty(), "{length}");
        assert!(said.contains("error") && said.contains("a message "), "{length}: {said}");
    }
    // The figures are taken once a second.
    let since = Instant::now();
    let counted = || server.json("/api/v1/status")["hub"]["closed"]["message_too_long"].clone();
    while counted() != 3 {
        assert!(since.elapsed() < PATIENCE, "{}", counted());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn whoever_pings_without_end_is_closed_with_1008() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start(&logged.bench, &ATTIC);
    let mut page = server.open();
    for _ in 0..200 {
        page.send(Message::Ping(Bytes::new())).unwrap();
    }
    let (said, frame) = closed(&mut page);
    let frame = frame.unwrap_or_else(|| panic!("no good-bye after {said}"));
    assert_eq!(frame.code, CloseCode::Policy, "{frame}");
    assert!(said.contains("too many messages"), "{said}");
}

#[test]
fn a_browser_that_says_good_bye_is_answered() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start(&logged.bench, &ATTIC);
    for code in [CloseCode::Normal, CloseCode::Away] {
        let mut page = server.open();
        page.subscribe(1, "overview");
        page.until(1, |state| state.is_object());
        let goodbye = CloseFrame { code, reason: "bye".into() };
        page.send(Message::Close(Some(goodbye.clone()))).unwrap();
        let (_, answer) = closed(&mut page);
        assert_eq!(answer, Some(goodbye));
    }
}
