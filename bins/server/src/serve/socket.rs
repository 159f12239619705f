//! A browser's WebSocket: from the hub to the wire and back.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use piecewatch_broadcast::{CloseReason, Connection, Outgoing};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};

/// How long a good-bye may take, on the way out and back.
const GOODBYE_MAX: Duration = Duration::from_secs(1);
/// What is read at once: browsers say little, and each connection holds as much.
const READ_BUFFER: usize = 4 << 10;

/// A connection that has become a WebSocket.
pub(crate) type WebSocket = WebSocketStream<TokioIo<Upgraded>>;

/// Makes a connection a WebSocket that takes messages of so many bytes; `None` if it ended meanwhile.
pub(crate) async fn opened(upgrade: OnUpgrade, message_bytes: usize) -> Option<WebSocket> {
    let upgraded = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => {
            tracing::debug!(%error, "there is no WebSocket");
            return None;
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes));
    Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await)
}

/// Carries what the hub and a browser say to each other until one of them ends it.
pub(crate) async fn talk(socket: WebSocket, connection: Connection) {
    let (mut sink, mut stream) = socket.split();
    let Connection { inbound, mut outbound } = connection;
    let mut closing = outbound.closing();
    let hears = async {
        while let Some(Ok(message)) = stream.next().await {
            match message {
                Message::Text(text) => inbound.receive(text.as_bytes()).await,
                Message::Binary(bytes) => inbound.receive(&bytes).await,
                Message::Close(_) => break,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => inbound.heard().await,
            }
        }
    };
    let says = async {
        loop {
            let sent = match outbound.next().await {
                Outgoing::Text(text) => sink.send(frame(text)).await,
                Outgoing::Ping => sink.send(Message::Ping(Bytes::new())).await,
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
        let frame = CloseFrame { code: reason.code().into(), reason: reason.text().into() };
        if sink.send(Message::Close(Some(frame))).await.is_ok() {
            // Whoever hangs up first may lose what is still on the way.
            while let Some(Ok(_)) = stream.next().await {}
        }
    };
    // A browser that does not answer is not waited for.
    let _ = timeout(GOODBYE_MAX, goodbye).await;
}

/// A text frame of the same bytes. What the hub makes is JSON, which is UTF-8.
fn frame(text: Bytes) -> Message {
    match Utf8Bytes::try_from(text.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::text(String::from_utf8_lossy(&text).into_owned()),
    }
}
