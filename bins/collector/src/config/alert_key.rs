//! The keys of alerts: when operators are told, of what, and how they are reached.

use super::key::{Key, Kind, NodeKey, key, number};

/// Their section.
pub(crate) const SECTION: &str = "alerts";
/// The table of a channel, of which there may be many.
pub(crate) const CHANNEL: &str = "channel";

pub(crate) const ENABLED: Key =
    of("enabled", Kind::Switch, "true", "Whether operators are told of anything.");
pub(crate) const EVALUATE: Key = of(
    "evaluate_seconds",
    number(10, 3_600),
    "60",
    "How often it is looked whether something is the matter, in seconds.",
);
pub(crate) const FIRE: Key = of(
    "fire_minutes",
    number(0, 1_440),
    "2",
    "How long something has to be the matter before anybody is told, in minutes; and how long it has\nto be critical before it is told as critical.",
);
pub(crate) const RESOLVE: Key = of(
    "resolve_minutes",
    number(0, 1_440),
    "5",
    "How long it has to be gone before it counts as over, in minutes. What comes back earlier is the\nsame alert, and nobody is told again.",
);
pub(crate) const REPEAT: Key = of(
    "repeat_hours",
    number(0, 8_760),
    "24",
    "After how many hours an alert that lasts and that nobody has acknowledged is told again. 0: never.",
);
pub(crate) const COOLDOWN: Key = of(
    "cooldown_minutes",
    number(0, 10_080),
    "60",
    "How long nobody is told again of the same that was over and is back, in minutes, unless it is\nworse than before.",
);
pub(crate) const HEARTBEAT: Key = of(
    "heartbeat_minutes",
    number(1, 1_440),
    "5",
    "How often the address of the heartbeat is called (GET) while everything is read and written, in\nminutes: for a service that tells you when Piecewatch itself is gone.",
);
pub(crate) const HEARTBEAT_URL_FILE: Key = optional(
    "heartbeat_url_file",
    Kind::Path,
    "\"heartbeat.url\"",
    "The file that holds that address; without it there is no heartbeat.",
);
pub(crate) const HEARTBEAT_URL_ENV: Key = optional(
    "heartbeat_url_env",
    Kind::Text,
    "\"HEARTBEAT_URL\"",
    "In place of it: the environment variable that holds it.",
);
pub(crate) const MUTED: Key = of(
    "muted",
    Kind::Words(&RULES),
    "[]",
    "Rules of which nobody is told: \"disqualified\", \"suspended\", \"offline_suspended\", \"audit_score\",\n\"suspension_score\", \"online_score\", \"failed_audits\", \"slow_audits\", \"disk\", \"silence\",\n\"download_latency\", \"upload_latency\", \"errors\", \"unusual_audits\", \"unusual_pings\", \"unusual_slow\",\n\"unusual_failing\", \"unusual_quiet\", \"clock\", \"version\", \"quic\", \"pings\", \"poll\", \"restarts\",\n\"writer_blocked\", \"database\", \"slow_start\", \"lag\". An alert that lasts when its rule\nis muted ends without a word.",
);

pub(crate) const WARNING: Key = of(
    "warning",
    Kind::Words(&RULES),
    "[]",
    "Rules that are told as warnings even where they are critical, as in [\"version\"]; their names are\nthose of muted.",
);
pub(crate) const CRITICAL: Key = of(
    "critical",
    Kind::Words(&RULES),
    "[]",
    "Rules that are told as critical even where they are warnings, as in [\"quic\"].",
);

/// The names of the rules; a test compares them with the rules.
const RULES: [&str; 28] = [
    "disqualified",
    "suspended",
    "offline_suspended",
    "audit_score",
    "suspension_score",
    "online_score",
    "failed_audits",
    "slow_audits",
    "disk",
    "silence",
    "download_latency",
    "upload_latency",
    "errors",
    "unusual_audits",
    "unusual_pings",
    "unusual_slow",
    "unusual_failing",
    "unusual_quiet",
    "clock",
    "version",
    "quic",
    "pings",
    "poll",
    "restarts",
    "writer_blocked",
    "database",
    "slow_start",
    "lag",
];

/// Two bounds of one thing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) warning: Key,
    pub(crate) critical: Key,
}

pub(crate) const AUDIT_SCORE: Pair = pair(
    ("audit_score_warning", "0.995"),
    ("audit_score_critical", "0.97"),
    1.0,
    "Audit scores, 0 to 1. Below 0.96 a satellite disqualifies; a failed audit takes 0.001 off.",
);
pub(crate) const SUSPENSION_SCORE: Pair = pair(
    ("suspension_score_warning", "0.96"),
    ("suspension_score_critical", "0.75"),
    1.0,
    "Suspension scores, 0 to 1. Below 0.6 a satellite suspends; an audit that ends in an unknown way\ntakes 0.05 off.",
);
pub(crate) const ONLINE_SCORE: Pair = pair(
    ("online_score_warning", "0.95"),
    ("online_score_critical", "0.75"),
    1.0,
    "Online scores, 0 to 1. Below 0.6 a satellite suspends; a day offline takes 0.033 off.",
);
pub(crate) const FAILED_AUDITS: Pair = pair(
    ("failed_audits_warning", "1"),
    ("failed_audits_critical", "5"),
    1e6,
    "Audits that failed in 24 hours.",
);
pub(crate) const SLOW_AUDITS: Pair = pair(
    ("slow_audit_seconds_warning", "180"),
    ("slow_audit_seconds_critical", "270"),
    3600.0,
    "How long an audit took, or goes on, in seconds. A satellite waits for 300.",
);
pub(crate) const DISK_LEFT: Pair = pair(
    ("disk_left_percent_warning", "5"),
    ("disk_left_percent_critical", "1"),
    100.0,
    "What is left of the disk, in percent of what is allotted. With less than 5 GB it is critical in\nany case: satellites choose the node for no uploads then.",
);
pub(crate) const DISK_FULL: Pair = pair(
    ("disk_full_days_warning", "30"),
    ("disk_full_days_critical", "7"),
    3650.0,
    "In how many days the disk is full if it goes on as it does.",
);
pub(crate) const SILENCE: Pair = pair(
    ("silence_minutes_warning", "1"),
    ("silence_minutes_critical", "120"),
    525_600.0,
    "How long a log has told less than it should, in minutes. That it is silent is seen after half an\nhour at the earliest. Critical only where the node stopped, or moves nothing.",
);
pub(crate) const PINGS: Pair = pair(
    ("ping_minutes_warning", "90"),
    ("ping_minutes_critical", "240"),
    525_600.0,
    "How long nothing has reached a node, in minutes. It checks in with satellites once an hour, and each\nof them reaches back. Check-ins that fail are told by themselves.",
);
pub(crate) const LATENCY: Pair = pair(
    ("latency_p95_ms_warning", "10000"),
    ("latency_p95_ms_critical", "60000"),
    3.6e6,
    "How long of twenty downloads, or uploads, of the last hour one takes or longer, in milliseconds.",
);
pub(crate) const ERRORS: Pair = pair(
    ("errors_percent_warning", "5"),
    ("errors_percent_critical", "25"),
    100.0,
    "How many transfers of the last hour failed, in percent; those that lost the race are no failures.",
);
pub(crate) const LAG: Pair = pair(
    ("lag_seconds_warning", "120"),
    ("lag_seconds_critical", "1800"),
    864_000.0,
    "How late a log is read, in seconds.",
);
pub(crate) const START_UP: Pair = pair(
    ("start_up_ms_warning", "5000"),
    ("start_up_ms_critical", "60000"),
    3.6e6,
    "How long Piecewatch took to start, in milliseconds. That is told for an hour.",
);

/// Every pair of bounds.
pub(crate) const PAIRS: [Pair; 13] = [
    AUDIT_SCORE,
    SUSPENSION_SCORE,
    ONLINE_SCORE,
    FAILED_AUDITS,
    SLOW_AUDITS,
    DISK_LEFT,
    DISK_FULL,
    SILENCE,
    PINGS,
    LATENCY,
    ERRORS,
    LAG,
    START_UP,
];

/// Every key of the section of which there is one.
pub(crate) const KEYS: [Key; 12 + 2 * PAIRS.len()] = {
    let mut keys = [ENABLED; 12 + 2 * PAIRS.len()];
    let own = [
        ENABLED,
        EVALUATE,
        FIRE,
        RESOLVE,
        REPEAT,
        COOLDOWN,
        HEARTBEAT,
        HEARTBEAT_URL_FILE,
        HEARTBEAT_URL_ENV,
        MUTED,
        WARNING,
        CRITICAL,
    ];
    let mut at = 0;
    while at < own.len() {
        keys[at] = own[at];
        at += 1;
    }
    let mut pair = 0;
    while pair < PAIRS.len() {
        keys[at] = PAIRS[pair].warning;
        keys[at + 1] = PAIRS[pair].critical;
        at += 2;
        pair += 1;
    }
    keys
};

/// The names of the keys that may be given for one node alone, in a table `[[alerts.node]]`.
pub(crate) fn of_node() -> impl Iterator<Item = &'static str> {
    let bounds = PAIRS.iter().flat_map(|pair| [pair.warning.name, pair.critical.name]);
    ["name", MUTED.name, WARNING.name, CRITICAL.name].into_iter().chain(bounds)
}

const fn of(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    key(SECTION, name, kind, default, doc)
}

const fn optional(name: &'static str, kind: Kind, example: &'static str, doc: &'static str) -> Key {
    Key { section: SECTION, name, kind, default: None, example, doc }
}

const fn pair(
    warning: (&'static str, &'static str),
    critical: (&'static str, &'static str),
    max: f64,
    doc: &'static str,
) -> Pair {
    let kind = Kind::Decimal { min: 0.0, max };
    Pair {
        warning: of(warning.0, kind, warning.1, doc),
        critical: of(critical.0, kind, critical.1, "The same, for critical."),
    }
}

/// What a channel is.
pub(crate) const CHANNEL_DOC: &str = "\
A way to reach operators; a section like this for each. What is secret stands in a file or in the
environment, never here: url_file or url_env, token_file or token_env, password_file or password_env.";

/// What a table of one node is.
pub(crate) const NODE_DOC: &str = "\
Other bounds for one node: any of those above, and muted; a section like this for each node.";

/// The keys of a channel.
pub(crate) const CHANNEL_KEYS: [NodeKey; 18] = [
    channel("name", "\"me\"", "Required. The name of the channel; yours to choose."),
    channel(
        "kind",
        "\"email\"",
        "Required. \"email\", \"discord\", \"slack\", \"telegram\", \"ntfy\" or \"json\" (an object, for programs).",
    ),
    channel(
        "levels",
        "[\"warning\", \"critical\"]",
        "Of alerts of which levels it tells, and of those or worse ones that they are over; of all if left out.",
    ),
    channel(
        "nodes",
        "[\"attic\"]",
        "Of which nodes it tells; of all, and of Piecewatch itself, if left out.",
    ),
    channel("host", "\"mail.example.net\"", "Of an email: the server that takes it."),
    channel(
        "port",
        "587",
        "Its port; 587, with tls = \"implicit\" 465, with \"none\" 25 if left out.",
    ),
    channel(
        "tls",
        "\"starttls\"",
        "How the way there is protected: \"starttls\" (the default; without it nothing is sent), \"implicit\",\nor \"none\" for a server on the same machine.",
    ),
    channel("username", "\"piecewatch\"", "The name to log in with; without it there is no login."),
    channel("password_file", "\"mail.password\"", "The file that holds its password."),
    channel(
        "password_env",
        "\"MAIL_PASSWORD\"",
        "In place of it: the environment variable that does.",
    ),
    channel("from", "\"Piecewatch <piecewatch@example.net>\"", "Who an email is from."),
    channel("to", "[\"me@example.net\"]", "To whom it goes."),
    channel(
        "url",
        "\"https://ntfy.sh/my-topic\"",
        "Of ntfy and json: the address, where that is no secret. Of telegram: the server, if it is another.",
    ),
    channel(
        "url_file",
        "\"discord.url\"",
        "The file that holds the address; for discord and slack it is a secret.",
    ),
    channel("url_env", "\"DISCORD_URL\"", "In place of it: the environment variable that does."),
    channel(
        "token_file",
        "\"telegram.token\"",
        "The file that holds the token of a Telegram bot, or of ntfy and json what to send as bearer.",
    ),
    channel(
        "token_env",
        "\"TELEGRAM_TOKEN\"",
        "In place of it: the environment variable that does.",
    ),
    channel("chat", "\"123456789\"", "Of telegram: the chat."),
];

const fn channel(name: &'static str, example: &'static str, doc: &'static str) -> NodeKey {
    NodeKey { name, example, doc }
}

#[cfg(test)]
mod tests {
    use piecewatch_analytics::alert::Rule;

    use super::RULES;

    #[test]
    fn the_rules_that_can_be_muted_are_the_rules() {
        assert_eq!(RULES, Rule::ALL.map(Rule::name));
        for rule in RULES {
            assert!(super::MUTED.doc.contains(&format!("{rule:?}")), "{rule} is documented");
        }
    }
}
