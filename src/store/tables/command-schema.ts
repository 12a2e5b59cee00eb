/** The table of handlers' commands, which a log has from the first of them on. */
export const COMMAND_SCHEMA = `
-- Commands that handlers have sent and that are not decided yet, in the order of their numbers: key is the number of the
-- name of the partition key of the event that led to it, position and place say which event that is and as its how
-- many-eth, facts are names as a JSON array, input is absent when there is none.
CREATE TABLE commands (
  number INTEGER PRIMARY KEY,
  key INTEGER NOT NULL,
  position INTEGER NOT NULL,
  place INTEGER NOT NULL,
  time REAL NOT NULL,
  facts TEXT NOT NULL,
  input BLOB,
  checksum INTEGER NOT NULL
) STRICT;
`;

export const COMMAND_TABLES: ReadonlySet<string> = new Set(['commands']);
