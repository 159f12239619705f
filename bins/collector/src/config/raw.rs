//! Settings as they were given, each with its place; what comes later wins.

use std::path::PathBuf;

use super::{Place, key::Key};

/// A value as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A text of the file.
    Text(String),
    /// A whole number; `None` when no integer holds it.
    Number(Option<i64>),
    /// A number with a fraction, as it was written.
    Decimal(String),
    /// `true` or `false`.
    Switch(bool),
    /// A list of texts.
    Texts(Vec<String>),
    /// What no key holds, in words.
    Other(&'static str),
    /// A text of the environment or the command line, which may stand for anything.
    Untyped(String),
}

impl Value {
    /// The text of a file.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The list of texts of a file.
    pub(crate) fn texts(&self) -> Option<&[String]> {
        if let Self::Texts(texts) = self { Some(texts) } else { None }
    }

    /// The whole number of a file.
    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Number(number) = self { *number } else { None }
    }

    /// What it is, for an error that says that it should be something else.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Text(text) | Self::Untyped(text) => format!("the text {text:?}"),
            Self::Number(Some(number)) => format!("the number {number}"),
            Self::Number(None) => "a number far out of range".to_owned(),
            Self::Decimal(_) => "a number with a fraction".to_owned(),
            Self::Switch(switch) => format!("{switch}"),
            Self::Texts(_) => "a list".to_owned(),
            Self::Other(words) => (*words).to_owned(),
        }
    }
}

/// A value and where it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// A node, or another table of which there may be many, as it was given.
#[derive(Debug, Clone)]
pub(crate) struct RawNode {
    pub(crate) place: Place,
    /// Key and value, in the order in which they were given.
    pub(crate) values: Vec<(&'static str, Given)>,
}

impl RawNode {
    /// What was given for a key.
    pub(crate) fn get(&self, name: &str) -> Option<&Given> {
        self.values.iter().find(|(key, _)| *key == name).map(|(_, given)| given)
    }
}

/// Everything that was given.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    values: Vec<(Key, Given)>,
    pub(crate) nodes: Vec<RawNode>,
    /// The ways to reach operators.
    pub(crate) channels: Vec<RawNode>,
    /// What holds for one node alone of alerts.
    pub(crate) alert_nodes: Vec<RawNode>,
}

impl Raw {
    /// Takes a value; the one before it does not count any more.
    pub(crate) fn set(&mut self, key: Key, given: Given) {
        self.values.retain(|(known, _)| *known != key);
        self.values.push((key, given));
    }

    /// What was given for a key.
    pub(crate) fn get(&self, key: Key) -> Option<&Given> {
        self.values.iter().find(|(known, _)| *known == key).map(|(_, given)| given)
    }
}

/// A path as it is meant in its place: a relative one goes out from the file's folder.
pub(crate) fn path_in(place: &Place, path: &str) -> PathBuf {
    place.folder().map_or_else(|| path.into(), |folder| folder.join(path))
}
