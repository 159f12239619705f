//! A TOML file to settings with the lines they stand in.

use std::{fs, io::ErrorKind, ops::Range, path::Path, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Place,
    alert_key::{self, CHANNEL, CHANNEL_KEYS},
    key::{KEYS, NODE, NODE_KEYS, SECTIONS, nearest},
    raw::{Given, Raw, RawNode, Value},
};
use crate::{Error, Result};

const MISSING_HINT: &str =
    "; check the path, or make one: piecewatch-collector config --print-default";

/// What mostly is behind a complaint of the parser's.
const SYNTAX_HINTS: [(&str, &str); 4] = [
    ("duplicate key", "; keep one of the two"),
    ("invalid basic string", "; is the closing quote missing?"),
    ("string values must be quoted", "; write key = value, a text between quotes"),
    ("key with no value", "; write key = value"),
];

/// Reads a file into `raw`. What is wrong with single keys goes to `errors`.
pub(crate) fn read(path: &Path, raw: &mut Raw, errors: &mut Vec<Error>) -> Result<()> {
    let bytes = fs::read(path).map_err(|source| {
        let hints = [
            (ErrorKind::NotFound, MISSING_HINT),
            (ErrorKind::PermissionDenied, "; give this user the right to read it"),
            (ErrorKind::IsADirectory, "; name the file in it"),
        ];
        let known = hints.iter().find(|(kind, _)| *kind == source.kind());
        let hint = known.map_or("", |(_, hint)| *hint);
        Error::ConfigFile { path: path.to_owned(), source, hint }
    })?;
    let path: Arc<Path> = path.into();
    match std::str::from_utf8(&bytes) {
        Ok(text) => parse(&path, text.strip_prefix('\u{feff}').unwrap_or(text), raw, errors),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let place = Place::of_span(&path, &good, &(good.len()..good.len()));
            Err(place.error("the file is not UTF-8 from here on; save it as UTF-8"))
        }
    }
}

fn parse(path: &Arc<Path>, text: &str, raw: &mut Raw, errors: &mut Vec<Error>) -> Result<()> {
    let place = |span: Range<usize>| Place::of_span(path, text, &span);
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let line = text[..span.start.min(text.len())].rsplit('\n').next().unwrap_or_default();
        let column = line.chars().count() + 1;
        let what = error.message().trim_end().replace('\n', ", ");
        let around = text.get(span.start.saturating_sub(1)..span.end.max(span.start + 1));
        // A backslash is what Windows paths are full of, and an escape in a text of TOML.
        let hint = if around.is_some_and(|around| around.contains('\\')) {
            "; a path with backslashes stands between single quotes: 'C:\\storj\\node.log'"
        } else {
            SYNTAX_HINTS.iter().find(|(words, _)| what.contains(words)).map_or("", |hint| hint.1)
        };
        place(span).error(format!("this is no TOML, at column {column}: {what}{hint}"))
    })?;
    let mut reader = Reader { place: &place, raw, errors };
    for (key, value) in document.get_ref() {
        reader.top(key.get_ref(), place(key.span()), value.get_ref());
    }
    Ok(())
}

struct Reader<'a> {
    place: &'a dyn Fn(Range<usize>) -> Place,
    raw: &'a mut Raw,
    errors: &'a mut Vec<Error>,
}

impl Reader<'_> {
    /// A key at the top, or a section.
    fn top(&mut self, name: &str, place: Place, value: &DeValue<'_>) {
        if name == NODE {
            return self.nodes(&place, value);
        }
        if let Some((section, _)) = SECTIONS.iter().find(|(section, _)| *section == name) {
            let Some(table) = value.as_table() else {
                let wrong =
                    format!("{section} is a section; write [{section}] and its keys below it");
                return self.errors.push(place.error(wrong));
            };
            for (key, value) in table {
                let place = (self.place)(key.span());
                if *section == alert_key::SECTION && self.of_alerts(key.get_ref(), &place, value) {
                    continue;
                }
                self.scalar(section, key.get_ref(), place, value.get_ref());
            }
            return;
        }
        self.scalar("", name, place, value);
    }

    /// The tables below the section of alerts; `false` of what is none of them.
    fn of_alerts(&mut self, name: &str, place: &Place, value: &Spanned<DeValue<'_>>) -> bool {
        let value = value.get_ref();
        match name {
            CHANNEL => {
                let known: Vec<&'static str> = CHANNEL_KEYS.iter().map(|key| key.name).collect();
                let mut tables = self.tables("alerts.channel", &known, place, value);
                self.raw.channels.append(&mut tables);
            }
            NODE => {
                let known: Vec<&'static str> = alert_key::of_node().collect();
                let mut tables = self.tables("alerts.node", &known, place, value);
                self.raw.alert_nodes.append(&mut tables);
            }
            _ => return false,
        }
        true
    }

    /// Tables of one name, of which there may be many, with these keys.
    fn tables(
        &mut self,
        title: &str,
        known: &[&'static str],
        place: &Place,
        value: &DeValue<'_>,
    ) -> Vec<RawNode> {
        let tables = value.as_array().filter(|all| all.iter().all(|of| of.get_ref().is_table()));
        let Some(tables) = tables else {
            let wrong = format!(
                "{title} is a section of its own; write [[{title}]], in two pairs of brackets, and its \
                 keys below it"
            );
            self.errors.push(place.error(wrong));
            return Vec::new();
        };
        let mut read = Vec::new();
        for table in tables {
            let mut raw = RawNode { place: (self.place)(table.span()), values: Vec::new() };
            for (key, value) in table.get_ref().as_table().into_iter().flatten() {
                let (name, place) = (key.get_ref(), (self.place)(key.span()));
                match known.iter().find(|known| *known == name) {
                    Some(name) => {
                        let value = value_of(value.get_ref());
                        raw.values.push((name, Given { value, place }));
                    }
                    None => {
                        let hint = match nearest(name, known.iter().copied()) {
                            Some(near) => format!("did you mean {near}?"),
                            None => format!("there are {}", known.join(", ")),
                        };
                        let wrong = format!("there is no key {name} in [[{title}]]; {hint}");
                        self.errors.push(place.error(wrong));
                    }
                }
            }
            read.push(raw);
        }
        read
    }

    fn scalar(&mut self, section: &str, name: &str, place: Place, value: &DeValue<'_>) {
        match KEYS.iter().find(|key| key.section == section && key.name == name) {
            Some(key) => self.raw.set(*key, Given { value: value_of(value), place }),
            None => self.errors.push(place.error(unknown(section, name))),
        }
    }

    fn nodes(&mut self, place: &Place, value: &DeValue<'_>) {
        let tables =
            value.as_array().filter(|nodes| nodes.iter().all(|node| node.get_ref().is_table()));
        let Some(tables) = tables else {
            let wrong = "a node is a section of its own; write [[node]], in two pairs of brackets, and its keys below it";
            return self.errors.push(place.error(wrong));
        };
        for table in tables {
            let mut node = RawNode { place: (self.place)(table.span()), values: Vec::new() };
            for (key, value) in table.get_ref().as_table().into_iter().flatten() {
                let place = (self.place)(key.span());
                match NODE_KEYS.iter().find(|known| known.name == key.get_ref()) {
                    Some(known) => {
                        let value = value_of(value.get_ref());
                        node.values.push((known.name, Given { value, place }));
                    }
                    None => self.errors.push(place.error(unknown(NODE, key.get_ref()))),
                }
            }
            self.raw.nodes.push(node);
        }
    }
}

/// What to say of a key that there is not: the nearest one of its section, or the section in which
/// it stands.
fn unknown(section: &str, name: &str) -> String {
    let of_section: Vec<&str> = if section == NODE {
        NODE_KEYS.iter().map(|key| key.name).collect()
    } else {
        let sections = SECTIONS.iter().map(|(name, _)| *name).chain([NODE]);
        let sections = sections.filter(|_| section.is_empty());
        KEYS.iter()
            .filter(|key| key.section == section)
            .map(|key| key.name)
            .chain(sections)
            .collect()
    };
    let shown = match section {
        "" => name.to_owned(),
        NODE => format!("{name} in [[node]]"),
        section => format!("{name} in [{section}]"),
    };
    let elsewhere = |key: &&super::key::Key| key.name == name && key.section != section;
    let of_node = NODE_KEYS.iter().any(|key| key.name == name);
    let hint = if let Some(key) = KEYS.iter().find(elsewhere) {
        if key.section.is_empty() {
            "it stands at the top of the file, before the first section".to_owned()
        } else {
            format!("it stands in [{}]", key.section)
        }
    } else if of_node && section != NODE {
        "it stands in a [[node]]".to_owned()
    } else if let Some(near) = nearest(name, of_section.iter().copied()) {
        format!("did you mean {near}?")
    } else {
        format!("there are {}", of_section.join(", "))
    };
    format!("there is no key {shown}; {hint}")
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            Value::Number(i64::from_str_radix(number.as_str(), number.radix()).ok())
        }
        DeValue::Boolean(switch) => Value::Switch(*switch),
        DeValue::Float(number) => Value::Decimal(number.as_str().to_owned()),
        DeValue::Datetime(time) => Value::Untyped(time.to_string()),
        DeValue::Array(list) => {
            let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts
                .collect::<Option<_>>()
                .map_or(Value::Other("a list of other things"), Value::Texts)
        }
        DeValue::Table(_) => Value::Other("a section"),
    }
}
