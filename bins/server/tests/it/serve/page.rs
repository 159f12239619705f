//! The page in the program, as a browser fetches it.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{
    ATTIC, Logged,
    running::{Answer, Server},
};
use crate::{
    program::{Bench, program},
    skipped::skipped,
};

/// Set where nothing may be skipped.
const REQUIRED: &str = "PIECEWATCH_REQUIRE_DASHBOARD";
const TOKEN: &str = "0123456789abcdef0123";
const PACKED: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br");

/// Whether this was built where npm is. A build without it has a page of links.
fn has_dashboard() -> bool {
    let output = program().arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let included = version.contains("dashboard included");
    assert_ne!(included, version.contains("without dashboard"), "{version}");
    if !included {
        skipped(REQUIRED, "this program was built without the dashboard");
    }
    included
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut bytes = Vec::new();
    GzDecoder::new(answer.body.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// What a page needs of this server. The one of links leads to answers besides.
fn references(page: &str) -> Vec<&str> {
    let attributes = page.split(['"']).filter(|text| text.starts_with('/') && text.contains('.'));
    attributes.filter(|path| !path.starts_with("/api/")).collect()
}

#[test]
fn the_page_and_what_it_refers_to_are_in_the_program() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start(&logged.bench, &ATTIC);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    if !has_dashboard() {
        assert!(page.text().contains("has no dashboard"), "{}", page.text());
        return;
    }
    let text = page.text();
    assert!(text.contains("<div id=\"app\">"), "{text}");
    assert_eq!(server.get("/index.html").body, page.body);
    let references = references(&text);
    assert!(references.len() >= 3, "{text}");
    for path in references {
        let (plain, packed) = (server.get(path), server.ask("GET", path, &[PACKED], b""));
        assert_eq!((plain.status, packed.status), (200, 200), "{path}");
        assert_eq!(plain.header("content-encoding"), None);
        assert!(packed.body.len() < plain.body.len() && unpacked(&packed) == plain.body, "{path}");
        let kind = match path.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{path}: {other}"),
        };
        assert_eq!(plain.header("content-type"), Some(kind), "{path}");
        assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
        // What has a hash in its name never changes; the others are asked for again.
        let is_hashed = path.starts_with("/assets/");
        let kept = plain.header("cache-control").unwrap();
        assert_eq!(kept.contains("immutable"), is_hashed, "{path}: {kept}");
        assert_eq!(kept.contains("no-cache"), !is_hashed, "{path}: {kept}");
    }
    // Nothing else is there.
    for path in ["/assets/", "/assets/index.js", "/src/main.ts", "/assets/../index.html", "//"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
}

#[test]
fn a_page_that_is_known_is_not_sent_again_and_head_sends_none() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start(&logged.bench, &ATTIC);
    let ask = |method, headers: &[(&str, &str)]| server.ask(method, "/", headers, b"");
    let (plain, packed) = (ask("GET", &[]), ask("GET", &[PACKED]));
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    for (answer, accepted) in [(&plain, None), (&packed, Some(PACKED))] {
        let tag = tag(answer);
        let mut headers = vec![("If-None-Match", tag.as_str())];
        headers.extend(accepted);
        let again = ask("GET", &headers);
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(again.header("content-encoding"), None);
        let old = ask("GET", &[("If-None-Match", "\"another\"")]);
        assert_eq!((old.status, old.body.is_empty()), (200, false));
        let head = ask("HEAD", &accepted.map_or(vec![], |accepted| vec![accepted]));
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(answer.body.len().to_string().as_str()));
        assert_eq!(head.header("etag"), Some(tag.as_str()));
    }
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
    for method in ["POST", "PUT", "DELETE"] {
        let refused = ask(method, &[]);
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    }
}

#[test]
fn the_page_is_for_whoever_has_shown_the_token() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start_with(&logged.bench, &ATTIC, |command| {
        command.env("PIECEWATCH_TOKEN", TOKEN);
    });
    let with = |path: &str, headers: &[(&str, &str)]| server.ask("GET", path, headers, b"");
    let led = with("/", &[("Accept", "text/html")]);
    // Without a fragment of its own: a browser keeps the one that was asked for.
    assert_eq!((led.status, led.header("location")), (303, Some("/login")));
    let bearer = format!("Bearer {TOKEN}");
    let page = with("/", &[("Authorization", &bearer)]).text();
    for path in references(&page) {
        // The same for everybody; a page whose session is over still needs it.
        assert_eq!(with(path, &[]).status, 200, "{path}");
    }
    assert_eq!(with("/assets/none.js", &[]).status, 401);
    // What the form needs is for everybody.
    let form = server.get("/login").text();
    for path in references(&form).into_iter().filter(|path| has_dashboard() || *path != "/icon.svg")
    {
        assert_eq!(with(path, &[]).status, 200, "{path}");
    }
    assert!(form.contains("/login.js") && with("/login.js", &[]).text().contains("location.hash"));
}

#[test]
fn the_version_says_whether_the_page_is_there() {
    let bench = Bench::new();
    let version = bench.done(["--version"]);
    let has_page = version.contains("dashboard included");
    assert_ne!(has_page, version.contains("without dashboard"), "{version}");
    // Where the checks run, it must be.
    if std::env::var_os("PIECEWATCH_REQUIRE_CHROMIUM").is_some() {
        assert!(has_page, "{version}");
    }
}
