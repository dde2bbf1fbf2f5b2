CREATE TABLE hook (
    key              INTEGER PRIMARY KEY,
    name             TEXT NOT NULL UNIQUE,
    url              TEXT NOT NULL,
    secret           TEXT NOT NULL,     -- as it was printed: signing needs it
    search           TEXT NOT NULL,     -- a JSON object
    base_url         TEXT NOT NULL,     -- what its links begin with
    allow_private    INTEGER NOT NULL,
    made_at          TEXT NOT NULL,     -- ISO 8601, UTC, as are all that follow
    made_after       INTEGER NOT NULL,  -- row id of the archive's last paragraph then
    looked_at        TEXT               -- generation and state of the archive in which it last looked
) STRICT;

CREATE TABLE delivery (
    key              INTEGER PRIMARY KEY,
    hook             INTEGER NOT NULL REFERENCES hook (key) ON DELETE CASCADE,
    id               TEXT NOT NULL UNIQUE,
    body             TEXT,              -- NULL once it has arrived, or was given up
    queued_at        TEXT NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0,
    next_attempt_at  TEXT NOT NULL,
    failure          TEXT,              -- of the last attempt
    delivered_at     TEXT,
    given_up_at      TEXT
) STRICT;
CREATE INDEX delivery_due ON delivery (hook, key) WHERE body IS NOT NULL;

-- What was announced, or is about to be; a passage is announced once.
CREATE TABLE announced (
    hook             INTEGER NOT NULL REFERENCES hook (key) ON DELETE CASCADE,
    passage          TEXT NOT NULL,
    delivery         INTEGER NOT NULL REFERENCES delivery (key) ON DELETE CASCADE,
    PRIMARY KEY (hook, passage)
) STRICT, WITHOUT ROWID;
