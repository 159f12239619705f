//! The default configuration as a file that documents every key.

use std::fmt::Write;

use super::{
    Config, alert_key,
    key::{KEYS, Key, Kind, NODE_KEYS, SECTIONS},
};

const HEAD: &str = "\
# Configuration of piecewatch-collector. Every key is here, with its default where it has one; a key
# that is left out has it.
# Lines that begin with `#` and no space are examples: take the `#` away to use them.
#
# Relative paths go out from the folder of this file. The environment wins over this file, and the
# command line over both. Above each key stands its environment variable.
";

const NODES: &str = "
# A node whose log is followed; a section like this for each.
#[[node]]
";

impl Config {
    /// The default configuration as TOML, with the meaning, the unit, the limits and the environment
    /// variable of every key.
    pub fn default_text() -> String {
        let mut text = HEAD.to_owned();
        write(&mut text, "");
        text.push_str(NODES);
        for key in NODE_KEYS {
            comment(&mut text, key.doc);
            let _ = writeln!(text, "#{} = {}", key.name, key.example);
        }
        for (section, doc) in SECTIONS {
            text.push('\n');
            comment(&mut text, doc);
            let _ = writeln!(text, "[{section}]");
            write(&mut text, section);
        }
        alert_tables(&mut text);
        text
    }
}

/// The keys of a section.
fn write(text: &mut String, section: &str) {
    for key in KEYS.iter().filter(|key| key.section == section) {
        text.push('\n');
        comment(text, key.doc);
        comment(text, &limits(key));
        let _ = match key.default {
            Some(default) => writeln!(text, "{} = {default}", key.name),
            None => writeln!(text, "#{} = {}", key.name, key.example),
        };
    }
}

fn limits(key: &Key) -> String {
    let variable = key.variable();
    match key.kind {
        Kind::Number { min, max } => format!("From {min} to {max}. {variable}"),
        Kind::Decimal { min, max } => format!("From {min} to {max}. {variable}"),
        Kind::Path
        | Kind::Switch
        | Kind::Word(_)
        | Kind::Filter
        | Kind::Words(_)
        | Kind::Text
        | Kind::Socket
        | Kind::List => variable,
    }
}

/// The tables below the section of alerts.
fn alert_tables(text: &mut String) {
    text.push('\n');
    comment(text, alert_key::CHANNEL_DOC);
    text.push_str("#[[alerts.channel]]\n");
    for key in alert_key::CHANNEL_KEYS {
        comment(text, key.doc);
        let _ = writeln!(text, "#{} = {}", key.name, key.example);
    }
    text.push('\n');
    comment(text, alert_key::NODE_DOC);
    text.push_str("#[[alerts.node]]\n#name = \"attic\"\n#audit_score_warning = 0.99\n");
}

fn comment(text: &mut String, doc: &str) {
    for line in doc.lines() {
        let _ = writeln!(text, "# {line}");
    }
}
