//! One question and its answer, on a connection of its own.

use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{
        ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderName, LOCATION,
        USER_AGENT,
    },
};
use hyper_util::rt::TokioIo;
use piecewatch_model::Timestamp;
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

use crate::{Address, Error, Limits, Result, date};

/// The most that is taken of the head of an answer, in bytes. Nodes send 200.
const HEAD_MAX: usize = 64 << 10;

const NAME: &str = concat!("piecewatch/", env!("CARGO_PKG_VERSION"));

/// An answer whose body is still to come.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response<Incoming>,
    address: Address,
    /// What was asked.
    target: String,
    bytes: u64,
    /// Moves the bytes; ends with the answer, wanted or not.
    _connection: JoinSet<()>,
}

/// Connects and asks. The whole is without a limit of time but for the connection: that is the
/// caller's.
pub(crate) async fn ask(
    address: &Address,
    target: &str,
    accept: &'static str,
    limits: &Limits,
) -> Result<Answer> {
    let connecting = TcpStream::connect((address.host(), address.port()));
    let stream = match timeout(limits.connect, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(source)) => return Err(Error::NoConnection { address: address.clone(), source }),
        Err(_) => {
            let after = limits.connect;
            return Err(Error::NoConnectionInTime { address: address.clone(), after });
        }
    };
    let broken =
        |source| Error::BrokenOff { address: address.clone(), path: target.to_owned(), source };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut moving = JoinSet::new();
    moving.spawn(async move {
        // What goes wrong is told to who waits for the answer.
        let _ = connection.await;
    });
    let request = Request::get(target)
        .header(HOST, address.authority())
        .header(ACCEPT, accept)
        .header(USER_AGENT, NAME)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .expect("an address and a path hold no character that HTTP refuses");
    let response = sender.send_request(request).await.map_err(broken)?;
    Ok(Answer {
        response,
        address: address.clone(),
        target: target.to_owned(),
        bytes: 0,
        _connection: moving,
    })
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Where we are sent, when we are.
    pub(crate) fn location(&self) -> Option<&str> {
        matches!(self.status(), 301 | 302 | 303 | 307 | 308).then(|| self.header(&LOCATION))?
    }

    pub(crate) fn is_web_page(&self) -> bool {
        self.header(&CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
    }

    /// What the clock of the node says.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        date::instant(self.header(&DATE)?)
    }

    /// How long the body is going to be, if it was told.
    pub(crate) fn announced_bytes(&self) -> Option<u64> {
        self.header(&CONTENT_LENGTH)?.parse().ok()
    }

    /// How much of the body has come.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// When the connection breaks off before the end that was announced.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.response.body_mut().frame().await {
            let frame = frame.map_err(|source| Error::BrokenOff {
                address: self.address.clone(),
                path: self.target.clone(),
                source,
            })?;
            if let Ok(bytes) = frame.into_data() {
                self.bytes += bytes.len() as u64;
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}
