//! What the program says of itself: the limit of each call site, and the forms.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    thread,
};

use piecewatch_collector::{
    config::{LogConfig, LogFormat},
    logging::{Surroundings, report_suppressed, subscriber},
};
use tracing::Dispatch;

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logging(format: LogFormat, limit: Option<u32>, surroundings: Surroundings) -> (Dispatch, Kept) {
    let config = LogConfig {
        format,
        level: "info".to_owned(),
        rate_limit_per_minute: limit,
        slow_query: None,
    };
    let kept = Kept::default();
    let writer = kept.clone();
    (Dispatch::new(subscriber(&config, surroundings, move || writer.clone())), kept)
}

fn with_words(lines: &[String], words: &str) -> usize {
    lines.iter().filter(|line| line.contains(words)).count()
}

#[test]
fn a_call_site_beyond_its_limit_is_silenced_and_counted() {
    let (dispatch, kept) = logging(LogFormat::Human, Some(5), Surroundings::Plain);
    tracing::dispatcher::with_default(&dispatch, || {
        for n in 0..100 {
            tracing::warn!(n, "often");
            tracing::error!(n, "grave");
            if n % 25 == 0 {
                tracing::info!(n, "seldom");
            }
            tracing::debug!(n, "not asked for");
        }
        report_suppressed();
        // What was reported is not reported again.
        report_suppressed();
    });
    let lines = kept.lines();
    assert_eq!(with_words(&lines, "often"), 5);
    assert_eq!(with_words(&lines, "grave"), 100);
    assert_eq!(with_words(&lines, "seldom"), 4);
    assert_eq!(with_words(&lines, "not asked for"), 0);
    assert_eq!(with_words(&lines, "left out"), 1, "{lines:?}");
    let report = lines.last().unwrap();
    assert!(report.contains("lines=95") && report.contains("it::logging:"), "{report}");
}

#[test]
fn many_threads_share_the_limit_of_a_call_site() {
    let (dispatch, kept) = logging(LogFormat::Human, Some(10), Surroundings::Plain);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    for _ in 0..1_000 {
                        tracing::info!("often");
                    }
                    tracing::error!("grave");
                });
            });
        }
    });
    tracing::dispatcher::with_default(&dispatch, report_suppressed);
    let lines = kept.lines();
    assert_eq!((with_words(&lines, "often"), with_words(&lines, "grave")), (10, 8));
    assert_eq!(with_words(&lines, "lines=7990"), 1, "{:?}", lines.last());
}

#[test]
fn no_limit_leaves_nothing_out() {
    let (dispatch, kept) = logging(LogFormat::Human, None, Surroundings::Plain);
    tracing::dispatcher::with_default(&dispatch, || {
        (0..500).for_each(|n| tracing::info!(n, "often"));
        report_suppressed();
    });
    assert_eq!(kept.lines().len(), 500);
}

#[test]
fn lines_suit_their_reader() {
    let said = |format, surroundings| {
        let (dispatch, kept) = logging(format, None, surroundings);
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::warn!(node = "attic", "the log is silent");
            tracing::error!("the disk is full");
        });
        kept.lines()
    };
    let journal = said(LogFormat::Human, Surroundings::Journal);
    assert_eq!(journal, ["<4> WARN the log is silent node=\"attic\"", "<3>ERROR the disk is full"]);
    let plain = &said(LogFormat::Human, Surroundings::Plain)[0];
    let (time, rest) = plain.split_once(' ').unwrap();
    assert!(time.parse::<piecewatch_model::Timestamp>().is_ok(), "{plain}");
    assert_eq!(rest, " WARN the log is silent node=\"attic\"");
    let terminal = &said(LogFormat::Human, Surroundings::Terminal)[0];
    assert!(terminal.contains("\u{1b}["), "{terminal:?}");
    let json = &said(LogFormat::Json, Surroundings::Terminal)[0];
    let object: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(object["message"], "the log is silent");
    assert_eq!(object["node"], "attic");
    assert_eq!(object["level"], "WARN");
}
