//! JSON as a program in Go writes it: `1` for one point nought, `1e+21`, `\u0026`, a newline at the
//! end.

use std::fmt::{self, Write};

use piecewatch_model::Timestamp;

/// A value of a JSON document. Objects keep the order of their keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// A list; `null` when there is nothing in it, as Go writes a slice that was never made.
    pub(crate) fn list_or_null(items: Vec<Self>) -> Self {
        if items.is_empty() { Self::Null } else { Self::List(items) }
    }

    /// A time that was perhaps never set: Go's zero time then.
    pub(crate) fn time_or_zero(at: Option<Timestamp>) -> Self {
        at.map_or_else(|| "0001-01-01T00:00:00Z".into(), Self::from)
    }

    /// With two spaces for each level.
    pub(crate) fn indented(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, Some(0)).expect("a String takes any text");
        text
    }

    fn write(&self, out: &mut impl Write, depth: Option<usize>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) => write!(out, "{value}"),
            Self::Float(value) => write_float(out, *value),
            Self::Text(text) => write_text(out, text),
            Self::List(items) => {
                let items = items.iter().map(|item| (None, item));
                write_all(out, ('[', ']'), items, depth)
            }
            Self::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| (Some(*key), value));
                write_all(out, ('{', '}'), fields, depth)
            }
        }
    }
}

/// What is between two brackets.
fn write_all<'a>(
    out: &mut impl Write,
    (open, close): (char, char),
    members: impl ExactSizeIterator<Item = (Option<&'a str>, &'a Json)>,
    depth: Option<usize>,
) -> fmt::Result {
    let line = |out: &mut dyn Write, depth: Option<usize>| match depth {
        Some(depth) => write!(out, "\n{:width$}", "", width = depth * 2),
        None => Ok(()),
    };
    let is_empty = members.len() == 0;
    let inner = depth.map(|depth| depth + 1);
    out.write_char(open)?;
    for (at, (key, value)) in members.enumerate() {
        if at > 0 {
            out.write_char(',')?;
        }
        line(out, inner)?;
        if let Some(key) = key {
            write_text(out, key)?;
            out.write_str(if depth.is_some() { ": " } else { ":" })?;
        }
        value.write(out, inner)?;
    }
    if !is_empty {
        line(out, depth)?;
    }
    out.write_char(close)
}

/// The shortest digits that are read as the same number, with an exponent only for what is very
/// small or very large. What JSON cannot hold is 0.
fn write_float(out: &mut impl Write, value: f64) -> fmt::Result {
    let size = value.abs();
    if !value.is_finite() {
        out.write_char('0')
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        let sign = if size >= 1.0 { "e+" } else { "e" };
        out.write_str(&text.replacen('e', sign, 1))
    } else {
        write!(out, "{value}")
    }
}

fn write_text(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            // Go keeps its JSON harmless inside of HTML.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                write!(out, "\\u{:04x}", u32::from(character))?;
            }
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

/// Without spaces.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

/// Go's integers have a sign; nothing here is that large.
impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Timestamp> for Json {
    fn from(at: Timestamp) -> Self {
        Self::Text(at.to_string())
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, text) in [
            (1.0, "1"),
            (0.0, "0"),
            (15.479_999_999_999_999, "15.479999999999999"),
            (164.850_000_000_000_02, "164.85000000000002"),
            (287_074_807_616.508_7, "287074807616.5087"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (2.5e-7, "2.5e-7"),
            (0.000_001, "0.000001"),
            (-0.855, "-0.855"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(Json::Float(value).to_string(), text);
        }
    }

    #[test]
    fn texts_are_escaped_and_documents_indented() {
        let document = Json::Object(vec![
            ("a", "<\"b\">\n\u{1}".into()),
            ("n", Json::list_or_null(vec![])),
            ("l", Json::List(vec![1_i64.into(), true.into()])),
            ("e", Json::Object(vec![])),
        ]);
        let text = r#"{"a":"\u003c\"b\"\u003e\n\u0001","n":null,"l":[1,true],"e":{}}"#;
        assert_eq!(document.to_string(), text);
        let read: serde_json::Value = serde_json::from_str(&document.indented()).unwrap();
        assert_eq!(read, serde_json::from_str::<serde_json::Value>(text).unwrap());
        let health = Json::Object(vec![("Statuses", Json::Null), ("AllHealthy", true.into())]);
        assert_eq!(health.indented(), "{\n  \"Statuses\": null,\n  \"AllHealthy\": true\n}");
    }
}
