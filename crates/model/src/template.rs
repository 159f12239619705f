//! Error texts reduced to what they have in common.

/// The longest template, in bytes; the rest of a text is cut.
const LENGTH_MAX: usize = 200;

/// Reduces an error text to a template, so that errors which differ only in an address, a number,
/// an id or a path are one.
///
/// Addresses with or without port become `<addr>`, words of letters and digits that no person
/// chose (ids, hashes: 20 or more characters with a digit, or 32 or more) become `<id>`, absolute
/// paths and paths in quotes become `<path>`, and every other run of digits becomes `#`. Runs of white space become
/// one space. The result is at most 200 bytes long, cut at a character.
///
/// ```
/// use piecewatch_model::template;
///
/// let text = "write tcp 10.0.17.120:28967->156.146.43.230:35722: write: broken pipe";
/// assert_eq!(template(text), "write tcp <addr>-><addr>: write: broken pipe");
/// ```
pub fn template(text: &str) -> String {
    template_with(text, |_, _| ())
}

/// What a template leaves out of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placeholder {
    /// An address, with its port where it has one: `<addr>`.
    Address,
    /// A path: `<path>`.
    Path,
    /// An id or a hash: `<id>`.
    Id,
    /// A run of digits: `#`.
    Number,
}

impl Placeholder {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Address, Self::Path, Self::Id, Self::Number];

    /// What stands in the template.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Address => "<addr>",
            Self::Path => "<path>",
            Self::Id => "<id>",
            Self::Number => "#",
        }
    }

    /// What people call one of them, and several.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Address => ("address", "addresses"),
            Self::Path => ("path", "paths"),
            Self::Id => ("id", "ids"),
            Self::Number => ("number", "numbers"),
        }
    }
}

/// Like [`template`], and tells what each placeholder stands for, in the order of the text.
///
/// ```
/// use piecewatch_model::{Placeholder, template_with};
///
/// let mut left_out = Vec::new();
/// template_with("read 7 of 9 bytes from 1.2.3.4:5", |what, value| {
///     left_out.push((what, value.to_owned()));
/// });
/// assert_eq!(left_out[1], (Placeholder::Number, "9".to_owned()));
/// assert_eq!(left_out[2], (Placeholder::Address, "1.2.3.4:5".to_owned()));
/// ```
pub fn template_with(text: &str, mut left_out: impl FnMut(Placeholder, &str)) -> String {
    let mut out = String::with_capacity(text.len().min(LENGTH_MAX));
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        if out.len() >= LENGTH_MAX {
            break;
        }
        let word = word(rest);
        let length = if first.is_whitespace() {
            out.push(' ');
            rest.len() - rest.trim_start().len()
        } else if let Some((placeholder, length)) = placeholder(rest, word, &out) {
            // The quotes of a path stay.
            let quote = if first == '"' { "\"" } else { "" };
            left_out(placeholder, rest[..length].trim_matches('"'));
            out.extend([quote, placeholder.mark(), quote]);
            length
        } else if word.is_empty() {
            out.push(first);
            first.len_utf8()
        } else {
            push_word(&mut out, word, &mut left_out);
            word.len()
        };
        rest = &rest[length..];
    }
    let end = (0..=LENGTH_MAX.min(out.len())).rev().find(|&at| out.is_char_boundary(at));
    out.truncate(end.unwrap_or(0));
    out
}

/// An address, a path or an id at the beginning of `text`: its placeholder and its length. The text
/// begins with `word`; `before` is what has become of the text before.
fn placeholder(text: &str, word: &str, before: &str) -> Option<(Placeholder, usize)> {
    if let Some(length) = quoted_path(text) {
        return Some((Placeholder::Path, length));
    }
    if let Some(length) = address(text) {
        return Some((Placeholder::Address, length));
    }
    // A slash within a word (`a/b`, `https://…`) is no absolute path.
    if let Some(length) = path(text)
        && !before.ends_with(|c| is_word(c) || matches!(c, '/' | ':' | '>'))
    {
        return Some((Placeholder::Path, length));
    }
    let has_digit = || word.bytes().any(|byte| byte.is_ascii_digit());
    if word.len() >= 32 || (word.len() >= 20 && has_digit()) {
        return Some((Placeholder::Id, word.len()));
    }
    None
}

/// `1.2.3.4`, `1.2.3.4:5`, `[::1]`, `[2a01::2]:51212`: the length.
fn address(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let host = if bytes[0] == b'[' {
        let end = bytes.iter().position(|&byte| byte == b']')?;
        text[1..end].parse::<std::net::Ipv6Addr>().ok()?;
        end + 1
    } else {
        let end = run(bytes, |byte| byte.is_ascii_digit() || byte == b'.');
        if end == 0 {
            return None;
        }
        text[..end].parse::<std::net::Ipv4Addr>().ok()?;
        end
    };
    let port = match bytes.get(host) {
        Some(b':') => run(&bytes[host + 1..], |byte| byte.is_ascii_digit()),
        Some(_) | None => 0,
    };
    Some(if port == 0 { host } else { host + 1 + port })
}

/// `"config/storage/blob/x"`, with its quotes.
fn quoted_path(text: &str) -> Option<usize> {
    let end = text.strip_prefix('"')?.find('"')? + 1;
    let inner = &text[1..end];
    (inner.contains(['/', '\\']) && !inner.contains("://")).then_some(end + 1)
}

/// `/mnt/storj/x.sj1` or `C:\storj\x`, up to a space, a quote or a colon that ends a word.
fn path(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let windows = matches!(bytes, [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic());
    if !windows
        && !matches!(bytes, [b'/', next, ..] if next.is_ascii_alphanumeric() || *next == b'.')
    {
        return None;
    }
    let skip = if windows { 2 } else { 0 };
    let end = skip
        + run(&bytes[skip..], |byte| {
            !matches!(byte, b' ' | b'"' | b'\'' | b',' | b';' | b':' | b')')
        });
    Some(end)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The letters and digits at the beginning of a text.
fn word(text: &str) -> &str {
    // Nearly all of them are ASCII, and need no decoding.
    let ascii = run(text.as_bytes(), |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if text.as_bytes().get(ascii).is_none_or(u8::is_ascii) {
        return &text[..ascii];
    }
    text.find(|c| !is_word(c)).map_or(text, |end| &text[..end])
}

/// Appends a word with each run of digits replaced by `#`.
fn push_word(out: &mut String, mut word: &str, left_out: &mut impl FnMut(Placeholder, &str)) {
    while let Some(begin) = word.bytes().position(|byte| byte.is_ascii_digit()) {
        out.push_str(&word[..begin]);
        out.push_str(Placeholder::Number.mark());
        let digits = run(&word.as_bytes()[begin..], |byte| byte.is_ascii_digit());
        left_out(Placeholder::Number, &word[begin..begin + digits]);
        word = &word[begin + digits..];
    }
    out.push_str(word);
}

fn run(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !wanted(byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_differ_in_values_only_share_a_template() {
        let check = |text: &str, expected: &str| assert_eq!(template(text), expected);
        check("file does not exist", "file does not exist");
        check("unexpected EOF", "unexpected EOF");
        check(
            "manager closed: read tcp 10.0.17.120:28967->79.127.226.103:50338: read: connection refused",
            "manager closed: read tcp <addr>-><addr>: read: connection refused",
        );
        check(
            "read tcp [2a01:4f8::1]:28967->[2a01:4f8:10a:1d5::2]:51212: i/o timeout",
            "read tcp <addr>-><addr>: i/o timeout",
        );
        check(
            "downloaded size (327680 bytes) does not match received message size (362496 bytes)",
            "downloaded size (# bytes) does not match received message size (# bytes)",
        );
        check("lstat /mnt/storj/blobs/x.sj1: bad message", "lstat <path>: bad message");
        check(
            "unable to open \"config/storage/blob/ab/z2/x\": no such file",
            "unable to open \"<path>\": no such file",
        );
        check(r"open C:\storj\blobs\ab.sj1: Access is denied.", "open <path>: Access is denied.");
        check(
            "hash mismatch: source=,destination=e90c59756e034dbebaaab953488eef65e515d4317cd27fde85d669c975f24b66",
            "hash mismatch: source=,destination=<id>",
        );
        check(
            "order created too long ago: OrderCreation 2026-08-19 14:03:27 +0000 UTC < SystemClock",
            "order created too long ago: OrderCreation #-#-# #:#:# +# UTC < SystemClock",
        );
        check("timed out after 1m0s  while\tverifying", "timed out after #m#s while verifying");
        check(
            "Get https://static.storj.io/dcs-satellites: EOF",
            "Get https://static.storj.io/dcs-satellites: EOF",
        );
    }

    #[test]
    fn a_template_is_short() {
        assert_eq!(template(&"ä b ".repeat(1000)).len(), LENGTH_MAX);
    }

    proptest! {
        #[test]
        fn any_text_has_a_short_template(text in ".{0,400}") {
            prop_assert!(template(&text).len() <= LENGTH_MAX);
        }
    }
}
