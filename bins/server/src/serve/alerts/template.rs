//! Messages as each service wants them: escaped, and no longer than it takes.

use data_encoding::BASE64;
use piecewatch_store::AlertLevel;
use serde_json::{Value, json};

use super::{
    message::{Message, cut},
    shown,
};

/// Characters of a message of Discord.
const DISCORD_MAX: usize = 2_000;
/// Slack cuts a text that is longer.
const SLACK_MAX: usize = 3_900;
/// Characters of a message of Telegram, without its markup.
const TELEGRAM_MAX: usize = 4_096;
/// Bytes of a message of ntfy; a longer one becomes a file.
const NTFY_MAX: usize = 4_000;
const NTFY_TITLE_MAX: usize = 200;

/// What a webhook of Discord takes.
pub(crate) fn discord(message: &Message) -> Value {
    let bold = |head: &str| format!("**{}**", marked(head));
    let content = fitted(message, DISCORD_MAX, bold, marked);
    // Nobody is mentioned, whatever a log says.
    json!({ "content": content, "allowed_mentions": { "parse": [] } })
}

/// What a webhook of Slack takes.
pub(crate) fn slack(message: &Message) -> Value {
    let bold = |head: &str| format!("*{}*", without_markup(head).replace('*', "∗"));
    json!({ "text": fitted(message, SLACK_MAX, bold, without_markup) })
}

/// What Telegram's `sendMessage` takes.
pub(crate) fn telegram(message: &Message, chat: &str) -> Value {
    let bold = |head: &str| format!("<b>{}</b>", without_markup(head));
    json!({
        "chat_id": chat,
        "text": fitted(message, TELEGRAM_MAX, bold, without_markup),
        "parse_mode": "HTML",
        "link_preview_options": { "is_disabled": true },
    })
}

/// What ntfy takes: headers and a text.
pub(crate) struct Ntfy {
    pub(crate) title: String,
    pub(crate) priority: &'static str,
    pub(crate) tags: &'static str,
    pub(crate) text: String,
}

/// What a topic of ntfy takes.
pub(crate) fn ntfy(message: &Message) -> Ntfy {
    let (priority, tags) = match message.level() {
        None => ("3", "white_check_mark"),
        Some(AlertLevel::Warning) => ("4", "warning"),
        Some(AlertLevel::Critical) => ("5", "rotating_light"),
    };
    let mut text = message.plain();
    if text.len() > NTFY_MAX {
        let end = (0..=NTFY_MAX - 3).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    Ntfy { title: header(&cut(&message.title(), NTFY_TITLE_MAX)), priority, tags, text }
}

/// What a program gets.
pub(crate) fn object(message: &Message) -> Value {
    let notices = message.notices.iter().map(|of| {
        let mut alert = shown::alert(&of.alert);
        if let Value::Object(fields) = &mut alert {
            fields.insert("notice".to_owned(), of.notice.name().into());
        }
        alert
    });
    json!({
        "at": message.at.to_string(),
        "title": message.title(),
        "level": message.level().map_or("resolved", AlertLevel::name),
        "text": message.plain(),
        "alerts": notices.collect::<Vec<_>>(),
    })
}

/// Lines until no more fit; what is left out is told. Markup is never cut in two.
fn fitted(
    message: &Message,
    chars_max: usize,
    head: impl Fn(&str) -> String,
    text: impl Fn(&str) -> String,
) -> String {
    const REST: usize = 40;
    let mut fitted = String::new();
    let mut chars = 0;
    let lines = message.lines();
    for (at, line) in lines.iter().enumerate() {
        let mut words = line.text.clone();
        let whole = loop {
            let whole = format!("{}\n{}", head(&line.head), text(&words));
            let whole = whole.trim_end().to_owned();
            let room = chars_max.saturating_sub(chars + REST);
            if units(&whole) <= room || words.is_empty() {
                break whole;
            }
            // A single long line is made shorter; after others it is left out.
            let half = words.chars().count() / 2;
            words = if at == 0 && half > 0 { cut(&words, half) } else { String::new() };
        };
        if chars + units(&whole) + REST > chars_max {
            fitted.push_str(&format!("\n\nAnd {} more", lines.len() - at));
            break;
        }
        if at > 0 {
            fitted.push_str("\n\n");
            chars += 2;
        }
        chars += units(&whole);
        fitted.push_str(&whole);
    }
    fitted
}

/// The services count what UTF-16 takes.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// With a backslash before what Discord takes for markup. A mention needs its sign at once before the
/// name.
fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '*'
                | '_'
                | '~'
                | '`'
                | '|'
                | '>'
                | '<'
                | '#'
                | '['
                | ']'
                | '('
                | ')'
                | '-'
                | ':'
        ) {
            marked.push('\\');
        }
        marked.push(c);
        if c == '@' {
            marked.push('\u{200b}');
        }
    }
    marked
}

/// With what Slack and HTML take for markup written out.
fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A value of a header: letters that it cannot hold are encoded (RFC 2047).
fn header(text: &str) -> String {
    let is_plain = text.chars().all(|c| (' '..='~').contains(&c)) && !text.contains("=?");
    if is_plain {
        return text.to_owned();
    }
    // An encoded word is 75 characters long at most: 45 bytes.
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > 42 {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let encoded =
        words.iter().map(|word| format!("=?UTF-8?B?{}?=", BASE64.encode(word.as_bytes())));
    encoded.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
