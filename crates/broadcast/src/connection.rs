//! A client's two ends, for the transport that carries its frames.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use bytes::Bytes;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    watch,
};

use crate::{
    client::{ClientId, CloseReason},
    hub::Outgoing,
    inbox::Inbox,
    task::Command,
};

/// A client's two ends. Dropping either ends the client.
#[derive(Debug)]
pub struct Connection {
    /// For what comes from the client.
    pub inbound: Inbound,
    /// For what goes to it.
    pub outbound: Outbound,
}

/// Tells the hub when a client's end is dropped.
#[derive(Debug)]
struct Gone {
    client: ClientId,
    inbox: Arc<Inbox>,
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.inbox.gone(self.client);
    }
}

/// Where a transport puts what comes from a client.
#[derive(Debug)]
pub struct Inbound {
    commands: mpsc::Sender<Command>,
    message_bytes: usize,
    gone: Gone,
}

impl Inbound {
    /// A text or binary frame came. Waits while the hub has much to do, and so makes the transport
    /// read no more.
    pub async fn receive(&self, message: &[u8]) {
        // One byte more than fits is enough to be told that it does not.
        let kept = message.len().min(self.message_bytes + 1);
        let text = Bytes::copy_from_slice(&message[..kept]);
        // An error means that the hub has stopped: the other end says so.
        let _ = self.commands.send(Command::Receive(self.gone.client, text)).await;
    }

    /// A pong came, or anything else that is no message.
    pub async fn heard(&self) {
        let _ = self.commands.send(Command::Heard(self.gone.client)).await;
    }

    /// Something came that the transport does not take. The client is told why, and closed.
    pub async fn overstepped(&self, why: CloseReason) {
        let _ = self.commands.send(Command::Overstepped(self.gone.client, why)).await;
    }
}

/// Where a transport gets what goes to a client: one thing at a time, so that nothing piles up.
#[derive(Debug)]
pub struct Outbound {
    outgoing: mpsc::Receiver<Outgoing>,
    closing: watch::Receiver<Option<CloseReason>>,
    behind: Arc<AtomicBool>,
    gone: Gone,
}

impl Outbound {
    /// Waits for what is to be sent next. After [`Outgoing::Close`] comes nothing else.
    pub async fn next(&mut self) -> Outgoing {
        let Some(outgoing) = self.outgoing.recv().await else {
            // Without a reason the hub's task was dropped.
            return Outgoing::Close(self.closing.borrow().unwrap_or(CloseReason::GoingAway));
        };
        // The hub sets it, and then tries the slot once more: either it sees the free slot, or this
        // sees that it was set.
        if self.behind.swap(false, SeqCst) {
            self.gone.inbox.drained(self.gone.client);
        }
        outgoing
    }

    /// What a transport waits for beside a write that may never end.
    #[must_use]
    pub fn closing(&self) -> Closing {
        Closing { closing: self.closing.clone() }
    }
}

/// The closing of a client by the hub.
#[derive(Clone, Debug)]
pub struct Closing {
    closing: watch::Receiver<Option<CloseReason>>,
}

impl Closing {
    /// Ends when the hub closes the client, however full its slot is.
    pub async fn wait(&mut self) -> CloseReason {
        match self.closing.wait_for(Option::is_some).await {
            Ok(reason) => reason.unwrap_or(CloseReason::GoingAway),
            Err(_) => CloseReason::GoingAway,
        }
    }
}

/// The hub's side of a connection: a slot for one thing.
#[derive(Debug)]
pub(crate) struct Slot {
    outgoing: mpsc::Sender<Outgoing>,
    closing: watch::Sender<Option<CloseReason>>,
    behind: Arc<AtomicBool>,
}

impl Slot {
    /// The slot, if it is free. If it is not, the client's end says so when it is again.
    pub(crate) fn reserve(&self) -> Result<mpsc::Permit<'_, Outgoing>, TrySendError<()>> {
        self.outgoing.try_reserve().or_else(|_| {
            self.behind.store(true, SeqCst);
            let again = self.outgoing.try_reserve()?;
            self.behind.store(false, SeqCst);
            Ok(again)
        })
    }

    /// Says why, if there is room, and closes.
    pub(crate) fn close(self, reason: CloseReason, last: Option<Bytes>) {
        if let Some(last) = last {
            // A client that reads nothing does not read this either.
            let _ = self.outgoing.try_send(Outgoing::Text(last));
        }
        self.closing.send_replace(Some(reason));
    }
}

pub(crate) fn connection(
    client: ClientId,
    message_bytes: usize,
    commands: mpsc::Sender<Command>,
    inbox: &Arc<Inbox>,
) -> (Slot, Connection) {
    let (outgoing, outgoing_end) = mpsc::channel(1);
    let (closing, closing_end) = watch::channel(None);
    let behind = Arc::new(AtomicBool::new(false));
    let gone = || Gone { client, inbox: Arc::clone(inbox) };
    let outbound = Outbound {
        outgoing: outgoing_end,
        closing: closing_end,
        behind: Arc::clone(&behind),
        gone: gone(),
    };
    let inbound = Inbound { commands, message_bytes, gone: gone() };
    (Slot { outgoing, closing, behind }, Connection { inbound, outbound })
}
