import { existsSync, rmSync } from 'node:fs';
import { ForeignStoreError } from '../kernel/errors.js';
import { parseError } from '../store/dead-letter-table.js';
import type { EncodedEntry, FailedRecord } from '../store/processing.js';
import { withoutAbove } from '../store/progress-span.js';
import { readProgress } from '../store/progress-table.js';
import { realPath } from '../store/real-path.js';
import { openConnection, type Sqlite, toStoreError } from '../store/sqlite.js';
import type { Processing } from './processing.js';

/** 'MILP' in ASCII: SQLite's application_id of such a file. */
const APPLICATION_ID = 0x4d_49_4c_50;

/** The log that a record should be about. */
interface LogFacts {
  readonly run: string;
  readonly lastPosition: number;
}

/**
 * Takes over what a bus of Millrace 0.1 has noted in a file of its own beside the log, and deletes that file when it
 * is stored in the log. Killed in between, it begins again: no bus has run by then.
 *
 * @returns whether there was such a file.
 * @throws ForeignStoreError when the file is another program's, or about another log; StoreCorruptError and the other
 * errors of SQLite, EngineFailedError. The file is left as it was then.
 */
export async function takeOverRecord(store: string, processing: Processing, log: LogFacts): Promise<boolean> {
  const path = `${realPath(store)}-processing`;
  if (!existsSync(path)) return false;
  await readRecord(path, processing, log);
  await processing.flushed();
  for (const end of ['-wal', '-shm', '']) rmSync(path + end, { force: true });
  return true;
}

async function readRecord(path: string, processing: Processing, log: LogFacts): Promise<void> {
  const database = openConnection(path, { readonly: false, mustExist: true });
  try {
    checkRecord(path, database, log.run);
    const { row, chunks } = readProgress(database);
    const all = { mark: row.mark, chunks: chunks.map(({ index, bits }) => ({ index, bits })) };
    const last = log.lastPosition;
    processing.adopt(withoutAbove(all, last) ?? all);
    for (const record of failedEvents(database)) {
      if (record.position <= last) processing.fail(record);
      if (processing.isFull) await processing.flushed();
    }
    for (const entry of entries(database)) {
      if (entry.position <= last) processing.note(entry);
      if (processing.isFull) await processing.flushed();
    }
  } catch (error) {
    throw toStoreError(path, error);
  } finally {
    database.close();
  }
}

/** Marks of another log would leave this one's events unhandled. */
function checkRecord(path: string, database: Sqlite, run: string): void {
  const isOurs = database.pragma('application_id', { simple: true }) === APPLICATION_ID;
  const noted = isOurs && database.prepare("SELECT value FROM meta WHERE key = 'run'").pluck().get();
  if (noted === run) return;
  const what = isOurs ? `is about the log '${noted}', but the log beside it is '${run}'` : "is no bus's";
  throw new ForeignStoreError(
    `File ${path} ${what}. It was not changed. Move it away to have every event of this log processed, or put the right log back.`,
    { details: { run, noted: String(noted) } },
  );
}

function* failedEvents(database: Sqlite): Generator<FailedRecord> {
  const rows = database.prepare(
    `SELECT position, id, type, aggregate_id AS aggregateId, version, handlers, attempts,
     first_failed_at AS firstFailedAt, failed_at AS failedAt, error FROM failed_events ORDER BY position`,
  );
  for (const row of rows.iterate() as Iterable<FailedRecord & { handlers: string; error: unknown }>) {
    yield { ...row, handlers: JSON.parse(row.handlers) as string[], error: parseError(row.error) };
  }
}

function* entries(database: Sqlite): Generator<Omit<EncodedEntry, 'number'>> {
  const rows = database.prepare(
    `SELECT position, handler, attempt, processed_at AS processedAt, milliseconds, outcome, result, error
     FROM processing_log ORDER BY id`,
  );
  type Row = { [Name in keyof Omit<EncodedEntry, 'number'>]: EncodedEntry[Name] | null };
  for (const row of rows.iterate() as Iterable<Row>) {
    const { milliseconds, result, error } = row;
    yield {
      ...(row as Omit<EncodedEntry, 'number'>),
      milliseconds: milliseconds ?? undefined,
      result: result ?? undefined,
      error: error === null ? undefined : parseError(error),
    };
  }
}
