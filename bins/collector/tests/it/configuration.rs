//! Good configurations: what holds in the end, of the file, the environment and the command line.

use std::{fs, path::PathBuf, time::Duration};

use piecewatch_analytics::{
    ObservatorySettings,
    alert::{AlertLevel, Policy, Thresholds},
};
use piecewatch_collector::config::{
    ChannelKind, Config, Discovery, ExporterNames, LogFormat, MailTls, Noticing, Sayings, TextFrom,
};
use piecewatch_ingest::{Source, StartAt};
use piecewatch_model::{ByteCount, MicroUsd};

use crate::program::Bench;

fn load(text: &str, more: Sayings) -> (Config, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collector.toml");
    fs::write(&path, text).unwrap();
    let sayings = Sayings { file: Some(path), ..more };
    let config = Config::load_settings(&sayings).unwrap_or_else(|error| {
        panic!("{:?}", error.lines());
    });
    (config, folder.path().to_owned())
}

#[test]
fn the_printed_default_is_the_default() {
    let (printed, folder) = load(&Config::default_text(), Sayings::default());
    let default = Config::load_settings(&Sayings::default()).unwrap();
    assert_eq!(printed, Config { db: folder.join(&default.db), ..default });
}

#[test]
fn the_examples_of_the_printed_default_are_good() {
    let mut text = String::new();
    // A node has a source or a command, and an address or databases.
    // So has a channel: the example is an email.
    let others =
        ["command", "databases", "password_env", "url", "token_", "chat", "heartbeat_url_env"];
    let is_other = |line: &&str| others.iter().any(|key| line.starts_with(&format!("#{key}")));
    for line in Config::default_text().lines().filter(|line| !is_other(line)) {
        let example = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        text.push_str(example.unwrap_or(line));
        text.push('\n');
    }
    let (config, folder) = load(&text, Sayings::default());
    assert_eq!(config.nodes[0].source, Source::File("/var/log/storj/node.log".into()));
    assert_eq!(config.geoip, Some(folder.join("GeoLite2-Country.mmdb")));
    assert_eq!(config.nodes[0].api.as_ref().unwrap().to_string(), "http://192.168.1.20:14002");
    assert_eq!(config.nodes[0].metrics.as_ref().unwrap().to_string(), "http://192.168.1.20:5999");
    assert_eq!(config.nodes[0].monthly_cost, Some(MicroUsd::new(3_500_000)));
    let databases = text.replace("api = \"http://192.168.1.20:14002\"", "databases = \"storage\"");
    let (config, folder) = load(&databases, Sayings::default());
    assert_eq!(config.nodes[0].api, None);
    assert_eq!(config.nodes[0].databases, Some(folder.join("storage")));
    let command = text.replace("source = \"/var/log/storj/node.log\"", "command = [\"cat\"]");
    let (config, _) = load(&command, Sayings::default());
    assert_eq!(config.nodes[0].source, Source::Command(vec!["cat".into()]));
}

#[test]
fn alerts_have_bounds_for_all_and_for_one_node_and_channels_with_secrets_elsewhere() {
    let text = "
[alerts]
fire_minutes = 0
repeat_hours = 0
audit_score_warning = 0.99
muted = [\"quic\"]
warning = [\"version\", \"clock\"]
critical = [\"poll\"]
heartbeat_url_env = \"HEARTBEAT\"
[[alerts.node]]
name = \"attic\"
audit_score_critical = 0.98
muted = []
ping_minutes_critical = 600
critical = [\"quic\", \"clock\"]
[[alerts.channel]]
name = \"me\"
kind = \"email\"
host = \"mail.example.net\"
username = \"piecewatch\"
password_file = \"mail.password\"
from = \"p@example.net\"
to = [\"me@example.net\"]
levels = [\"critical\"]
[[alerts.channel]]
name = \"phone\"
kind = \"ntfy\"
url = \"https://ntfy.sh/a-topic\"
nodes = [\"attic\"]
";
    let (config, folder) = load(text, Sayings::default());
    let alerts = config.alerts;
    assert_eq!((alerts.policy.fire_after, alerts.policy.repeat_after), (Duration::ZERO, None));
    let (all, of_attic) =
        (alerts.thresholds(None), alerts.thresholds(Some(&"attic".parse().unwrap())));
    assert_eq!((all.audit_score.warning, all.audit_score.critical), (0.99, 0.97));
    assert_eq!((of_attic.audit_score.warning, of_attic.audit_score.critical), (0.99, 0.98));
    assert_eq!((all.muted.len(), of_attic.muted.len()), (1, 0));
    let told = |of: &Thresholds| {
        let levels =
            of.levels.iter().map(|(rule, level)| format!("{} {}", rule.name(), level.name()));
        levels.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(told(all), "clock warning, version warning, poll critical");
    assert_eq!(told(of_attic), "clock critical, version warning, quic critical");
    assert_eq!((of_attic.ping_minutes.warning, of_attic.ping_minutes.critical), (90.0, 600.0));
    assert_eq!(alerts.thresholds(Some(&"shed".parse().unwrap())), all);
    assert_eq!(alerts.heartbeat.unwrap().url, TextFrom::Variable("HEARTBEAT".to_owned()));
    let [mail, phone] = &alerts.channels[..] else { panic!("{:?}", alerts.channels) };
    let ChannelKind::Email { port, tls, login, .. } = &mail.kind else { panic!("{mail:?}") };
    assert_eq!((*port, *tls), (None, MailTls::StartTls));
    let password = &login.as_ref().unwrap().password;
    assert_eq!(*password, TextFrom::File(folder.join("mail.password")));
    assert_eq!(mail.levels, [AlertLevel::Critical]);
    assert_eq!(phone.nodes, Some(vec!["attic".parse().unwrap()]));
    assert!(!format!("{phone:?}").contains("a-topic"), "it may be a secret: {phone:?}");
}

#[test]
fn the_bounds_of_the_file_are_those_of_the_rules() {
    let default = Config::load_settings(&Sayings::default()).unwrap().alerts;
    assert_eq!(default.thresholds, Thresholds::default());
    assert_eq!(default.policy, Policy::default());
}

#[test]
fn the_default_is_printed_whole() {
    insta::assert_snapshot!(Config::default_text());
}

#[test]
fn later_wins() {
    let text = "db = \"file.db\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n\
        [[node]]\nname = \"attic\"\nsource = \"logs/node.log\"\n\
        [[node]]\nname = \"shed\"\nsource = \"shed.log\"\n";
    let variables = [
        ("PIECEWATCH_DB", "environment.db"),
        ("PIECEWATCH_LOG_LEVEL", "debug"),
        ("PIECEWATCH_LOG_RATE_LIMIT_PER_MINUTE", "0"),
        ("PIECEWATCH_LOG_SLOW_QUERY_MS", "250"),
        ("PIECEWATCH_METRICS_STORJ_EXPORTER_NAMES", "true"),
        ("PIECEWATCH_PERFORMANCE_NOTIFICATIONS", "false"),
        ("PIECEWATCH_RETENTION_TRANSFERS_DAYS", "7"),
        ("PIECEWATCH_POLLING_DASHBOARD_MINUTES", "2"),
        ("PIECEWATCH_POLLING_DISCOVER", "true"),
        ("PIECEWATCH_CACHE_TRAFFIC_SECONDS", "0"),
        ("PIECEWATCH_CACHE_RATES_SECONDS", "7"),
        ("PIECEWATCH_SERVER_TOKEN", "of another program"),
        ("HOME", "/"),
    ];
    let (config, folder) = load(
        text,
        Sayings {
            variables: variables.map(|(name, value)| (name.into(), value.into())).into(),
            db: Some("flag.db".into()),
            nodes: vec!["attic=docker:storagenode".into(), "roof=roof.log".into()],
            ..Sayings::default()
        },
    );
    assert_eq!(config.db, PathBuf::from("flag.db"));
    assert_eq!(config.log.level, "debug");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.rate_limit_per_minute, None);
    assert_eq!(config.log.slow_query, Some(Duration::from_millis(250)));
    assert_eq!(config.metrics.storj_exporter_names, ExporterNames::Told);
    assert_eq!(config.performance.noticing, Noticing::Polling);
    assert_eq!(config.retention.transfers, Duration::from_secs(7 * 86_400));
    assert_eq!(config.polling.dashboard_every, Duration::from_secs(120));
    assert_eq!(config.polling.satellites_every, Duration::from_secs(30 * 60));
    assert_eq!(config.polling.discovery, Discovery::Local);
    assert_eq!(config.cache.traffic, Duration::ZERO);
    assert_eq!(config.cache.weight_max, ByteCount::new(4 << 20));
    // What the file does not tell is as the services have it by themselves.
    let (traffic, rates) = (Duration::ZERO, Duration::from_secs(7));
    let expected = ObservatorySettings { traffic, rates, ..ObservatorySettings::default() };
    assert_eq!(config.cache.observatory, expected);
    let nodes: Vec<_> =
        config.nodes.iter().map(|node| (node.name.as_str(), node.source.clone())).collect();
    let expected = [
        ("shed", Source::File(folder.join("shed.log"))),
        ("attic", Source::Docker("storagenode".into())),
        ("roof", Source::File("roof.log".into())),
    ];
    assert_eq!(nodes, expected);
}

#[test]
fn what_a_node_costs_is_a_number_or_a_text() {
    for (cost, micros) in
        [("3.50", 3_500_000), ("\"3.50\"", 3_500_000), ("4", 4_000_000), ("0.000001", 1), ("0", 0)]
    {
        let text = format!("[[node]]\nname = \"a\"\nsource = \"x\"\nmonthly_cost_usd = {cost}\n");
        let (config, _) = load(&text, Sayings::default());
        assert_eq!(config.nodes[0].monthly_cost, Some(MicroUsd::new(micros)), "{cost}");
    }
}

#[test]
fn a_node_says_where_it_begins_and_in_which_zone() {
    for (start, expected) in [
        ("\"beginning\"", StartAt::Beginning),
        ("\"end\"", StartAt::End),
        ("\"2026-08-19T00:00:00+02:00\"", StartAt::Time("2026-08-18T22:00:00Z".parse().unwrap())),
        ("2026-08-19T00:00:00Z", StartAt::Time("2026-08-19T00:00:00Z".parse().unwrap())),
    ] {
        let text = format!("[[node]]\nname = \"a\"\nsource = \"x\"\nstart = {start}\n");
        assert_eq!(load(&text, Sayings::default()).0.nodes[0].start, expected, "{start}");
    }
    for zone in ["Europe/Berlin", "+02:00", "+0200"] {
        let text = format!("[[node]]\nname = \"a\"\nsource = \"x\"\ntime_zone = {zone:?}\n");
        let (config, _) = load(&text, Sayings::default());
        let zone = config.nodes[0].time_zone.clone().unwrap();
        let summer = jiff::Timestamp::from_second(1_786_000_000).unwrap();
        assert_eq!(zone.to_offset(summer).seconds(), 7200);
    }
}

#[cfg(unix)]
#[test]
fn two_paths_to_one_log_are_one_source() {
    let bench = Bench::new();
    bench.write("node.log", "");
    std::os::unix::fs::symlink(bench.path("node.log"), bench.path("link.log")).unwrap();
    for other in ["./node.log", "link.log"] {
        let ended = bench.run(["check", "--node", "a=node.log", "--node", &format!("b={other}")]);
        assert_eq!(ended.code, Some(2), "{other}");
        assert!(ended.err.contains("b has the source of a"), "{}", ended.err);
    }
}
