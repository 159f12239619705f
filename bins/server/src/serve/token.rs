//! The token that lets in, and the cookies of browsers that have shown it.

use std::{env, fmt, fs, sync::Arc};

use piecewatch_collector::config::ServerConfig;
use piecewatch_model::Timestamp;
use ring::hmac;
use subtle::ConstantTimeEq;

use crate::{Error, Result};

/// The environment variable of the token.
const VARIABLE: &str = "PIECEWATCH_TOKEN";
/// A shorter one could be guessed.
const LENGTH_MIN: usize = 16;
/// How long a browser need not show the token again, in seconds: 30 days.
const COOKIE_SECONDS: i64 = 30 * 86_400;
/// The name of the cookie.
pub(crate) const COOKIE: &str = "piecewatch";

/// A secret. It is compared in constant time and never shown.
#[derive(Clone)]
pub(crate) struct Token {
    secret: Arc<str>,
    /// Signs cookies, so that they outlive this process and fall with the token.
    key: hmac::Key,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// The token of the environment or of the file; `None` where there is neither.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, the token is too short, or there is none and others than this
    /// machine could come in.
    pub(crate) fn of(config: &ServerConfig) -> Result<Option<Self>> {
        let said = match (env::var(VARIABLE), &config.token_file) {
            (Ok(token), _) => Some((token, VARIABLE.to_owned())),
            (Err(_), Some(path)) => {
                let text = fs::read_to_string(path)
                    .map_err(|source| Error::Token { path: path.clone(), source })?;
                Some((text, path.display().to_string()))
            }
            (Err(_), None) => None,
        };
        match said {
            Some((text, place)) => {
                let secret = text.trim();
                if secret.len() < LENGTH_MIN {
                    return Err(Error::ShortToken { place, least: LENGTH_MIN });
                }
                Ok(Some(Self::new(secret)))
            }
            None if config.listen.ip().is_loopback() => Ok(None),
            None => Err(Error::NoToken { listen: config.listen }),
        }
    }

    fn new(secret: &str) -> Self {
        Self { secret: secret.into(), key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()) }
    }

    /// Whether this is it.
    pub(crate) fn is(&self, shown: &str) -> bool {
        // The lengths of both are compared first, which tells nothing worth knowing.
        self.secret.as_bytes().ct_eq(shown.trim().as_bytes()).into()
    }

    /// A cookie for a browser that has shown the token: until when it holds, and the signature of
    /// that.
    pub(crate) fn cookie(&self, now: Timestamp) -> String {
        let until = (now.as_seconds() + COOKIE_SECONDS).to_string();
        let signature = hmac::sign(&self.key, until.as_bytes());
        format!("{until}.{}", hex(signature.as_ref()))
    }

    /// Whether a cookie is one of ours and still holds.
    pub(crate) fn made(&self, cookie: &str, now: Timestamp) -> bool {
        let Some((until, signature)) = cookie.split_once('.') else { return false };
        let Some(signature) = unhex(signature) else { return false };
        hmac::verify(&self.key, until.as_bytes(), &signature).is_ok()
            && until.parse::<i64>().is_ok_and(|until| until > now.as_seconds())
    }

    /// How long a cookie holds, in seconds.
    pub(crate) const fn cookie_seconds() -> i64 {
        COOKIE_SECONDS
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_is_itself_and_nothing_else() {
        let token = Token::new(SECRET);
        assert!(token.is(SECRET) && token.is(" 0123456789abcdef\n"));
        for other in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0"] {
            assert!(!token.is(other), "{other}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn a_cookie_holds_for_its_time_and_falls_with_the_token() {
        let (token, now) = (Token::new(SECRET), at("2026-08-19T00:00:00Z"));
        let cookie = token.cookie(now);
        assert!(token.made(&cookie, now));
        assert!(token.made(&cookie, at("2026-09-17T23:59:59Z")));
        assert!(!token.made(&cookie, at("2026-09-18T00:00:00Z")));
        assert!(!Token::new("another token it is").made(&cookie, now));
        let (until, signature) = cookie.split_once('.').unwrap();
        let later: i64 = until.parse::<i64>().unwrap() + 1;
        for forged in [
            format!("{later}.{signature}"),
            format!("{until}."),
            format!("{until}.zz"),
            format!("{until}.{}é", &signature[2..]),
            until.to_owned(),
            String::new(),
        ] {
            assert!(!token.made(&forged, now), "{forged}");
        }
    }
}
