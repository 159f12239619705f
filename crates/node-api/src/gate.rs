//! The gate: how many nodes are asked what is dear for them at the same time.

use std::{pin::pin, time::Duration};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// Lets few questions at a time through. Questions by satellite keep a core of the node busy, and
/// many nodes may share a machine.
#[derive(Debug)]
pub struct Gate {
    permits: Semaphore,
    turn: Duration,
}

impl Gate {
    /// How long a question may hold its turn. A node that reads from a busy disk has been seen to
    /// need ten seconds for a satellite; who has not answered by then is not busy but gone, or so
    /// slow that one more beside it makes no difference.
    pub const TURN: Duration = Duration::from_secs(10);

    /// A gate for so many at a time, at least one.
    pub fn new(at_once: usize) -> Self {
        Self::with_turn(at_once, Self::TURN)
    }

    /// The same with turns of another length.
    pub fn with_turn(at_once: usize, turn: Duration) -> Self {
        Self { permits: Semaphore::new(at_once.max(1)), turn }
    }

    /// Waits for a turn, then for what is asked. A question that takes longer than its turn goes on
    /// without it.
    pub async fn pass<T>(&self, question: impl Future<Output = T>) -> T {
        let turn = self.permits.acquire().await.expect("the gate is never closed");
        in_turn(turn, self.turn, question).await
    }
}

async fn in_turn<T>(
    turn: SemaphorePermit<'_>,
    length: Duration,
    question: impl Future<Output = T>,
) -> T {
    let mut question = pin!(question);
    if let Ok(answer) = timeout(length, &mut question).await {
        return answer;
    }
    drop(turn);
    question.await
}
