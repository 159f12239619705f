//! Answers as they go out: with a tag by which a repeated question costs nothing, compressed for
//! whoever accepts that, and kept for a moment.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use piecewatch_cache::{Cache, Kept, Settings, Stats};
use piecewatch_collector::config::Use;
use warp::{
    http::{
        HeaderMap, HeaderValue, Response, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName,
            IF_NONE_MATCH, VARY,
        },
    },
    reply::Reply,
};
use xxhash_rust::xxh3::xxh3_128;

use crate::clock;

/// How long an answer is given again: a page that many look at asks the same at the same time.
const TTL: Duration = Duration::from_secs(1);
/// What kept answers may weigh together, in bytes.
const WEIGHT_MAX: u64 = 8 << 20;
/// Shorter ones are not compressed: they fit into a packet.
const COMPRESSED_MIN: usize = 1_400;

/// What a question is known by: its path and its query.
pub(crate) type Asked = (Arc<str>, Arc<str>);

/// An answer as it goes out.
#[derive(Debug)]
pub(crate) struct Prepared {
    content_type: &'static str,
    body: Bytes,
    /// Compressed, where that is worth it.
    gzip: Option<Bytes>,
    /// Of the body; the compressed form has one of its own.
    tag: String,
}

impl Prepared {
    /// Prepares an answer.
    pub(crate) fn new(content_type: &'static str, body: Bytes, compression: Use) -> Self {
        let gzip = match compression {
            Use::On if body.len() >= COMPRESSED_MIN => Some(gzip(&body)),
            Use::On | Use::Off => None,
        };
        let tag = format!("{:032x}", xxh3_128(&body));
        Self { content_type, body, gzip, tag }
    }

    /// The answer to whoever sent these headers: nothing but its tag if they have it already.
    pub(crate) fn reply(&self, headers: &HeaderMap) -> Response<Bytes> {
        let gzip = self.gzip.as_ref().filter(|_| accepts_gzip(headers));
        let tag = format!("\"{}{}\"", self.tag, if gzip.is_some() { "-gzip" } else { "" });
        let body = gzip.unwrap_or(&self.body);
        // Kept by browsers, which ask each time whether it still holds.
        let mut response = tagged(&tag, headers, self.content_type, || body.clone());
        set(&mut response, CACHE_CONTROL, "private, no-cache");
        if gzip.is_some() && response.status() == StatusCode::OK {
            set(&mut response, CONTENT_ENCODING, "gzip");
        }
        response
    }
}

/// An answer that is known by a tag: to whoever has it already, the tag alone.
pub(crate) fn tagged(
    tag: &str,
    headers: &HeaderMap,
    content_type: &'static str,
    body: impl FnOnce() -> Bytes,
) -> Response<Bytes> {
    let has_it = headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        let tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
        tags.map(|tag| tag.trim_start_matches("W/")).any(|known| known == tag || known == "*")
    });
    let mut response = Response::new(if has_it { Bytes::new() } else { body() });
    set(&mut response, VARY, "Accept-Encoding");
    if has_it {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        set(&mut response, CONTENT_TYPE, content_type);
    }
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Sets a header field.
pub(crate) fn set(response: &mut Response<Bytes>, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory can be written").into()
}

/// Whether gzip is accepted, and not by a weight of zero.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let is_refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").map(str::parse::<f32>);
            weight.is_some_and(|weight| weight == Ok(0.0))
        });
        is_gzip && !is_refused
    })
}

/// Answers that are given again.
#[derive(Debug)]
pub(crate) struct Answers<E> {
    cache: Cache<Asked, Arc<Prepared>, E>,
    /// Whose turn it is to compute, by what is asked now.
    turns: Mutex<HashMap<Asked, Turn>>,
}

/// Held by whoever computes an answer; the others who ask the same wait for it.
pub(crate) type Turn = Arc<tokio::sync::Mutex<()>>;

impl<E> Answers<E> {
    /// Keeps answers for a second, or none.
    pub(crate) fn new(usage: Use) -> Self {
        let ttl = match usage {
            Use::On => TTL,
            Use::Off => Duration::ZERO,
        };
        let settings = Settings { name: "answers", ttl, weight_max: WEIGHT_MAX };
        let weight = |asked: &Asked, prepared: &Arc<Prepared>| {
            let gzip = prepared.gzip.as_ref().map_or(0, Bytes::len);
            (asked.0.len() + asked.1.len() + prepared.body.len() + gzip) as u64
        };
        Self { cache: Cache::new(settings, clock::coarse, weight), turns: Mutex::default() }
    }

    /// The turn of those who ask this now. It is a lock of the runtime's: waiting costs no thread.
    pub(crate) fn turn(&self, asked: &Asked) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else holds those that are over: there are as many as requests.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(asked.clone()).or_default())
    }

    /// The answer, if there is one: for those who may not wait.
    pub(crate) fn held(&self, asked: &Asked) -> Option<Arc<Prepared>> {
        self.cache.held(asked)
    }

    /// The answer, computed if there is none.
    ///
    /// # Errors
    ///
    /// What the computation returned.
    pub(crate) fn get(
        &self,
        asked: &Asked,
        compute: impl FnOnce() -> Result<Prepared, E>,
    ) -> Result<Arc<Prepared>, Arc<E>> {
        self.cache.get(asked, || Ok((Arc::new(compute()?), Kept::ForTtl)))
    }

    /// Removes what is too old.
    pub(crate) fn sweep(&self) {
        self.cache.sweep();
    }

    /// What the cache did and holds.
    pub(crate) fn stats(&self) -> Stats {
        self.cache.stats()
    }
}

/// As warp sends it.
pub(crate) fn sent(response: Response<Bytes>) -> warp::reply::Response {
    response.into_response()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn an_answer_is_compressed_for_whoever_accepts_it_and_has_a_tag_of_its_own_then() {
        let body = "piece ".repeat(1_000);
        let prepared = Prepared::new("text/plain", body.clone().into(), Use::On);
        let plain = prepared.reply(&headers(&[]));
        assert_eq!((plain.body().as_ref(), plain.status()), (body.as_bytes(), StatusCode::OK));
        for refused in ["identity", "gzip;q=0", "br"] {
            let reply = prepared.reply(&headers(&[(ACCEPT_ENCODING, refused)]));
            assert_eq!(reply.headers().get(CONTENT_ENCODING), None, "{refused}");
        }
        let packed = prepared.reply(&headers(&[(ACCEPT_ENCODING, "br, gzip;q=0.5")]));
        assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
        let mut text = String::new();
        GzDecoder::new(packed.body().as_ref()).read_to_string(&mut text).unwrap();
        assert_eq!(text, body);
        assert_ne!(packed.headers()[ETAG], plain.headers()[ETAG]);
        assert!(packed.body().len() < body.len() / 10);
        let off = Prepared::new("text/plain", body.into(), Use::Off);
        let reply = off.reply(&headers(&[(ACCEPT_ENCODING, "gzip")]));
        assert_eq!(reply.headers().get(CONTENT_ENCODING), None);
    }

    #[test]
    fn who_has_an_answer_is_sent_its_tag_alone() {
        let prepared = Prepared::new("text/plain", "small".into(), Use::On);
        let first = prepared.reply(&headers(&[]));
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let reply = prepared.reply(&headers(&[(IF_NONE_MATCH, &known)]));
            assert_eq!(reply.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert!(reply.body().is_empty());
            assert_eq!(reply.headers()[ETAG].to_str().unwrap(), tag);
        }
        let reply = prepared.reply(&headers(&[(IF_NONE_MATCH, "\"other\"")]));
        assert_eq!(reply.status(), StatusCode::OK);
    }
}
