//! Who is let in, and what becomes of those who are not.

use std::{io::Write, thread, time::Duration};

use super::{ATTIC, Logged, running::Server};
use crate::program::Ended;

const TOKEN: &str = "0123456789abcdef0123";

fn guarded(logged: &Logged) -> Server {
    Server::start_with(&logged.bench, &ATTIC, |command| {
        command.env("PIECEWATCH_TOKEN", TOKEN);
    })
}

#[test]
fn without_a_token_only_this_machine_is_served_and_only_under_its_own_names() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start(&logged.bench, &ATTIC);
    for (host, origin, status) in [
        (None, None, 200),
        (Some("localhost:8765"), None, 200),
        (Some("evil.example"), None, 421),
        (None, Some("https://evil.example"), 403),
        (None, Some("null"), 403),
    ] {
        let mut headers = Vec::new();
        headers.extend(host.map(|host| ("Host", host)));
        headers.extend(origin.map(|origin| ("Origin", origin)));
        let answer = server.ask("GET", "/api/v1/nodes", &headers, b"");
        assert_eq!(answer.status, status, "{host:?} {origin:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"));
        if status != 200 {
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        }
    }
    assert_eq!(server.open_with(&[("origin", "https://evil.example")]).err(), Some(403));
    assert!(server.open_with(&[("origin", &format!("http://{}", server.address))]).is_ok());
}

#[test]
fn others_than_this_machine_need_a_token_before_the_server_starts() {
    let logged = Logged::new(1_000, 900);
    for (token, said) in [(None, "a token is needed"), (Some("short"), "shorter than 16")] {
        let mut command =
            logged.bench.command(["serve", "--listen", "0.0.0.0:0"].iter().chain(&ATTIC));
        command.env_remove("PIECEWATCH_TOKEN");
        command.envs(token.map(|token| ("PIECEWATCH_TOKEN", token)));
        let ended = Ended::of(&mut command);
        assert_eq!(ended.code, Some(2), "{}", ended.err);
        assert!(ended.err.contains(said), "{}", ended.err);
    }
    assert!(!logged.bench.path("nodes.db").exists());
}

#[test]
fn the_token_lets_in_and_is_shown_once_by_a_browser() {
    let logged = Logged::new(1_000, 900);
    let server = guarded(&logged);
    let refused = server.get("/api/v1/nodes");
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/metrics").status, 401);
    assert_eq!(server.open_with(&[]).err(), Some(401));
    let bearer = format!("Bearer {TOKEN}");
    let with = |name, value: &str| server.ask("GET", "/api/v1/nodes", &[(name, value)], b"").status;
    assert_eq!(with("Authorization", &bearer), 200);
    assert_eq!(with("Authorization", "Bearer 0123456789abcdef0124"), 401);
    // A browser is led to the page where it shows it.
    let led = server.ask("GET", "/", &[("Accept", "text/html,*/*")], b"");
    assert_eq!((led.status, led.header("location")), (303, Some("/login")));
    assert!(server.get("/login").text().contains("<form"));
    let wrong = server.ask("POST", "/login", &[], b"token=wrong");
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("not the token") && !wrong.text().contains("wrong</"));
    let right = server.ask("POST", "/login", &[], format!("token={TOKEN}").as_bytes());
    assert_eq!(right.status, 303);
    let cookie = right.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(with("Cookie", cookie), 200);
    assert!(server.open_with(&[("cookie", cookie)]).is_ok());
    // It holds in the next server, too, and the secret is in no log.
    let (cookie, log) = (cookie.to_owned(), server.log());
    drop(server);
    let next = guarded(&logged);
    assert_eq!(next.ask("GET", "/api/v1/nodes", &[("Cookie", &cookie)], b"").status, 200);
    assert!(!log.contains(TOKEN) && !next.log().contains(TOKEN));
}

#[test]
fn what_is_asked_wrongly_is_told_so() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start(&logged.bench, &ATTIC);
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/../../etc/passwd", 404),
        ("GET", "/api/v1/nodes?nodes=%ff", 404),
        ("GET", "/api/v1/nodes?node=attic", 400),
        ("GET", "/ws", 426),
        ("DELETE", "/api/v1/nodes", 405),
        ("POST", "/", 405),
        ("PUT", "/login", 405),
    ] {
        let answer = server.ask(method, path, &[], b"");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{path}");
    }
    // What is done is told in the description, each with every problem that came.
    let document = server.json("/api/v1/openapi.json");
    let acknowledge = "/api/v1/alerts/1/acknowledge";
    let told = &document["paths"]["/api/v1/alerts/{id}/acknowledge"]["post"]["responses"];
    for (headers, body, status) in [
        (&[][..], &b""[..], 404),
        (&[("If-None-Match", "*")], b"", 404),
        (&[("Host", "evil.example")], b"", 421),
        (&[("Origin", "https://evil.example")], b"", 403),
        (&[], &[b'x'; 5_000], 413),
    ] {
        let answer = server.ask("POST", acknowledge, headers, body);
        assert_eq!(answer.status, status, "{}", answer.text());
        let content = &told[status.to_string()]["content"];
        assert!(content["application/problem+json"].is_object(), "{status}");
    }
    let long = server.ask("POST", "/login", &[], &[b'x'; 100_000]);
    assert!(matches!(long.status, 413 | 0), "{}", long.status);
    let headers: Vec<(&str, &str)> = (0..200).map(|_| ("x-many", "x")).collect();
    assert_eq!(server.ask("GET", "/", &headers, b"").status, 431);
    let mut garbage = server.connect();
    garbage.write_all(b"\x16\x03\x01\x02\x00garbage\r\n\r\n").unwrap();
    drop(garbage);
    assert_eq!(server.get("/healthz").status, 200);
}

/// Of two servers on one database the first one looks after its alerts.
#[test]
fn who_does_not_look_after_alerts_says_that_another_process_acknowledges_them() {
    let logged = Logged::new(1_000, 900);
    let _first = Server::start(&logged.bench, &ATTIC);
    let other = Server::start(&logged.bench, &["--db", "nodes.db", "--follow"]);
    let answer = other.ask("POST", "/api/v1/alerts/1/acknowledge", &[], b"");
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let document = other.json("/api/v1/openapi.json");
    let told = &document["paths"]["/api/v1/alerts/{id}/acknowledge"]["post"]["responses"];
    assert!(told["409"].is_object(), "{told}");
}

#[test]
fn too_many_connections_are_closed_and_the_server_goes_on() {
    let logged = Logged::new(1_000, 900);
    let server = Server::start_with(&logged.bench, &ATTIC, |command| {
        command.env("PIECEWATCH_SERVER_CONNECTIONS_MAX", "10");
    });
    let mut held: Vec<_> = (0..20).map(|_| server.connect()).collect();
    thread::sleep(Duration::from_millis(200));
    assert!(server.log().contains("too many connections"));
    held.truncate(5);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.get("/healthz").status, 200);
}
