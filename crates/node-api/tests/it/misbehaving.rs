//! Whatever answers badly is named for what it is, in bounded time, and delays no other node.

use std::time::Duration;

use piecewatch_model::ByteCount;
use piecewatch_node_api::{Address, Client, Cost, Error, Limits, answer::Dashboard};

use tokio::time::Instant;

use crate::{
    recorded::recorded,
    server::{LIMITS, Server, Step, answer, head, json, web_page},
};

const JSON: &str = "application/json";

/// As long as three attempts that each use up their time and the pauses between may take, with air
/// for a busy machine.
const PATIENCE: Duration = Duration::from_secs(6);

fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

fn good() -> Vec<Step> {
    json(recorded("v1.71.2", "sno.json"))
}

/// Asks a dashboard once, and meanwhile another one that is well again and again: none of its
/// answers takes as long as the limit.
async fn ask(server: &Server) -> (Result<Dashboard, Error>, Cost) {
    let well = Server::start(|_, _| good());
    let mut cost = Cost::default();
    let client = server.client();
    let began = Instant::now();
    let asked = async { client.dashboard(&mut cost).await };
    let others = async {
        let client = well.client();
        loop {
            let began = Instant::now();
            client.dashboard(&mut Cost::default()).await.unwrap();
            assert!(began.elapsed() < LIMITS.answer, "another node was delayed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let result = tokio::select! {
        result = asked => result,
        never = others => never,
    };
    let took = began.elapsed();
    assert!(took < PATIENCE, "it took {took:?}");
    // Even on a busy machine it answers a few times in the time that a hanging one takes.
    let asked = well.requests();
    assert!(took < LIMITS.answer || asked >= 3, "another node was asked {asked} times in {took:?}");
    (result, cost)
}

/// Asks once and expects an error; how often it was asked is the second figure.
async fn error(
    answer: impl Fn(&str, usize) -> Vec<Step> + Send + Sync + 'static,
) -> (Error, usize) {
    let server = Server::start(answer);
    let (result, cost) = ask(&server).await;
    assert_eq!(cost.requests as usize, server.requests());
    (result.unwrap_err(), server.requests())
}

#[tokio::test]
async fn a_node_that_is_well_is_asked_once() {
    let server = Server::start(|_, _| good());
    let (result, cost) = ask(&server).await;
    assert_eq!(result.unwrap().satellites.len(), 6);
    let bytes = recorded("v1.71.2", "sno.json").len() as u64;
    assert_eq!(cost, Cost { requests: 1, bytes: ByteCount::new(bytes) });
}

#[tokio::test]
async fn nobody_there_is_told() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address: Address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let mut cost = Cost::default();
    let error = Client::new(address.clone(), LIMITS).dashboard(&mut cost).await.unwrap_err();
    assert!(matches!(error, Error::NoConnection { .. }), "{error}");
    assert!(
        error.words().starts_with(&format!("{address} does not answer: ")),
        "{}",
        error.words()
    );
    assert_eq!(cost.requests, LIMITS.attempts_max);
}

#[tokio::test]
async fn a_head_that_never_comes_is_waited_for_so_long() {
    let (error, requests) = error(|_, _| vec![Step::Hang]).await;
    assert!(matches!(error, Error::Slow { .. }), "{error}");
    assert!(
        error
            .words()
            .ends_with("is too slow: its answer to /api/sno/ was not complete after 0.4 s")
    );
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn a_head_that_trickles_is_waited_for_so_long() {
    let trickle = Step::Repeat(b"X-Slow: 1\r\n".to_vec(), Duration::from_millis(10));
    let (error, _) = error(move |_, _| vec![send("HTTP/1.1 200 OK\r\n"), trickle.clone()]).await;
    assert!(matches!(error, Error::Slow { .. }), "{error}");
}

#[tokio::test]
async fn a_body_that_trickles_is_waited_for_so_long() {
    let trickle = Step::Repeat(b" ".to_vec(), Duration::from_millis(10));
    let (error, requests) =
        error(move |_, _| vec![Step::Send(head("200 OK", JSON, 100_000)), trickle.clone()]).await;
    assert!(matches!(error, Error::Slow { .. }), "{error}");
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn an_endless_body_is_taken_up_to_the_limit() {
    let (error, requests) = error(|_, _| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
        vec![send(head), Step::Repeat(vec![b' '; 64 << 10], Duration::ZERO)]
    })
    .await;
    assert!(
        matches!(error, Error::TooLong { max_bytes, .. } if max_bytes == LIMITS.answer_max_bytes)
    );
    assert_eq!(requests, 1, "asking again would bring the same");
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let server = Server::start(|_, _| vec![Step::Send(head("200 OK", JSON, 1 << 30)), Step::Hang]);
    let (result, cost) = ask(&server).await;
    assert!(matches!(result, Err(Error::TooLong { .. })));
    assert_eq!(cost.bytes, ByteCount::new(0));
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let (error, _) = error(|_, _| {
        vec![send("HTTP/1.1 200 OK\r\n"), Step::Repeat(b"X: y\r\n".repeat(10_000), Duration::ZERO)]
    })
    .await;
    assert!(matches!(error, Error::BrokenOff { .. }), "{error}");
}

#[tokio::test]
async fn a_web_page_is_not_a_dashboard() {
    let (error, requests) = error(|_, _| web_page()).await;
    assert!(matches!(error, Error::WebPage { .. }), "{error}");
    assert!(
        error
            .words()
            .ends_with("a web page in place of JSON: is this the address of a node's dashboard?")
    );
    assert_eq!(requests, 1, "asking again would bring the same");
    // Also when it is not called one.
    let (error, _) = self::error(|_, _| answer("200 OK", "text/plain", b"\n <html>")).await;
    assert!(matches!(error, Error::WebPage { .. }), "{error}");
}

#[tokio::test]
async fn other_json_is_not_a_dashboard() {
    for body in ["null", "[]", "{}", "{\"nodeID\":5}", "\"x\""] {
        let (error, requests) = error(move |_, _| json(body)).await;
        assert!(matches!(error, Error::Strange { .. }), "{body}: {error}");
        assert_eq!(requests, 1);
    }
    let (error, _) = error(|_, _| json("node is fine")).await;
    assert!(matches!(error, Error::NotJson { bytes: 12, .. }), "{error}");
}

#[tokio::test]
async fn a_node_that_recovers_is_not_missed() {
    let busy = || answer("500 Internal Server Error", JSON, br#"{"error":"database is locked"}"#);
    let server = Server::start(move |_, number| if number == 0 { busy() } else { good() });
    let (result, cost) = ask(&server).await;
    assert_eq!(result.unwrap().satellites.len(), 6);
    assert_eq!(cost.requests, 2);

    let (error, requests) = error(move |_, _| busy()).await;
    assert!(error.words().ends_with("answers /api/sno/ with 500: database is locked"), "{error}");
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn what_will_not_pass_is_not_asked_again() {
    for status in ["404 Not Found", "400 Bad Request", "401 Unauthorized", "204 No Content"] {
        let (error, requests) = error(move |_, _| answer(status, JSON, br#"{"error":"no"}"#)).await;
        assert!(matches!(error, Error::Status { .. }), "{status}: {error}");
        assert_eq!(requests, 1, "{status}");
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_are_few_and_harmless() {
    let body = format!("{{\"error\":\"\\u001b[2J{}\"}}", "x".repeat(3_000));
    let (error, _) = error(move |_, _| answer("404 Not Found", JSON, body.as_bytes())).await;
    let Error::Status { text, .. } = error else { panic!("{error}") };
    assert_eq!(text.chars().count(), 200);
    assert!(text.starts_with("\u{fffd}[2Jxxx"), "{text}");
}

#[tokio::test]
async fn a_connection_that_is_reset_is_tried_again() {
    let cut = || vec![Step::Send(head("200 OK", JSON, 5_000)), send("{\"nodeID\":"), Step::Reset];
    let (error, requests) = error(move |_, _| cut()).await;
    assert!(matches!(error, Error::BrokenOff { .. }), "{error}");
    assert_eq!(requests, 3);
    let server = Server::start(move |_, number| if number < 2 { cut() } else { good() });
    assert!(ask(&server).await.0.is_ok());
}

#[tokio::test]
async fn a_length_that_is_a_lie_is_found_out() {
    let body = recorded("v1.71.2", "sno.json");
    // Too long: the rest never comes.
    let (body_of, length) = (body.clone(), body.len() + 100);
    let (error, requests) = error(move |_, _| {
        vec![Step::Send(head("200 OK", JSON, length)), Step::Send(body_of.clone())]
    })
    .await;
    assert!(matches!(error, Error::BrokenOff { .. }), "{error}");
    assert_eq!(requests, 3);
    // Too short: the answer is cut.
    let length = body.len() - 100;
    let (error, _) = self::error(move |_, _| {
        vec![Step::Send(head("200 OK", JSON, length)), Step::Send(body.clone())]
    })
    .await;
    assert!(matches!(error, Error::NotJson { bytes, .. } if bytes == length), "{error}");
}

#[tokio::test]
async fn an_answer_in_chunks_is_one_answer() {
    let server = Server::start(|_, _| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut steps = vec![send(head)];
        for chunk in recorded("v1.71.2", "sno.json").chunks(100) {
            steps.push(send(&format!("{:x}\r\n", chunk.len())));
            steps.push(Step::Send(chunk.to_vec()));
            steps.push(send("\r\n"));
        }
        steps.push(send("0\r\n\r\n"));
        steps
    });
    assert_eq!(ask(&server).await.0.unwrap().satellites.len(), 6);
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_its_connection() {
    let server = Server::start(|_, _| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
        vec![send(head), Step::Send(recorded("v1.71.2", "sno.json"))]
    });
    assert_eq!(ask(&server).await.0.unwrap().satellites.len(), 6);
}

#[tokio::test]
async fn what_is_no_http_is_told() {
    let (error, _) = error(|_, _| vec![send("SSH-2.0-OpenSSH_9.2\r\n")]).await;
    assert!(matches!(error, Error::BrokenOff { .. }), "{error}");
}

fn redirect(to: &str) -> Vec<Step> {
    let head = format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    vec![send(&head)]
}

#[tokio::test]
async fn a_slash_at_the_end_is_followed() {
    let server = Server::start(|target, _| match target {
        "/api/sno/" => redirect("/other/api/sno/"),
        "/other/api/sno/" => good(),
        _ => web_page(),
    });
    let (result, cost) = ask(&server).await;
    assert!(result.is_ok());
    assert_eq!(cost.requests, 2);
}

#[tokio::test]
async fn redirects_are_followed_to_no_other_host_and_not_for_ever() {
    let (circle, requests) = error(|target, _| redirect(target)).await;
    assert!(matches!(circle, Error::Circle { .. }), "{circle}");
    assert_eq!(requests, 4);
    for elsewhere in ["https://127.0.0.1/api/sno/", "http://127.0.0.2:1/api/sno/", "//x/", "/a b"] {
        let (error, requests) = error(move |_, _| redirect(elsewhere)).await;
        assert!(matches!(&error, Error::Elsewhere { to, .. } if to == elsewhere), "{error}");
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn where_a_node_sends_us_is_told_without_secrets() {
    for (location, shown) in [
        ("https://me:secret@other/api/sno/?token=secret", "https://…@other/api/sno/…"),
        ("//me:secret@other/#secret", "…@other/…"),
    ] {
        let (error, _) = error(move |_, _| redirect(location)).await;
        assert!(matches!(&error, Error::Elsewhere { to, .. } if to == shown), "{error}");
        assert!(!error.words().contains("secret"), "{error}");
    }
}

/// The status is what matters; its words are not waited for.
#[tokio::test]
async fn a_refusal_whose_words_do_not_come_is_a_refusal() {
    let server =
        Server::start(|_, _| vec![Step::Send(head("404 Not Found", JSON, 900)), Step::Hang]);
    let limits = Limits { answer: Duration::from_secs(20), ..LIMITS };
    let began = Instant::now();
    let result = Client::new(server.address(), limits).dashboard(&mut Cost::default()).await;
    assert!(matches!(result, Err(Error::Status { status: 404, .. })), "{result:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_health_page_is_an_answer_whatever_its_status() {
    for (status, is_well) in [("200 OK", true), ("503 Service Unavailable", false)] {
        let body = format!("{{\"Statuses\":null,\"Help\":\"…\",\"AllHealthy\":{is_well}}}");
        let server = Server::start(move |_, _| answer(status, JSON, body.as_bytes()));
        let health = server.client().health(&mut Cost::default()).await.unwrap();
        assert_eq!(health.is_all_well, is_well);
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn an_answer_for_another_satellite_is_refused() {
    let server = Server::start(|_, _| json(recorded("v1.71.2", "satellite.json")));
    let us1 = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S".parse().unwrap();
    let result = server.client().satellite(us1, &mut Cost::default()).await;
    assert!(matches!(result, Err(Error::OtherSatellite { .. })));
}

/// No connection comes about: the address is one that nobody has, or that nobody answers for.
#[tokio::test(start_paused = true)]
async fn no_connection_is_waited_for_so_long() {
    // A listener whose queue is full takes no more connections.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..1_000 {
        let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(50))
        else {
            break;
        };
        waiting.push(stream);
    }
    let address: Address = format!("http://{address}").parse().unwrap();
    let began = Instant::now();
    let error =
        Client::new(address, Limits::default()).dashboard(&mut Cost::default()).await.unwrap_err();
    assert!(matches!(error, Error::NoConnectionInTime { .. }), "{error}");
    assert!(error.words().ends_with("does not answer: no connection within 5 s"));
    // Three attempts of five seconds, and up to 1.5 seconds between.
    let seconds = began.elapsed().as_secs_f64();
    assert!((15.0..17.0).contains(&seconds), "{seconds} s");
}
