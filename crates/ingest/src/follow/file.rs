//! A log in files: read where it grows, through every kind of rotation.

use std::{fs, path::Path, time::Duration};

use crossbeam_channel::{RecvError, after, never, select};
use piecewatch_model::Batch;

use super::{
    Control, FollowConfig, Noticing, State,
    files::Files,
    notice::Watch,
    pace::{Call, Calls, Pace},
    rotated::Rotated,
    start,
    tail::{Look, Opened, Tail},
};
use crate::{Archive, Error, Flow, Parser, identity::Identity, import::Import};

/// How long a file that grows is left alone between two looks. It is also how exactly the time is
/// known at which a line was written. Where batches may come closer it is looked at as often, and twice as
/// often where nothing came.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// After so many looks in vain a file is not looked at before there is reason to.
const QUIET_LOOKS: u32 = 5;
/// After so many looks at a busy file it is waited for once, to learn whether notifications come.
const BUSY_LOOKS: u32 = 1_200;
/// The same for a file that was just opened.
const FIRST_LOOKS: u32 = 20;
/// When the files beside a log are looked at again after it was opened: a rotation takes its time to
/// compress, and a node that was slow to close the old file.
const SWEEPS: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(600),
];
/// The same while the log is empty.
const EMPTY_SWEEP: Duration = Duration::from_secs(1);
/// How often the files beside a log are looked at when one of them cannot be read, and how long after
/// each other.
const SWEEP_TRIES_MAX: u32 = 20;
const SWEEP_PAUSE: Duration = Duration::from_millis(100);
/// After so many looks in vain a file that nothing is told of is looked at less often.
const IDLE_LOOKS: u32 = 40;
/// How often a file is looked at whose changes are told, or that has rested for long.
const SAFETY_INTERVAL: Duration = Duration::from_secs(1);
/// After so many looks in vain for a file of the log's name it is said that there is none.
const ABSENT_LOOKS: u32 = 8;
/// What is farther behind than this is catching up, in bytes.
const BEHIND_MIN: u64 = 1 << 20;

/// Follows the files of one log.
pub(super) struct FileFollower<'a, S> {
    config: &'a FollowConfig,
    control: &'a Control,
    files: Files,
    import: Import,
    parser: Parser,
    pace: Pace,
    calls: Calls,
    /// Whether batches were called in when a file was last left alone.
    is_called: bool,
    noticing: Noticing,
    /// Growth that no notification told of, in a row.
    missed: u32,
    /// Looks in a row at which there was no file of this name.
    absent: u32,
    rotated: Rotated,
    sink: S,
}

/// Why a file is not followed any more.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    /// Another file is written now, or this one was begun anew.
    Rotated,
    /// The follower is to end.
    Stopped,
}

/// What ended waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// The file system said that something has changed.
    Hint,
    /// Nobody said anything.
    Time,
    /// There was another reason to look.
    Now,
}

impl<'a, S: FnMut(Vec<Batch>) -> Flow> FileFollower<'a, S> {
    pub(super) fn new(
        config: &'a FollowConfig,
        path: &Path,
        import: Import,
        control: &'a Control,
        sink: S,
    ) -> Self {
        Self {
            config,
            control,
            files: Files::new(path),
            parser: import.new_parser(),
            import,
            pace: Pace::new(config.batch_interval.clone()),
            calls: Calls::default(),
            is_called: false,
            noticing: Noticing::Polled,
            missed: 0,
            absent: 0,
            rotated: Rotated::new(config.node.clone()),
            sink,
        }
    }

    /// Follows until it is to stop.
    pub(super) fn run(mut self, is_new: bool) {
        if is_new && self.start() == Flow::Stop {
            return;
        }
        while !self.control.is_stopped() {
            let opened = self.files.newest().map_err(Error::io("find", self.files.path()));
            let opened = opened.and_then(|mut live| {
                // Rotated between the two: what comes before must be read before.
                for _ in 0..SWEEP_TRIES_MAX {
                    if self.sweep(&live) == Flow::Stop {
                        return Ok(None);
                    }
                    live = self.files.newest().map_err(Error::io("find", self.files.path()))?;
                    let opened = Tail::open(&live, &mut self.import)?;
                    if self.rotated.is_read(&self.files, &live) {
                        return Ok(Some(opened));
                    }
                }
                Tail::open(&live, &mut self.import).map(Some)
            });
            let left = match opened {
                Ok(None) => Left::Stopped,
                Ok(Some(Opened::Tail(tail))) => self.follow(*tail).unwrap_or_else(|error| {
                    tracing::warn!(node = %self.config.node, "{error}");
                    self.wait_for(error.to_string())
                }),
                Ok(Some(Opened::Shorter)) => self.wait_for(format!(
                    "{} is shorter than what was read of it: an older copy was put back",
                    self.files.path().display()
                )),
                Err(error) => self.wait_for(error.to_string()),
            };
            if left == Left::Stopped {
                return;
            }
        }
    }

    /// Passes over what is older than the start of a new node.
    fn start(&mut self) -> Flow {
        let Ok(live) = self.files.newest() else { return Flow::Continue };
        let mut files = self.files.siblings(&live);
        files.push(live);
        files.retain(|file| Archive::open(file).is_ok());
        match start::passing_over(&files, self.config.start, &mut self.import, self.control) {
            Ok(batches) if batches.is_empty() => Flow::Continue,
            Ok(batches) => (self.sink)(batches),
            Err(error) => {
                tracing::warn!(node = %self.config.node, "{error}");
                Flow::Continue
            }
        }
    }

    /// Reads what is unread in the files beside the one that is written, oldest first.
    ///
    /// A rotation may be going on: a file that was there is compressed and gone. What comes after it
    /// is not read before it, or transfers would lose their beginnings; so everything is looked at
    /// again in a moment.
    fn sweep(&mut self, live: &Path) -> Flow {
        for _ in 0..SWEEP_TRIES_MAX {
            let (files, import) = (&self.files, &mut self.import);
            match self.rotated.read(files, live, import, self.control, &mut self.sink) {
                Some(flow) => return flow,
                None => self.control.pause(SWEEP_PAUSE),
            }
            if self.control.is_stopped() {
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    /// Follows one file until another one is written.
    fn follow(&mut self, mut tail: Tail) -> crate::Result<Left> {
        let file = tail.path().to_owned();
        let node = &self.config.node;
        tracing::debug!(%node, file = %file.display(), at = tail.position(), "opened");
        let mut sweeps = SWEEPS.iter().chain(std::iter::repeat(&SWEEPS[SWEEPS.len() - 1]));
        let mut sweep = sweeps.next().map_or_else(never, |time| after(*time));
        // A file that grows all the time is soon waited for once.
        let mut mode = Mode::Busy { quiet: 0, looks: BUSY_LOOKS - FIRST_LOOKS };
        let mut woken = Woken::Now;
        let mut is_begun = tail.position() > 0;
        loop {
            if !is_begun && tail.length()? > 0 {
                // The node may have written to the file before until now.
                if !self.rotated.is_read(&self.files, &file) {
                    return Ok(Left::Rotated);
                }
                is_begun = true;
            }
            // Before the look: what was written before it is told to stop is read, unless that is very much.
            let is_last = self.control.is_stopped();
            let look = self.look(&mut tail, mode.knows_when(woken))?;
            match look {
                Look::Stopped => return Ok(Left::Stopped),
                Look::Replaced => {
                    let node = &self.config.node;
                    tracing::info!(%node, file = %file.display(), "cut and begun anew");
                    return Ok(self.leave(tail, Left::Rotated));
                }
                Look::Nothing | Look::Grown if is_last => {
                    return Ok(self.leave(tail, Left::Stopped));
                }
                Look::Nothing if self.is_rotated(&tail) => {
                    // What was written between the look and the rotation.
                    if self.look(&mut tail, false)? == Look::Stopped {
                        return Ok(Left::Stopped);
                    }
                    let node = &self.config.node;
                    tracing::info!(%node, file = %file.display(), "rotated");
                    return Ok(self.leave(tail, Left::Rotated));
                }
                Look::Nothing | Look::Grown => {}
            }
            let is_swept = sweep.try_recv().is_ok();
            if tail.has_batch() && (is_swept || self.pace.is_due()) {
                self.pace.gone();
                if self.close(&mut tail) == Flow::Stop {
                    return Ok(Left::Stopped);
                }
            }
            if is_swept {
                if self.sweep(&file) == Flow::Stop {
                    return Ok(Left::Stopped);
                }
                // Nothing is in the new file: the node may still write to the one that was renamed.
                let next = if is_begun { sweeps.next() } else { Some(&EMPTY_SWEEP) };
                sweep = next.map_or_else(never, |time| after(*time));
            }
            (mode, woken) = self.wait(mode, woken, look, &tail);
        }
    }

    /// Reads what a file has grown by. `knows_when` says whether it was written just now.
    fn look(&mut self, tail: &mut Tail, knows_when: bool) -> crate::Result<Look> {
        let (control, sink) = (self.control, &mut self.sink);
        let total_bytes = tail.length()?;
        if total_bytes == tail.position() {
            // What was read before this process began may leave an audit open, and the node say nothing more.
            control.note_audit(self.import.assembler.open_audit(), self.config.now);
            return Ok(Look::Nothing);
        }
        let is_behind = total_bytes.saturating_sub(tail.position()) >= BEHIND_MIN;
        let tell = |read_bytes| {
            if is_behind {
                control.set(State::CatchingUp { read_bytes, total_bytes });
            }
        };
        tell(tail.position());
        let is_arrival = knows_when && !is_behind && self.noticing == Noticing::Notified;
        let arrived = is_arrival.then(self.config.now);
        let look =
            tail.look(total_bytes, &mut self.parser, &mut self.import, arrived, |batch| {
                tell(batch.end.offset);
                control.give(sink, batch)
            })?;
        control.note_audit(self.import.assembler.open_audit(), self.config.now);
        control.set(State::Live { noticing: self.noticing });
        Ok(look)
    }

    /// Whether another file is written now. A new one that is empty says nothing yet: a node goes on
    /// writing to the file that it has open, whatever its name has become.
    fn is_rotated(&mut self, tail: &Tail) -> bool {
        match self.files.newest().and_then(fs::metadata) {
            Ok(newest) => {
                self.absent = 0;
                self.control.set(State::Live { noticing: self.noticing });
                newest.len() > 0 && Identity::of(&newest) != tail.identity()
            }
            Err(error) => {
                // Between two steps of a rotation there may be no file.
                self.absent += 1;
                if self.absent >= ABSENT_LOOKS {
                    let reason = Error::io("find", self.files.path())(error).to_string();
                    self.say(State::Moved {
                        reason: format!("{reason}; what it still gets is read"),
                    });
                }
                false
            }
        }
    }

    /// Gives away what was read. To be told to stop ends nothing here: the file is looked at once more.
    fn close(&mut self, tail: &mut Tail) -> Flow {
        match tail.close(&mut self.import) {
            Some(batch) => (self.sink)(vec![batch]),
            None => Flow::Continue,
        }
    }

    /// Gives away what was read of a file before it is left.
    fn leave(&mut self, mut tail: Tail, left: Left) -> Left {
        match self.close(&mut tail) {
            Flow::Continue => left,
            Flow::Stop => Left::Stopped,
        }
    }

    /// Waits until there is reason to look again.
    fn wait(&mut self, mode: Mode, woken: Woken, found: Look, tail: &Tail) -> (Mode, Woken) {
        self.pace.answered();
        match mode {
            Mode::Busy { quiet, looks } => {
                let quiet = if found == Look::Grown { 0 } else { quiet + 1 };
                if quiet < self.quiet_looks() && looks < BUSY_LOOKS {
                    let mode = Mode::Busy { quiet, looks: looks + 1 };
                    (mode, self.rest(found))
                } else {
                    // Looked at once more: it may have grown before it was watched.
                    let watch = self.watch(tail.path());
                    (Mode::Idle { watch, quiet: 0 }, Woken::Now)
                }
            }
            // Told of, and alone: the next one will be, too. Of a file that grows all the time each line
            // would cost being told of it.
            Mode::Idle { .. }
                if found == Look::Grown && (woken != Woken::Hint || tail.has_batch()) =>
            {
                self.notice(woken);
                (Mode::Busy { quiet: 0, looks: 0 }, self.rest(found))
            }
            Mode::Idle { watch, quiet } => {
                let quiet = if found == Look::Grown { 0 } else { quiet };
                if found == Look::Grown {
                    self.notice(woken);
                }
                let hint = watch.as_ref().map_or_else(never, |watch| watch.hint.clone());
                let (due, calls) = match tail.has_batch() {
                    true => (self.pace.due(), self.pace.calls()),
                    false => {
                        self.pace.rest();
                        (never(), never())
                    }
                };
                let woken = select! {
                    recv(self.control.stopping) -> _ => Woken::Now,
                    recv(hint) -> _ => Woken::Hint,
                    recv(calls) -> call => {
                        self.called(call);
                        Woken::Now
                    }
                    recv(due) -> _ => {
                        self.pace.fired();
                        Woken::Now
                    }
                    default(self.idle_interval(quiet)) => Woken::Time,
                };
                (Mode::Idle { watch, quiet: quiet.saturating_add(1) }, woken)
            }
        }
    }

    /// How long a file at rest is left alone of which nothing is told. Where changes are told, and
    /// where it has rested for long, it is looked at less often.
    fn idle_interval(&self, quiet: u32) -> Duration {
        match self.noticing {
            Noticing::Polled if quiet < IDLE_LOOKS => self.config.poll_interval,
            Noticing::Notified | Noticing::Polled | Noticing::Streamed => {
                self.config.poll_interval.max(SAFETY_INTERVAL)
            }
        }
    }

    /// The same time whether it is looked at often or twice as often.
    fn quiet_looks(&self) -> u32 {
        if self.config.batch_interval.get() < LOOK_INTERVAL { 2 * QUIET_LOOKS } else { QUIET_LOOKS }
    }

    /// Leaves a busy file alone for a moment, after a look that has found this.
    fn rest(&mut self, found: Look) -> Woken {
        let interval = self.config.batch_interval.get();
        if interval >= LOOK_INTERVAL {
            // Nobody calls.
            self.control.pause(LOOK_INTERVAL);
            return Woken::Time;
        }
        let longest = match found {
            Look::Grown if self.is_called => self.calls.rest(),
            // Nobody calls after a window in which nothing came: whoever looks is told as soon as we see
            // the next line, so that this is how late it may be.
            Look::Nothing => interval / 2,
            Look::Grown | Look::Replaced | Look::Stopped => interval,
        };
        self.is_called = false;
        select! {
            recv(self.control.stopping) -> _ => {}
            recv(self.pace.calls()) -> call => self.called(call),
            default(longest) => {}
        }
        Woken::Time
    }

    /// The batch is called in, and others will be.
    fn called(&mut self, call: Result<Call, RecvError>) {
        // Whoever calls is there as long as the interval, of which we hold a part.
        let Ok(call) = call else { return };
        self.is_called = true;
        self.calls.heard((self.config.now)());
        self.pace.called(call);
    }

    /// Watches a file, and where links to it lead.
    fn watch(&self, path: &Path) -> Option<Watch> {
        let mut files = vec![path.to_owned()];
        files.extend(path.canonicalize().ok().filter(|target| target != path));
        self.config.notifier.watch(&files)
    }

    /// Learns from growth whether notifications come.
    fn notice(&mut self, woken: Woken) {
        let before = self.noticing;
        match woken {
            Woken::Hint => (self.missed, self.noticing) = (0, Noticing::Notified),
            Woken::Time => {
                self.missed += 1;
                if self.missed > 1 {
                    self.noticing = Noticing::Polled;
                }
            }
            Woken::Now => {}
        }
        if self.noticing != before {
            let (node, noticing) = (&self.config.node, self.noticing.name());
            tracing::info!(%node, noticing, "how changes of the log are noticed");
        }
    }

    /// Says what is missing; in the log once.
    fn say(&self, state: State) {
        if self.control.state() != state {
            if let State::Waiting { reason } | State::Moved { reason } = &state {
                tracing::warn!(node = %self.config.node, "waiting: {reason}");
            }
            self.control.set(state);
        }
    }

    /// Waits for a file that cannot be read now.
    fn wait_for(&mut self, reason: String) -> Left {
        self.say(State::Waiting { reason });
        self.pace.answered();
        self.pace.rest();
        let watch = self.watch(self.files.path());
        let hint = watch.as_ref().map_or_else(never, |watch| watch.hint.clone());
        select! {
            recv(self.control.stopping) -> _ => {}
            recv(hint) -> _ => {}
            default(self.config.poll_interval) => {}
        }
        Left::Rotated
    }
}

/// How closely a file is looked at.
enum Mode {
    /// It grows: it is looked at again and again, which costs less than being told of each line.
    Busy {
        /// Looks in vain, in a row.
        quiet: u32,
        looks: u32,
    },
    /// It rests.
    Idle {
        watch: Option<Watch>,
        /// Looks in vain of which there was no reason, in a row.
        quiet: u32,
    },
}

impl Mode {
    /// Whether what is found now was written just now.
    fn knows_when(&self, woken: Woken) -> bool {
        match self {
            Self::Busy { .. } => true,
            Self::Idle { .. } => woken != Woken::Time,
        }
    }
}
