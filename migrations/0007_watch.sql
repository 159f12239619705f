-- Until when somebody in another process watches what is written here: while somebody does, who
-- writes commits more often.

CREATE TABLE watch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    until INTEGER NOT NULL          -- microseconds; a follower that is gone renews it no more
) STRICT;
