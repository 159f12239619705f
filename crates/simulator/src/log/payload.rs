//! The fields of an event as JSON members.

use std::io::Write;

use super::text::{push_escaped, push_int};
use crate::event::{Event, Remote, Value};

/// How members are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `"key": value, "key": value`.
    Console,
    /// `"key":value,"key":value`.
    Json,
}

/// Appends the members of an event, without braces.
pub(super) fn push(event: &Event, style: Style, out: &mut Vec<u8>) {
    let mut first = true;
    let snake = event.era.is_snake();
    if let Some(process) = event.process {
        push_key(if snake { "process" } else { "Process" }, style, &mut first, out);
        out.push(b'"');
        out.extend_from_slice(process.as_bytes());
        out.push(b'"');
    }
    for (key, value) in &event.fields {
        push_key(if snake { key.snake } else { key.old }, style, &mut first, out);
        push_value(value, style, out);
    }
}

fn push_key(key: &str, style: Style, first: &mut bool, out: &mut Vec<u8>) {
    if !*first {
        push_comma(style, out);
    }
    *first = false;
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(match style {
        Style::Console => b"\": ",
        Style::Json => b"\":",
    });
}

fn push_comma(style: Style, out: &mut Vec<u8>) {
    out.extend_from_slice(match style {
        Style::Console => b", ",
        Style::Json => b",",
    });
}

fn push_value(value: &Value, style: Style, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            out.push(b'"');
            push_escaped(text.as_bytes(), out);
            out.push(b'"');
        }
        Value::Piece(piece) => {
            out.push(b'"');
            out.extend_from_slice(piece);
            out.push(b'"');
        }
        Value::Remote(remote) => {
            out.push(b'"');
            push_remote(*remote, out);
            out.push(b'"');
        }
        Value::Int(number) => push_int(*number, out),
        // Go and Rust agree: the shortest digits that read back the same, never an exponent.
        Value::Float(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Ints(numbers) => {
            out.push(b'[');
            for (at, &number) in numbers.iter().enumerate() {
                if at > 0 {
                    push_comma(style, out);
                }
                push_int(number, out);
            }
            out.push(b']');
        }
        Value::Flags(flags) => {
            out.push(b'{');
            let mut first = true;
            for (key, flag) in flags {
                push_key(key, style, &mut first, out);
                out.extend_from_slice(if *flag { b"true" } else { b"false" });
            }
            out.push(b'}');
        }
        Value::Reflected(json) => out.extend_from_slice(json.as_bytes()),
        Value::Causes(causes) => push_causes(causes, style, out),
    }
}

fn push_causes(causes: &[(String, &'static str)], style: Style, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, (error, frames)) in causes.iter().enumerate() {
        if at > 0 {
            push_comma(style, out);
        }
        out.push(b'{');
        let mut first = true;
        push_key("error", style, &mut first, out);
        out.push(b'"');
        push_escaped(error.as_bytes(), out);
        out.push(b'"');
        push_key("errorVerbose", style, &mut first, out);
        out.push(b'"');
        push_escaped(error.as_bytes(), out);
        push_escaped(frames.as_bytes(), out);
        out.extend_from_slice(b"\"}");
    }
    out.push(b']');
}

/// Appends address and port; nothing for an unknown one.
pub(crate) fn push_remote(remote: Remote, out: &mut Vec<u8>) {
    match remote {
        Remote::V4(address, port) => {
            for (at, part) in address.into_iter().enumerate() {
                if at > 0 {
                    out.push(b'.');
                }
                push_int(i64::from(part), out);
            }
            out.push(b':');
            push_int(i64::from(port), out);
        }
        Remote::V6(third, fourth, port) => {
            let _ = write!(out, "[2a01:4f8:{third:x}:{fourth:x}::2]:{port}");
        }
        Remote::Unknown => {}
    }
}
