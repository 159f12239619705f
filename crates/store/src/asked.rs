//! How often each question was asked, how long it took, and which were slow.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use rusqlite::{
    Connection,
    trace::{TraceEvent, TraceEventCodes},
};

/// The text of a statement is cut after so many bytes.
const STATEMENT_MAX_BYTES: usize = 2_000;

/// How a pool's questions are measured: give it to [`Readers::measure`](crate::Readers::measure).
pub struct Measuring {
    /// Tells the time since any fixed moment, and never goes back. It is read twice a question.
    pub clock: fn() -> Duration,
    /// A question that takes so long is slow.
    pub slow_after: Duration,
    /// Is told each slow question, on the thread that asked it, when it is answered.
    pub tell: Box<dyn Fn(SlowQuestion) + Send + Sync>,
}

impl fmt::Debug for Measuring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measuring").field("slow_after", &self.slow_after).finish_non_exhaustive()
    }
}

/// A question that took long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowQuestion {
    /// Its name.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
    /// The statement of it that took longest, with its parameters in their places, cut after 2,000
    /// bytes; `None` where it had none.
    pub statement: Option<String>,
}

/// How a question was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuestionStats {
    /// How often.
    pub count: u64,
    /// How many statements it took in all, where that is measured; those that begin and end
    /// transactions do not count.
    pub statements: u64,
    /// How long it took in all, where that is measured.
    pub took: Duration,
    /// How long it took at most.
    pub took_max: Duration,
    /// How often it was slow.
    pub slow: u64,
}

/// What is known of questions by name, shared by a pool and its readers. A count costs some ten
/// nanoseconds, a question some ten microseconds or more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stats: Mutex<BTreeMap<&'static str, QuestionStats>>,
    measuring: OnceLock<Measuring>,
}

impl Asked {
    /// Measures from now on; `false` when that was begun before.
    pub(crate) fn measure(&self, measuring: Measuring) -> bool {
        self.0.measuring.set(measuring).is_ok()
    }

    /// Lets a connection say which of its statements take long.
    pub(crate) fn watch(&self, connection: &Connection) {
        if self.0.measuring.get().is_some() {
            connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note_statement));
        }
    }

    /// Counts a question while it is answered, and measures it.
    pub(crate) fn question<T>(&self, name: &'static str, answer: impl FnOnce() -> T) -> T {
        let Some(measuring) = self.0.measuring.get() else {
            self.note(name, |stats| stats.count += 1);
            return answer();
        };
        LONGEST.take();
        STATEMENTS.set(0);
        let begin = (measuring.clock)();
        let answered = answer();
        let took = (measuring.clock)().saturating_sub(begin);
        let is_slow = took >= measuring.slow_after;
        self.note(name, |stats| {
            stats.count += 1;
            stats.statements += STATEMENTS.get();
            stats.took += took;
            stats.took_max = stats.took_max.max(took);
            stats.slow += u64::from(is_slow);
        });
        if is_slow {
            let statement = LONGEST.take().map(|(_, statement)| statement);
            (measuring.tell)(SlowQuestion { name, took, statement });
        }
        answered
    }

    fn note(&self, name: &'static str, note: impl FnOnce(&mut QuestionStats)) {
        let mut stats = self.0.stats.lock().unwrap_or_else(PoisonError::into_inner);
        note(stats.entry(name).or_default());
    }

    pub(crate) fn stats(&self) -> BTreeMap<&'static str, QuestionStats> {
        self.0.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

thread_local! {
    /// The longest statement of the question that this thread asks. SQLite tells of statements to a
    /// plain function, on the thread that runs them.
    static LONGEST: RefCell<Option<(Duration, String)>> = const { RefCell::new(None) };
    /// How many statements that question took so far.
    static STATEMENTS: Cell<u64> = const { Cell::new(0) };
}

/// With which words a statement begins that only begins or ends a transaction.
const OF_TRANSACTIONS: [&str; 3] = ["BEGIN", "COMMIT", "ROLLBACK"];

fn note_statement(event: TraceEvent<'_>) {
    let TraceEvent::Profile(statement, took) = event else { return };
    if OF_TRANSACTIONS.iter().any(|word| statement.sql().starts_with(word)) {
        return;
    }
    STATEMENTS.set(STATEMENTS.get() + 1);
    // Also of quick ones, which may be many: the text of one takes some two microseconds, and of several
    // that are equally quick, to the millisecond in which SQLite tells it, there is one text.
    LONGEST.with_borrow_mut(|longest| {
        if longest.as_ref().is_none_or(|(longest, _)| took > *longest) {
            let text = statement.expanded_sql().unwrap_or_else(|| statement.sql().into_owned());
            *longest = Some((took, cut(text)));
        }
    });
}

fn cut(mut text: String) -> String {
    if text.len() > STATEMENT_MAX_BYTES {
        let is_whole = |end: &usize| text.is_char_boundary(*end);
        let end = (0..=STATEMENT_MAX_BYTES).rev().find(is_whole).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
