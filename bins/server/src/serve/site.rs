//! The pages: what a browser shows.

pub(crate) mod dashboard;

use bytes::Bytes;
use piecewatch_collector::config::Use;
use warp::{
    http::{HeaderMap, HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
    reply::Response as Reply,
};

use super::{
    answers::{Prepared, sent},
    guard::Refused,
};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const LOGIN: &str = include_str!("site/login.html");
const STYLE: &str = include_str!("site/login.css");
const SCRIPT: &str = include_str!("site/login.js");
const HOME: &str = include_str!("site/home.html");
/// Where in the page of the login is told what was wrong.
const WRONG: &str = "<!-- wrong -->";

/// The page of a path.
pub(crate) fn page(path: &str, headers: &HeaderMap) -> Reply {
    if let Some(file) = dashboard::file(path) {
        return sent(file.reply(headers));
    }
    match path {
        // Built without the dashboard.
        "/" | "/index.html" => of_file(HTML, HOME, headers),
        _ => super::routes::problem(StatusCode::NOT_FOUND, "there is no such page"),
    }
}

/// Where a browser shows the token.
pub(crate) fn login(headers: &HeaderMap) -> Reply {
    of_file(HTML, LOGIN, headers)
}

/// How pages look that need nobody to be let in.
pub(crate) fn login_style(headers: &HeaderMap) -> Reply {
    of_file(CSS, STYLE, headers)
}

/// What leads back from there to the view that was asked for.
pub(crate) fn login_script(headers: &HeaderMap) -> Reply {
    of_file(JAVASCRIPT, SCRIPT, headers)
}

/// The page of the login, saying what was wrong.
pub(crate) fn refused_login(refused: Refused) -> Reply {
    let wrong = match refused {
        Refused::Token => "This is not the token.",
        Refused::TooManyTries => "Too many wrong tokens were shown. Wait a minute.",
        Refused::Host | Refused::Origin => "This page is not known here.",
    };
    let page = LOGIN.replace(WRONG, &format!("<p role=\"alert\">{wrong}</p>"));
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = refused.status();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
    sent(response)
}

/// The token in what the login page sends: a form; or as it is, for programs.
pub(crate) fn token_of_form(body: &[u8]) -> String {
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "token");
    field.map_or_else(
        || String::from_utf8_lossy(body).trim().to_owned(),
        |(_, value)| value.into_owned(),
    )
}

fn of_file(content_type: &'static str, text: &'static str, headers: &HeaderMap) -> Reply {
    let body = Bytes::from_static(text.as_bytes());
    sent(Prepared::new(content_type, body, Use::On).reply(headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_form_is_read_as_browsers_write_it() {
        assert_eq!(token_of_form(b"token=a%2Bb+c%C3%A9"), "a+b cé");
        assert_eq!(token_of_form(b"x=1&token=abc"), "abc");
        assert_eq!(token_of_form(b" abc\n"), "abc");
    }
}
