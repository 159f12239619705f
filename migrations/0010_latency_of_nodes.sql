-- Latencies by the hour with satellites together.
--
-- Most curves and what is unusual do not tell satellites apart: a sixth of the rows to read and to add
-- up. Kept as long as those with satellites.

CREATE TABLE latency_node_hourly (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the beginning of the hour
    action INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    histogram BLOB NOT NULL,
    PRIMARY KEY (node, at, action, clock)
) STRICT, WITHOUT ROWID;

-- What is there already, row by row: sorted by hour and action first, a year of many nodes would fill
-- the memory. `histogram_sum` is a function of the program: SQL cannot add histograms.

INSERT INTO latency_node_hourly (node, at, action, clock, histogram)
SELECT node, at, action, clock, histogram FROM latency_hourly WHERE true
ON CONFLICT DO UPDATE SET histogram = histogram_sum(histogram, excluded.histogram);
