//! The log of a poller: a line when something changes, none while it stays.

use std::collections::BTreeMap;

use piecewatch_model::{NodeName, Poll, PollPart};

/// Tells how the polls of a node go.
#[derive(Debug)]
pub(super) struct Telling {
    node: NodeName,
    /// Why each part failed the last time; `None` when it did not.
    parts: BTreeMap<PollPart, Option<String>>,
}

/// What there is to say of a poll.
#[derive(Debug, PartialEq, Eq)]
enum News<'a> {
    /// Nothing: it went as the one before.
    None,
    /// It is the first one, and was answered.
    Answers,
    /// It was answered, and the one before was not.
    AnswersAgain,
    /// It failed, and the one before did not, or for another reason.
    Failed(&'a str),
}

impl Telling {
    pub(super) const fn new(node: NodeName) -> Self {
        Self { node, parts: BTreeMap::new() }
    }

    /// Says what is new.
    pub(super) fn tell(&mut self, poll: &Poll) {
        let (part, took_ms) = (poll.part.name(), poll.took_micros / 1_000);
        let (node, requests, bytes) = (&self.node.clone(), poll.requests, poll.bytes.get());
        match self.news(poll) {
            News::None => tracing::debug!(%node, part, took_ms, requests, bytes, "asked"),
            News::Answers => tracing::info!(%node, part, took_ms, requests, bytes, "answers"),
            News::AnswersAgain => tracing::info!(%node, part, "answers again"),
            News::Failed(error) => tracing::warn!(%node, part, "{error}"),
        }
    }

    fn news<'a>(&mut self, poll: &'a Poll) -> News<'a> {
        let reason = poll.error.as_deref().map(kind);
        let before = self.parts.insert(poll.part, reason.clone());
        match (before, reason, &poll.error) {
            (Some(before), reason, _) if before == reason => News::None,
            (_, _, Some(error)) => News::Failed(error),
            (Some(_), _, None) => News::AnswersAgain,
            (None, _, None) => News::Answers,
        }
    }
}

/// What a reason is apart from how many bytes came and how long it took, which differ each time.
fn kind(reason: &str) -> String {
    const UNITS: [&str; 2] = ["bytes", "s"];
    let is_unit = |word: &str| UNITS.contains(&word.trim_end_matches([',', ':', ';']));
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let words: Vec<&str> = reason.split(' ').collect();
    let is_figure =
        |at: usize| is_number(words[at]) && words.get(at + 1).is_some_and(|w| is_unit(w));
    let kept = (0..words.len()).filter(|at| !is_figure(*at)).map(|at| words[at]);
    kept.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{ByteCount, Timestamp};

    use super::*;

    fn poll(part: PollPart, error: Option<&str>) -> Poll {
        Poll {
            at: Timestamp::from_seconds(0),
            part,
            took_micros: 1,
            requests: 1,
            bytes: ByteCount::new(0),
            error: error.map(Into::into),
        }
    }

    #[test]
    fn only_changes_are_told() {
        let mut telling = Telling::new("attic".parse().unwrap());
        let mut news = |error| {
            let poll = poll(PollPart::Dashboard, error);
            format!("{:?}", telling.news(&poll))
        };
        assert_eq!(news(None), "Answers");
        assert_eq!(news(None), "None");
        assert_eq!(news(Some("refused")), "Failed(\"refused\")");
        assert_eq!(news(Some("refused")), "None");
        assert_eq!(news(Some("cut after 17 bytes")), "Failed(\"cut after 17 bytes\")");
        assert_eq!(news(Some("cut after 99 bytes")), "None");
        assert_eq!(news(Some("not after 30 s: slow")), "Failed(\"not after 30 s: slow\")");
        assert_eq!(news(Some("not after 0.4 s: slow")), "None");
        // Another status is another reason.
        assert_eq!(news(Some("answers with 500")), "Failed(\"answers with 500\")");
        assert_eq!(news(Some("answers with 503")), "Failed(\"answers with 503\")");
        assert_eq!(news(None), "AnswersAgain");
        assert_eq!(news(None), "None");
    }

    #[test]
    fn each_part_is_told_for_itself() {
        let mut telling = Telling::new("attic".parse().unwrap());
        assert_eq!(telling.news(&poll(PollPart::Dashboard, None)), News::Answers);
        let failed = poll(PollPart::Metrics, Some("refused"));
        assert_eq!(telling.news(&failed), News::Failed("refused"));
        assert_eq!(telling.news(&poll(PollPart::Dashboard, None)), News::None);
    }
}
