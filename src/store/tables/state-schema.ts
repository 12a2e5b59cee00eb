/** The tables of keyed state, which a log has from its first state on. */
export const STATE_SCHEMA = `
CREATE TABLE state_types (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (name, version)
) STRICT;

-- What handlers keep for each partition key: slot is the number of the key's name * 4096 + the id of the state's type,
-- position the event that made it so, value a payload.
CREATE TABLE states (
  slot INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  value BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
`;

export const STATE_TABLES: ReadonlySet<string> = new Set(['state_types', 'states']);
