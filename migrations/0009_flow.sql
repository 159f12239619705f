-- What moved to and from each node, by the minute and by the hour.
--
-- A curve of rates needs no actions and no outcomes: a day of minutes has one row in fourteen. There
-- is a row wherever a transfer ended or was turned away, even if none succeeded, so the hours also say of which time the log
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

CREATE VIEW v_flow_minutely AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, t.uploads, t.ingress, t.downloads, t.egress, t.at
FROM flow_minutely AS t LEFT JOIN nodes AS n ON n.id = t.node;

CREATE VIEW v_flow_hourly AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', t.at / 1000000, 'unixepoch') AS time,
       n.name AS node, t.uploads, t.ingress, t.downloads, t.egress, t.at
FROM flow_hourly AS t LEFT JOIN nodes AS n ON n.id = t.node;

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
