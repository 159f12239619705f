//! The server speaks HTTP on a real socket, survives nonsense, and stops at once.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use piecewatch_simulator::{
    Account, AccountConfig, ApiServer, ApiVersion, Luck, NodeApi, Port, SimulatedTime,
};

use crate::at;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn api() -> NodeApi {
    let config = AccountConfig { luck: Luck::Good, ..AccountConfig::default() };
    NodeApi::new(Account::random(&config), ApiVersion::V1_143)
}

fn server(port: Port) -> (ApiServer, SimulatedTime) {
    let time = SimulatedTime::new(AccountConfig::default().now);
    (ApiServer::start(api(), port, time.clone()).unwrap(), time)
}

fn connect(server: &ApiServer) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything that is answered until the server closes.
fn told(server: &ApiServer, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    // A server that closes before it has read everything resets the connection, at any of these.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

fn get(server: &ApiServer, path: &str) -> String {
    told(server, format!("GET {path} HTTP/1.1\r\nhost: n\r\nconnection: close\r\n\r\n").as_bytes())
}

fn body(text: &str) -> &str {
    text.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn the_server_answers_as_the_node_does() {
    let (server, time) = server(Port::Dashboard);
    for path in ["/api/sno/", "/api/sno/satellites", "/api/heldamount/held-history"] {
        let expected = api().answer(path, time.now()).body;
        let text = get(&server, path);
        assert!(
            text.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"),
            "{text}"
        );
        assert_eq!(body(&text).as_bytes(), expected, "{path}");
    }
    let text = get(&server, "/api/sno");
    assert!(text.starts_with("HTTP/1.1 301 Moved Permanently\r\n"));
    assert!(text.contains("\r\nlocation: /api/sno/\r\n"));
    assert_eq!(server.requests(), 4);
    assert_eq!(server.url(), format!("http://{}", server.address()));
}

#[test]
fn time_passes_only_when_it_is_told_to() {
    let (server, time) = server(Port::Dashboard);
    let path = "/api/sno/estimated-payout";
    let before = get(&server, path);
    assert_eq!(get(&server, path), before);
    time.set_now(at("2026-08-25T00:00:00Z"));
    assert_ne!(get(&server, path), before);
}

#[test]
fn a_server_may_answer_for_another_node() {
    let (server, time) = server(Port::Dashboard);
    let config = AccountConfig { seed: 77, ..AccountConfig::default() };
    let other = NodeApi::new(Account::random(&config), ApiVersion::V1_37);
    server.set_api(other.clone());
    let expected = other.answer("/api/sno/", time.now()).body;
    assert_eq!(body(&get(&server, "/api/sno/")).as_bytes(), expected);
}

#[test]
fn the_other_ports_have_other_answers() {
    let (public, _) = server(Port::Public);
    let text = get(&public, "/whatever");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(body(&text).contains("\n  \"AllHealthy\": true\n"), "{text}");
    let (debug, _) = server(Port::Debug);
    assert!(body(&get(&debug, "/metrics")).contains("download_success_count{action=\"GET\","));
    assert_eq!(body(&get(&debug, "/health")), "OK");
    assert!(get(&debug, "/api/sno/").starts_with("HTTP/1.1 404 Not Found\r\n"));
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let (server, _) = server(Port::Debug);
    let mut stream = connect(&server);
    for _ in 0..3 {
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: n\r\n\r\n").unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\nOK") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            text.push(byte[0]);
        }
    }
    // Two at once are answered in order.
    stream.write_all(b"GET /health HTTP/1.1\r\n\r\nGET /nothing HTTP/1.0\r\n\r\n").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    let (first, second) = rest.split_once("OKHTTP/1.1 404").unwrap();
    assert!(first.starts_with("HTTP/1.1 200") && second.contains("connection: close"));
}

#[test]
fn nonsense_costs_a_connection_and_nothing_else() {
    let (server, _) = server(Port::Dashboard);
    for nonsense in [
        b"\xff\xfe\x00\x01\r\n\r\n".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET api HTTP/1.1\r\n\r\n".to_vec(),
        vec![b'x'; 100_000],
    ] {
        let text = told(&server, &nonsense);
        // What is too long may be cut off before it is answered.
        assert!(
            text.starts_with("HTTP/1.1 400 Bad Request\r\n") || nonsense.len() > 16_384,
            "{text}"
        );
    }
    assert!(told(&server, b"POST /api/sno/ HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
    assert_eq!(told(&server, b"GET /api/sno/ HT"), "");
    assert!(get(&server, "/api/sno/").starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_client_too_many_is_turned_away() {
    let (server, _) = server(Port::Debug);
    let mut idle: Vec<TcpStream> = (0..64).map(|_| connect(&server)).collect();
    // Connections are accepted in order: when the last of these is served, all of them are.
    let last = idle.last_mut().unwrap();
    last.write_all(b"GET /health HTTP/1.1\r\n\r\n").unwrap();
    last.read_exact(&mut [0; 8]).unwrap();
    let mut text = String::new();
    connect(&server).read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
}

#[test]
fn a_server_stops_though_clients_hold_on() {
    let (server, _) = server(Port::Dashboard);
    let mut silent = connect(&server);
    let mut halfway = connect(&server);
    halfway.write_all(b"GET /api/sno/ HT").unwrap();
    let (done, wait) = mpsc::channel();
    let stopping = thread::spawn(move || {
        drop(server);
        done.send(()).unwrap();
    });
    wait.recv_timeout(PATIENCE).expect("the server stops");
    stopping.join().unwrap();
    for stream in [&mut silent, &mut halfway] {
        assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
    }
}
