//! The way in: connections, their limits, and their end.

use std::{io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use warp::{Reply, filters::BoxedFilter};

use super::{
    arrivals::{Arrivals, Share, Shares},
    own::HttpFigures,
};
use crate::clock;

/// How long the head of a request may take to come, and how long a connection may say nothing
/// between two.
const HEAD_MAX: Duration = Duration::from_secs(15);
/// How long a connection may take nothing of what is sent.
const STALL_MAX: Duration = Duration::from_secs(30);
/// What the head of a request may hold.
const HEADERS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long to wait after a connection could not be taken: mostly there are too many files open.
const RETRY: Duration = Duration::from_millis(100);

/// Who asks. It is held for as long as the connection counts, as a WebSocket too.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// From where.
    pub(crate) address: IpAddr,
    _held: Arc<Held>,
}

/// What a connection takes, until the last who holds it lets it go.
#[derive(Debug)]
struct Held {
    figures: Arc<HttpFigures>,
    _permit: OwnedSemaphorePermit,
    _share: Share,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.figures.disconnected();
    }
}

/// How many connections there may be, and where they are counted.
pub(crate) struct Limits {
    /// One more is closed.
    pub(crate) connections: u32,
    pub(crate) figures: Arc<HttpFigures>,
}

/// Answers connections with a filter until `stop` ends; then what is being answered has `grace`.
pub(crate) async fn serve<R>(
    listener: TcpListener,
    routes: BoxedFilter<(R,)>,
    limits: Limits,
    stop: impl Future<Output = ()>,
    grace: Duration,
) where
    R: Reply + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(limits.connections as usize));
    let shares = Arc::new(Shares::of(limits.connections));
    // Each connection holds a receiver for as long as it is answered.
    let (end, ending) = watch::channel(());
    let mut arrivals = Arrivals::default();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_one_connection(&error) {
                    tracing::warn!("cannot take a connection: {error}");
                    sleep(RETRY).await;
                }
                continue;
            }
        };
        if !arrivals.admit(address.ip(), clock::coarse()) {
            tracing::warn!(peer = %address.ip(), "connections come too fast; one was closed");
            continue;
        }
        // One too many is closed: waiting would let those in the queue wait for whoever sits still.
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::warn!(peer = %address.ip(), "too many connections; one was closed");
            continue;
        };
        let Some(share) = shares.take(address.ip()) else {
            tracing::warn!(peer = %address.ip(), "too many connections of one address; one was closed");
            continue;
        };
        limits.figures.connected();
        let figures = Arc::clone(&limits.figures);
        let held = Arc::new(Held { figures, _permit: permit, _share: share });
        let peer = Peer { address: address.ip(), _held: held };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(peer = %address.ip(), %error, "frames may wait for each other");
        }
        let mut stream = Box::pin(TimeoutStream::new(stream));
        stream.as_mut().set_write_timeout_pinned(Some(STALL_MAX));
        let routes = TowerToHyperService::new(warp::service(routes.clone()));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            routes.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_MAX)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut ending = ending.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                _ = ending.changed() => {
                    // What is being answered is answered, and nothing else.
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(peer = %address.ip(), %error, "a connection ended");
            }
        });
    }
    drop((listener, ending));
    end.send_replace(());
    // Whoever is not done by then is cut off when the runtime ends.
    let _ = timeout(grace, end.closed()).await;
}

/// Whether only that connection failed, before it was taken.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
