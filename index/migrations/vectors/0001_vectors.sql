-- Vectors that a model has made, so that no text is embedded twice. Everything here can be made again.

CREATE TABLE space (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE -- fingerprint of the model, and how it was used
) STRICT;

CREATE TABLE vector (
    space INTEGER NOT NULL REFERENCES space (key) ON DELETE CASCADE,
    digest TEXT NOT NULL, -- SHA-256 of what was embedded, in hex
    vector BLOB NOT NULL, -- float32, little-endian
    PRIMARY KEY (space, digest)
) STRICT, WITHOUT ROWID;
