-- What moved to and from each node, by the minute and by the hour.
--
-- A curve of rates needs no actions and no outcomes: a day of minutes has an eighth of the rows. There
-- is a row wherever a transfer ended, even if none succeeded, so the hours also say of which time the log
-- of a node tells. Minutes are kept as long as those of traffic, hours for ever.

CREATE TABLE flow_minutely (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the beginning of the minute
    uploads INTEGER NOT NULL,       -- transfers that succeeded
    ingress INTEGER NOT NULL,       -- their bytes
    downloads INTEGER NOT NULL,
    egress INTEGER NOT NULL,
    PRIMARY KEY (node, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the beginning of the hour
    uploads INTEGER NOT NULL,
    ingress INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    egress INTEGER NOT NULL,
    PRIMARY KEY (node, at)
) STRICT, WITHOUT ROWID;

-- What is there already. Outcome 0 is success; actions whose name begins with PUT, and uploads without
-- a name, bring bytes to the node.

WITH upload AS (SELECT id FROM actions WHERE name = 'UPLOAD' OR name GLOB 'PUT*')
INSERT INTO flow_minutely (node, at, uploads, ingress, downloads, egress)
SELECT node, at,
    sum(iif(outcome = 0 AND action IN upload, count, 0)),
    min(sum(iif(outcome = 0 AND action IN upload, bytes, 0)), 1 << 53),
    sum(iif(outcome = 0 AND action NOT IN upload, count, 0)),
    min(sum(iif(outcome = 0 AND action NOT IN upload, bytes, 0)), 1 << 53)
FROM traffic_minutely GROUP BY node, at;

WITH upload AS (SELECT id FROM actions WHERE name = 'UPLOAD' OR name GLOB 'PUT*')
INSERT INTO flow_hourly (node, at, uploads, ingress, downloads, egress)
SELECT node, at,
    sum(iif(outcome = 0 AND action IN upload, count, 0)),
    min(sum(iif(outcome = 0 AND action IN upload, bytes, 0)), 1 << 53),
    sum(iif(outcome = 0 AND action NOT IN upload, count, 0)),
    min(sum(iif(outcome = 0 AND action NOT IN upload, bytes, 0)), 1 << 53)
FROM traffic_node_hourly GROUP BY node, at;
