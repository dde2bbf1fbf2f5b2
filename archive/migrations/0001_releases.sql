-- Rows are never deleted: a removed release is marked, a changed one gets another version.

CREATE TABLE release (
    key        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,   -- public and stable
    given_id   TEXT UNIQUE,            -- the source's own id, once a source gave one
    url        TEXT,                   -- of the current version
    source     TEXT NOT NULL,          -- where it was last read
    version    INTEGER NOT NULL,       -- number of the current version
    removed_at TEXT                    -- ISO 8601, UTC
) STRICT;
CREATE INDEX release_url ON release (url);
CREATE INDEX release_source ON release (source);

CREATE TABLE version (
    key         INTEGER PRIMARY KEY,
    release     INTEGER NOT NULL REFERENCES release (key),
    number      INTEGER NOT NULL,
    digest      BLOB NOT NULL,         -- SHA-256 of title and body
    title       TEXT NOT NULL,
    body        TEXT NOT NULL,         -- as published
    url         TEXT,
    published   TEXT,                  -- ISO 8601, date or date and time
    topic       TEXT,
    city        TEXT,
    initials    TEXT NOT NULL,         -- separated by "/"
    office      TEXT,
    imported_at TEXT NOT NULL,         -- ISO 8601, UTC
    UNIQUE (release, number)
) STRICT;
CREATE INDEX version_digest ON version (digest);

CREATE TABLE paragraph (
    id       INTEGER PRIMARY KEY,
    version  INTEGER NOT NULL REFERENCES version (key),
    position INTEGER NOT NULL,         -- from 0
    text     TEXT NOT NULL,
    UNIQUE (version, position)
) STRICT;

-- One row, whose number is drawn anew whenever the live paragraphs or what is known of their releases change.
CREATE TABLE state (
    changes INTEGER NOT NULL
) STRICT;
INSERT INTO state VALUES (random());
