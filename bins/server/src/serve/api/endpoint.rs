//! The table of endpoints: what is routed by, parsed by and described.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use super::{
    Parts, Reply,
    ask::Ask,
    compare, earnings, errors, latency, money, nodes, overview,
    parameter::{Kind, Parameter},
    reputation, self_history, slots, storage, traffic, transfers, work,
};
use crate::{countries, sizes};

/// A question that can be asked.
pub(super) struct Endpoint {
    /// Where.
    pub(super) path: &'static str,
    /// What it answers, in a sentence or two.
    pub(super) what: &'static str,
    /// What may be said.
    pub(super) parameters: &'static [Parameter],
    /// The schema of the JSON answer.
    pub(super) schema: fn(&mut SchemaGenerator, &Parts) -> Value,
    /// Answers it.
    pub(super) answer: fn(&Ask<'_>) -> Reply,
}

impl Endpoint {
    /// Whether it can answer with CSV.
    pub(super) fn has_csv(&self) -> bool {
        self.parameters.iter().any(|of| of.name == FORMAT.name)
    }
}

const NODES: Parameter = Parameter {
    name: "nodes",
    what: "Of which nodes, with commas between their names; of all unless said.",
    kind: Kind::Nodes,
};
const FROM: Parameter = Parameter {
    name: "from",
    what: "The beginning, RFC 3339. Of this and the one that `window` gives the later counts. `from` \
           and `to` may be exchanged.",
    kind: Kind::Instant,
};
const TO: Parameter = Parameter {
    name: "to",
    what: "The end, RFC 3339: the first moment after it. What is newest unless said, and no later.",
    kind: Kind::Instant,
};
const FORMAT: Parameter = Parameter {
    name: "format",
    what: "JSON, or CSV with a heading: a flat row for each line.",
    kind: Kind::Choice { of: &["json", "csv"], default: Some("json") },
};
const ACTION: Parameter = Parameter {
    name: "action",
    what: "Of this action only: GET, PUT, GET_AUDIT, GET_REPAIR, PUT_REPAIR, …",
    kind: Kind::Action,
};

const fn window(default: &'static str) -> Parameter {
    Parameter {
        name: "window",
        what: "How far back from the end: 1h, 6h, 24h, 7d, 30d, or any number of m, h or d. It is \
               shortened to what there is and widened to what is stored; the answer says from when to \
               when it is.",
        kind: Kind::Length { default },
    }
}

const fn limit(default: u16) -> Parameter {
    Parameter { name: "limit", what: "At most so many.", kind: Kind::Count { default, max: 1000 } }
}

const fn choice(
    name: &'static str,
    what: &'static str,
    of: &'static [&'static str],
    default: Option<&'static str>,
) -> Parameter {
    Parameter { name, what, kind: Kind::Choice { of, default } }
}

const fn months(default: u16) -> Parameter {
    let what = "So many months; those after the present one are not among them.";
    Parameter { name: "months", what, kind: Kind::Count { default, max: 120 } }
}

const PERIOD: Parameter = Parameter {
    name: "period",
    what: "The month (YYYY-MM); the present one unless said.",
    kind: Kind::Month,
};
const UNTIL: Parameter = Parameter {
    name: "period",
    what: "The last month (YYYY-MM); the present one unless said.",
    kind: Kind::Month,
};
const PAST: Parameter = Parameter {
    name: "period",
    what: "The last month (YYYY-MM); the one before the present one unless said.",
    kind: Kind::Month,
};
const DAY: Parameter = window("24h");
const MONTH: Parameter = window("30d");

/// The schema of what a type writes, with what money looks like.
fn of<T: JsonSchema>(generator: &mut SchemaGenerator, _: &Parts) -> Value {
    money::schema(&T::json_schema(generator))
}

/// Every question.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        path: "/api/v1/nodes",
        what: "The nodes: how far each of their logs was read and how long ago, whether they fell silent, \
               how their polls go, which version runs.",
        parameters: &[NODES, FORMAT],
        schema: of::<nodes::Root<'_>>,
        answer: nodes::nodes,
    },
    Endpoint {
        path: "/api/v1/overview",
        what: "What each node did: counts, bytes and success rates by action, and the rates of the last \
               whole minute. The window ends at the newest record and is widened to whole hours.",
        parameters: &[NODES, DAY, FROM, TO, FORMAT],
        schema: of::<overview::Root<'_>>,
        answer: overview::overview,
    },
    Endpoint {
        path: "/api/v1/traffic",
        what: "Counts and bytes over time by action and outcome, nodes together, and how fast bytes and \
               pieces moved.",
        parameters: &[
            NODES,
            DAY,
            FROM,
            TO,
            choice(
                "step",
                "The width of a bucket. A wider one is taken where the finer is no longer kept or there \
                 would be more than 3,000; the answer says which.",
                &["auto", "1m", "5m", "1h", "1d"],
                Some("auto"),
            ),
            FORMAT,
        ],
        schema: of::<traffic::Root<'_>>,
        answer: traffic::traffic,
    },
    Endpoint {
        path: "/api/v1/satellites",
        what: "What each node did for each satellite. The window is widened to whole hours.",
        parameters: &[NODES, DAY, FROM, TO, FORMAT],
        schema: of::<crate::summary::json::Root<'_>>,
        answer: overview::satellites,
    },
    Endpoint {
        path: "/api/v1/latency",
        what: "How long transfers took, in microseconds, by action and clock; by what the clocks of logs \
               can tell, each for itself. Only transfers that succeeded count. Values are at most 0.8 % \
               off.",
        parameters: &[
            NODES,
            DAY,
            FROM,
            TO,
            ACTION,
            choice(
                "by",
                "What is told apart, beside actions and clocks: nodes, or of all nodes together \
                 satellites, hours or days.",
                &["node", "satellite", "hour", "day"],
                Some("node"),
            ),
            FORMAT,
        ],
        schema: of::<crate::latency::rows::Object<'_>>,
        answer: latency::latency,
    },
    Endpoint {
        path: "/api/v1/latency/histogram",
        what: "How the latencies of all nodes together are spread, by action and clock.",
        parameters: &[
            NODES,
            DAY,
            FROM,
            TO,
            ACTION,
            choice(
                "scale",
                "Each bar twice as wide as the one before, or all of one width.",
                &["log", "linear"],
                Some("log"),
            ),
            FORMAT,
        ],
        schema: of::<crate::latency::rows::Histograms<'_>>,
        answer: latency::histogram,
    },
    Endpoint {
        path: transfers::PATH,
        what: "Single transfers, newest first, as far back as they are kept. A page looks at 100,000 of \
               them at most: with a filter that few pass it may hold fewer than `limit`, or none, and \
               still tell a `next`. CSV goes on through the pages; there, `limit` counts only where it \
               is said.",
        parameters: &[
            NODES,
            DAY,
            FROM,
            TO,
            Parameter {
                name: "satellite",
                what: "Of this satellite only, by its name (us1) or its id.",
                kind: Kind::Satellite,
            },
            ACTION,
            choice(
                "outcome",
                "Only those that ended so; `rejected` are uploads that were turned away.",
                &["success", "canceled", "failed", "rejected"],
                None,
            ),
            choice(
                "class",
                "Of those that failed, only for this reason.",
                &["network", "missing", "disk", "protocol", "clock", "other"],
                None,
            ),
            Parameter {
                name: "country",
                what: "Only with the other side in this country, by its code of two letters; XP is a private \
                       network, ZZ unknown.",
                kind: Kind::Country,
            },
            Parameter { name: "piece", what: "Of this piece only, by its id.", kind: Kind::Piece },
            limit(100),
            Parameter {
                name: "cursor",
                what: "Where the page begins: `next` of the page before. New transfers shift nothing.",
                kind: Kind::Cursor,
            },
            FORMAT,
        ],
        schema: of::<transfers::Root<'_>>,
        answer: transfers::transfers,
    },
    Endpoint {
        path: "/api/v1/transfers/slow",
        what: "The transfers that took longest. The first ten are exact for any window, further ones are \
               of those that are kept. The window is widened to whole hours, or to days where those are \
               no longer kept.",
        parameters: &[
            NODES,
            DAY,
            FROM,
            TO,
            ACTION,
            choice(
                "outcome",
                "Only those that ended so.",
                &["success", "canceled", "failed"],
                None,
            ),
            limit(10),
            FORMAT,
        ],
        schema: of::<crate::slow::Object<'_>>,
        answer: latency::slow,
    },
    Endpoint {
        path: "/api/v1/errors",
        what: "With which errors transfers ended, and what else went wrong, the most frequent first. \
               The window is widened to whole hours.",
        parameters: &[
            NODES,
            DAY,
            FROM,
            TO,
            choice(
                "canceled",
                "Whether to tell the reasons of cancellations as well.",
                &["false", "true"],
                Some("false"),
            ),
            limit(20),
            FORMAT,
        ],
        schema: of::<crate::errors::rows::Object<'_>>,
        answer: errors::errors,
    },
    Endpoint {
        path: "/api/v1/pieces/hot",
        what: "The pieces that clients downloaded most. Of each node the window ends at its own newest \
               record, and it reaches back as far as single transfers are kept, a day at most.",
        parameters: &[NODES, window("1h"), FROM, TO, limit(20), FORMAT],
        schema: of::<crate::pieces::Root<'_>>,
        answer: errors::hot_pieces,
    },
    Endpoint {
        path: "/api/v1/sizes",
        what: "How large transfers were, nodes together. The window is widened to whole hours.",
        parameters: &[NODES, DAY, FROM, TO, FORMAT],
        schema: of::<sizes::Object<'_>>,
        answer: traffic::sizes,
    },
    Endpoint {
        path: "/api/v1/countries",
        what: "Where the other sides of each node are, and whether the node sees who they are. The \
               window is widened to whole hours.",
        parameters: &[NODES, DAY, FROM, TO, FORMAT],
        schema: of::<countries::Object<'_>>,
        answer: traffic::countries,
    },
    Endpoint {
        path: "/api/v1/compactions",
        what: "What the logs tell of compactions of hash stores, newest first.",
        parameters: &[NODES, MONTH, FROM, TO, limit(100), FORMAT],
        schema: of::<work::Compactions<'_>>,
        answer: work::compactions,
    },
    Endpoint {
        path: "/api/v1/maintenance",
        what: "What the logs tell of other work on the pieces, newest first.",
        parameters: &[NODES, MONTH, FROM, TO, limit(100), FORMAT],
        schema: of::<work::Works<'_>>,
        answer: work::maintenance,
    },
    Endpoint {
        path: "/api/v1/storage",
        what: "How much space nodes have, how it grows, when it is full, and the work of the window on \
               it. All but the work is as it is at the end, which is the newest record or report.",
        parameters: &[NODES, DAY, FROM, TO, FORMAT],
        schema: of::<crate::storage::rows::Root>,
        answer: storage::storage,
    },
    Endpoint {
        path: "/api/v1/storage/history",
        what: "How the space of nodes changed: snapshots at evenly spread moments, and what satellites \
               reported day by day.",
        parameters: &[
            NODES,
            MONTH,
            FROM,
            TO,
            Parameter {
                name: "points",
                what: "At most about so many snapshots of a node.",
                kind: Kind::Count { default: 200, max: 1000 },
            },
            FORMAT,
        ],
        schema: of::<storage::History<'_>>,
        answer: storage::history,
    },
    Endpoint {
        path: "/api/v1/reputation",
        what: "What satellites think of nodes, and how nodes are reached. Of each node the window ends \
               at its newest record or poll.",
        parameters: &[NODES, DAY, FROM, TO, FORMAT],
        schema: of::<crate::reputation::rows::Root<'_>>,
        answer: reputation::reputation,
    },
    Endpoint {
        path: "/api/v1/reputation/history",
        what: "The scores as satellites told them, oldest first.",
        parameters: &[NODES, MONTH, FROM, TO, FORMAT],
        schema: of::<reputation::History<'_>>,
        answer: reputation::history,
    },
    Endpoint {
        path: "/api/v1/earnings",
        what: "What nodes earn in a month, by satellite. There are three figures, and they are never \
               mixed: by the log alone, by what the node booked, and as paid.",
        parameters: &[NODES, PERIOD, FORMAT],
        schema: of::<earnings::Month<'_>>,
        answer: earnings::month,
    },
    Endpoint {
        path: "/api/v1/earnings/history",
        what: "The same of several months, node by node, oldest first.",
        parameters: &[NODES, months(12), UNTIL, FORMAT],
        schema: of::<earnings::History<'_>>,
        answer: earnings::history,
    },
    Endpoint {
        path: "/api/v1/earnings/forecast",
        what: "What the present month will have earned at its end.",
        parameters: &[NODES, FORMAT],
        schema: of::<earnings::Forecasts>,
        answer: earnings::forecast,
    },
    Endpoint {
        path: "/api/v1/earnings/reconciliation",
        what: "What was expected for past months, what was paid, and why the two differ.",
        parameters: &[NODES, months(12), PAST, FORMAT],
        schema: of::<earnings::Reconciliation>,
        answer: earnings::reconciliation,
    },
    Endpoint {
        path: "/api/v1/compare",
        what: "Nodes side by side with their ranks, and what is unusual at them. The window ends at the \
               newest record of all of them and is widened to whole hours.",
        parameters: &[NODES, DAY, FROM, TO, FORMAT],
        schema: of::<crate::compare::rows::Root<'_>>,
        answer: compare::compare,
    },
    Endpoint {
        path: "/api/v1/alerts",
        what: "The alerts that are active, and those of the window.",
        parameters: &[NODES, MONTH, FROM, TO, FORMAT],
        schema: |_, parts| parts.alerts.schema.clone(),
        answer: slots::alerts,
    },
    Endpoint {
        path: "/api/v1/status",
        what: "How the server itself is: version, uptime, load, queues, caches, clients.",
        parameters: &[NODES],
        schema: |_, parts| parts.status.schema.clone(),
        answer: slots::status,
    },
    Endpoint {
        path: "/api/v1/status/history",
        what: "How the server was in each minute that was written down, oldest first, as far back as a \
               week: processor, memory, disk and network, commits, caches, questions, requests, \
               browsers. The window ends now and is widened to whole minutes.",
        parameters: &[DAY, FROM, TO, FORMAT],
        schema: of::<self_history::Root>,
        answer: self_history::history,
    },
];
