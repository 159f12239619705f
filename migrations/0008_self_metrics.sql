-- How the server itself was, by the minute, for a week.
--
-- Counts and times are those of the minute; what is NULL was not measured: there is no pipeline in a
-- server that follows another process, and not every system tells of input and output.

CREATE TABLE self_metrics (
    at INTEGER PRIMARY KEY,                 -- the beginning of the minute, microseconds
    measured INTEGER NOT NULL,              -- the time that the counts are of, microseconds
    cpu INTEGER NOT NULL,                   -- CPU time of the process, microseconds
    resident INTEGER NOT NULL,              -- memory of the process, bytes
    disk_read INTEGER,                      -- what the process read from disks, bytes
    disk_written INTEGER,
    waiting INTEGER,                        -- batches that waited for the writer
    lines INTEGER,                          -- lines of logs that were read
    commits INTEGER,
    committing INTEGER,                     -- microseconds
    longest_commit INTEGER,                 -- microseconds
    cache_hits INTEGER NOT NULL,
    cache_misses INTEGER NOT NULL,
    questions INTEGER NOT NULL,             -- to the database
    slow_questions INTEGER NOT NULL,
    requests INTEGER NOT NULL,              -- over HTTP
    slow_requests INTEGER NOT NULL,
    clients INTEGER NOT NULL,               -- browsers that watched
    frames INTEGER NOT NULL,                -- that they were given
    frame_bytes INTEGER NOT NULL,
    events INTEGER NOT NULL,                -- changes that the hub was told
    load INTEGER,                           -- of the machine over a minute, thousandths
    memory_available INTEGER,               -- of the machine, bytes
    network_received INTEGER,               -- by the machine, bytes
    network_sent INTEGER
) STRICT;

CREATE VIEW v_self_metrics AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000000, 'unixepoch') AS time,
       100.0 * cpu / measured AS cpu_percent, *
FROM self_metrics;
