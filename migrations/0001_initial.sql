-- The first schema.
--
-- Times (`at`, `…_at`) are microseconds since 1970 in UTC. In the sums, `at` is the beginning of the
-- minute, five minutes, hour or day. Small integers stand for nodes, satellites, actions, countries
-- and error templates; the views at the end join their names back.

-- Dictionaries -----------------------------------------------------------------------------------

CREATE TABLE nodes (
    id INTEGER PRIMARY KEY,         -- 1 to 4095: 12 bits in transfers.key
    name TEXT NOT NULL UNIQUE,
    first_at INTEGER,               -- the oldest record
    last_at INTEGER                 -- the newest record
) STRICT;

CREATE TABLE satellites (           -- 0 in other tables: not told by the log
    id INTEGER PRIMARY KEY,
    raw BLOB NOT NULL UNIQUE,       -- 32 bytes
    name TEXT NOT NULL              -- `us1`; of an unknown satellite its id as text
) STRICT;

CREATE TABLE actions (              -- 1 to 9 have one meaning in every database
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO actions (id, name) VALUES
    (1, 'PUT'), (2, 'GET'), (3, 'GET_AUDIT'), (4, 'GET_REPAIR'), (5, 'PUT_REPAIR'), (6, 'DELETE'),
    (7, 'PUT_GRACEFUL_EXIT'), (8, 'UPLOAD'), (9, 'DOWNLOAD'),
    (10, '(further actions)');      -- when the dictionary is full

CREATE TABLE countries (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE       -- ISO 3166-1; XP: private network, ZZ: unknown
) STRICT;

CREATE TABLE templates (            -- error texts without addresses, numbers, ids, paths
    id INTEGER PRIMARY KEY,
    template TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO templates (id, template) VALUES (1, '(further errors)');    -- when it is full

CREATE TABLE names (                -- of the codes whose meaning is fixed in the program
    kind TEXT NOT NULL,
    code INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, code)
) STRICT, WITHOUT ROWID;

INSERT INTO names (kind, code, name) VALUES
    ('outcome', 0, 'success'), ('outcome', 1, 'canceled'), ('outcome', 2, 'failed: network'),
    ('outcome', 3, 'failed: missing'), ('outcome', 4, 'failed: disk'),
    ('outcome', 5, 'failed: protocol'), ('outcome', 6, 'failed: clock'),
    ('outcome', 7, 'failed: other'), ('outcome', 8, 'rejected'),
    ('ending', 0, 'success'), ('ending', 1, 'canceled'), ('ending', 2, 'failed'),
    ('clock', 1, 'line ms'), ('clock', 2, 'docker ns'), ('clock', 3, 'journal µs'),
    ('clock', 4, 'arrival'), ('clock', 5, 'whole seconds'),
    ('phase', 0, 'queued'), ('phase', 1, 'started'), ('phase', 2, 'progress'),
    ('phase', 3, 'finished'), ('phase', 4, 'failed'),
    ('maintenance', 1, 'bloom_filter'), ('maintenance', 2, 'retain'),
    ('maintenance', 3, 'gc_walker'), ('maintenance', 4, 'used_space_walker'),
    ('maintenance', 5, 'trash_walker'), ('maintenance', 6, 'empty_trash'),
    ('maintenance', 7, 'restore_trash'), ('maintenance', 8, 'expired_pieces'),
    ('maintenance', 9, 'delete'), ('maintenance', 10, 'migration'),
    ('maintenance', 11, 'compaction_step'), ('maintenance', 12, 'hashstore_open'),
    ('maintenance', 13, 'read_check'), ('maintenance', 14, 'write_check'),
    ('trouble', 1, 'ping'), ('trouble', 2, 'quic'), ('trouble', 3, 'disk'),
    ('trouble', 4, 'clock'), ('trouble', 5, 'version'), ('trouble', 6, 'orders'),
    ('trouble', 7, 'trash_read'), ('trouble', 8, 'database'), ('trouble', 9, 'fatal'),
    ('trouble', 10, 'panic'), ('trouble', 11, 'lines_dropped'), ('trouble', 12, 'other'),
    ('lifecycle', 1, 'configured'), ('lifecycle', 2, 'started'), ('lifecycle', 3, 'version'),
    ('lifecycle', 4, 'minimum_version'), ('lifecycle', 5, 'stopping'),
    ('lifecycle', 6, 'spawned'), ('lifecycle', 7, 'exited');

-- Positions --------------------------------------------------------------------------------------

-- How far each source was read. AUTOINCREMENT: a number is never used again, so that "newer than
-- the newest I knew of" stays true after a deletion.
CREATE TABLE checkpoints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    node INTEGER NOT NULL,
    head_len INTEGER NOT NULL,      -- how many bytes of the beginning were hashed
    head_hash INTEGER NOT NULL,     -- their XXH3-64, as a signed number
    offset INTEGER NOT NULL,        -- bytes read, decompressed
    tail_hash INTEGER NOT NULL,     -- of up to 1,024 bytes before offset
    marks BLOB NOT NULL,            -- hashes before each power of two from 64, 8 bytes each, LE
    cursor TEXT,                    -- where journald or `docker logs` goes on
    device INTEGER,                 -- hints
    inode INTEGER,
    source TEXT NOT NULL,           -- its last name, for people
    lines INTEGER NOT NULL,
    unparsed INTEGER NOT NULL,
    skipped_bytes INTEGER NOT NULL,
    first_commit_at INTEGER NOT NULL,
    last_commit_at INTEGER NOT NULL
) STRICT;

CREATE INDEX checkpoints_by_node ON checkpoints (node, head_hash);

-- Who wrote what, for the processes that show it; kept for an hour.
CREATE TABLE commits (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    process INTEGER NOT NULL,       -- a random number of the writer
    node INTEGER NOT NULL,
    topics INTEGER NOT NULL,        -- bits: which kinds of record
    first_key INTEGER,              -- the range of transfers.key; NULL when none was kept
    last_key INTEGER,
    at INTEGER NOT NULL
) STRICT;

-- Transfers --------------------------------------------------------------------------------------

-- One row for each end of an upload or download, and for each upload turned away.
CREATE TABLE transfers (
    key INTEGER PRIMARY KEY,        -- second (34 bits), node (12 bits), number within both (17 bits)
    micros INTEGER NOT NULL,        -- the exact time less the key's second
    satellite INTEGER NOT NULL,
    action INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    size INTEGER,
    offset INTEGER,
    remote BLOB,                    -- 4 bytes of an IPv4 or 16 of an IPv6 address
    port INTEGER,
    country INTEGER,
    template INTEGER,
    latency INTEGER,                -- microseconds
    clock INTEGER,
    piece BLOB                      -- 32 bytes; NULL when the upload was rejected
) STRICT;

-- Sums -------------------------------------------------------------------------------------------

CREATE TABLE traffic_minutely (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, action, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE traffic_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    action INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, satellite, action, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE traffic_daily (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    action INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, satellite, action, outcome)
) STRICT, WITHOUT ROWID;

-- Successful transfers whose latency was measured by a clock finer than a second.
CREATE TABLE latency_5min (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    histogram BLOB NOT NULL,
    PRIMARY KEY (node, at, action, clock)
) STRICT, WITHOUT ROWID;

CREATE TABLE latency_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    action INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    histogram BLOB NOT NULL,
    PRIMARY KEY (node, at, satellite, action, clock)
) STRICT, WITHOUT ROWID;

CREATE TABLE latency_daily (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    action INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    histogram BLOB NOT NULL,
    PRIMARY KEY (node, at, satellite, action, clock)
) STRICT, WITHOUT ROWID;

CREATE TABLE size_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action INTEGER NOT NULL,
    ending INTEGER NOT NULL,        -- 0 success, 1 canceled, 2 failed
    bucket INTEGER NOT NULL,        -- 0: empty; k: from 2^(k-1) up to but without 2^k bytes
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, action, ending, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE country_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    country INTEGER NOT NULL,
    action INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, country, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE error_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    template INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (node, at, action, outcome, template)
) STRICT, WITHOUT ROWID;

-- Events -----------------------------------------------------------------------------------------

-- `lines`: how many lines of the log told it.

CREATE TABLE compactions (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    store TEXT NOT NULL,            -- `s0`, `s1`
    phase INTEGER NOT NULL,
    duration INTEGER,               -- microseconds
    logs INTEGER,                   -- bytes, as all below but the shares
    live INTEGER,
    trash INTEGER,
    reclaimable INTEGER,
    reclaimed INTEGER,
    rewritten INTEGER,
    table_load REAL,                -- 0 to 1
    trash_share REAL,               -- 0 to 1
    template INTEGER,
    lines INTEGER NOT NULL,
    PRIMARY KEY (node, at, satellite, store, phase)
) STRICT, WITHOUT ROWID;

CREATE TABLE maintenance (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    store TEXT NOT NULL,            -- empty outside of the hash store
    phase INTEGER NOT NULL,
    duration INTEGER,               -- microseconds
    examined INTEGER,
    affected INTEGER,
    failed INTEGER,
    bytes INTEGER,
    lines INTEGER NOT NULL,
    PRIMARY KEY (node, at, kind, satellite, store, phase)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    count INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (node, at, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE reputation (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    audit REAL NOT NULL,            -- 0 to 1, as the other scores
    online REAL NOT NULL,
    suspension REAL NOT NULL,
    audit_delta REAL NOT NULL,
    online_delta REAL NOT NULL,
    suspension_delta REAL NOT NULL,
    audits_total INTEGER NOT NULL,
    audits_passed INTEGER NOT NULL,
    PRIMARY KEY (node, at, satellite)
) STRICT, WITHOUT ROWID;

CREATE TABLE troubles (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    template INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (node, at, kind, satellite, template)
) STRICT, WITHOUT ROWID;

CREATE TABLE lifecycle (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    event INTEGER NOT NULL,
    detail TEXT NOT NULL,           -- an id, a version, a supervisor's words; empty where none
    lines INTEGER NOT NULL,
    PRIMARY KEY (node, at, event, detail)
) STRICT, WITHOUT ROWID;

CREATE TABLE storage_snapshots (    -- bytes; NULL: not told
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    used INTEGER,
    available INTEGER,
    trash INTEGER,
    total INTEGER,
    PRIMARY KEY (node, at DESC)
) STRICT, WITHOUT ROWID;

-- Views: for people, and for programs that draw ------------------------------------------------

-- `address` is dotted for IPv4 and not shortened for IPv6; `piece` is in hexadecimal, not base32.
CREATE VIEW v_transfers AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, s.name AS satellite, a.name AS action, o.name AS outcome,
       t.size, t.offset,
       CASE length(t.h)
           WHEN 8 THEN printf('%d.%d.%d.%d',
               instr('123456789ABCDEF', substr(h, 1, 1)) * 16 + instr('123456789ABCDEF', substr(h, 2, 1)),
               instr('123456789ABCDEF', substr(h, 3, 1)) * 16 + instr('123456789ABCDEF', substr(h, 4, 1)),
               instr('123456789ABCDEF', substr(h, 5, 1)) * 16 + instr('123456789ABCDEF', substr(h, 6, 1)),
               instr('123456789ABCDEF', substr(h, 7, 1)) * 16 + instr('123456789ABCDEF', substr(h, 8, 1)))
           WHEN 32 THEN lower(substr(h, 1, 4)
               || ':' || substr(h, 5, 4)
               || ':' || substr(h, 9, 4)
               || ':' || substr(h, 13, 4)
               || ':' || substr(h, 17, 4)
               || ':' || substr(h, 21, 4)
               || ':' || substr(h, 25, 4)
               || ':' || substr(h, 29, 4))
       END AS address,
       t.port, c.code AS country, e.template AS error,
       t.latency AS latency_micros, k.name AS clock, hex(t.piece) AS piece, t.key
FROM (SELECT *, (key >> 29) * 1000000 + micros AS at, (key >> 17) & 4095 AS node,
             hex(remote) AS h
      FROM transfers) AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN actions AS a ON a.id = t.action
LEFT JOIN names AS o ON o.kind = 'outcome' AND o.code = t.outcome
LEFT JOIN countries AS c ON c.id = t.country
LEFT JOIN templates AS e ON e.id = t.template
LEFT JOIN names AS k ON k.kind = 'clock' AND k.code = t.clock;

CREATE VIEW v_traffic_minutely AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, a.name AS action, o.name AS outcome, t.count, t.bytes, t.at
FROM traffic_minutely AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN actions AS a ON a.id = t.action
LEFT JOIN names AS o ON o.kind = 'outcome' AND o.code = t.outcome;

CREATE VIEW v_traffic_hourly AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, s.name AS satellite, a.name AS action, o.name AS outcome,
       t.count, t.bytes, t.at
FROM traffic_hourly AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN actions AS a ON a.id = t.action
LEFT JOIN names AS o ON o.kind = 'outcome' AND o.code = t.outcome;

CREATE VIEW v_traffic_daily AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, s.name AS satellite, a.name AS action, o.name AS outcome,
       t.count, t.bytes, t.at
FROM traffic_daily AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN actions AS a ON a.id = t.action
LEFT JOIN names AS o ON o.kind = 'outcome' AND o.code = t.outcome;

CREATE VIEW v_sizes AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, a.name AS action, o.name AS ending,
       CASE t.bucket WHEN 0 THEN 0 ELSE 1 << (t.bucket - 1) END AS from_bytes, t.count, t.bytes, t.at
FROM size_hourly AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN actions AS a ON a.id = t.action
LEFT JOIN names AS o ON o.kind = 'ending' AND o.code = t.ending;

CREATE VIEW v_countries AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, c.code AS country, a.name AS action, t.count, t.bytes, t.at
FROM country_hourly AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN countries AS c ON c.id = t.country
LEFT JOIN actions AS a ON a.id = t.action;

CREATE VIEW v_errors AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, a.name AS action, o.name AS outcome, e.template AS error,
       t.count, t.bytes,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.first_at / 1000000, 'unixepoch') AS first,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.last_at / 1000000, 'unixepoch') AS last, t.at
FROM error_hourly AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN actions AS a ON a.id = t.action
LEFT JOIN names AS o ON o.kind = 'outcome' AND o.code = t.outcome
LEFT JOIN templates AS e ON e.id = t.template;

CREATE VIEW v_compactions AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, s.name AS satellite, t.store, p.name AS phase, t.duration AS duration_micros,
       t.logs, t.live, t.trash, t.reclaimable, t.reclaimed, t.rewritten, t.table_load, t.trash_share,
       e.template AS error, t.at
FROM compactions AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN names AS p ON p.kind = 'phase' AND p.code = t.phase
LEFT JOIN templates AS e ON e.id = t.template;

CREATE VIEW v_maintenance AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, m.name AS kind, s.name AS satellite, t.store, p.name AS phase,
       t.duration AS duration_micros, t.examined, t.affected, t.failed, t.bytes, t.lines, t.at
FROM maintenance AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN names AS m ON m.kind = 'maintenance' AND m.code = t.kind
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN names AS p ON p.kind = 'phase' AND p.code = t.phase;

CREATE VIEW v_orders AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, s.name AS satellite, t.count, t.lines, t.at
FROM orders AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_reputation AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, s.name AS satellite, t.audit, t.online, t.suspension,
       t.audit_delta, t.online_delta, t.suspension_delta, t.audits_total, t.audits_passed, t.at
FROM reputation AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite;

CREATE VIEW v_troubles AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, k.name AS kind, s.name AS satellite, e.template AS text, t.lines, t.at
FROM troubles AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN names AS k ON k.kind = 'trouble' AND k.code = t.kind
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN templates AS e ON e.id = t.template;

CREATE VIEW v_lifecycle AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, l.name AS event, t.detail, t.lines, t.at
FROM lifecycle AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN names AS l ON l.kind = 'lifecycle' AND l.code = t.event;

CREATE VIEW v_storage AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.at % 1000000) AS time,
       n.name AS node, t.used, t.available, t.trash, t.total, t.at
FROM storage_snapshots AS t
LEFT JOIN nodes AS n ON n.id = t.node;

CREATE VIEW v_checkpoints AS
SELECT n.name AS node, t.source, t.offset, t.lines, t.unparsed, t.skipped_bytes,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.first_commit_at / 1000000, 'unixepoch') AS first_commit,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.last_commit_at / 1000000, 'unixepoch') AS last_commit
FROM checkpoints AS t
LEFT JOIN nodes AS n ON n.id = t.node;
