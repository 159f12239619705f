//! The signals of the system, on a channel.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use crossbeam_channel::{Receiver, Sender};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use crate::{Error, Result};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM or SIGINT (Ctrl-C): commit what was read, and end. A second one ends the process at
    /// once, with exit code 1; that is safe, since what is not committed is read again.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
}

/// As many signals wait as there are kinds and one more; further ones say nothing new.
const WAITING_MAX: usize = 3;

/// Begins to receive signals.
///
/// # Errors
///
/// When the system allows no handler.
pub fn signals() -> Result<Receiver<Signal>> {
    let (sender, receiver) = crossbeam_channel::bounded(WAITING_MAX);
    listen(sender).map_err(Error::Signals)?;
    Ok(receiver)
}

/// Lets a second signal to stop end the process at once.
fn end_at_the_second() -> io::Result<Arc<AtomicBool>> {
    let is_stopping = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // The first finds the flag down and raises it: handlers run in the order of registration.
        flag::register_conditional_shutdown(signal, 1, Arc::clone(&is_stopping))?;
        flag::register(signal, Arc::clone(&is_stopping))?;
    }
    Ok(is_stopping)
}

#[cfg(unix)]
fn listen(sender: Sender<Signal>) -> io::Result<()> {
    use signal_hook::{consts::SIGHUP, iterator::Signals};

    end_at_the_second()?;
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let asked = if signal == SIGHUP { Signal::Reload } else { Signal::Stop };
            // A full channel holds the same already.
            if let Err(crossbeam_channel::TrySendError::Disconnected(_)) = sender.try_send(asked) {
                return;
            }
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn listen(sender: Sender<Signal>) -> io::Result<()> {
    use std::{sync::atomic::Ordering, time::Duration};

    /// How often the flag is looked at: this system wakes nobody.
    const LOOK_EVERY: Duration = Duration::from_millis(100);

    let is_stopping = end_at_the_second()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        while !is_stopping.load(Ordering::Relaxed) {
            thread::sleep(LOOK_EVERY);
        }
        // Who does not receive any more is stopping already.
        let _ = sender.try_send(Signal::Stop);
    })?;
    Ok(())
}
