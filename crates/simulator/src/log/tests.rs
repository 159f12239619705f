//! Lines beside those of real nodes, and those derived from the node's code.

use std::borrow::Cow;

use super::*;
use crate::{
    Vocabulary,
    event::{Kind, Remote, Severity, Value, key, same},
    vocabulary::Era,
};

fn render(encoding: Encoding, at: &str, what: What) -> String {
    let at = at.parse::<Timestamp>().unwrap().as_micros();
    // The expected lines of v1.137 are from a node seven hours west of Greenwich.
    let west = matches!(&what, What::Event(event) if event.era == Era::Y2025);
    let config = Config {
        encoding,
        vocabulary: Vocabulary::Y2026,
        utc_offset_minutes: Some(if west { -420 } else { 0 }),
        ..Config::default()
    };
    let stamp = Stamp { at, arrival: at };
    let mut out = Vec::new();
    Log::new(&config).write(&Told { stamp, kind: Kind::Background, what }, &mut out);
    String::from_utf8(out).unwrap()
}

fn check(encoding: Encoding, at: &str, event: Event, expected: &str) {
    assert_eq!(render(encoding, at, What::Event(event)), format!("{expected}\n"));
}

fn text(text: &str) -> Value {
    Value::Text(Cow::Owned(text.to_owned()))
}

fn upload_2026(severity: Severity, message: &'static str) -> Event {
    Event::new(Era::Y2026, severity, "piecestore", message)
        .with(
            key("Piece ID", "piece_id"),
            text("H543W62DLMCTEFSR3LX5G5GNY2A5YBX2UZPDOTRYGN5YRSQENXVA"),
        )
        .with(same("action"), "PUT")
        .with(same("remote_address"), Value::Remote(Remote::V4([79, 127, 201, 219], 40_718)))
        .with(same("size"), 131_072_i64)
        .with_error(
            "read tcp 10.0.17.120:28967->79.127.201.219:40718: read".to_owned(),
            "\n\tstorj.io/drpc:1",
        )
}

#[test]
fn console_lines_are_those_of_a_real_node() {
    let at = "2025-10-06T07:00:52Z";
    let event = |severity, logger: &'static str, message: &'static str| {
        Event::new(Era::Y2025, severity, logger, message)
    };
    check(
        Encoding::Console,
        at,
        event(Severity::Debug, "piecestore:monitor", "readability check done")
            .with(key("Duration", "duration"), duration(162_857)),
        "2025-10-06T00:00:52-07:00\tDEBUG\tpiecestore:monitor\treadability check done\t{\"Process\": \"storagenode\", \"Duration\": \"162.857µs\"}",
    );
    check(
        Encoding::Console,
        at,
        event(
            Severity::Info,
            "piecemigrate:chore",
            "all enqueued for migration; will sleep before next pooling",
        )
        .with(
            same("active"),
            Value::Flags(vec![
                ("121RTSDpyNZVcEU84Ticf2L1ntiuUimbWgfATz21tuvgk3vzoA6", true),
                ("12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S", true),
            ]),
        )
        .with(same("interval"), "10m0s"),
        "2025-10-06T00:00:52-07:00\tINFO\tpiecemigrate:chore\tall enqueued for migration; will sleep before next pooling\t{\"Process\": \"storagenode\", \"active\": {\"121RTSDpyNZVcEU84Ticf2L1ntiuUimbWgfATz21tuvgk3vzoA6\": true, \"12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S\": true}, \"interval\": \"10m0s\"}",
    );
    check(
        Encoding::Console,
        at,
        event(Severity::Info, "hashstore", "compaction computed details")
            .with(same("candidates"), Value::Ints(vec![118, 204]))
            .with(same("rewrite"), Value::Ints(vec![]))
            .with(same("stats"), Value::Reflected("{\"NumLogs\":11}".to_owned())),
        "2025-10-06T00:00:52-07:00\tINFO\thashstore\tcompaction computed details\t{\"Process\": \"storagenode\", \"candidates\": [118, 204], \"rewrite\": [], \"stats\": {\"NumLogs\":11}}",
    );
}

#[test]
fn json_and_docker_lines_escape_what_theirs_do() {
    let at = "2026-08-19T14:03:30.774104Z";
    check(
        Encoding::Json,
        at,
        upload_2026(Severity::Warn, "upload failed"),
        r#"{"L":"WARN","T":"2026-08-19T14:03:30Z","N":"piecestore","M":"upload failed","process":"storagenode","piece_id":"H543W62DLMCTEFSR3LX5G5GNY2A5YBX2UZPDOTRYGN5YRSQENXVA","action":"PUT","remote_address":"79.127.201.219:40718","size":131072,"error":"read tcp 10.0.17.120:28967->79.127.201.219:40718: read","errorVerbose":"read tcp 10.0.17.120:28967->79.127.201.219:40718: read\n\tstorj.io/drpc:1"}"#,
    );
    let docker =
        render(Encoding::DockerJson, at, What::Event(upload_2026(Severity::Warn, "upload failed")));
    let expected = r#"{"log":"2026-08-19T14:03:30Z\tWARN\tpiecestore\tupload failed\t{\"process\": \"storagenode\", \"piece_id\": \"H543W62DLMCTEFSR3LX5G5GNY2A5YBX2UZPDOTRYGN5YRSQENXVA\", \"action\": \"PUT\", \"remote_address\": \"79.127.201.219:40718\", \"size\": 131072, \"error\": \"read tcp 10.0.17.120:28967-\u003e79.127.201.219:40718: read\", \"errorVerbose\": \"read tcp 10.0.17.120:28967-\u003e79.127.201.219:40718: read\\n\\tstorj.io/drpc:1\"}\n","stream":"stdout","time":"2026-08-19T14:03:30.774104"#;
    assert!(docker.starts_with(expected), "{docker}");
    let root = Event::new(Era::Y2026, Severity::Info, "", "Operator email")
        .with(same("address"), "sno@example.org");
    check(
        Encoding::Json,
        "2026-08-19T14:03:27Z",
        root,
        r#"{"L":"INFO","T":"2026-08-19T14:03:27Z","M":"Operator email","process":"storagenode","address":"sno@example.org"}"#,
    );
}

#[test]
fn journals_put_their_own_time_before_the_line() {
    let error = What::Text(Writer::Node, Cow::Borrowed(b"Error: piecestore monitor: timed out"));
    let at = "2026-08-19T14:09:00Z";
    assert_eq!(
        render(Encoding::JournalShort, at, error.clone()),
        "Aug 19 16:09:00 nas storagenode[1842]: Error: piecestore monitor: timed out\n"
    );
    let json = render(Encoding::JournalJson, at, error);
    assert!(json.contains("\"MESSAGE\":\"Error: piecestore monitor: timed out\""), "{json}");
    assert!(json.contains("\"__REALTIME_TIMESTAMP\":\"1787148540000000\""), "{json}");
}

#[test]
fn milliseconds_have_an_offset_without_colon() {
    let mut out = Vec::new();
    let at = "2022-08-11T01:05:34.992Z".parse::<Timestamp>().unwrap().as_micros();
    Times::default().push(at, Era::Y2022, 120, &mut out);
    assert_eq!(out, b"2022-08-11T03:05:34.992+0200");
    out.clear();
    Times::default().push(at, Era::Y2023, 120, &mut out);
    assert_eq!(out, b"2022-08-11T03:05:34+02:00");
}
