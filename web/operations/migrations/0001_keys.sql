CREATE TABLE api_key (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,  -- SHA-256 of the token, which itself is kept nowhere
    per_minute INTEGER NOT NULL,  -- requests allowed; 0 for any number
    created_at TEXT NOT NULL,     -- ISO 8601, UTC
    revoked_at TEXT
);

-- A name may be given again once its key is revoked.
CREATE UNIQUE INDEX api_key_name ON api_key (name) WHERE revoked_at IS NULL;
