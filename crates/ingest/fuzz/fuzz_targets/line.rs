//! Any lines at all, one after the other, through one parser.

#![no_main]

use libfuzzer_sys::fuzz_target;
use piecewatch_ingest::Parser;

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let _ = parser.parse(line);
    }
});
