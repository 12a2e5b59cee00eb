/**
 * The tables of an event bus, which a log has from the first thing on that its bus notes. Which events are processed
 * stands with the consumers, under `BUS_CONSUMER`: an event bus is one.
 */
export const PROCESSING_SCHEMA = `
-- One row per try: who handled which event, when, for how long and with what outcome.
CREATE TABLE processing_log (
  id INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  handler TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  processed_at INTEGER NOT NULL,
  milliseconds REAL,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'failed')),
  result BLOB,
  error TEXT,
  checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX processing_log_by_position ON processing_log (position);

-- Events with a subscriber whose retries are used up. The event's own facts are here too, for logs that forget.
CREATE TABLE failed_events (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  aggregate_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  handlers TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_failed_at INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
`;

export const PROCESSING_TABLES: ReadonlySet<string> = new Set(['processing_log', 'failed_events']);
