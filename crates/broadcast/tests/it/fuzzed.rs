//! Any bytes as what clients say.

use std::{fs, path::Path};

use proptest::prelude::*;

use crate::said::say_each_line;

/// The seeds of the fuzzer, and what it found worth keeping, run through again.
#[test]
fn the_kept_corpus_is_obeyed_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/message");
    let mut count = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        say_each_line(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 12, "{count} inputs are left of the corpus");
}

/// Nearly messages: pieces of them in any order.
fn nearly_messages() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&br#"{"op":"subscribe","sub":1,"topic":"a"}"#[..]),
        Just(&br#"{"op":"subscribe","sub":2,"topic":"b","nodes":["n1"],"max_hz":1}"#[..]),
        Just(&br#"{"op":"unsubscribe","sub":1}"#[..]),
        Just(&br#"{"op":"visibility","hidden":true}"#[..]),
        Just(&br#"{"op":"visibility","hidden":false}"#[..]),
        Just(&br#"{"op":"resync","view":"v4"}"#[..]),
        Just(&b"\n"[..]),
        Just(&b"\n"[..]),
        Just(&b"\n"[..]),
        Just(&b"{\"op\":"[..]),
        Just(&b"\"\xff"[..]),
    ];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_that_is_said_breaks_anything(bytes in nearly_messages()) {
        say_each_line(&bytes);
    }

    #[test]
    fn nor_do_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        say_each_line(&bytes);
    }
}
