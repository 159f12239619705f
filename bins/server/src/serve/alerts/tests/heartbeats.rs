//! Whom the heartbeat calls, and what is told of it.

use super::*;

#[test]
fn what_a_heartbeat_is_answered_gives_no_part_of_its_address_away() {
    let bench = Bench::new();
    let config = bench.config("heartbeat_url_file = \"url\"");
    let url = config.heartbeat.unwrap().url.read().unwrap();
    let words = format!("404: no such check: {}", &SECRET[1..]);
    let words = channel::without_secret(&words, &url);
    assert_eq!(words, "404: no such check: (secret)");
}

#[test]
fn the_heartbeat_beats_while_all_is_well_and_not_else() {
    let bench = Bench::new();
    let call = format!("http://{}/alive", bench.hook.address);
    fs::write(bench.folder.path().join("heart"), call).unwrap();
    let config = bench.config("heartbeat_url_file = \"heart\"");
    let running = bench.run(bench.alerts(config, MonitorFacts::default()));
    let calls = bench.hook.wait(1);
    assert!(calls[0].starts_with("GET /alive HTTP/1.1\r\n"), "{calls:?}");
    running.stop(&bench);

    // It says that Piecewatch lives, which is so without alerts, too.
    let off = bench.config("enabled = false\nheartbeat_url_file = \"heart\"");
    let running = bench.run(bench.alerts(off, MonitorFacts::default()));
    bench.hook.wait(2);
    running.stop(&bench);
    let unread = MonitorFacts { unread: Some("nobody".to_owned()), ..MonitorFacts::default() };
    let off = bench.alerts(bench.config("enabled = false"), unread);
    off.evaluate(bench.now);
    let age_max = Duration::from_secs(10_800);
    assert!(!off.is_well(bench.now, age_max));

    let blocked = MonitorFacts { blocked: Some("full".to_owned()), ..MonitorFacts::default() };
    let alerts = bench.alerts(bench.config(""), blocked);
    alerts.evaluate(bench.now);
    assert!(!alerts.is_well(bench.now, age_max));
}

#[test]
fn a_heartbeat_that_does_not_arrive_is_told_in_the_status_until_it_does() {
    let bench = Bench::new();
    let config = || bench.config("heartbeat_url_file = \"url\"");
    *bench.hook.answers.lock().unwrap() = [404; 1_000].into();
    let running = bench.run(bench.alerts(config(), MonitorFacts::default()));
    let wait_for = |field: &str| {
        for _ in 0..3_000 {
            let told = running.alerts.heartbeat().unwrap();
            if told.get(field).is_some() {
                return told;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it tells no {field}: {:?}", running.alerts.heartbeat());
    };
    let told = wait_for("error").to_string();
    assert!(told.contains("the server answered 404"), "{told}");
    assert!(!told.contains(&SECRET[1..]) && !told.contains("answered_at"), "{told}");

    bench.hook.answers.lock().unwrap().clear();
    running.alerts.reconfigure(config()).unwrap();
    running.alerts.look_now();
    assert_eq!(wait_for("answered_at").get("error"), None);
    running.stop(&bench);
    let without = bench.alerts(bench.config(""), MonitorFacts::default());
    assert_eq!(without.heartbeat(), None);
}
