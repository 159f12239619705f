//! A browser's WebSocket: from the hub to the wire and back.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use piecewatch_broadcast::{CloseReason, Connection, Outgoing};
use tokio::time::timeout;
use warp::ws::{Message, WebSocket};

use crate::clock;

/// How long a good-bye may take, on the way out and back.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// How many pings and pongs a browser may send in a second.
const PINGS_MAX: u32 = 50;

/// Carries what the hub and a browser say to each other until one of them ends it.
pub(crate) async fn talk(socket: WebSocket, connection: Connection) {
    let (mut sink, mut stream) = socket.split();
    let Connection { inbound, mut outbound } = connection;
    let mut closing = outbound.closing();
    let mut pings = Pings::default();
    let hears = async {
        while let Some(Ok(message)) = stream.next().await {
            if message.is_text() || message.is_binary() {
                inbound.receive(message.as_bytes()).await;
            } else if message.is_close() {
                break;
            } else if !pings.take() {
                // Each would be answered, and wait for whoever does not read.
                tracing::debug!("a browser pings too much");
                break;
            } else if pings.is_first() {
                inbound.heard().await;
            }
        }
    };
    let says = async {
        loop {
            let sent = match outbound.next().await {
                Outgoing::Text(text) => sink.send(frame(text)).await,
                Outgoing::Ping => sink.send(Message::ping(Bytes::new())).await,
                Outgoing::Close(reason) => return Some(reason),
            };
            // The browser is gone.
            if sent.is_err() {
                return None;
            }
        }
    };
    let reason: Option<CloseReason> = tokio::select! {
        () = hears => None,
        reason = says => reason,
        // What is being sent may never end.
        reason = async {
            let reason = closing.wait().await;
            tokio::time::sleep(GOODBYE_MAX).await;
            reason
        } => Some(reason),
    };
    let Some(reason) = reason else { return };
    let goodbye = async {
        if sink.send(Message::close_with(reason.code(), reason.text())).await.is_ok() {
            // Whoever hangs up first may lose what is still on the way.
            while let Some(Ok(_)) = stream.next().await {}
        }
    };
    // A browser that does not answer is not waited for.
    let _ = timeout(GOODBYE_MAX, goodbye).await;
}

/// Counts the pings and pongs of a second.
#[derive(Debug, Default)]
struct Pings {
    second: u64,
    count: u32,
}

impl Pings {
    /// Counts one more; `false` when there are too many.
    fn take(&mut self) -> bool {
        let second = clock::coarse().as_secs();
        if second != self.second {
            *self = Self { second, count: 0 };
        }
        self.count += 1;
        self.count <= PINGS_MAX
    }

    /// Whether it was the first of its second: the hub need not know of the others.
    const fn is_first(&self) -> bool {
        self.count == 1
    }
}

/// A text frame. What the hub makes is JSON, which is UTF-8.
fn frame(text: Bytes) -> Message {
    match String::from_utf8(text.into()) {
        Ok(text) => Message::text(text),
        Err(error) => Message::text(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}
