-- What nodes report of themselves: their dashboard, their debug endpoint, their own databases.
--
-- Money is in micro-dollars, `period` is year × 100 + month (202608), `day` the beginning of a UTC
-- day. `told_at` says when the poll began that told a row last. In `reputation` and `lifecycle`, which
-- logs fill too, `lines` is how many lines of a log told a row: 0 for one that only a report told.

-- What logs told before -----------------------------------------------------------------------------

ALTER TABLE storage_snapshots ADD COLUMN overused INTEGER;
ALTER TABLE storage_snapshots ADD COLUMN reclaimable INTEGER;

DROP VIEW v_reputation;
DROP VIEW v_storage;

-- A report tells no changes, and the dashboard no audits.
CREATE TABLE reputation_of_all (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    audit REAL NOT NULL,            -- 0 to 1, as the other scores
    online REAL NOT NULL,
    suspension REAL NOT NULL,
    audit_delta REAL,
    online_delta REAL,
    suspension_delta REAL,
    audits_total INTEGER,
    audits_passed INTEGER,
    lines INTEGER NOT NULL,
    PRIMARY KEY (node, at, satellite)
) STRICT, WITHOUT ROWID;

INSERT INTO reputation_of_all
SELECT node, at, satellite, audit, online, suspension, audit_delta, online_delta, suspension_delta,
    audits_total, audits_passed, 1
FROM reputation;

DROP TABLE reputation;
ALTER TABLE reputation_of_all RENAME TO reputation;

-- Days and months -----------------------------------------------------------------------------------

-- What was booked for payment: for downloads the amounts of the signed orders.
CREATE TABLE satellite_bandwidth_daily (    -- bytes
    node INTEGER NOT NULL,
    day INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    get INTEGER NOT NULL,
    get_audit INTEGER NOT NULL,
    get_repair INTEGER NOT NULL,
    put INTEGER NOT NULL,
    put_repair INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (node, day, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE satellite_storage_daily (
    node INTEGER NOT NULL,
    day INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    byte_hours INTEGER NOT NULL,
    covered_seconds INTEGER,        -- NULL: not told
    average INTEGER,                -- bytes; NULL: not told
    basis INTEGER NOT NULL,         -- 0: the satellite reported it, 1: the node calculated it
    told_at INTEGER NOT NULL,
    PRIMARY KEY (node, day, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE prices (               -- cents for a terabyte (10^12), or a terabyte and 720 hours
    node INTEGER NOT NULL,
    period INTEGER NOT NULL,        -- the month in which they were told
    satellite INTEGER NOT NULL,
    egress INTEGER NOT NULL,
    repair INTEGER NOT NULL,
    audit INTEGER NOT NULL,
    storage INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (node, period, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE estimates (            -- of the node itself
    node INTEGER NOT NULL,
    period INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    egress INTEGER NOT NULL,        -- bytes
    egress_payout INTEGER NOT NULL,
    repair_audit INTEGER NOT NULL,  -- bytes
    repair_audit_payout INTEGER NOT NULL,
    storage INTEGER NOT NULL,       -- byte-hours
    storage_payout INTEGER NOT NULL,
    held_percent INTEGER NOT NULL,
    held INTEGER NOT NULL,
    payout INTEGER NOT NULL,
    expected INTEGER,               -- for the whole month; NULL when it is over
    told_at INTEGER NOT NULL,
    PRIMARY KEY (node, period, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE paystubs (             -- of the satellites
    node INTEGER NOT NULL,
    period INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    codes TEXT NOT NULL,            -- `E:X`
    usage_at_rest INTEGER NOT NULL, -- byte-hours; the other usage in bytes
    usage_get INTEGER NOT NULL,
    usage_put INTEGER NOT NULL,
    usage_get_repair INTEGER NOT NULL,
    usage_put_repair INTEGER NOT NULL,
    usage_get_audit INTEGER NOT NULL,
    comp_at_rest INTEGER NOT NULL,
    comp_get INTEGER NOT NULL,
    comp_put INTEGER NOT NULL,
    comp_get_repair INTEGER NOT NULL,
    comp_put_repair INTEGER NOT NULL,
    comp_get_audit INTEGER NOT NULL,
    surge_percent INTEGER NOT NULL, -- 0: none
    held INTEGER NOT NULL,
    owed INTEGER NOT NULL,
    disposed INTEGER NOT NULL,
    paid INTEGER NOT NULL,
    distributed INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (node, period, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE payouts (
    node INTEGER NOT NULL,
    period INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    receipt TEXT NOT NULL,          -- empty: none was told
    amount INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (node, period, satellite, receipt)
) STRICT, WITHOUT ROWID;

-- The newest of each node ---------------------------------------------------------------------------

CREATE TABLE standings (            -- NULL: not told, or not so
    node INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    address TEXT,
    joined_at INTEGER,
    vetted_at INTEGER,
    disqualified_at INTEGER,
    suspended_at INTEGER,
    offline_suspended_at INTEGER,
    exited_at INTEGER,
    audit REAL,                     -- 0 to 1, as the other scores
    online REAL,
    suspension REAL,
    audits_total INTEGER,
    audits_passed INTEGER,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (node, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE node_status (          -- NULL: not told
    node INTEGER PRIMARY KEY,
    node_id TEXT,
    version TEXT,
    allowed_version TEXT,
    is_up_to_date INTEGER,
    started_at INTEGER,
    last_pinged_at INTEGER,
    last_quic_pinged_at INTEGER,
    quic TEXT,
    port INTEGER,
    told_at INTEGER NOT NULL
) STRICT;

CREATE TABLE polls (
    node INTEGER NOT NULL,
    part INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- when the last one began
    took INTEGER NOT NULL,          -- microseconds
    requests INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    error TEXT,                     -- NULL when it did not fail
    succeeded_at INTEGER,           -- the last that did not fail
    failing_since INTEGER,          -- the first that failed after it; NULL when the last did not
    PRIMARY KEY (node, part)
) STRICT, WITHOUT ROWID;

-- Quantiles, which cannot be added ------------------------------------------------------------------

CREATE TABLE node_quantiles (       -- microseconds or bytes, as the measure has it
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    measure INTEGER NOT NULL,
    action INTEGER NOT NULL,
    count INTEGER NOT NULL,         -- since the node's process began
    sum REAL NOT NULL,
    min REAL NOT NULL,              -- of the last ones, as all below
    p10 REAL NOT NULL,
    p50 REAL NOT NULL,
    p90 REAL NOT NULL,
    p99 REAL NOT NULL,
    max REAL NOT NULL,
    PRIMARY KEY (node, at, measure, action)
) STRICT, WITHOUT ROWID;

INSERT INTO names (kind, code, name) VALUES
    ('poll', 1, 'dashboard'), ('poll', 2, 'satellites'), ('poll', 3, 'paystubs'),
    ('poll', 4, 'metrics'), ('poll', 5, 'databases'),
    ('measure', 1, 'duration'), ('measure', 2, 'first_byte'), ('measure', 3, 'order_amount'),
    ('storage_basis', 0, 'reported'), ('storage_basis', 1, 'calculated');

-- Views -----------------------------------------------------------------------------------------

CREATE VIEW v_reputation AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, s.name AS satellite, t.audit, t.online, t.suspension,
       t.audit_delta, t.online_delta, t.suspension_delta, t.audits_total, t.audits_passed,
       t.lines, t.at
FROM reputation AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_storage AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, t.used, t.available, t.trash, t.total, t.overused, t.reclaimable, t.at
FROM storage_snapshots AS t
LEFT JOIN nodes AS n ON n.id = t.node;

CREATE VIEW v_satellite_bandwidth AS
SELECT strftime('%Y-%m-%d', t.day / 1000000, 'unixepoch') AS date,
       n.name AS node, s.name AS satellite, t.get, t.get_audit, t.get_repair, t.put, t.put_repair,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told, t.day
FROM satellite_bandwidth_daily AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_satellite_storage AS
SELECT strftime('%Y-%m-%d', t.day / 1000000, 'unixepoch') AS date,
       n.name AS node, s.name AS satellite, t.byte_hours, t.covered_seconds, t.average,
       b.name AS basis,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told, t.day
FROM satellite_storage_daily AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN names AS b ON b.kind = 'storage_basis' AND b.code = t.basis;

CREATE VIEW v_prices AS
SELECT printf('%04d-%02d', t.period / 100, t.period % 100) AS month,
       n.name AS node, s.name AS satellite, t.egress / 100.0 AS egress_usd,
       t.repair / 100.0 AS repair_usd, t.audit / 100.0 AS audit_usd,
       t.storage / 100.0 AS storage_usd,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told
FROM prices AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_estimates AS
SELECT printf('%04d-%02d', t.period / 100, t.period % 100) AS month,
       n.name AS node, s.name AS satellite, t.egress, t.egress_payout / 1e6 AS egress_usd,
       t.repair_audit, t.repair_audit_payout / 1e6 AS repair_audit_usd,
       t.storage AS byte_hours, t.storage_payout / 1e6 AS storage_usd,
       t.held_percent, t.held / 1e6 AS held_usd, t.payout / 1e6 AS payout_usd,
       t.expected / 1e6 AS expected_usd,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told
FROM estimates AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_paystubs AS
SELECT printf('%04d-%02d', t.period / 100, t.period % 100) AS month,
       n.name AS node, s.name AS satellite, t.codes,
       t.usage_at_rest AS byte_hours, t.usage_get, t.usage_put, t.usage_get_repair,
       t.usage_put_repair, t.usage_get_audit,
       t.comp_at_rest / 1e6 AS storage_usd, t.comp_get / 1e6 AS get_usd,
       t.comp_put / 1e6 AS put_usd, t.comp_get_repair / 1e6 AS get_repair_usd,
       t.comp_put_repair / 1e6 AS put_repair_usd, t.comp_get_audit / 1e6 AS get_audit_usd,
       t.surge_percent, t.held / 1e6 AS held_usd, t.owed / 1e6 AS owed_usd,
       t.disposed / 1e6 AS disposed_usd, t.paid / 1e6 AS paid_usd,
       t.distributed / 1e6 AS distributed_usd,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.created_at / 1000000, 'unixepoch') AS created,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told
FROM paystubs AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_payouts AS
SELECT printf('%04d-%02d', t.period / 100, t.period % 100) AS month,
       n.name AS node, s.name AS satellite, t.amount / 1e6 AS amount_usd, t.receipt,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told
FROM payouts AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_standings AS
SELECT n.name AS node, s.name AS satellite, t.address,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.joined_at / 1000000, 'unixepoch') AS joined,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.vetted_at / 1000000, 'unixepoch') AS vetted,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.disqualified_at / 1000000, 'unixepoch') AS disqualified,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.suspended_at / 1000000, 'unixepoch') AS suspended,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.offline_suspended_at / 1000000, 'unixepoch')
           AS offline_suspended,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.exited_at / 1000000, 'unixepoch') AS exited,
       t.audit, t.online, t.suspension, t.audits_total, t.audits_passed,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told
FROM standings AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_node_status AS
SELECT n.name AS node, t.node_id, t.version, t.allowed_version, t.is_up_to_date,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.started_at / 1000000, 'unixepoch') AS started,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.last_pinged_at / 1000000, 'unixepoch') AS last_pinged,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.last_quic_pinged_at / 1000000, 'unixepoch')
           AS last_quic_pinged,
       t.quic, t.port,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.told_at / 1000000, 'unixepoch') AS told
FROM node_status AS t
LEFT JOIN nodes AS n ON n.id = t.node;

CREATE VIEW v_polls AS
SELECT n.name AS node, p.name AS part,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS last,
       t.took AS took_micros, t.requests, t.bytes, t.error,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.succeeded_at / 1000000, 'unixepoch') AS succeeded,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.failing_since / 1000000, 'unixepoch') AS failing_since
FROM polls AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN names AS p ON p.kind = 'poll' AND p.code = t.part;

CREATE VIEW v_node_quantiles AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, m.name AS measure, a.name AS action,
       t.count, t.sum, t.min, t.p10, t.p50, t.p90, t.p99, t.max, t.at
FROM node_quantiles AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN names AS m ON m.kind = 'measure' AND m.code = t.measure
LEFT JOIN actions AS a ON a.id = t.action;
