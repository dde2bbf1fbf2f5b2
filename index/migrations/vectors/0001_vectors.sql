-- Vectors that a model has made, so that no text is embedded twice. Everything here can be made again.

CREATE TABLE space (
    key  INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, -- fingerprint of the model, and how it was used
    dim  INTEGER NOT NULL
) STRICT;

CREATE TABLE vector (
    space   INTEGER NOT NULL REFERENCES space (key),
    digest  TEXT NOT NULL, -- SHA-256 of what was embedded, in hex
    vectors BLOB NOT NULL, -- one or more, float16, little-endian
    PRIMARY KEY (space, digest)
) STRICT, WITHOUT ROWID;
