//! What cannot be checked here, told where it is seen.

use std::{
    env,
    io::{Write, stderr},
};

/// Tells why something is not checked here, and fails where a variable says that it must be.
pub(crate) fn skipped(required: &str, why: &str) {
    assert!(env::var_os(required).is_none(), "{required} is set, but {why}");
    // What a test that passes prints in the usual way is kept back.
    let mut told = stderr();
    writeln!(told, "skipped: {why}").unwrap();
}
