//! How good is a value?

use piecewatch_model::Timestamp;

/// How good something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Judgement {
    /// Nobody knows.
    Unknown,
    /// As it should be.
    Well,
    /// Somebody should look at it when there is time.
    Look,
    /// It costs the node its place, its traffic or its pay; look at it now.
    Trouble,
}

impl Judgement {
    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Well => "well",
            Self::Look => "look",
            Self::Trouble => "trouble",
        }
    }
}

/// A value, how good it is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<T> {
    /// The value; `None` where it is not known.
    pub value: Option<T>,
    /// How good it is.
    pub judgement: Judgement,
    /// What that means and what to do, in a sentence or two for the operator.
    pub sentence: String,
}

impl<T> Judged<T> {
    pub(crate) fn new(value: T, judgement: Judgement, sentence: impl Into<String>) -> Self {
        Self { value: Some(value), judgement, sentence: sentence.into() }
    }

    pub(crate) fn unknown(sentence: impl Into<String>) -> Self {
        Self { value: None, judgement: Judgement::Unknown, sentence: sentence.into() }
    }
}

/// A stretch of time in words, to its largest unit: `3 days`.
pub(crate) fn length(micros: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let seconds = micros.max(0) / 1_000_000;
    for (size, name) in UNITS {
        let count = seconds / size;
        // Two of a unit say enough; one of them does not.
        if count >= 2 || (count == 1 && size == 60) {
            return format!("{count} {name}{}", if count == 1 { "" } else { "s" });
        }
    }
    "less than a minute".to_owned()
}

/// An instant to the minute, as tables have it: `2026-08-19 14:03 UTC`.
pub(crate) fn minute(instant: Timestamp) -> String {
    let text = instant.to_string();
    let minute = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minute.replace('T', " "))
}

/// `once`, `7 times`.
pub(crate) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
