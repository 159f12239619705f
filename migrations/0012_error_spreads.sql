-- What the placeholders of error texts stood for, by day.
--
-- A text is stored as its template, in which numbers, addresses, paths and ids are left out. How far the numbers
-- ranged and how many different values of the others there were is kept beside it. Of what was stored before
-- nothing is known, since the texts themselves are not kept.

CREATE TABLE error_spreads (
    node INTEGER NOT NULL,
    at INTEGER NOT NULL,            -- the day
    template INTEGER NOT NULL,
    spreads BLOB NOT NULL,          -- by placeholder: a range, hashes of values, or the registers of an estimate
    PRIMARY KEY (node, at, template)
) STRICT, WITHOUT ROWID;
