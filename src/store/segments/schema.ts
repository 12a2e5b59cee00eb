/** What a person finds who opens the file with a SQLite shell. */
const README = [
  'This is an event log of Millrace (the npm package millrace), in its format 2.',
  'Events lie in the table segments, many to a row, as columns and MessagePack, mostly compressed with zstd.',
  'To look at them: npx millrace sql FILE "SELECT * FROM events", or millrace inspect FILE. The format: docs/reference/file-format.md.',
];

/**
 * The tables of the log. Everything that is written with events is appended: segments and names at their end, and runs
 * that find things, each sorted once. See docs/reference/file-format.md.
 */
export const SEGMENT_SCHEMA = `
CREATE TABLE readme (line INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
INSERT INTO readme VALUES ${README.map((text, line) => `(${line + 1}, '${text}')`).join(', ')};

-- Events whose positions follow each other, of one transaction or, once they are packed, of several.
CREATE TABLE segments (
  first INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  names INTEGER NOT NULL,
  shapes INTEGER NOT NULL,
  chain INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  packed INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  types BLOB NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- Aggregate ids and partition keys. Events hold their numbers.
CREATE TABLE names (
  block INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  count INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX names_by_number ON names (first);

-- What finds names by their hash, and events by their aggregate.
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  tier INTEGER NOT NULL,
  low INTEGER NOT NULL,
  high INTEGER NOT NULL,
  count INTEGER NOT NULL,
  fences BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE run_pages (id INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
`;
