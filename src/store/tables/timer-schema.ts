/** The table of timers, which a log has from its first timer on. */
export const TIMER_SCHEMA = `
-- Events that are not published yet: key is the number of the name of the partition key that the timer belongs to,
-- position and number say which event scheduled it and as its how many-eth, the rest is the event.
CREATE TABLE timers (
  key INTEGER NOT NULL,
  name TEXT NOT NULL,
  at INTEGER NOT NULL,
  position INTEGER NOT NULL,
  number INTEGER NOT NULL,
  type INTEGER NOT NULL,
  occurred_at REAL NOT NULL,
  aggregate TEXT NOT NULL,
  partition_key TEXT NOT NULL,
  data BLOB NOT NULL,
  metadata BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (key, name)
) STRICT;

CREATE INDEX timers_by_time ON timers (at, position, number, name, key, type);
`;

export const TIMER_TABLES: ReadonlySet<string> = new Set(['timers']);
