//! Calls of webhooks: over TLS or not, with a limit on time and on what is read.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Response, StatusCode, Uri, body::Incoming, header};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use piecewatch_collector::config::Secret;

use super::{
    channel::Failed,
    message::{cut, one_line},
};

/// How long a call may take, from the connection to the end of the answer.
const TIME_MAX: Duration = Duration::from_secs(30);
/// Of an answer nothing but its beginning is of interest.
const ANSWER_MAX: usize = 16 * 1024;
const SHOWN_MAX: usize = 200;

/// Calls addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What is sent.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Secret,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Http {
    /// With the certificates that the system trusts.
    ///
    /// # Errors
    ///
    /// When the system names none.
    pub(crate) fn new() -> Result<Self, String> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .try_with_platform_verifier()
            .map_err(|error| format!("cannot use the certificates of the system: {error}"))?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self { client })
    }

    /// Calls an address; an answer that is not of success is a failure. Redirects are not followed.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<(), Failed> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.url.exposed())
            .header(header::USER_AGENT, concat!("piecewatch/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        // Its words might hold the address.
        let request = request
            .body(Full::new(call.body))
            .map_err(|_| Failed::for_good("the address or a header cannot be sent"))?;
        let answered = async {
            let answer = self.client.request(request).await.map_err(|error| {
                Failed::for_now(format!("cannot reach the server: {}", causes(&error)))
            })?;
            judge(answer).await
        };
        tokio::time::timeout(TIME_MAX, answered).await.unwrap_or_else(|_| {
            let seconds = TIME_MAX.as_secs();
            Err(Failed::for_now(format!("the server did not answer within {seconds} s")))
        })
    }
}

/// Whether this is an address that can be called.
pub(crate) fn check(url: &Secret) -> Result<(), &'static str> {
    let uri: Uri = url.exposed().parse().map_err(|_| "what it holds is no address")?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some() => Ok(()),
        Some(_) | None => Err("the address begins with neither https:// nor http://"),
    }
}

async fn judge(answer: Response<Incoming>) -> Result<(), Failed> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let wait = answer.headers().get(header::RETRY_AFTER);
    let wait = wait.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
    let said = body.map(|body| body.to_bytes()).unwrap_or_default();
    let said = cut(one_line(&String::from_utf8_lossy(&said)).trim(), SHOWN_MAX);
    let words = format!("the server answered {status}: {said}");
    let words = words.trim_end_matches([':', ' ']);
    // Of what it refuses the same will be refused again.
    let is_final = (status.is_client_error() || status.is_redirection())
        && ![StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS]
            .contains(&status);
    Err(Failed { words: words.to_owned(), is_final, wait: wait.map(Duration::from_secs) })
}

/// An error and what is behind it.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = error.source();
    }
    words
}
