//! Who may come in: pages of this server and whoever shows the token.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use piecewatch_model::Timestamp;
use warp::http::{
    HeaderMap, StatusCode,
    header::{AUTHORIZATION, COOKIE as COOKIES, HOST, HeaderName, ORIGIN},
};

use super::token::{COOKIE, Token};
use crate::clock;

/// How many wrong tokens may be shown at once after a pause.
const TRIES_MAX: f64 = 10.0;
/// Of how many places it is known that wrong ones came from them.
const PLACES_MAX: usize = 10_000;
/// How long it takes until one more may be.
const TRY_EVERY: Duration = Duration::from_secs(6);

/// Lets in, or says why not.
#[derive(Debug)]
pub(crate) struct Guard {
    token: Option<Token>,
    origins: Vec<String>,
    /// Of those who have shown a wrong token lately.
    tries: Mutex<HashMap<IpAddr, Tries>>,
}

/// How many wrong tokens may be shown from one place now: guessing is slow.
#[derive(Debug, Clone, Copy)]
struct Tries {
    left: f64,
    at: Duration,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// A name that is not this server's: perhaps a page that had its own name lead here.
    #[error(
        "the server is asked for under a name that it does not know; add it to [server] origins"
    )]
    Host,
    /// A page of another server.
    #[error("the page is of another origin; add it to [server] origins if it is yours")]
    Origin,
    /// No token, or a wrong one.
    #[error("show the token, as in Authorization: Bearer TOKEN, or sign in at /login")]
    Token,
    /// Too many wrong ones.
    #[error("too many wrong tokens were shown; wait a minute")]
    TooManyTries,
}

impl Refused {
    /// The status of the answer.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl Guard {
    /// A guard with a token, or without one on a server that only this machine can reach; and the
    /// origins under which browsers see it besides its own address.
    pub(crate) fn new(token: Option<Token>, origins: Vec<String>) -> Self {
        Self { token, origins, tries: Mutex::default() }
    }

    /// Whether a page that asks is ours. It concerns browsers only: other programs name no origin.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(crate) fn page(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let host = text(headers, &HOST).unwrap_or_default().to_lowercase();
        let is_configured =
            |origin: &str| self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin));
        let of_host = |scheme: &str| format!("{scheme}://{host}");
        // Without a token a name that leads here is all that a page needs.
        let is_known = self.token.is_some()
            || is_this_machine(&host)
            || ["http", "https"].iter().any(|scheme| is_configured(&of_host(scheme)));
        if !is_known {
            return Err(Refused::Host);
        }
        let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default().to_lowercase();
        let is_ours = ["http", "https"].iter().any(|scheme| of_host(scheme) == origin);
        if is_ours || is_configured(&origin) { Ok(()) } else { Err(Refused::Origin) }
    }

    /// Whether whoever asks has shown the token, now or before.
    ///
    /// # Errors
    ///
    /// When not.
    pub(crate) fn enter(
        &self,
        headers: &HeaderMap,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let Some(token) = &self.token else { return Ok(()) };
        let cookies = headers.get_all(COOKIES).iter().filter_map(|value| value.to_str().ok());
        let mut ours = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(name, _)| *name == COOKIE);
        if ours.any(|(_, value)| token.made(value, now)) {
            return Ok(());
        }
        let shown = text(headers, &AUTHORIZATION).and_then(|value| {
            let (scheme, shown) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(shown)
        });
        match shown {
            Some(shown) => self.shown(token, shown, from),
            None => Err(Refused::Token),
        }
    }

    /// A cookie for whoever shows the token; `None` where no token is needed.
    ///
    /// # Errors
    ///
    /// When it is not the token.
    pub(crate) fn cookie(
        &self,
        shown: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let Some(token) = &self.token else { return Ok(None) };
        self.shown(token, shown, from)?;
        Ok(Some(token.cookie(now)))
    }

    /// Whether it is the token. Where too many wrong ones came from, not even the right one is looked
    /// at: the answer would tell it from a wrong one.
    fn shown(&self, token: &Token, shown: &str, from: IpAddr) -> Result<(), Refused> {
        let now = clock::coarse();
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |tries: &Tries| {
            let since = now.saturating_sub(tries.at).as_secs_f64();
            (tries.left + since / TRY_EVERY.as_secs_f64()).min(TRIES_MAX)
        };
        let before = all.get(&from).map_or(TRIES_MAX, left);
        if before < 1.0 {
            return Err(Refused::TooManyTries);
        }
        if token.is(shown) {
            return Ok(());
        }
        if all.len() >= PLACES_MAX {
            all.retain(|_, tries| left(tries) < TRIES_MAX);
        }
        if all.len() >= PLACES_MAX && !all.contains_key(&from) {
            return Err(Refused::TooManyTries);
        }
        all.insert(from, Tries { left: before - 1.0, at: now });
        Err(Refused::Token)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a host, with or without a port, is this machine's own address or name for itself.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use piecewatch_collector::config::{Config, Sayings};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const SECRET: &str = "a secret of some length";

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        pairs.collect()
    }

    fn guarded() -> Guard {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, format!("{SECRET}\n")).unwrap();
        let mut config = Config::load_settings(&Sayings::default()).unwrap().server;
        config.token_file = Some(path);
        Guard::new(Token::of(&config).unwrap(), Vec::new())
    }

    #[test]
    fn pages_of_other_servers_are_refused() {
        let open = Guard::new(None, vec!["https://nodes.example.org".to_owned()]);
        for (host, origin, expected) in [
            ("127.0.0.1:8765", None, Ok(())),
            ("localhost:8765", Some("http://localhost:8765"), Ok(())),
            ("[::1]:8765", Some("http://[::1]:8765"), Ok(())),
            ("nodes.example.org", Some("https://nodes.example.org"), Ok(())),
            ("127.0.0.1:8765", Some("https://nodes.example.org"), Ok(())),
            ("127.0.0.1:8765", Some("http://127.0.0.1:80"), Err(Refused::Origin)),
            ("127.0.0.1:8765", Some("null"), Err(Refused::Origin)),
            ("127.0.0.1:8765", Some("https://evil.example"), Err(Refused::Origin)),
            ("evil.example:8765", Some("http://evil.example:8765"), Err(Refused::Host)),
            ("127.0.0.1.evil.example", None, Err(Refused::Host)),
            ("", None, Err(Refused::Host)),
        ] {
            let mut said = vec![("host", host)];
            said.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(open.page(&headers(&said)), expected, "{host} {origin:?}");
        }
        // A name of one's own is enough where there is a token.
        assert_eq!(guarded().page(&headers(&[("host", "attic.lan:8765")])), Ok(()));
    }

    #[test]
    fn the_token_and_its_cookie_let_in() {
        let (guard, now) = (guarded(), clock::now());
        let enter = |said: &[(&str, &str)]| guard.enter(&headers(said), HERE, now);
        assert_eq!(enter(&[]), Err(Refused::Token));
        assert_eq!(enter(&[("authorization", &format!("Bearer {SECRET}"))]), Ok(()));
        assert_eq!(enter(&[("authorization", &format!("Basic {SECRET}"))]), Err(Refused::Token));
        assert_eq!(guard.cookie("wrong", HERE, now), Err(Refused::Token));
        let cookie = guard.cookie(SECRET, HERE, now).unwrap().unwrap();
        assert_eq!(enter(&[("cookie", &format!("a=b; {COOKIE}={cookie}"))]), Ok(()));
        assert_eq!(enter(&[("cookie", &format!("{COOKIE}=1.00"))]), Err(Refused::Token));
    }

    #[test]
    fn guessing_is_slow_and_keeps_nobody_else_out() {
        let (guard, now) = (guarded(), clock::now());
        let guess = |shown| guard.cookie(shown, HERE, now).unwrap_err();
        let guesses: Vec<_> = (0..30).map(|_| guess("guess")).collect();
        assert_eq!(guesses.iter().filter(|refused| **refused == Refused::Token).count(), 10);
        // Who guesses is not told that this one is right.
        assert_eq!(guess(SECRET), Refused::TooManyTries);
        let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        assert!(guard.cookie(SECRET, elsewhere, now).is_ok());
    }
}
