import { LANES } from './dead-letter.js';
import { SEGMENT_SCHEMA } from './segments/schema.js';
import { PROGRESS_SCHEMA } from './tables/progress-table.js';

/** 'MILL' in ASCII: SQLite's application_id, at byte 68 of the file. */
export const APPLICATION_ID = 0x4d_49_4c_4c;

/** Format of the file: SQLite's user_version, at byte 60. A reader refuses every other one. */
export const FORMAT_VERSION = 2;

/** What reads the formats before. */
export const OLDER_FORMATS: Readonly<Record<number, string>> = { 1: 'millrace 0.1' };

/**
 * Dead letters that are not the lanes' alone, as nearly all are. Names of late handlers' consumers are longer than the lanes',
 * so the length says it, which SQLite knows without loading what a hostile file has there.
 */
export const HAS_LATE_OWNERS = `octet_length(owners) > ${Buffer.byteLength(JSON.stringify([LANES]))}`;

/**
 * The tables. Names, types and payload shapes are interned: the events hold numbers. What no segment covers has a
 * checksum of its own, so that a changed byte is found wherever it matters.
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
CREATE TABLE payload_shapes (id INTEGER PRIMARY KEY, keys TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT;

${SEGMENT_SCHEMA}
${PROGRESS_SCHEMA}
-- Events whose handlers failed for good.
CREATE TABLE dead_letters (
  position INTEGER PRIMARY KEY,
  key INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('parked', 'skipped')),
  attempts INTEGER NOT NULL,
  handler TEXT NOT NULL,
  -- Whose failed event it is, a JSON list: of the lanes, of consumers that are handlers which came later.
  owners TEXT NOT NULL,
  lane INTEGER NOT NULL,
  first_failed_at INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  retry INTEGER NOT NULL CHECK (retry IN (0, 1)),
  checksum INTEGER NOT NULL
) STRICT;

-- What an engine asks for at open, however many others there are.
CREATE INDEX dead_letters_to_handle ON dead_letters (position) WHERE state = 'parked' OR retry = 1;

-- What is counted for each handler that came later, likewise.
CREATE INDEX dead_letters_of_late ON dead_letters (state) WHERE ${HAS_LATE_OWNERS};
`;
