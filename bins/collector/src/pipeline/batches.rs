//! The way of batches from readers to the writer.

use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};

use super::{BATCHES_MAX, BATCHES_PATIENT, writer::Message};

/// Where readers give what they have read.
#[derive(Debug, Clone)]
pub(super) struct Batches {
    /// Dropped before the bell: when nobody can ring it, nobody can give.
    messages: Sender<Message>,
    bell: Sender<()>,
}

/// Where the writer takes it.
#[derive(Debug)]
pub(super) struct Given {
    /// What waits. Nobody can give more when it says so.
    pub(super) messages: Receiver<Message>,
    /// Has something when many wait: a writer that waits for its next commit need not be woken by each.
    pub(super) bell: Receiver<()>,
}

pub(super) fn batches() -> (Batches, Given) {
    let (give, messages) = bounded(BATCHES_MAX);
    let (ring, bell) = bounded(1);
    (Batches { messages: give, bell: ring }, Given { messages, bell })
}

impl Batches {
    /// Gives a message, or has it back when there was no room for so long, or nobody takes it any more.
    pub(super) fn give(
        &self,
        message: Message,
        patience: Duration,
    ) -> Result<(), SendTimeoutError<Message>> {
        self.messages.send_timeout(message, patience)?;
        if self.messages.len() > BATCHES_PATIENT {
            // Full: it rings already.
            let _ = self.bell.try_send(());
        }
        Ok(())
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::reader::Run;

    fn message(number: u64) -> Message {
        Message { run: Run::new(), number, batches: Vec::new(), tickets: Vec::new() }
    }

    #[test]
    fn the_bell_rings_when_many_wait_and_no_more_is_given_than_there_is_room_for() {
        let (batches, given) = batches();
        for number in 0..BATCHES_PATIENT as u64 {
            batches.give(message(number), Duration::ZERO).unwrap();
        }
        assert!(given.bell.is_empty(), "the writer may wait for its next commit");
        for number in BATCHES_PATIENT as u64..BATCHES_MAX as u64 {
            batches.give(message(number), Duration::ZERO).unwrap();
            assert!(!given.bell.is_empty(), "nobody has heard it yet");
        }
        let refused = batches.give(message(99), Duration::from_millis(1)).unwrap_err();
        assert_eq!((refused.into_inner().number, batches.len()), (99, BATCHES_MAX));
        let taken: Vec<_> = given.messages.try_iter().map(|message| message.number).collect();
        assert_eq!(taken, (0..BATCHES_MAX as u64).collect::<Vec<_>>());
        drop(given);
        let refused = batches.give(message(0), Duration::ZERO).unwrap_err();
        assert!(refused.is_disconnected(), "nobody takes it any more");
    }
}
