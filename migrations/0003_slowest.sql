-- The slowest transfers.
--
-- Of each node, hour or day, action and ending the ten slowest, whatever the clock; `place` counts
-- them from 0, the slowest. They outlive the single transfers, and are found without looking at those.

CREATE TABLE slow_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the beginning of the hour
    action INTEGER NOT NULL,
    ending INTEGER NOT NULL,        -- 0 success, 1 canceled, 2 failed
    place INTEGER NOT NULL,
    latency INTEGER NOT NULL,       -- microseconds
    clock INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,      -- the exact time of the transfer
    satellite INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    size INTEGER,
    offset INTEGER,
    remote BLOB,                    -- 4 bytes of an IPv4 or 16 of an IPv6 address
    port INTEGER,
    country INTEGER,
    template INTEGER,
    piece BLOB,                     -- 32 bytes
    PRIMARY KEY (node, at, action, ending, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE slow_daily (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the beginning of the day
    action INTEGER NOT NULL,
    ending INTEGER NOT NULL,
    place INTEGER NOT NULL,
    latency INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    satellite INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    size INTEGER,
    offset INTEGER,
    remote BLOB,
    port INTEGER,
    country INTEGER,
    template INTEGER,
    piece BLOB,
    PRIMARY KEY (node, at, action, ending, place)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_slowest AS
SELECT strftime('%Y-%m-%dT%H:%M:%S', t.ended_at / 1000000, 'unixepoch')
           || printf('.%06dZ', t.ended_at % 1000000) AS time,
       n.name AS node, s.name AS satellite, a.name AS action, o.name AS outcome,
       t.latency AS latency_micros, k.name AS clock, t.size, e.template AS error,
       hex(t.piece) AS piece, t.at
FROM slow_hourly AS t
LEFT JOIN nodes AS n ON n.id = t.node
LEFT JOIN satellites AS s ON s.id = t.satellite
LEFT JOIN actions AS a ON a.id = t.action
LEFT JOIN names AS o ON o.kind = 'outcome' AND o.code = t.outcome
LEFT JOIN templates AS e ON e.id = t.template
LEFT JOIN names AS k ON k.kind = 'clock' AND k.code = t.clock;
