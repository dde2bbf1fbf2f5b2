-- Where releases come from, what became of them there, and more of what is known of each.

ALTER TABLE version ADD COLUMN published_from TEXT;  -- "metadata", "permalink" or "text"
ALTER TABLE version ADD COLUMN event_date TEXT;      -- YYYY-MM-DD
ALTER TABLE version ADD COLUMN agency TEXT;
ALTER TABLE version ADD COLUMN author TEXT;
ALTER TABLE version ADD COLUMN language TEXT;        -- ISO 639-1
ALTER TABLE version ADD COLUMN modified TEXT;        -- ISO 8601, as the publisher says
ALTER TABLE version ADD COLUMN fetched_at TEXT;      -- ISO 8601, UTC; NULL where it was read from a file

ALTER TABLE release ADD COLUMN gone_at TEXT;         -- ISO 8601, UTC: no source that had it lists it any more
ALTER TABLE release ADD COLUMN same_as INTEGER REFERENCES release (key);  -- the first release with this very text
ALTER TABLE release ADD COLUMN address TEXT;         -- the url in its one spelling, by which releases are recognised
CREATE INDEX release_same_as ON release (same_as) WHERE same_as IS NOT NULL;
CREATE INDEX release_address ON release (address);
-- Empty but for a moment: SQL cannot spell an address, so the store does when it next opens.
CREATE INDEX release_without_address ON release (key) WHERE address IS NULL AND url IS NOT NULL;

UPDATE release SET same_as = (
    SELECT min(other.release)
    FROM version AS mine JOIN version AS other ON other.digest = mine.digest
    WHERE mine.release = release.key AND mine.number = release.version AND other.release < release.key
);

CREATE TABLE source (
    key              INTEGER PRIMARY KEY,
    name             TEXT NOT NULL UNIQUE,
    url              TEXT NOT NULL UNIQUE,
    kind             TEXT NOT NULL CHECK (kind IN ('auto', 'wordpress', 'feed', 'sitemap')),
    options          TEXT NOT NULL,               -- a JSON object
    added_at         TEXT NOT NULL,               -- ISO 8601, UTC, as are all that follow
    last_run_at      TEXT,                        -- when the last harvest ended, well or not
    last_success_at  TEXT,                        -- when the last one ended that read all there was to read
    last_report      TEXT,                        -- a JSON object
    run              INTEGER NOT NULL DEFAULT 0,  -- number of the harvest under way, or of the last one
    run_started_at   TEXT,                        -- NULL when none is under way or waits to be continued
    run_cursor       TEXT,                        -- how far it came
    last_whole_run   INTEGER NOT NULL DEFAULT 0   -- number of the last harvest that ended
) STRICT;

-- What a source lists: posts, entries of a feed, pages of a sitemap, and the listings themselves.
CREATE TABLE source_item (
    source        INTEGER NOT NULL REFERENCES source (key) ON DELETE CASCADE,
    key           TEXT NOT NULL,                  -- what the source knows it by
    url           TEXT NOT NULL,
    listing       TEXT,                           -- address of the listing that names it
    etag          TEXT,
    last_modified TEXT,                           -- as the answer's header says
    modified      TEXT,                           -- as the listing said when this was last read
    digest        TEXT,                           -- of the answer, SHA-256 in hexadecimal
    release       INTEGER REFERENCES release (key),
    first_seen_at TEXT NOT NULL,                  -- ISO 8601, UTC
    last_seen_at  TEXT NOT NULL,
    seen_run      INTEGER NOT NULL,               -- the harvest that last saw it listed
    gone_at       TEXT,
    is_lost       INTEGER NOT NULL DEFAULT 0,     -- the source answers that it is gone, whatever it lists
    failed_at     TEXT,                           -- NULL once it has been read
    failure       TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,     -- failures since it was last read
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_item_release ON source_item (release) WHERE release IS NOT NULL;
CREATE INDEX source_item_listing ON source_item (source, listing) WHERE listing IS NOT NULL;
CREATE INDEX source_item_run ON source_item (source, seen_run);

-- Which columns of a table hold which fields, as the keeper once said, by the table's first line.
CREATE TABLE csv_columns (
    header  TEXT PRIMARY KEY,
    columns TEXT NOT NULL                         -- a JSON object: field to column
) STRICT, WITHOUT ROWID;
