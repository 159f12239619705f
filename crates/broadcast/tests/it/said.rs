//! Says bytes to a hub, each line as one message; a fuzz target does the same.

use std::time::{Duration, SystemTime};

use piecewatch_broadcast::{Config, Hub, Mirror, Outgoing, TopicConfig};
use serde_json::{Value, json};

/// Whatever is said, nothing panics, what the client gets can be read, no limit is broken, and
/// somebody else's subscription goes on.
pub(crate) fn say_each_line(bytes: &[u8]) {
    let mut config = Config::new("e1", "1");
    config.limits.views = 8;
    let limits = config.limits.clone();
    let topics = [TopicConfig::new("a"), TopicConfig::urgent("b")];
    let mut hub = Hub::new(config, &topics, Duration::ZERO).expect("the topics are two");
    let watcher = hub.connect(Duration::ZERO).expect("there is room");
    hub.receive(watcher, br#"{"op":"subscribe","sub":1,"topic":"a"}"#, Duration::ZERO);
    let said = hub.connect(Duration::ZERO).expect("there is room");
    let (mut watching, mut told) = (Mirror::new(), Mirror::new());
    let lines = bytes.split(|byte| *byte == b'\n').chain([&b""[..]]);
    let mut last = Value::Null;
    for (number, line) in (1u32..).zip(lines) {
        let now = Duration::from_millis(100) * number;
        hub.receive(said, line, now);
        hub.changed("a", None);
        hub.poll(now);
        last = json!({"n": number});
        while let Some(wanted) = hub.take_want() {
            hub.answer(wanted.channel, last.clone(), now);
        }
        hub.begin(SystemTime::UNIX_EPOCH);
        while let Some(client) = hub.next_ready() {
            let Some(Outgoing::Text(text)) = hub.give(client) else { continue };
            let mirror = if client == watcher { &mut watching } else { &mut told };
            let gaps = mirror.take(&text).expect("the hub makes frames that can be read");
            assert!(gaps.is_empty(), "nothing gets lost");
        }
        while let Some(farewell) = hub.farewell() {
            assert_eq!(farewell.client, said, "only who says it is closed");
        }
        hub.heard(watcher, now);
        let statistics = hub.statistics();
        assert!(statistics.views <= limits.views);
        assert!(statistics.held_bytes <= 64 << 10, "{}", statistics.held_bytes);
    }
    assert_eq!(watching.state(1), Some(&last));
}
