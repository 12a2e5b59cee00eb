import { ForeignStoreError, NewerStoreError } from '../kernel/errors.js';
import { MAX_NAME_BYTES, PROCESSING_LOCK_MS } from '../limits.js';
import { measured } from '../store/measured.js';
import { PROGRESS_SCHEMA } from '../store/progress-table.js';
import { checkSchema } from '../store/schema-check.js';
import { guard, inTransaction, openConnection, type Sqlite, toStoreError } from '../store/sqlite.js';

/** 'MILP' in ASCII, beside the log's 'MILL': SQLite's application_id. */
const APPLICATION_ID = 0x4d_49_4c_50;

/** Format of the file: SQLite's user_version. */
const FORMAT_VERSION = 1;

/** What is stored in `meta` under the log's run. */
const RUN = 'run';

const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Which positions are finished, in the form that the log uses for its lanes: a mark and, above it, one bit each.
${PROGRESS_SCHEMA}
-- One row a try: who handled which event, when, for how long and with what outcome.
CREATE TABLE processing_log (
  id INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  handler TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  processed_at INTEGER NOT NULL,
  milliseconds REAL,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'failed')),
  result BLOB,
  error TEXT
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
  error TEXT NOT NULL
) STRICT;

PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT_VERSION};
`;

/**
 * Opens the file in which the main thread notes what became of a log's events, and makes it if it is not there.
 *
 * WAL with `synchronous=NORMAL`: what was noted survives a killed process at once, and a power cut from the last
 * checkpoint on. More would be wasted: an event whose mark is lost is handled again, which is the promise anyway.
 *
 * @param run the log's run; undefined for a log in memory.
 * @throws ForeignStoreError, NewerStoreError, StoreCorruptError, and the errors of SQLite.
 */
export function openProcessing(path: string, run: string | undefined): Sqlite {
  const database = openConnection(path, { readonly: false, timeout: PROCESSING_LOCK_MS });
  try {
    checkFormat(path, database);
    const isNew = database.pragma('user_version', { simple: true }) === 0;
    if (!isNew) checkSchema(database, SCHEMA);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    if (isNew) create(database);
    if (run !== undefined) checkRun(path, database, run);
    return database;
  } catch (error) {
    database.close();
    throw toStoreError(path, error);
  }
}

function create(database: Sqlite): void {
  inTransaction(database, () => database.exec(SCHEMA));
}

function checkFormat(path: string, database: Sqlite): void {
  const format = Number(guard(path, () => database.pragma('user_version', { simple: true })));
  const application = Number(database.pragma('application_id', { simple: true }));
  const tables = Number(database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
  if (application !== APPLICATION_ID && tables > 0) {
    throw new ForeignStoreError(
      `File ${path} is another program's. It was not changed. Events are noted there as processed: move it away.`,
    );
  }
  if (format > FORMAT_VERSION) {
    throw new NewerStoreError(
      `File ${path} has format ${format}, this Millrace knows ${FORMAT_VERSION}. It was not changed; update millrace.`,
      { details: { format } },
    );
  }
}

/** Marks of another log would leave this one's events unhandled. */
function checkRun(path: string, database: Sqlite, run: string): void {
  const noted = database
    .prepare(`SELECT ${measured('value', MAX_NAME_BYTES)} FROM meta WHERE key = ?`)
    .pluck()
    .get(RUN) as string | null | undefined;
  if (noted === undefined) database.prepare('INSERT INTO meta VALUES (?, ?)').run(RUN, run);
  else if (noted !== run) {
    throw new ForeignStoreError(
      `File ${path} tells which events of the log '${noted}' are processed, but the log beside it is '${run}'. It was not changed. Move it away to have every event of this log processed, or put the right log back.`,
      { details: { run, noted } },
    );
  }
}
