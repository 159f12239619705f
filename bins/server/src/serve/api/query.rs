//! A query string, read by the parameters that an endpoint has.

use std::collections::BTreeMap;

use piecewatch_model::{Country, Period, PieceId, Timestamp};
use piecewatch_store::TransferCursor;

use super::{
    Problem,
    parameter::{Parameter, Value},
};
use crate::window::Length;

/// What is repeated to whoever said something wrong.
const SAID_CHARS_MAX: usize = 64;

/// What was said in a question, with what is taken where nothing was said.
#[derive(Debug, Clone)]
pub(super) struct Query {
    said: BTreeMap<&'static str, Value>,
    parameters: &'static [Parameter],
}

impl Query {
    /// Reads a query string; empty for none.
    ///
    /// # Errors
    ///
    /// For a parameter that there is not, one that is said twice, and one that says what it may not.
    pub(super) fn of(parameters: &'static [Parameter], text: &str) -> Result<Self, Problem> {
        let mut said = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let Some(parameter) = parameters.iter().find(|of| of.name == name) else {
                return Err(Problem::bad(no_such(&name, parameters)));
            };
            let shown: String = value.chars().take(SAID_CHARS_MAX).collect();
            // Of names there may be more than are repeated.
            let read = parameter.kind.read(&value).map_err(|wrong| match value == shown {
                true => wrong,
                false => format!("what begins with {shown:?} is too long or wrong"),
            });
            let value =
                read.map_err(|wrong| Problem::bad(format!("{}: {wrong}", parameter.name)))?;
            if said.insert(parameter.name, value).is_some() {
                let detail = format!("{0} is said twice; say it once", parameter.name);
                return Err(Problem::bad(detail));
            }
        }
        Ok(Self { said, parameters })
    }

    /// Whether the question may say this.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|of| of.name == name)
    }

    /// Whether it was said.
    pub(super) fn was_said(&self, name: &str) -> bool {
        self.said.contains_key(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.said.get(name)? {
            Value::Text(text) => Some(text),
            Value::Word(_)
            | Value::Count(_)
            | Value::Length(_)
            | Value::Instant(_)
            | Value::Month(_)
            | Value::Country(_)
            | Value::Piece(_)
            | Value::Cursor(_) => None,
        }
    }

    pub(super) fn word(&self, name: &str) -> Option<&'static str> {
        let Value::Word(word) = self.value(name)? else { return None };
        Some(word)
    }

    /// 1 where there is no such parameter.
    pub(super) fn count(&self, name: &str) -> u16 {
        let Some(Value::Count(count)) = self.value(name) else { return 1 };
        count
    }

    pub(super) fn length(&self, name: &str) -> Option<Length> {
        let Value::Length(length) = self.value(name)? else { return None };
        Some(length)
    }

    pub(super) fn instant(&self, name: &str) -> Option<Timestamp> {
        let Value::Instant(instant) = self.value(name)? else { return None };
        Some(instant)
    }

    pub(super) fn month(&self, name: &str) -> Option<Period> {
        let Value::Month(month) = self.value(name)? else { return None };
        Some(month)
    }

    pub(super) fn country(&self, name: &str) -> Option<Country> {
        let Value::Country(country) = self.value(name)? else { return None };
        Some(country)
    }

    pub(super) fn piece(&self, name: &str) -> Option<PieceId> {
        let Value::Piece(piece) = self.value(name)? else { return None };
        Some(piece)
    }

    pub(super) fn cursor(&self, name: &str) -> Option<TransferCursor> {
        let Value::Cursor(cursor) = self.value(name)? else { return None };
        Some(cursor)
    }

    /// What was said, or what is taken where nothing was.
    fn value(&self, name: &str) -> Option<Value> {
        let default = || self.parameters.iter().find(|of| of.name == name)?.kind.default();
        self.said.get(name).cloned().or_else(default)
    }
}

fn no_such(name: &str, parameters: &[Parameter]) -> String {
    let name: String = name.chars().take(SAID_CHARS_MAX).collect();
    let names: Vec<&str> = parameters.iter().map(|of| of.name).collect();
    match names.is_empty() {
        true => format!("there is no parameter {name:?} here, and no other"),
        false => format!("there is no parameter {name:?} here; there are {}", names.join(", ")),
    }
}
