//! A message: what one evaluation tells people, in words.

use piecewatch_model::Timestamp;
use piecewatch_store::{Alert, AlertLevel, AlertNotice};

use piecewatch_analytics::alert::Notice;

/// More alerts than this are told by their number.
const NOTICES_MAX: usize = 20;
/// A text of a log may be long.
const SENTENCE_CHARS_MAX: usize = 600;

/// What is told at one instant, of one node or of many.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// When it was made.
    pub(crate) at: Timestamp,
    /// What it tells, the gravest first; at least one.
    pub(crate) notices: Vec<Notice>,
}

/// A line of a message: a heading, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// `CRITICAL attic: audit score`.
    pub(crate) head: String,
    /// The sentence.
    pub(crate) text: String,
}

impl Message {
    /// How bad the worst of it is; of what is over nothing is bad.
    pub(crate) fn level(&self) -> Option<AlertLevel> {
        let lasts = |of: &&Notice| of.notice != AlertNotice::Resolved;
        self.notices.iter().filter(lasts).map(|of| of.alert.level).max()
    }

    /// In one line: `CRITICAL attic: audit score`, and how many more.
    pub(crate) fn title(&self) -> String {
        let Some(first) = self.notices.first() else { return String::new() };
        let head = head(first);
        match self.notices.len() - 1 {
            0 => head,
            more => format!("{head} (and {more} more)"),
        }
    }

    /// Line by line.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let shown = self.notices.iter().take(NOTICES_MAX);
        let mut lines: Vec<Line> =
            shown.map(|of| Line { head: head(of), text: text(of) }).collect();
        if let Some(more @ 1..) = self.notices.len().checked_sub(NOTICES_MAX) {
            lines.push(Line { head: format!("And {more} more"), text: String::new() });
        }
        lines
    }

    /// All of it as plain text.
    pub(crate) fn plain(&self) -> String {
        let lines = self.lines();
        let lines = lines.iter().map(|line| format!("{}\n{}", line.head, line.text));
        lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n\n")
    }
}

fn head(of: &Notice) -> String {
    let (alert, node) =
        (&of.alert, of.alert.node.as_ref().map_or("Piecewatch", |node| node.as_str()));
    let level = match alert.level {
        AlertLevel::Warning => "WARNING",
        AlertLevel::Critical => "CRITICAL",
    };
    let rule = alert.rule.replace('_', " ");
    match of.notice {
        AlertNotice::Fired => format!("{level} {node}: {rule}"),
        AlertNotice::Escalated => format!("{level} {node}: {rule}, worse than before"),
        AlertNotice::Repeated => format!("{level} {node}: {rule}, still"),
        AlertNotice::Resolved => format!("RESOLVED {node}: {rule}"),
    }
}

fn text(of: &Notice) -> String {
    let sentence = cut(&one_line(&of.alert.sentence), SENTENCE_CHARS_MAX);
    match of.notice {
        AlertNotice::Resolved => format!("It is over. It was: {sentence}"),
        AlertNotice::Fired | AlertNotice::Escalated | AlertNotice::Repeated => {
            format!("{sentence} Since {}.", minute(of.alert.began_at))
        }
    }
}

/// An instant to the minute.
pub(super) fn minute(at: Timestamp) -> String {
    format!("{} UTC", crate::window::minute(at))
}

/// Without what would begin a line, ring a bell or turn the writing around.
pub(super) fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

/// The beginning of a text of so many characters, with a sign where something is left out.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A message that nothing is behind: whether it arrives is what is asked.
pub(crate) fn trial(at: Timestamp) -> Message {
    let alert = Alert {
        id: 0,
        rule: "test".into(),
        node: None,
        satellite: None,
        level: AlertLevel::Warning,
        worst: AlertLevel::Warning,
        sentence: "This is a test of the alerts of Piecewatch: nothing is the matter.".to_owned(),
        value: None,
        threshold: None,
        began_at: at,
        fired_at: at,
        seen_at: at,
        acknowledged_at: None,
        acknowledged_by: None,
        resolved_at: None,
        notified_at: None,
        notified_level: None,
    };
    Message { at, notices: vec![Notice { notice: AlertNotice::Fired, alert }] }
}
