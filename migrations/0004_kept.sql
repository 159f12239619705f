-- From when on the finer tables of each node are whole.
--
-- Pruning removes what is old, and a writer leaves it out when an old log is read. How long what is
-- kept may be changed, so no reader can tell by the clock what is there: the writer writes it down.

CREATE TABLE kept_from (            -- microseconds; NULL: nothing was removed or left out
    node INTEGER PRIMARY KEY,
    transfers INTEGER,              -- single transfers
    minutes INTEGER,                -- traffic by the minute, latencies by five minutes
    latency_hours INTEGER,          -- latencies and the slowest transfers by the hour
    details INTEGER                 -- sizes, countries, errors, events
) STRICT;

-- What the versions before removed and left out: everything before the end of the newest hour or day
-- of which the coarser table tells and the finer one does not.
INSERT INTO kept_from (node, transfers, minutes, latency_hours, details)
SELECT n.id,
    (SELECT iif(n.first_at < oldest, oldest, NULL) FROM
        (SELECT coalesce((min(key) >> 29) * 1000000, n.last_at + 1) AS oldest FROM transfers)),
    (SELECT h.at + 3600000000 FROM traffic_hourly AS h
        WHERE h.node = n.id AND NOT EXISTS (SELECT 1 FROM traffic_minutely AS m
            WHERE m.node = h.node AND m.at >= h.at AND m.at < h.at + 3600000000)
        ORDER BY h.at DESC LIMIT 1),
    max(
        coalesce((SELECT d.at + 86400000000 FROM latency_daily AS d
            WHERE d.node = n.id AND NOT EXISTS (SELECT 1 FROM latency_hourly AS h
                WHERE h.node = d.node AND h.at >= d.at AND h.at < d.at + 86400000000)
            ORDER BY d.at DESC LIMIT 1), 0),
        coalesce((SELECT d.at + 86400000000 FROM slow_daily AS d
            WHERE d.node = n.id AND NOT EXISTS (SELECT 1 FROM slow_hourly AS h
                WHERE h.node = d.node AND h.at >= d.at AND h.at < d.at + 86400000000)
            ORDER BY d.at DESC LIMIT 1), 0)),
    (SELECT iif(n.first_at / 86400000000 < min(at) / 86400000000,
            min(at) / 86400000000 * 86400000000, NULL)
        FROM (SELECT min(at) AS at FROM size_hourly WHERE node = n.id
            UNION ALL SELECT min(at) FROM error_hourly WHERE node = n.id
            UNION ALL SELECT min(at) FROM orders WHERE node = n.id
            UNION ALL SELECT min(at) FROM reputation WHERE node = n.id AND lines > 0
            UNION ALL SELECT min(at) FROM troubles WHERE node = n.id
            UNION ALL SELECT min(at) FROM lifecycle WHERE node = n.id))
FROM nodes AS n WHERE n.first_at IS NOT NULL;

UPDATE kept_from SET latency_hours = NULL WHERE latency_hours = 0;
