/**
 * The tables of consumers. A log has them from its first consumer on: the format of a log without consumers is what it
 * was. `consumers` and `consumer_chunks` are for each consumer what `progress` and `progress_chunks` are for the lanes.
 */
export const CONSUMER_SCHEMA = `
CREATE TABLE consumers (
  name TEXT PRIMARY KEY,
  mark INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE consumer_chunks (
  consumer TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  bits BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (consumer, chunk)
) STRICT;

-- Events that a consumer failed on for good.
CREATE TABLE consumer_failures (
  consumer TEXT NOT NULL,
  position INTEGER NOT NULL,
  key INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('parked', 'skipped')),
  attempts INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (consumer, position)
) STRICT;
`;

export const CONSUMER_TABLES: ReadonlySet<string> = new Set([
  'consumers',
  'consumer_chunks',
  'consumer_failures',
]);
