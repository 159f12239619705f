//! What may be said in a question: each parameter, its values, and what is taken where it is not said.

use piecewatch_model::{Country, NodeName, Period, PieceId, Timestamp};
use piecewatch_store::TransferCursor;
use serde_json::{Value as Json, json};

use crate::window::Length;

/// A parameter of a question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    /// How it is called.
    pub(super) name: &'static str,
    /// What it says, in a sentence.
    pub(super) what: &'static str,
    /// What it may say.
    pub(super) kind: Kind,
}

/// What a parameter may say, and what is taken where it is not said.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Names of nodes, with commas between them.
    Nodes,
    /// A length of time.
    Length {
        /// As it is written.
        default: &'static str,
    },
    /// A moment.
    Instant,
    /// A month.
    Month,
    /// How many.
    Count {
        /// Where it is not said.
        default: u16,
        /// The most; the least is 1.
        max: u16,
    },
    /// One of a few words.
    Choice {
        /// Which.
        of: &'static [&'static str],
        /// Where it is not said, if something is.
        default: Option<&'static str>,
    },
    /// An action by its name.
    Action,
    /// A satellite by its name or id.
    Satellite,
    /// A country by the two letters of its code.
    Country,
    /// The id of a piece.
    Piece,
    /// Where a page begins, as the page before told it.
    Cursor,
    /// A name of somebody.
    Name,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Word(&'static str),
    Count(u16),
    Length(Length),
    Instant(Timestamp),
    Month(Period),
    Country(Country),
    Piece(PieceId),
    Cursor(TransferCursor),
}

/// The most nodes of a question.
const NODES_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 64;
const LENGTH: &str = "^[1-9][0-9]{0,4}[mhd]$";
const MONTH: &str = "^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])$";
const CURSOR: &str = "^[0-9a-f]{16}$";
const PIECE: &str = "^[A-Z2-7]{51}[AQ]$";
const COUNTRY: &str = "^[A-Za-z]{2}$";
const ACTION: &str = "^[A-Za-z_]{1,32}$";

impl Kind {
    /// What is taken where the parameter is not said, if something is.
    pub(super) fn default(self) -> Option<Value> {
        match self {
            Self::Length { default } => {
                let length = default.parse().expect("the default of a parameter is a length");
                Some(Value::Length(length))
            }
            Self::Count { default, .. } => Some(Value::Count(default)),
            Self::Choice { default, .. } => default.map(Value::Word),
            Self::Nodes
            | Self::Instant
            | Self::Month
            | Self::Action
            | Self::Satellite
            | Self::Country
            | Self::Piece
            | Self::Cursor
            | Self::Name => None,
        }
    }

    /// What was said; or what is wrong with it, and what may be said.
    pub(super) fn read(self, said: &str) -> Result<Value, String> {
        match self {
            Self::Nodes if said.is_empty() => Err("the name of a node is needed".to_owned()),
            Self::Nodes => Ok(Value::Text(said.to_owned())),
            Self::Length { .. } => length(said).map(Value::Length),
            Self::Instant => instant(said).map(Value::Instant).ok_or_else(|| {
                format!("{said:?} is no time: one as in 2026-08-19T14:03:27Z is needed")
            }),
            Self::Month => said
                .parse()
                .map(Value::Month)
                .map_err(|_| format!("{said:?} is no month: one as in 2026-08 is needed")),
            Self::Count { max, .. } => count(said, max).map(Value::Count),
            Self::Choice { of, .. } => {
                let word = of.iter().find(|word| **word == said).copied();
                word.map(Value::Word)
                    .ok_or_else(|| format!("{said:?} is none of {}", of.join(", ")))
            }
            Self::Action => {
                let fits = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
                if (1..=32).contains(&said.len()) && said.bytes().all(fits) {
                    return Ok(Value::Text(said.to_uppercase()));
                }
                Err(format!("{said:?} is no action: one as in GET, PUT or GET_AUDIT is needed"))
            }
            Self::Satellite | Self::Name => {
                if (1..=TEXT_CHARS_MAX).contains(&said.chars().count()) {
                    return Ok(Value::Text(said.to_owned()));
                }
                Err(format!("1 to {TEXT_CHARS_MAX} characters are needed"))
            }
            Self::Country => Country::from_code(said)
                .map(Value::Country)
                .ok_or_else(|| format!("{said:?} is no country: two letters as in DE are needed")),
            Self::Piece => said.parse().map(Value::Piece).map_err(|_| {
                format!(
                    "{said:?} is no id of a piece: 52 characters of A to Z and 2 to 7 are needed"
                )
            }),
            Self::Cursor => cursor(said)
                .map(Value::Cursor)
                .ok_or_else(|| format!("{said:?} is no cursor: take `next` of the page before")),
        }
    }

    /// The JSON schema of what may be said.
    pub(super) fn schema(self) -> Json {
        match self {
            Self::Nodes => json!({
                "type": "array",
                "minItems": 1,
                "maxItems": NODES_MAX,
                "items": {
                    "type": "string", "minLength": 1, "maxLength": NodeName::MAX_CHARS,
                    "pattern": "^[^,]+$",
                },
            }),
            Self::Length { default } => {
                json!({ "type": "string", "pattern": LENGTH, "default": default })
            }
            Self::Instant => json!({ "type": "string", "format": "date-time" }),
            Self::Month => json!({ "type": "string", "pattern": MONTH }),
            Self::Count { default, max } => {
                json!({ "type": "integer", "minimum": 1, "maximum": max, "default": default })
            }
            Self::Choice { of, default: Some(default) } => {
                json!({ "type": "string", "enum": of, "default": default })
            }
            Self::Choice { of, default: None } => json!({ "type": "string", "enum": of }),
            Self::Action => json!({ "type": "string", "pattern": ACTION }),
            Self::Satellite | Self::Name => {
                json!({ "type": "string", "minLength": 1, "maxLength": TEXT_CHARS_MAX })
            }
            Self::Country => json!({ "type": "string", "pattern": COUNTRY }),
            Self::Piece => json!({ "type": "string", "pattern": PIECE }),
            Self::Cursor => json!({ "type": "string", "pattern": CURSOR }),
        }
    }
}

/// Names with commas between them, as they were said; of one name more than may be, what is wrong.
pub(super) fn names(said: &str) -> Result<Vec<&str>, String> {
    let names: Vec<&str> = said.split(',').collect();
    if names.len() > NODES_MAX {
        return Err(format!("at most {NODES_MAX} nodes may be named"));
    }
    Ok(names)
}

/// As on the command line, of at most five digits: what is longer than 99999 days is longer than
/// anything that is known.
fn length(said: &str) -> Result<Length, String> {
    let length = said.parse()?;
    if said.len() > 6 || said.starts_with('0') {
        return Err(format!(
            "{said:?} is no length: 1 to 99999 and m, h or d are needed, as in 24h"
        ));
    }
    Ok(length)
}

fn count(said: &str, max: u16) -> Result<u16, String> {
    let is_number = !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit());
    let count = said.parse().ok().filter(|count| is_number && (1..=max).contains(count));
    count.ok_or_else(|| format!("{said:?} is no number from 1 to {max}"))
}

/// Any time of RFC 3339. A `+` that was not encoded came as a space; digits below a nanosecond say
/// nothing.
fn instant(said: &str) -> Option<Timestamp> {
    let text = said.to_ascii_uppercase().replace(' ', "+");
    let Some((whole, rest)) = text.split_once('.') else { return text.parse().ok() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, offset) = rest.split_at(digits);
    let fraction: String = fraction.chars().take(9).collect();
    format!("{whole}.{fraction}{offset}").parse().ok()
}

/// A place in the list of transfers as it is told to whoever will come back with it.
pub(super) fn cursor_text(cursor: TransferCursor) -> String {
    format!("{:016x}", cursor.get())
}

fn cursor(said: &str) -> Option<TransferCursor> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if said.len() != 16 || !said.bytes().all(is_hex) {
        return None;
    }
    u64::from_str_radix(said, 16).ok().map(|number| TransferCursor::new(number.cast_signed()))
}
