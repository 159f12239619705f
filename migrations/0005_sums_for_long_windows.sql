-- Sums for long windows: sizes, countries and errors by the day, and traffic by the hour with
-- satellites together.
--
-- A month of hours of everything has hundreds of thousands of rows. Sums of days are kept as long as
-- those of hours, traffic for ever.

CREATE TABLE traffic_node_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the beginning of the hour
    action INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, action, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE size_daily (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the beginning of the day
    action INTEGER NOT NULL,
    ending INTEGER NOT NULL,        -- 0 success, 1 canceled, 2 failed
    bucket INTEGER NOT NULL,        -- 0: empty; k: from 2^(k-1) up to but without 2^k bytes
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, action, ending, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE country_daily (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,
    country INTEGER NOT NULL,
    action INTEGER NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (node, at, country, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE error_daily (
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

-- What is there already. A remainder is negative before 1970, where a log may claim to be.

INSERT INTO traffic_node_hourly (node, at, action, outcome, count, bytes)
SELECT node, at, action, outcome, sum(count), min(sum(bytes), 1 << 53)
FROM traffic_hourly GROUP BY node, at, action, outcome;

INSERT INTO size_daily (node, at, action, ending, bucket, count, bytes)
SELECT node, at - (at % 86400000000 + 86400000000) % 86400000000 AS day, action, ending, bucket,
    sum(count), min(sum(bytes), 1 << 53)
FROM size_hourly GROUP BY node, day, action, ending, bucket;

INSERT INTO country_daily (node, at, country, action, count, bytes)
SELECT node, at - (at % 86400000000 + 86400000000) % 86400000000 AS day, country, action,
    sum(count), min(sum(bytes), 1 << 53)
FROM country_hourly GROUP BY node, day, country, action;

INSERT INTO error_daily (node, at, action, outcome, template, count, bytes, first_at, last_at)
SELECT node, at - (at % 86400000000 + 86400000000) % 86400000000 AS day, action, outcome, template,
    sum(count), min(sum(bytes), 1 << 53), min(first_at), max(last_at)
FROM error_hourly GROUP BY node, day, action, outcome, template;
