import { PROGRESS_SCHEMA } from './progress-table.js';

/** 'MILL' in ASCII: SQLite's application_id, at byte 68 of the file. */
export const APPLICATION_ID = 0x4d_49_4c_4c;

/** Format of the file: SQLite's user_version, at byte 60. A reader refuses a higher one. */
export const FORMAT_VERSION = 1;

/**
 * The tables. Events are appended by position and nothing else; the index on (aggregate, version) is a table
 * of its own that the writer fills later in sorted runs, because an index kept at insert time costs three to
 * ten times the insert itself. Names, types and payload shapes are interned: the events hold numbers. What
 * `batches` does not cover has a checksum of its own, so that a changed byte is found wherever it matters.
 */
export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

CREATE TABLE event_types (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  volatile TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (name, version)
) STRICT;

-- Payloads that begin with a byte from 0x40 to 0x7f are records: the number of a shape, then its values in order.
-- 0x40 + id for id below 32; else 0x60 + (id & 31) and a second byte (id - 32) >> 5.
CREATE TABLE payload_shapes (id INTEGER PRIMARY KEY, keys TEXT NOT NULL) STRICT;

CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  aggregate INTEGER NOT NULL,
  version INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  data BLOB NOT NULL,
  partition_key INTEGER,
  causation INTEGER,
  metadata BLOB
);

-- A run of an aggregate's versions: version to version + count - 1 lie at base + each offset (32 bits, little-endian).
-- The offsets of a long run lie in event_runs, so that this table's rows stay small: they are inserted all over it.
CREATE TABLE event_index (
  aggregate INTEGER NOT NULL,
  version INTEGER NOT NULL,
  count INTEGER NOT NULL,
  base INTEGER NOT NULL,
  offsets BLOB,
  run INTEGER,
  PRIMARY KEY (aggregate, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_runs (id INTEGER PRIMARY KEY, offsets BLOB NOT NULL) STRICT;

-- One row a transaction with events: the position of the last one, the number of names and shapes after it, a check
-- of 32 bits (little-endian) for each event, and a CRC over all that and the row before. See checksum.ts.
CREATE TABLE batches (
  last INTEGER PRIMARY KEY,
  names INTEGER NOT NULL,
  shapes INTEGER NOT NULL,
  checks BLOB NOT NULL,
  chain INTEGER NOT NULL
) STRICT;

${PROGRESS_SCHEMA}
-- Events whose handlers failed for good.
CREATE TABLE dead_letters (
  position INTEGER PRIMARY KEY,
  key INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('parked', 'skipped')),
  attempts INTEGER NOT NULL,
  handler TEXT NOT NULL,
  lane INTEGER NOT NULL,
  first_failed_at INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  retry INTEGER NOT NULL CHECK (retry IN (0, 1)),
  checksum INTEGER NOT NULL
) STRICT;

-- What an engine asks for at open, however many others there are.
CREATE INDEX dead_letters_to_handle ON dead_letters (position) WHERE state = 'parked' OR retry = 1;

CREATE VIEW event_log AS
  SELECT
    events.position,
    event_types.name AS type,
    aggregates.name AS aggregate_id,
    events.version,
    strftime('%Y-%m-%dT%H:%M:%fZ', events.occurred_at / 1000.0, 'unixepoch') AS occurred_at,
    coalesce(keys.name, aggregates.name) AS partition_key,
    events.causation,
    length(events.data) AS data_bytes,
    events.data AS data_msgpack,
    events.metadata AS metadata_msgpack
  FROM events
  JOIN event_types ON event_types.id = events.type
  JOIN names AS aggregates ON aggregates.id = events.aggregate
  LEFT JOIN names AS keys ON keys.id = events.partition_key;
`;
