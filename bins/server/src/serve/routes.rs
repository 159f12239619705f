//! From a request to what answers it.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use hyper::upgrade::OnUpgrade;
use piecewatch_collector::config::Use;
use tokio::time::timeout;
use warp::{
    Buf, Filter,
    filters::BoxedFilter,
    http::{
        HeaderMap, HeaderValue, Method, Response, StatusCode,
        header::{
            ACCEPT, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, HeaderName, IF_NONE_MATCH, LOCATION, REFERRER_POLICY, RETRY_AFTER,
            SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SET_COOKIE, UPGRADE, VARY, WWW_AUTHENTICATE,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    path::FullPath,
    reply::Response as Reply,
};

use super::{
    answers::{Asked, Prepared, accepts_gzip, sent},
    api::{Answer, Api, Body, Problem},
    app::App,
    guard::Refused,
    http::Peer,
    metrics::Form,
    own::Pace,
    site, socket, streams,
    token::{COOKIE, Token},
};
use crate::clock::{self, Stopwatch};

/// What a request may bring: a token or a few words.
const BODY_MAX: usize = 4 << 10;
/// How long it may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(15);
/// What a page may do: nothing but what this server gives it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// After how many seconds whoever was not answered may ask again.
const AGAIN_AFTER: &str = "2";

/// Everything that is answered.
pub(crate) fn routes(app: Arc<App>) -> BoxedFilter<(Reply,)> {
    let with_app = warp::any().map(move || Arc::clone(&app));
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let request = warp::any()
        .and(with_app)
        .and(warp::method())
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Peer>())
        .map(|app, method, path: FullPath, query, headers, peer| Request {
            app,
            method,
            path: path.as_str().to_owned(),
            query,
            headers,
            peer,
        });
    let socket = warp::path!("ws")
        .and(request.clone())
        .and(warp::ext::get::<OnUpgrade>())
        // It sees to it that a WebSocket is asked for.
        .and(warp::ws())
        .then(|request: Request, upgrade, _| async { secured(request.socket(upgrade).await) });
    let answer = request
        .and(warp::body::stream())
        .then(|request: Request, body| async { secured(request.answered(body).await) });
    socket.or(answer).unify().boxed()
}

/// What somebody asks.
struct Request {
    app: Arc<App>,
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    peer: Peer,
}

impl Request {
    /// A WebSocket, for whoever may have one.
    async fn socket(self, upgrade: OnUpgrade) -> Reply {
        if let Err(refused) = self.admitted() {
            return self.refused(refused);
        }
        let watching = self.app.watch();
        let connection = match self.app.broadcaster.connect().await {
            Ok(connection) => connection,
            Err(refused) => return come_again(&refused.to_string()),
        };
        // Above the hub's own limit, so that it can say why it closes; far above is cut off.
        let limit = self.app.message_bytes * 4;
        let accept = self.headers.get(SEC_WEBSOCKET_KEY).map_or_else(String::new, |key| {
            tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes())
        });
        // Held for as long as the socket is open.
        let held = (self.peer, watching);
        tokio::spawn(async move {
            if let Some(socket) = socket::opened(upgrade, limit).await {
                socket::talk(socket, connection).await;
            }
            drop(held);
        });
        let mut reply = Reply::default();
        *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let fields = reply.headers_mut();
        fields.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
        fields.extend(HeaderValue::from_str(&accept).map(|accept| (SEC_WEBSOCKET_ACCEPT, accept)));
        reply
    }

    /// The answer, measured.
    async fn answered<B, E>(self, body: impl Stream<Item = Result<B, E>>) -> Reply
    where
        B: Buf,
    {
        let (since, app) = (Stopwatch::start(), Arc::clone(&self.app));
        let (method, path, query) = (self.method.clone(), self.path.clone(), self.query.clone());
        let open = Open::begin(&app);
        let reply = self.answer(body).await;
        open.ended();
        let took = since.elapsed();
        // Of a list nobody knows it before.
        if let Some(bytes) = hyper::body::Body::size_hint(reply.body()).exact() {
            app.http.sent(bytes);
        }
        if app.answered(reply.status(), took) == Pace::Slow {
            let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(%method, path, query, status = reply.status().as_u16(), millis, "a slow request");
        }
        reply
    }

    async fn answer<B, E>(self, body: impl Stream<Item = Result<B, E>>) -> Reply
    where
        B: Buf,
    {
        match self.path.as_str() {
            // For those who look whether we live: they know no token and no name.
            "/healthz" => return self.only_read(|_| plain(StatusCode::OK, "alive\n")),
            "/readyz" => return self.ready().await,
            _ => {}
        }
        if let Err(refused) = self.app.guard.page(&self.headers) {
            return self.refused(refused);
        }
        match (self.path.as_str(), &self.method) {
            ("/login", &Method::GET | &Method::HEAD) => return site::login(&self.headers),
            ("/login", &Method::POST) => return self.login(body).await,
            ("/login", _) => return not_allowed("GET, HEAD, POST"),
            ("/login.css", _) => {
                return self.only_read(|request| site::login_style(&request.headers));
            }
            ("/login.js", _) => {
                return self.only_read(|request| site::login_script(&request.headers));
            }
            // Without a token, but after `page`: a name of another's that leads here was refused above.
            (path, _) if site::dashboard::is_part(path) => {
                return self.only_read(|request| site::page(&request.path, &request.headers));
            }
            _ => {}
        }
        if let Err(refused) = self.app.guard.enter(&self.headers, self.peer.address, clock::now()) {
            return self.refused(refused);
        }
        match self.path.as_str() {
            "/ws" => problem(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket"),
            "/metrics" => self.metrics().await,
            path if path.starts_with("/api/") => self.api(body).await,
            _ => self.only_read(|request| site::page(&request.path, &request.headers)),
        }
    }

    /// The page for Prometheus.
    async fn metrics(&self) -> Reply {
        let accept = self.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let (app, form) = (Arc::clone(&self.app), Form::accepted(accept));
        if !matches!(self.method, Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        let asked: Asked = ("/metrics".into(), form.content_type().into());
        let turn = self.app.answers.turn(&asked);
        let turn = match self.app.pool.turn(&turn).await {
            Ok(turn) => turn,
            Err(unanswered) => return come_again(&unanswered.to_string()),
        };
        if let Some(held) = self.app.answers.held(&asked) {
            return sent(held.reply(&self.headers));
        }
        let made = turn.ask(move || {
            app.answers.get(&asked, || {
                let page = app.metrics.page(form, &app.itself.figures(), clock::now());
                let page = page.map_err(|error| {
                    tracing::warn!("there is no page of metrics: {error}");
                    Problem::new(503, "the database cannot be read now")
                })?;
                Ok(Prepared::new(form.content_type(), page.into(), app.compression))
            })
        });
        match made.await {
            Ok(Ok(page)) => sent(page.reply(&self.headers)),
            Ok(Err(problem)) => of_problem(&problem),
            Err(unanswered) => come_again(&unanswered.to_string()),
        }
    }

    /// A question of the API, or something to be done.
    async fn api<B, E>(&self, body: impl Stream<Item = Result<B, E>>) -> Reply
    where
        B: Buf,
    {
        let methods = Api::methods(&self.path);
        let asked: Asked = (self.path.as_str().into(), self.query.as_str().into());
        if !methods.is_empty() && !methods.contains(&self.method.as_str()) {
            return not_allowed(&methods.join(", "));
        }
        if self.method == Method::POST {
            // What is to be done stands in the path and the query.
            if let Err(status) = read(body).await {
                return problem(status, "what was sent is too long, or did not come");
            }
            let app = Arc::clone(&self.app);
            let done = self.app.pool.ask(move || app.api().act(&asked.0, &asked.1)).await;
            return match done {
                Ok(answer) => {
                    answer.map_or_else(|problem| of_problem(&problem), |answer| self.direct(answer))
                }
                Err(unanswered) => come_again(&unanswered.to_string()),
            };
        }
        if let Some(held) = self.app.answers.held(&asked) {
            return sent(held.reply(&self.headers));
        }
        let app = Arc::clone(&self.app);
        if Api::is_streamed(&self.path, &self.query) {
            return match self.app.pool.ask(move || app.api().answer(&asked.0, &asked.1)).await {
                Ok(Ok(answer)) => self.direct(answer),
                Ok(Err(problem)) => of_problem(&problem),
                Err(unanswered) => come_again(&unanswered.to_string()),
            };
        }
        // One of those who ask the same takes a thread; the others wait for it without one.
        let turn = self.app.answers.turn(&asked);
        let turn = match self.app.pool.turn(&turn).await {
            Ok(turn) => turn,
            Err(unanswered) => return come_again(&unanswered.to_string()),
        };
        if let Some(held) = self.app.answers.held(&asked) {
            return sent(held.reply(&self.headers));
        }
        let answered = turn.ask(move || {
            app.answers.get(&asked, || {
                let Answer { content_type, body } = app.api().answer(&asked.0, &asked.1)?;
                match body {
                    Body::Whole(bytes) => Ok(Prepared::new(content_type, bytes, app.compression)),
                    Body::Rows(_) => {
                        Err(Problem::bad("this list is written with format=csv alone"))
                    }
                }
            })
        });
        match answered.await {
            Ok(Ok(prepared)) => sent(prepared.reply(&self.headers)),
            Ok(Err(problem)) => of_problem(&problem),
            Err(unanswered) => come_again(&unanswered.to_string()),
        }
    }

    /// An answer that is kept for nobody else.
    fn direct(&self, answer: Answer) -> Reply {
        let Answer { content_type, body } = answer;
        match body {
            Body::Whole(bytes) => {
                let prepared = Prepared::new(content_type, bytes, self.app.compression);
                // What was done now was not answered before, whatever tag is shown.
                let mut headers = self.headers.clone();
                headers.remove(IF_NONE_MATCH);
                sent(prepared.reply(&headers))
            }
            Body::Rows(rows) => {
                let compression = match self.app.compression {
                    Use::On if accepts_gzip(&self.headers) => Use::On,
                    Use::On | Use::Off => Use::Off,
                };
                // A HEAD is told what it would be, and no row is made.
                let stream = match self.method {
                    Method::HEAD => Some(sent(Response::new(Bytes::new()))),
                    _ => streams::stream(&self.app.streams, rows, compression),
                };
                let Some(mut reply) = stream else {
                    return come_again("too many lists are written already");
                };
                let fields = reply.headers_mut();
                fields.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                fields.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
                if compression == Use::On {
                    fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                }
                reply
            }
        }
    }

    fn admitted(&self) -> Result<(), Refused> {
        self.app.guard.page(&self.headers)?;
        self.app.guard.enter(&self.headers, self.peer.address, clock::now())
    }

    /// Answers who reads, and nobody else.
    fn only_read(&self, answer: impl FnOnce(&Self) -> Reply) -> Reply {
        match self.method {
            Method::GET | Method::HEAD => answer(self),
            _ => not_allowed("GET, HEAD"),
        }
    }

    async fn ready(&self) -> Reply {
        if !matches!(self.method, Method::GET | Method::HEAD) {
            return not_allowed("GET, HEAD");
        }
        let app = Arc::clone(&self.app);
        let trouble = match self.app.pool.ask(move || app.trouble()).await {
            Ok(trouble) => trouble,
            Err(unanswered) => Some(unanswered.to_string()),
        };
        match trouble {
            None => plain(StatusCode::OK, "ready\n"),
            // What it is may name nodes and files.
            Some(trouble) if self.admitted().is_ok() => {
                plain(StatusCode::SERVICE_UNAVAILABLE, &format!("{trouble}\n"))
            }
            Some(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        }
    }

    async fn login<B, E>(&self, body: impl Stream<Item = Result<B, E>>) -> Reply
    where
        B: Buf,
    {
        let body = match read(body).await {
            Ok(body) => body,
            Err(status) => return problem(status, "the token did not come"),
        };
        let shown = site::token_of_form(&body);
        match self.app.guard.cookie(&shown, self.peer.address, clock::now()) {
            Ok(cookie) => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::SEE_OTHER;
                let fields = response.headers_mut();
                fields.insert(LOCATION, HeaderValue::from_static("/"));
                let cookie = cookie.map(|value| {
                    let age = Token::cookie_seconds();
                    let secure = if self.is_over_tls() { "; Secure" } else { "" };
                    format!(
                        "{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}"
                    )
                });
                if let Some(Ok(cookie)) = cookie.map(HeaderValue::try_from) {
                    fields.insert(SET_COOKIE, cookie);
                }
                sent(response)
            }
            Err(refused) => {
                tracing::warn!(peer = %self.peer.address, "a wrong token was shown");
                site::refused_login(refused)
            }
        }
    }

    /// Whether a proxy says that the browser came over TLS.
    fn is_over_tls(&self) -> bool {
        self.headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https")
    }

    fn refused(&self, refused: Refused) -> Reply {
        let accepts = self.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let is_browser = accepts.is_some_and(|accepts| accepts.contains("text/html"));
        if refused == Refused::Token && is_browser && self.method == Method::GET {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(LOCATION, HeaderValue::from_static("/login"));
            return sent(response);
        }
        let mut reply = problem(refused.status(), &refused.to_string());
        match refused {
            Refused::Token => {
                reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Refused::TooManyTries => {
                reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
            }
            Refused::Host | Refused::Origin => {}
        }
        reply
    }
}

/// A request that is being answered. Whoever hangs up is counted when it is dropped.
struct Open(Option<Arc<App>>);

/// What is counted for whoever hung up before there was an answer.
const HUNG_UP: StatusCode = StatusCode::REQUEST_TIMEOUT;

impl Open {
    fn begin(app: &Arc<App>) -> Self {
        app.http.began();
        Self(Some(Arc::clone(app)))
    }

    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(app) = &self.0 {
            app.answered(HUNG_UP, Duration::ZERO);
        }
    }
}

/// What a request brings, if that is little and comes soon.
async fn read<B, E>(body: impl Stream<Item = Result<B, E>>) -> Result<Bytes, StatusCode>
where
    B: Buf,
{
    let reads = async {
        let mut body = std::pin::pin!(body);
        let mut whole = BytesMut::new();
        while let Some(part) = body.next().await {
            let mut part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
            if whole.len() + part.remaining() > BODY_MAX {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            whole.extend_from_slice(&part.copy_to_bytes(part.remaining()));
        }
        Ok(whole.freeze())
    };
    timeout(BODY_WITHIN, reads).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

/// With what keeps a browser from doing anything else with it.
fn secured(mut reply: Reply) -> Reply {
    let fields = reply.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        fields.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    // With none at all a browser names no origin when the form of the login is sent.
    set(REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(CACHE_CONTROL, "no-store");
    reply
}

/// A problem document.
pub(crate) fn problem(status: StatusCode, detail: &str) -> Reply {
    of_problem(&Problem::new(status.as_u16(), detail))
}

fn of_problem(problem: &Problem) -> Reply {
    let mut response = Response::new(problem.bytes());
    let status = StatusCode::from_u16(problem.status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let value = HeaderValue::from_static(Problem::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, value);
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(AGAIN_AFTER));
    }
    sent(response)
}

fn come_again(detail: &str) -> Reply {
    problem(StatusCode::SERVICE_UNAVAILABLE, detail)
}

fn not_allowed(allowed: &str) -> Reply {
    let detail = format!("there is only {allowed}");
    let mut reply = problem(StatusCode::METHOD_NOT_ALLOWED, &detail);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        reply.headers_mut().insert(ALLOW, allowed);
    }
    reply
}

fn plain(status: StatusCode, text: &str) -> Reply {
    let mut response = Response::new(Bytes::copy_from_slice(text.as_bytes()));
    *response.status_mut() = status;
    let value = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, value);
    sent(response)
}
