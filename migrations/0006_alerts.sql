-- Alerts: what operators were told of, from when to when it lasted, and whether they heard of it.
--
-- One row is one incident. While it lasts its row changes; there is never a second one of the same rule,
-- node and satellite.

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,             -- the name of the rule
    node TEXT NOT NULL,             -- the name of the node; '' where it is the monitor itself
    satellite TEXT NOT NULL,        -- the id of the satellite; '' where it is of none
    level TEXT NOT NULL,            -- 'warning' or 'critical': how it is
    worst TEXT NOT NULL,            -- the same: how it was at worst
    sentence TEXT NOT NULL,
    value REAL,                     -- what was judged; NULL where it is no number
    threshold REAL,                 -- what it was judged by
    began_at INTEGER NOT NULL,      -- microseconds: when it was seen first
    fired_at INTEGER NOT NULL,      -- when it had lasted long enough
    seen_at INTEGER NOT NULL,       -- when it was seen last
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    resolved_at INTEGER,            -- NULL while it lasts
    notified_at INTEGER,            -- when somebody was told last; NULL: nobody was
    notified_level TEXT             -- the worst that was told
) STRICT;

-- Whoever writes a second incident while one lasts is refused.
CREATE UNIQUE INDEX alerts_lasting ON alerts (rule, node, satellite) WHERE resolved_at IS NULL;
CREATE INDEX alerts_resolved ON alerts (resolved_at);
CREATE INDEX alerts_fired ON alerts (fired_at);

CREATE TABLE alert_deliveries (
    alert INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- microseconds: when the message was made; all of one message have one
    channel TEXT NOT NULL,          -- the name of the channel
    notice TEXT NOT NULL,           -- 'fired', 'escalated', 'repeated' or 'resolved'
    state TEXT NOT NULL,            -- 'waiting', 'delivered' or 'failed'
    attempts INTEGER NOT NULL,
    tried_at INTEGER,               -- NULL before the first attempt
    error TEXT,                     -- of the last attempt that failed; NULL where none did
    PRIMARY KEY (alert, at, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_deliveries_state ON alert_deliveries (state, at);
