//! `piecewatch alerts`: a test message through each channel, and the list.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use crate::program::Bench;

/// Answers each call with a status, and repeats the path.
fn receiver(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 512];
            let _ = stream.read(&mut head);
            let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or("").to_owned();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{path}",
                path.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn a_test_says_what_came_back_and_no_secret() {
    let bench = Bench::new();
    let (good, bad) = (receiver("200 OK"), receiver("404 Not Found"));
    bench.write("url", format!("http://127.0.0.1:{bad}/hook-secret-4711"));
    let config = format!(
        "[[alerts.channel]]\nname = \"phone\"\nkind = \"ntfy\"\nurl = \"http://127.0.0.1:{good}/t\"\n\
         [[alerts.channel]]\nname = \"chat\"\nkind = \"slack\"\nurl_file = \"url\"\n\
         [[alerts.channel]]\nname = \"bot\"\nkind = \"telegram\"\nurl = \"http://127.0.0.1:{bad}\"\n\
         token_env = \"BOT_TOKEN\"\nchat = 7\n"
    );
    fs::write(bench.path("p.toml"), config).unwrap();
    let said = |more: &[&str]| {
        let mut command = bench.command(["alerts", "test", "--config", "p.toml"]);
        crate::program::Ended::of(command.args(more).env("BOT_TOKEN", "777:bot-secret"))
    };
    let all = said(&[]);
    assert_eq!(all.code, Some(1), "{}{}", all.out, all.err);
    assert!(all.out.contains("phone: took the test message"), "{}", all.out);
    assert!(all.out.contains("chat: the server answered 404 Not Found"), "{}", all.out);
    assert!(all.err.contains("2 of 3 tests failed"), "{}", all.err);
    let both = format!("{}{}", all.out, all.err);
    assert!(!both.contains("secret-4711") && !both.contains("bot-secret"), "{both}");

    assert_eq!(said(&["--channel", "phone"]).code, Some(0));
    let unknown = said(&["--channel", "fax"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("p.toml has no channel fax; it has phone, chat, bot"));
    // A secret that is not there is told by its place.
    let without = bench.run(["alerts", "test", "--config", "p.toml"]);
    assert_eq!(without.code, Some(2));
    assert!(
        without.err.contains("the alert channel bot: there is no environment variable BOT_TOKEN")
    );
}

#[test]
fn a_test_calls_the_heartbeat_too_unless_one_channel_is_named() {
    let bench = Bench::new();
    let (good, bad) = (receiver("200 OK"), receiver("404 Not Found"));
    let heart = |port: u16| bench.write("heart", format!("http://127.0.0.1:{port}/beat-4711"));
    let alone = "[alerts]\nheartbeat_url_file = \"heart\"\n";
    bench.write("p.toml", alone);
    let test = |more: &[&str]| {
        let mut command = bench.command(["alerts", "test", "--config", "p.toml"]);
        crate::program::Ended::of(command.args(more))
    };
    heart(good);
    let called = test(&[]);
    assert_eq!((called.code, called.out.as_str()), (Some(0), "heartbeat: took the call\n"));

    heart(bad);
    let channel = format!(
        "[[alerts.channel]]\nname = \"phone\"\nkind = \"ntfy\"\nurl = \"http://127.0.0.1:{good}/t\"\n"
    );
    bench.write("p.toml", format!("{alone}{channel}"));
    let failed = test(&[]);
    assert_eq!(failed.code, Some(1), "{}{}", failed.out, failed.err);
    assert!(
        failed.out.contains("phone: took the test message\nheartbeat: the server answered 404")
    );
    assert!(failed.err.contains("1 of 2 tests failed"), "{}", failed.err);
    assert!(!failed.out.contains("beat-4711"), "{}", failed.out);
    let one = test(&["--channel", "phone"]);
    assert_eq!((one.code, one.out.as_str()), (Some(0), "phone: took the test message\n"));
}

#[test]
fn a_database_without_alerts_says_so_in_each_form() {
    let bench = Bench::new();
    bench.simulate("node.log", 2_000, &[]);
    bench.done(["import", "--db", "n.db", "--node", "attic", "node.log"]);
    let list = |form: &[&str]| {
        let arguments = ["alerts", "list", "--db", "n.db"];
        bench.done(arguments.iter().chain(form))
    };
    assert_eq!(list(&[]), "There was no alert in this time.\n");
    let answer: serde_json::Value = serde_json::from_str(&list(&["--json"])).unwrap();
    assert_eq!(answer["alerts"], serde_json::json!([]));
    let csv = list(&["--csv"]);
    assert!(csv.starts_with("id,rule,node,") && csv.lines().count() == 1, "{csv}");
}
