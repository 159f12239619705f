//! Alerts from an incident at a node to a mail server and a webhook receiver.

mod heartbeats;
mod receivers;
mod simulated;

use std::{fs, slice, sync::Arc, thread, time::Duration};

use piecewatch_analytics::{Observatory, ObservatorySettings, alert::MonitorFacts};
use piecewatch_collector::config::{Config, Sayings};
use piecewatch_model::{
    Action, Batch, ByteCount, Checkpoint, Clock, Fact, FailureClass, Fingerprinter, KnownSatellite,
    Latency, LineCounts, NodeStatus, Outcome, PieceId, Poll, PollPart, Quic, Record, Report, Space,
    Standing, StandingScores, Start, Timestamp, Transfer,
};
use piecewatch_store::{DeliveryState, Store, StoreConfig};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use super::*;
use receivers::Receiver;

const SECRET: &str = "/hook-4711-very-secret";
const PASSWORD: &str = "correct-horse-battery";

fn minutes(at: Timestamp, minutes: i64) -> Timestamp {
    at.plus_micros(minutes * 60_000_000)
}

/// A database, a node's history, and those who are told.
struct Bench {
    folder: TempDir,
    writer: Writer,
    readers: Readers,
    mail: Receiver,
    hook: Receiver,
    now: Timestamp,
    content: Fingerprinter,
    position: Option<Checkpoint>,
    runtime: Runtime,
}

/// Alerts that run.
struct Running {
    alerts: Arc<Alerts>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("n.db"), StoreConfig::default()).unwrap();
        let Store { writer, readers } = store;
        let mut content = Fingerprinter::new();
        content.feed("the log of attic\n".repeat(500).as_bytes());
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        let (mail, hook) = (Receiver::mail(), Receiver::http());
        fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        let url = format!("http://{}{SECRET}", hook.address);
        fs::write(folder.path().join("url"), url).unwrap();
        let now = clock::now();
        Self { folder, writer, readers, mail, hook, now, content, position: None, runtime }
    }

    fn config(&self, more: &str) -> AlertsConfig {
        let (host, port) = (self.mail.address.ip(), self.mail.address.port());
        let text = format!(
            "[alerts]\nevaluate_seconds = 3600\n{more}\n\
             [[alerts.channel]]\nname = \"mail\"\nkind = \"email\"\nhost = \"{host}\"\nport = {port}\n\
             tls = \"none\"\nusername = \"me\"\npassword_file = \"password\"\n\
             from = \"Piecewatch <p@example.net>\"\nto = [\"me@example.net\", \"you@example.net\"]\n\
             [[alerts.channel]]\nname = \"hook\"\nkind = \"json\"\nurl_file = \"url\"\n\
             [[alerts.channel]]\nname = \"grave\"\nkind = \"discord\"\nurl_file = \"url\"\n\
             levels = [\"critical\"]\nnodes = [\"shed\"]\n"
        );
        let path = self.folder.path().join("piecewatch.toml");
        fs::write(&path, text).unwrap();
        let sayings = Sayings { file: Some(path), ..Sayings::default() };
        Config::load_settings(&sayings).unwrap_or_else(|error| panic!("{:?}", error.lines())).alerts
    }

    fn alerts(&self, config: AlertsConfig, monitor: MonitorFacts) -> Arc<Alerts> {
        let nodes = ["attic".parse().unwrap()].into();
        self.alerts_of(config, Sight { nodes, monitor, ..Sight::default() })
    }

    fn alerts_of(&self, config: AlertsConfig, sight: Sight) -> Arc<Alerts> {
        let path = self.folder.path().join("n.db");
        let settings = ObservatorySettings::default();
        let observatory = Observatory::new(self.readers.clone(), &settings, clock::coarse);
        let short = Duration::from_millis(20);
        let parts = Parts {
            config,
            db: path.clone(),
            sight: Box::new(move |_| sight.clone()),
            observatory: Arc::new(observatory),
            readers: self.readers.clone(),
            writer: Store::open(&path, StoreConfig::default()).unwrap().writer,
            retry: Retry { first: short, longest: short, attempts_max: 1_000, ..Retry::default() },
        };
        Arc::new(Alerts::new(parts).unwrap())
    }

    /// Alerts whose looks of their own find nobody: they look an hour apart, and first at once.
    fn run(&self, alerts: Arc<Alerts>) -> Running {
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let task = self.runtime.spawn(Arc::clone(&alerts).run(stopped));
        Running { alerts, stop, task }
    }

    /// Stores what the node told when it was asked.
    fn report(&mut self, at: Timestamp, facts: Vec<Fact>) {
        let part = PollPart::Dashboard;
        let bytes = ByteCount::new(900);
        let poll = Poll { at, part, took_micros: 1_200, requests: 1, bytes, error: None };
        let node = "attic".parse().unwrap();
        self.writer.report(&Report { node, poll, facts }, at).unwrap();
    }

    fn log(&mut self, transfers: Vec<Transfer>) {
        self.content.feed(format!("{transfers:?}\n").as_bytes());
        let end = self.content.checkpoint();
        let start = match &self.position {
            Some(position) => Start::from(position),
            None => Start::Beginning { known: 0 },
        };
        self.position = Some(end.clone());
        let counts = LineCounts { transfers: transfers.len() as u64, ..LineCounts::default() };
        let records = transfers.into_iter().map(Record::Transfer).collect();
        let node = "attic".parse().unwrap();
        let batch = Batch { node, source: "node.log".into(), start, end, records, counts };
        self.writer.append(slice::from_ref(&batch), self.now).unwrap();
    }

    /// Waits until as many deliveries of this state are stored.
    fn wait_stored(&self, state: DeliveryState, count: usize) {
        let reader = self.readers.get().unwrap();
        for _ in 0..3_000 {
            let stored = (1..=reader.newest_alert().unwrap())
                .flat_map(|id| reader.alert_deliveries(id).unwrap())
                .filter(|of| of.state == state);
            if stored.count() == count {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{count} deliveries are not {}", state.name());
    }
}

impl Running {
    fn stop(self, bench: &Bench) {
        self.stop.send(()).unwrap();
        bench.runtime.block_on(self.task).unwrap();
    }
}

fn us1() -> piecewatch_model::SatelliteId {
    KnownSatellite::ALL[0].id()
}

fn standing(audit: f64) -> Standing {
    let scores = StandingScores { audit, suspension: 1.0, online: 1.0 };
    Standing { scores: Some(scores), ..Standing::unknown(us1()) }
}

fn transfer(at: Timestamp, action: Action, outcome: Outcome, seconds: u64) -> Transfer {
    let latency = Latency { micros: seconds * 1_000_000, clock: Clock::Arrival };
    Transfer {
        at,
        satellite: Some(us1()),
        piece: PieceId::new([7; 32]),
        action,
        outcome,
        size: Some(ByteCount::new(1000)),
        offset: Some(0),
        remote: None,
        country: None,
        latency: Some(latency),
        error: None,
        error_text: None,
    }
}

fn titles(messages: &[String]) -> Vec<String> {
    let title = |message: &String| {
        let (_, body) = message.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        body["title"].as_str().unwrap().to_owned()
    };
    messages.iter().map(title).collect()
}

/// Rules of which nothing is to be told here.
const ALL_BUT_SCORES: &str = "muted = [\"silence\", \"poll\", \"pings\", \"quic\"]";

#[test]
fn an_incident_is_told_by_mail_and_webhook_once_when_it_gets_worse_and_when_it_is_over() {
    let mut bench = Bench::new();
    let now = bench.now;
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    let running = bench.run(bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default()));
    let look = |minute: i64| running.alerts.evaluate(minutes(now, minute));
    (1..30).for_each(look);
    bench.hook.wait(1);
    bench.report(minutes(now, 30), vec![Fact::Standing(standing(0.965))]);
    (30..60).for_each(look);
    bench.hook.wait(2);
    bench.report(minutes(now, 60), vec![Fact::Standing(standing(1.0))]);
    (60..90).for_each(look);
    bench.wait_stored(DeliveryState::Delivered, 6);

    let (hooked, mailed) = (bench.hook.wait(3), bench.mail.wait(3));
    let expected = [
        "WARNING attic: audit score",
        "CRITICAL attic: audit score, worse than before",
        "RESOLVED attic: audit score",
    ];
    assert_eq!(titles(&hooked), expected);
    assert_eq!(mailed.len(), 3, "{mailed:#?}");
    for (mail, title) in mailed.iter().zip(expected) {
        assert!(mail.contains(&format!("Subject: [piecewatch] {title}")), "{mail}");
        assert!(mail.contains("RCPT TO:<me@example.net>"), "{mail}");
        assert!(mail.contains("RCPT TO:<you@example.net>"), "{mail}");
    }
    let id =
        |mail: &String| mail.lines().find(|of| of.starts_with("Message-ID: <")).map(str::to_owned);
    let ids: BTreeSet<String> = mailed.iter().filter_map(id).collect();
    assert_eq!(ids.len(), 3, "each mail has an id of its own: {mailed:#?}");
    assert!(ids.iter().all(|id| id.ends_with("@example.net>")), "{ids:?}");
    assert!(mailed[0].contains("us1: the audit score is 0.9900"), "{}", mailed[0]);
    let history =
        running.alerts.history(Window { from: now, to: minutes(now, 100) }, |_| true).unwrap();
    assert_eq!(history.len(), 1, "one incident is one row: {history:#?}");
    assert_eq!(history[0]["state"], "resolved");
    assert_eq!(history[0]["deliveries"].as_array().unwrap().len(), 6);
    assert_eq!(running.alerts.active(&[]), Value::Object(Map::new()));
    running.stop(&bench);
}

#[test]
fn a_channel_of_one_level_hears_that_what_changed_its_level_is_over() {
    let mut bench = Bench::new();
    let now = bench.now;
    let receivers = [("warning", Receiver::http()), ("critical", Receiver::http())];
    let mut config = ALL_BUT_SCORES.to_owned();
    for (level, receiver) in &receivers {
        config.push_str(&format!(
            "\n[[alerts.channel]]\nname = \"{level}\"\nkind = \"json\"\n\
             url = \"http://{}/\"\nlevels = [\"{level}\"]",
            receiver.address
        ));
    }
    let running = bench.run(bench.alerts(bench.config(&config), MonitorFacts::default()));
    for (from, score) in [(0, 0.99), (10, 0.965), (20, 1.0)] {
        bench.report(minutes(now, from), vec![Fact::Standing(standing(score))]);
        (from + 1..from + 10).for_each(|minute| running.alerts.evaluate(minutes(now, minute)));
    }
    let over = "RESOLVED attic: audit score";
    let [calm, grave] = &receivers;
    assert_eq!(titles(&calm.1.wait(2)), ["WARNING attic: audit score", over]);
    let worse = "CRITICAL attic: audit score, worse than before";
    assert_eq!(titles(&grave.1.wait(2)), [worse, over]);
    running.stop(&bench);
}

#[test]
fn what_is_the_matter_at_once_is_one_message() {
    let mut bench = Bench::new();
    let now = bench.now;
    let lost = Standing { disqualified_at: Some(now), ..standing(0.95) };
    let full = Space {
        used: Some(ByteCount::new(2_000_000_000_000)),
        trash: Some(ByteCount::new(0)),
        available: Some(ByteCount::new(1_000_000_000)),
        total: Some(ByteCount::new(2_001_000_000_000)),
        ..Space::default()
    };
    let status = NodeStatus {
        quic: Some(Quic::Misconfigured),
        last_pinged_at: Some(minutes(now, -300)),
        ..NodeStatus::default()
    };
    bench.report(now, vec![Fact::Standing(lost), Fact::Space(full), Fact::Status(status)]);
    let at = |minute: i64| minutes(now, -minute);
    let mut transfers: Vec<Transfer> = (0..300)
        .map(|of| transfer(now.plus_micros(-of * 10_000_000), Action::Get, Outcome::Success, 1))
        .collect();
    transfers.push(transfer(at(50), Action::GetAudit, Outcome::Success, 200));
    let missing = Outcome::Failed(FailureClass::Missing);
    transfers.push(transfer(at(40), Action::GetAudit, missing, 1));
    transfers.push(transfer(at(1), Action::Put, Outcome::Success, 1));
    transfers.sort_by_key(|transfer| transfer.at);
    bench.log(transfers);
    let running = bench.run(bench.alerts(bench.config(""), MonitorFacts::default()));
    (1..10).for_each(|minute| running.alerts.evaluate(minutes(now, minute)));
    let hooked = bench.hook.wait(1);
    bench.mail.wait(1);
    bench.wait_stored(DeliveryState::Delivered, 12);
    assert_eq!((hooked.len(), bench.mail.wait(1).len()), (1, 1));
    let body: Value = serde_json::from_str(hooked[0].split_once("\r\n\r\n").unwrap().1).unwrap();
    let mut told: Vec<(String, String)> = body["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["rule"].as_str().unwrap().into(), of["level"].as_str().unwrap().into()))
        .collect();
    told.sort();
    let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let expected = [
        ("disk", "critical"),
        ("disqualified", "critical"),
        ("failed_audits", "warning"),
        ("pings", "critical"),
        ("quic", "warning"),
        ("slow_audits", "warning"),
    ];
    assert_eq!(told, expected, "{body:#}");
    running.stop(&bench);
}

/// Predecessor fault 31, its sending half: one receiver that is slow or down holds up everybody.
#[test]
fn a_receiver_that_is_down_is_tried_again_and_holds_nobody_up() {
    let mut bench = Bench::new();
    let now = bench.now;
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    *bench.hook.answers.lock().unwrap() = [503; 1_000].into();
    let running = bench.run(bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default()));
    (1..5).for_each(|minute| running.alerts.evaluate(minutes(now, minute)));
    bench.mail.wait(1);
    bench.wait_stored(DeliveryState::Delivered, 1);
    let shown = |alerts: &Alerts| alerts.status().to_string();
    for _ in 0..3_000 {
        if shown(&running.alerts).contains("503") {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let status = shown(&running.alerts);
    assert!(status.contains("the server answered 503"), "{status}");
    let figures = |name: &str| {
        let of = running.alerts.channels().into_iter().find(|of| of.name == name).unwrap();
        (of.delivered, of.failed, of.is_failing)
    };
    assert_eq!((figures("mail"), figures("hook")), ((1, 0, false), (0, 0, true)));
    let history =
        running.alerts.history(Window { from: now, to: minutes(now, 9) }, |_| true).unwrap();
    let history = serde_json::to_string(&history).unwrap();
    assert!(history.contains("the server answered 503"), "{history}");
    // What the receiver repeats holds the path of its address.
    assert!(!history.contains(SECRET.trim_start_matches('/')) && !status.contains(&SECRET[1..]));

    bench.hook.answers.lock().unwrap().clear();
    assert_eq!(titles(&bench.hook.wait(1)), ["WARNING attic: audit score"]);
    bench.wait_stored(DeliveryState::Delivered, 2);
    assert_eq!(figures("hook"), (1, 0, false));
    running.stop(&bench);
}

/// The address in the file of a secret is mended: what waited for the channel goes there.
#[test]
fn what_waits_for_a_channel_waits_for_it_when_the_configuration_is_read_again() {
    let mut bench = Bench::new();
    let now = bench.now;
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    *bench.hook.answers.lock().unwrap() = [503; 1_000].into();
    let running = bench.run(bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default()));
    (1..5).for_each(|minute| running.alerts.evaluate(minutes(now, minute)));
    bench.mail.wait(1);
    bench.wait_stored(DeliveryState::Waiting, 1);
    let mended = Receiver::http();
    fs::write(bench.folder.path().join("url"), format!("http://{}{SECRET}", mended.address))
        .unwrap();
    running.alerts.reconfigure(bench.config(ALL_BUT_SCORES)).unwrap();
    running.alerts.look_now();
    assert_eq!(titles(&mended.wait(1)), ["WARNING attic: audit score"]);
    bench.wait_stored(DeliveryState::Delivered, 2);
    // How a channel did before is not forgotten.
    let status = running.alerts.status();
    assert_eq!(
        (&status["mail"]["delivered"], &status["hook"]["delivered"]),
        (&1.into(), &1.into())
    );
    running.stop(&bench);
}

/// Whoever mutes a rule while it fires is not told that its node is well.
#[test]
fn what_is_muted_when_the_configuration_is_read_again_is_not_told_to_be_over() {
    let mut bench = Bench::new();
    let now = bench.now;
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    let running = bench.run(bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default()));
    (1..5).for_each(|minute| running.alerts.evaluate(minutes(now, minute)));
    bench.wait_stored(DeliveryState::Delivered, 2);
    let muted = ALL_BUT_SCORES.replace('[', "[\"audit_score\", ");
    running.alerts.reconfigure(bench.config(&muted)).unwrap();
    running.alerts.look_now();
    let nothing = Value::Object(Map::new());
    for _ in 0..3_000 {
        if running.alerts.active(&[]) == nothing {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(running.alerts.active(&[]), nothing);
    (5..30).for_each(|minute| running.alerts.evaluate(minutes(now, minute)));
    let told = bench.readers.get().unwrap().alert_deliveries(1).unwrap();
    assert_eq!(told.len(), 2, "nobody is told that it is over: {told:?}");
    running.stop(&bench);
}

#[test]
fn what_was_not_delivered_is_by_the_next_process_and_nothing_twice() {
    let mut bench = Bench::new();
    let now = bench.now;
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    *bench.hook.answers.lock().unwrap() = [503; 100_000].into();
    let running = bench.run(bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default()));
    (1..5).for_each(|minute| running.alerts.evaluate(minutes(now, minute)));
    bench.wait_stored(DeliveryState::Delivered, 1);
    let id = running.alerts.active(&[]).as_object().unwrap().keys().next().unwrap().clone();
    running.alerts.acknowledge(id.parse().unwrap(), "ann").unwrap();
    running.stop(&bench);

    bench.hook.take_all();
    let again = bench.run(bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default()));
    assert_eq!(titles(&bench.hook.wait(1)), ["WARNING attic: audit score"]);
    (5..60).for_each(|minute| again.alerts.evaluate(minutes(now, minute)));
    bench.wait_stored(DeliveryState::Delivered, 2);
    let active = again.alerts.active(&[]);
    assert_eq!(active[&id]["acknowledged_by"], "ann", "{active:#}");
    assert!(!again.alerts.active(&[]).to_string().contains("firing"));
    assert_eq!(again.alerts.active(&["shed".parse().unwrap()]), Value::Object(Map::new()));
    assert_eq!((bench.hook.wait(1).len(), bench.mail.wait(1).len()), (1, 1));
    let error = again.alerts.acknowledge(99, "ann").unwrap_err();
    assert_eq!(error, AcknowledgeError::NotLasting(99));
    again.stop(&bench);
}

#[test]
fn the_monitor_tells_of_itself_and_one_process_of_two_tells() {
    let bench = Bench::new();
    let now = bench.now;
    let monitor = MonitorFacts {
        blocked: Some("the disk is full".to_owned()),
        start_up_ms: Some(9_000),
        ..MonitorFacts::default()
    };
    let running = bench.run(bench.alerts(bench.config(""), monitor.clone()));
    let other = bench.alerts(bench.config(""), monitor);
    for minute in 1..10 {
        running.alerts.evaluate(minutes(now, minute));
        other.evaluate(minutes(now, minute));
    }
    let told = titles(&bench.hook.wait(1));
    assert_eq!(told, ["CRITICAL Piecewatch: writer blocked (and 1 more)"]);
    assert_eq!(other.active(&[]).as_object().unwrap().len(), 2, "it shows what the first found");
    assert_eq!(other.acknowledge(1, "ann"), Err(AcknowledgeError::Elsewhere));
    bench.wait_stored(DeliveryState::Delivered, 4);
    running.stop(&bench);
}

/// What the server that died has found and not delivered is gone on with, under new numbers for what is new.
#[test]
fn a_server_that_takes_over_goes_on_with_what_the_other_has_left() {
    let mut bench = Bench::new();
    let now = bench.now;
    *bench.hook.answers.lock().unwrap() = [503; 100_000].into();
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    let first = bench.run(bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default()));
    // It knows of nothing yet when the other one finds something, and looks no more until that is gone.
    let monitor = MonitorFacts { blocked: Some("full".to_owned()), ..MonitorFacts::default() };
    let second = bench.alerts(bench.config(ALL_BUT_SCORES), monitor);
    (1..5).for_each(|minute| first.alerts.evaluate(minutes(now, minute)));
    bench.wait_stored(DeliveryState::Delivered, 1);
    let alerts = Arc::downgrade(&first.alerts);
    first.stop(&bench);
    for _ in 0..3_000 {
        if alerts.strong_count() == 0 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(alerts.strong_count(), 0, "it is gone, and its lock with it");
    bench.hook.take_all();

    second.acknowledge(1, "ann").unwrap();
    (5..10).for_each(|minute| second.evaluate(minutes(now, minute)));
    let active = second.active(&[]);
    assert_eq!(active["1"]["rule"], "audit_score", "{active:#}");
    assert_eq!(active["1"]["acknowledged_by"], "ann", "{active:#}");
    assert_eq!(active["2"]["rule"], "writer_blocked", "{active:#}");
    let second = bench.run(second);
    let told = titles(&bench.hook.wait(2));
    assert_eq!(told, ["WARNING attic: audit score", "CRITICAL Piecewatch: writer blocked"]);
    second.stop(&bench);
}

/// Who takes over watches other nodes: that it sees nothing of those of the first is no good news of them.
#[test]
fn a_server_that_takes_over_says_nothing_of_nodes_that_it_does_not_watch() {
    let mut bench = Bench::new();
    let now = bench.now;
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    let first = bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default());
    (1..5).for_each(|minute| first.evaluate(minutes(now, minute)));
    assert_eq!(first.active(&[]).as_object().unwrap().len(), 1);
    drop(first);
    let nodes = ["shed".parse().unwrap()].into();
    let second = bench.alerts_of(bench.config(ALL_BUT_SCORES), Sight { nodes, ..Sight::default() });
    (5..60).for_each(|minute| second.evaluate(minutes(now, minute)));
    assert_eq!(second.active(&[])["1"]["rule"], "audit_score");
    let told = bench.readers.get().unwrap().alert_deliveries(1).unwrap();
    assert!(told.iter().all(|of| of.notice == piecewatch_store::AlertNotice::Fired), "{told:?}");
}

#[test]
fn alerts_that_are_not_wanted_leave_them_to_another_process() {
    let mut bench = Bench::new();
    let now = bench.now;
    bench.report(now, vec![Fact::Standing(standing(0.99))]);
    let off = format!("enabled = false\n{ALL_BUT_SCORES}");
    let off = bench.alerts(bench.config(&off), MonitorFacts::default());
    let on = bench.alerts(bench.config(ALL_BUT_SCORES), MonitorFacts::default());
    for minute in 1..5 {
        off.evaluate(minutes(now, minute));
        on.evaluate(minutes(now, minute));
    }
    assert_eq!(on.active(&[]).as_object().unwrap().len(), 1);
    assert_eq!(off.active(&[]), Value::Object(Map::new()));
    assert_eq!(off.acknowledge(1, "ann"), Err(AcknowledgeError::NotLasting(1)));
    on.acknowledge(1, "ann").unwrap();
}

#[test]
fn a_password_is_not_sent_where_tls_was_asked_for_and_is_not_offered() {
    let bench = Bench::new();
    let mut config = bench.config("");
    let configured = fs::read_to_string(bench.folder.path().join("piecewatch.toml")).unwrap();
    let path = bench.folder.path().join("piecewatch.toml");
    fs::write(&path, configured.replace("tls = \"none\"", "tls = \"starttls\"")).unwrap();
    let sayings = Sayings { file: Some(path), ..Sayings::default() };
    config.channels = Config::load_settings(&sayings).unwrap().alerts.channels;
    let channels = Ways::of(&config).unwrap().channels;
    let sent = bench.runtime.block_on(channels[0].send(&trial(bench.now)));
    let words = sent.unwrap_err().words;
    assert!(!words.contains(PASSWORD), "{words}");
    let shown = format!("{config:?} {channels:?}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(SECRET), "{shown}");
}
