//! A browser's WebSocket: from the hub to the wire and back.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use piecewatch_broadcast::{CloseReason, Connection, Inbound, Outgoing};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};

use crate::clock;

/// How long a good-bye may take, on the way out and back.
const GOODBYE_MAX: Duration = Duration::from_secs(1);
/// What is read at once: browsers say little, and each connection holds as much.
const READ_BUFFER: usize = 4 << 10;

/// How much of what goes to a browser may wait in its socket: several times the longest state.
const WRITE_BUFFER_MAX: usize = 8 << 20;

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
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes));
    Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await)
}

/// How many pings and pongs a browser may send in a second.
const PINGS_MAX: u32 = 50;

/// How a conversation ends.
enum End {
    /// The hub closes it.
    Closed(CloseReason),
    /// The browser has said good-bye.
    Left,
    /// The browser is gone.
    Gone,
}

/// Carries what the hub and a browser say to each other until one of them ends it.
pub(crate) async fn talk(socket: WebSocket, connection: Connection) {
    let (mut sink, mut stream) = socket.split();
    let Connection { inbound, mut outbound } = connection;
    let mut closing = outbound.closing();
    let says = async {
        loop {
            let sent = match outbound.next().await {
                Outgoing::Text(text) => sink.send(frame(text)).await,
                Outgoing::Ping => sink.send(Message::Ping(Bytes::new())).await,
                Outgoing::Close(reason) => return End::Closed(reason),
            };
            if sent.is_err() {
                return End::Gone;
            }
        }
    };
    let end = tokio::select! {
        end = hear(&mut stream, &inbound) => end,
        end = says => end,
        // What is being sent may never end.
        reason = async {
            let reason = closing.wait().await;
            tokio::time::sleep(GOODBYE_MAX).await;
            reason
        } => End::Closed(reason),
    };
    let goodbye = async {
        match end {
            End::Closed(reason) => close(sink, stream, reason).await,
            // While it is read on, the good-bye is answered.
            End::Left => while let Some(Ok(_)) = stream.next().await {},
            End::Gone => {}
        }
    };
    // A browser that does not answer is not waited for.
    let _ = timeout(GOODBYE_MAX, goodbye).await;
}

/// Gives the hub what a browser says, until it ends that.
async fn hear(stream: &mut SplitStream<WebSocket>, inbound: &Inbound) -> End {
    let mut pings = Pings::default();
    let overstepped = loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => inbound.receive(text.as_bytes()).await,
            Some(Ok(Message::Binary(bytes))) => inbound.receive(&bytes).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                if !pings.take() {
                    // Each would be answered, and wait for whoever does not read.
                    break CloseReason::TooManyMessages;
                }
                if pings.is_first() {
                    inbound.heard().await;
                }
            }
            Some(Ok(Message::Close(_))) => return End::Left,
            Some(Err(Error::Capacity(_))) => break CloseReason::MessageTooLong,
            Some(Err(_)) | None => return End::Gone,
        }
    };
    inbound.overstepped(overstepped).await;
    // The hub closes it. What comes until then is not read.
    std::future::pending().await
}

/// Says good-bye, and takes what is still on the way: whoever hangs up on that may lose the good-bye.
async fn close(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    reason: CloseReason,
) {
    let frame = CloseFrame { code: reason.code().into(), reason: reason.text().into() };
    if sink.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = stream.next().await {
        if message.is_close() {
            return;
        }
    }
    // The rest of a message that is too long is none to the WebSocket.
    if let Ok(mut socket) = stream.reunite(sink) {
        let _ = tokio::io::copy(socket.get_mut(), &mut tokio::io::sink()).await;
    }
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

/// A text frame of the same bytes. What the hub makes is JSON, which is UTF-8.
fn frame(text: Bytes) -> Message {
    match Utf8Bytes::try_from(text.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::text(String::from_utf8_lossy(&text).into_owned()),
    }
}
