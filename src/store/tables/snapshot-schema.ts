/** The table of snapshots, which a log has from its first snapshot on. */
export const SNAPSHOT_SCHEMA = `
-- States of aggregates that take commands: aggregate is the number of the name, kind and kind_version say which definition
-- made the state, version and position of which event it is; state and notes are payloads. Nothing is lost without a row.
CREATE TABLE snapshots (
  aggregate INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  kind_version INTEGER NOT NULL,
  version INTEGER NOT NULL,
  position INTEGER NOT NULL,
  state BLOB NOT NULL,
  notes BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
`;

export const SNAPSHOT_TABLES: ReadonlySet<string> = new Set(['snapshots']);
