//! Environment variables to settings: one for each key, `PIECEWATCH_` and its path.

use std::ffi::OsString;

use super::{
    Place,
    key::KEYS,
    raw::{Given, Raw, Value},
};
use crate::Error;

const PREFIX: &str = "PIECEWATCH_";
/// As many letters as a slip of the hand changes. Others of the family have variables of their own.
const SLIP_MAX: usize = 2;

/// Takes the settings among these variables.
pub(crate) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    raw: &mut Raw,
    errors: &mut Vec<Error>,
) {
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let place = Place::Environment(name.to_owned());
        if let Some(key) = KEYS.iter().find(|key| key.variable() == name) {
            match value.into_string() {
                Ok(text) => raw.set(*key, Given { value: Value::Untyped(text), place }),
                Err(_) => errors.push(place.error("its value is not UTF-8")),
            }
            continue;
        }
        let slip = |known: &String| (1..=SLIP_MAX).contains(&strsim::levenshtein(known, name));
        if let Some(near) = KEYS.iter().map(super::key::Key::variable).find(slip) {
            errors.push(place.error(format!("there is no such setting; did you mean {near}?")));
        }
    }
}
