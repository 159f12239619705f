//! Sentences, broken at the width of the terminal.

use std::io::{self, Write};

use textwrap::{Options, WordSplitter};

/// Writes a text indented by two spaces, each line as long as the terminal allows: 80 columns where
/// there is none. A word that is longer stays whole.
///
/// # Errors
///
/// When `out` cannot be written.
pub(crate) fn sentence(out: &mut dyn Write, text: &str) -> io::Result<()> {
    for line in lines(text, width().saturating_sub(INDENT.len())) {
        writeln!(out, "{INDENT}{line}")?;
    }
    Ok(())
}

/// How many columns the terminal has.
pub(crate) fn width() -> usize {
    textwrap::termwidth()
}

/// A text in lines that are no longer than that, but for words that are.
pub(crate) fn lines(text: &str, width: usize) -> Vec<String> {
    let options = Options::new(width).break_words(false).word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| line.into_owned()).collect()
}

const INDENT: &str = "  ";

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        let text = "A used-space walk sets it right: /a/path/that/is/too/long/for/it.";
        let expected = ["A used-space walk", "sets it right:", "/a/path/that/is/too/long/for/it."];
        assert_eq!(lines(text, 17), expected);
        assert_eq!(lines("", 17), [""]);
    }
}
