-- The slowest transfers.
--
-- Of each node, hour or day, action and ending the ten slowest, whatever the clock; `place` counts
-- them from 0, the slowest. They outlive the single transfers, and are found without looking at those.
-- Of transfers that were stored before this step, those are taken that are still there.

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

-- From when on they are known of a node; NULL: of all time. Of an hour in which more transfers were
-- counted than are still there, nobody knows which were the slowest.
ALTER TABLE nodes ADD COLUMN slowest_from INTEGER;

WITH kept AS MATERIALIZED (
    SELECT key >> 17 & 4095 AS node, (key >> 29) / 3600 * 3600000000 AS at, count(*) AS count
    FROM transfers GROUP BY 1, 2
), counted AS MATERIALIZED (
    SELECT node, at, sum(count) AS count FROM traffic_hourly GROUP BY node, at
), gone AS (
    SELECT counted.node, max(counted.at) AS at
    FROM counted LEFT JOIN kept ON kept.node = counted.node AND kept.at = counted.at
    WHERE counted.count > ifnull(kept.count, 0) GROUP BY counted.node
)
UPDATE nodes SET slowest_from = gone.at + 3600000000 FROM gone WHERE gone.node = nodes.id;

-- A transfer that was rejected (8) has no ending.
INSERT INTO slow_hourly
SELECT node, at, action, ending, place, latency, clock, ended_at, satellite, outcome, size, offset,
       remote, port, country, template, piece
FROM (
    SELECT *, row_number() OVER (
        PARTITION BY node, at, action, ending ORDER BY latency DESC, ended_at, piece, offset
    ) - 1 AS place
    FROM (
        SELECT key >> 17 & 4095 AS node, (key >> 29) / 3600 * 3600000000 AS at,
               min(outcome, 2) AS ending, (key >> 29) * 1000000 + micros AS ended_at, *
        FROM transfers WHERE latency IS NOT NULL AND outcome <> 8
    )
)
WHERE place < 10;

INSERT INTO slow_daily
SELECT node, day, action, ending, of_day, latency, clock, ended_at, satellite, outcome, size, offset,
       remote, port, country, template, piece
FROM (
    SELECT *, at / 86400000000 * 86400000000 AS day, row_number() OVER (
        PARTITION BY node, at / 86400000000, action, ending
        ORDER BY latency DESC, ended_at, piece, offset
    ) - 1 AS of_day
    FROM slow_hourly
)
WHERE of_day < 10;
