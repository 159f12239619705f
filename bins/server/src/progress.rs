//! The progress bar of an import.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{clock::Stopwatch, table::number};

/// Shows on stderr how far an import is, if stderr is a terminal; else nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    since: Stopwatch,
    lines: u64,
}

impl Progress {
    /// Begins at nothing of so many bytes; `None` where nobody can know how many there are.
    pub(crate) fn start(bytes: Option<u64>) -> Self {
        let target = if std::io::stderr().is_terminal() {
            // Drawing more often would only cost time.
            ProgressDrawTarget::stderr_with_hz(5)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(bytes, target);
        let template = match bytes {
            Some(_) => {
                "{bar:30} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}  {msg}  {eta} left"
            }
            None => "{spinner} {decimal_bytes}  {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, since: Stopwatch::start(), lines: 0 }
    }

    /// So many lines more are read, and so many bytes in all.
    pub(crate) fn advance(&mut self, lines: u64, bytes: u64) {
        self.lines += lines;
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position(bytes);
        let seconds = self.since.elapsed().as_secs_f64();
        if seconds > 0.0 {
            let rate = number((self.lines as f64 / seconds) as u64);
            self.bar.set_message(format!("{rate} lines/s"));
        }
    }

    /// Clears the bar away: the summary says what there is to say.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Also when something went wrong on the way: an error is written below no bar.
impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
