//! What is said of each wrong configuration. The messages are read as a tired operator reads them.

use std::fmt::Write;

use piecewatch_collector::config::{Config, Sayings};

const NODE: &str = "[[node]]\nname = \"attic\"\nsource = \"node.log\"\n";

/// A title, what stands behind the node in the file, variables, and flags.
type Case = (&'static str, String, Variables, Flags);
type Variables = &'static [(&'static str, &'static str)];
type Flags = &'static [&'static str];

fn cases() -> Vec<Case> {
    let with = |text: &str| format!("{NODE}{text}");
    let node = |text: &str| format!("[[node]]\n{text}");
    let file = |title, text| -> Case { (title, text, &[], &[]) };
    let channel = |title, text: &str| -> Case {
        let text = format!("{NODE}[[alerts.channel]]\nname = \"me\"\n{text}\n");
        (title, text, &[], &[])
    };
    let said = |title, flags: Flags| -> Case { (title, String::new(), &[], flags) };
    let variable =
        |title, variables: Variables| -> Case { (title, NODE.to_owned(), variables, &[]) };
    vec![
        file("no node", String::new()),
        file("syntax: a quote is missing", "db = \"nodes.db\n".to_owned() + NODE),
        file("syntax: a Windows path", node("name = \"a\"\nsource = \"C:\\storj\\node.log\"\n")),
        file("syntax: a key twice", "db = \"a\"\ndb = \"b\"\n".to_owned() + NODE),
        file("syntax: no value", "db =\n".to_owned() + NODE),
        file("a misspelt key", "bd = \"nodes.db\"\n".to_owned() + NODE),
        file("a misspelt key of a node", with("sorce = \"x\"\n")),
        file("a misspelt key of a section", with("[log]\nlevl = \"info\"\n")),
        file("a misspelt section", with("[retetnion]\ntransfers_days = 2\n")),
        file("a key like no other", with("[upkeep]\nzzz = 1\n")),
        file("a key in the wrong section", with("[log]\ntransfers_days = 2\n")),
        file("a key at the top that belongs in a node", "source = \"x\"\n".to_owned() + NODE),
        file("a key of the top in a section", with("[log]\ndb = \"x\"\n")),
        file("a section that is a value", "log = \"info\"\n".to_owned() + NODE),
        file("one pair of brackets", "[node]\nname = \"a\"\nsource = \"x\"\n".to_owned()),
        file("a text for a number", with("[log]\nrate_limit_per_minute = \"many\"\n")),
        file("a fraction", with("[retention]\ntransfers_days = 1.5\n")),
        file("too small", with("[retention]\ntransfers_days = 0\n")),
        file("too large", with("[performance]\ncommit_interval_ms = 3600000\n")),
        file("far too large", with("[upkeep]\nprune_minutes = 99999999999999999999999\n")),
        file("negative", with("[upkeep]\njitter_percent = -1\n")),
        file("a text for a switch", with("[performance]\nnotifications = \"yes\"\n")),
        file("a number for a path", "db = 5\n".to_owned() + NODE),
        file("an empty path", "db = \"\"\n".to_owned() + NODE),
        file("an unknown format", with("[log]\nformat = \"xml\"\n")),
        file("an unknown level", with("[log]\nlevel = \"wran\"\n")),
        file("an unknown level of a part", with("[log]\nlevel = \"info,store=loud\"\n")),
        file("an empty level", with("[log]\nlevel = \"\"\n")),
        file("a node without a name", node("source = \"x\"\n")),
        file("a node without a source", node("name = \"attic\"\n")),
        file("an empty name", node("name = \"\"\nsource = \"x\"\n")),
        file("a number for a name", node("name = 7\nsource = \"x\"\n")),
        file("two nodes of one name", with(&node("name = \"attic\"\nsource = \"other.log\"\n"))),
        file("two nodes of one source", with(&node("name = \"shed\"\nsource = \"node.log\"\n"))),
        file("a source and a command", with("command = [\"cat\"]\n")),
        file("a command in one text", node("name = \"a\"\ncommand = \"tail -F node.log\"\n")),
        file("an empty command", node("name = \"a\"\ncommand = []\n")),
        file("an empty source", node("name = \"a\"\nsource = \"\"\n")),
        file("a container without a name", node("name = \"a\"\nsource = \"docker:\"\n")),
        file("a host without a port", node("name = \"a\"\nsource = \"tcp://nas\"\n")),
        file("the dashboard as source", node("name = \"a\"\nsource = \"http://nas:14002\"\n")),
        file("a time without a zone", with("start = \"2026-08-19 12:00\"\n")),
        file("an unknown zone", with("time_zone = \"Europe/Berlinn\"\n")),
        file("an impossible offset", with("time_zone = \"+25:00\"\n")),
        file("an address without a scheme", with("api = \"nas:14002\"\n")),
        file("an address of https", with("api = \"https://nas:14002\"\n")),
        file("a password in an address", with("api = \"http://me:secret@nas:14002\"\n")),
        file("a token in an address", with("metrics = \"http://nas:5999/?token=secret\"\n")),
        file("a password in a source", node("name = \"a\"\nsource = \"http://me:secret@nas\"\n")),
        file("an address of other letters", with("api = \"http://süden:14002\"\n")),
        file("a host in brackets", with("api = \"http://[nas]:14002\"\n")),
        file("metrics of https", with("metrics = \"https://nas:5999\"\n")),
        file("metrics without a scheme", with("metrics = \"nas:5999\"\n")),
        file("an api and databases", with("api = \"http://nas:14002\"\ndatabases = \"x\"\n")),
        file("databases without a folder", with("databases = \" \"\n")),
        file("a negative cost", with("monthly_cost_usd = -3.50\n")),
        file("a cost in words", with("monthly_cost_usd = \"3,50 EUR\"\n")),
        file("a list for a cost", with("monthly_cost_usd = [3, 4]\n")),
        file("a misspelt bound", with("[alerts]\naudit_score_warnin = 0.99\n")),
        file("a bound far out", with("[alerts]\naudit_score_warning = 99.5\n")),
        file("a bound in words", with("[alerts]\nerrors_percent_critical = \"many\"\n")),
        file("a rule that there is not", with("[alerts]\nmuted = [\"quick\"]\n")),
        file(
            "a rule of two levels",
            with("[alerts]\nwarning = [\"quic\"]\ncritical = [\"poll\", \"quic\"]\n"),
        ),
        file("a rule in place of a list", with("[alerts]\nmuted = \"quic\"\n")),
        file(
            "a node of alerts without a name",
            with("[[alerts.node]]\nerrors_percent_warning = 9\n"),
        ),
        file(
            "a key that no node has",
            with("[[alerts.node]]\nname = \"attic\"\nfire_minutes = 9\n"),
        ),
        file("one pair of brackets for a channel", with("[alerts.channel]\nname = \"me\"\n")),
        file("a channel of no kind", with("[[alerts.channel]]\nname = \"me\"\n")),
        channel("a kind that there is not", "kind = \"e-mail\""),
        channel(
            "an address that lets anybody write",
            "kind = \"discord\"\nurl = \"https://discord.test/secret\"",
        ),
        channel("a misspelt key of a channel", "kind = \"ntfy\"\nurll = \"https://ntfy.test/t\""),
        channel("no address", "kind = \"slack\""),
        channel("two addresses", "kind = \"json\"\nurl_file = \"a\"\nurl_env = \"B\""),
        channel("a password in its address", "kind = \"json\"\nurl = \"https://me:secret@x/\""),
        channel("an address without a scheme", "kind = \"ntfy\"\nurl = \"ntfy.sh/secret\""),
        channel("a bot without a chat", "kind = \"telegram\"\ntoken_file = \"token\""),
        channel("an email to nobody", "kind = \"email\"\nhost = \"mail\"\nfrom = \"p@x\""),
        channel(
            "a name without a password",
            "kind = \"email\"\nhost = \"mail\"\nusername = \"me\"\nfrom = \"p@x\"\nto = [\"m@x\"]",
        ),
        channel(
            "a level that there is not",
            "kind = \"ntfy\"\nurl = \"http://n/t\"\nlevels = [\"error\"]",
        ),
        file(
            "two channels of one name",
            with(
                &"[[alerts.channel]]\nname = \"me\"\nkind = \"slack\"\nurl_file = \"u\"\n"
                    .repeat(2),
            ),
        ),
        variable(
            "a bound in the environment",
            &[("PIECEWATCH_ALERTS_LAG_SECONDS_WARNING", "soon")],
        ),
        file("asked too seldom", with("[polling]\npaystubs_hours = 720\n")),
        file("asked too often", with("[polling]\nsatellites_minutes = 1\n")),
        file("a misspelt key of polling", with("[polling]\ndashbord_minutes = 5\n")),
        file("no room for a cache", with("[cache]\nweight_max_kib = 0\n")),
        file("a misspelt key of a cost", with("monthly_cost = 3.50\n")),
        file(
            "several at once",
            with("strat = \"end\"\n[log]\nformat = \"xml\"\n[upkeep]\nprune_minutes = 0\n"),
        ),
        variable("a bad variable", &[("PIECEWATCH_LOG_LEVEL", "verbose")]),
        variable("a bad number in a variable", &[("PIECEWATCH_UPKEEP_PRUNE_MINUTES", "5m")]),
        variable("a misspelt variable", &[("PIECEWATCH_LOGLEVEL", "info")]),
        said("a node without a source on the command line", &["attic"]),
        said("a source without a name on the command line", &["C:\\storj\\node.log"]),
        said("a node twice on the command line", &["attic=a.log", "attic=b.log"]),
        said("an old form with a password", &["attic:/node.log:http://me:secret@nas"]),
        said("an old form with a bad address", &["attic:/node.log:http://"]),
    ]
}

/// What is said, with the folder of the test as `DIR`.
fn said(sayings: &Sayings, folder: &str) -> String {
    let error = Config::load(sayings).expect_err("the configuration is wrong");
    assert_eq!(error.exit_code(), 2, "{error}");
    let text: Vec<String> = error.lines().iter().map(|line| format!("error: {line}\n")).collect();
    text.concat().replace(folder, "DIR")
}

#[test]
fn messages_say_what_is_wrong_where_and_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collector.toml");
    let shown = folder.path().to_str().unwrap();
    let mut text = String::new();
    for (title, file, variables, flags) in cases() {
        std::fs::write(&path, file).unwrap();
        let pairs = variables.iter().map(|&(name, value)| (name.into(), value.into()));
        let sayings = Sayings {
            file: Some(path.clone()),
            variables: pairs.collect(),
            db: None,
            nodes: flags.iter().map(|&flag| flag.to_owned()).collect(),
        };
        writeln!(text, "# {title}\n{}", said(&sayings, shown)).unwrap();
    }

    std::fs::write(&path, b"db = \"nodes.db\"\n# Gr\xfc\xdfe\n").unwrap();
    let sayings = Sayings { file: Some(path.clone()), ..Sayings::default() };
    writeln!(text, "# not UTF-8\n{}", said(&sayings, shown)).unwrap();
    for (title, name) in [("no such file", "missing.toml"), ("a folder", "")] {
        let sayings = Sayings { file: Some(folder.path().join(name)), ..Sayings::default() };
        writeln!(text, "# {title}\n{}", said(&sayings, shown)).unwrap();
    }
    assert!(!text.contains("secret"), "{text}");
    insta::assert_snapshot!(text);
}
