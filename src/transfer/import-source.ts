import { isUtf8 } from 'node:buffer';
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError, StoreCorruptError } from '../kernel/errors.js';
import { messageOf } from '../kernel/thrown.js';
import { openConnection, type Sqlite } from '../store/sqlite.js';
import { BadRecord, type ImportedEvent, importedEvent } from './import-record.js';
import { EXPORT_HEAD_BYTES, MAX_IMPORT_LINE_BYTES } from './limits.js';
import { EXPORT_FORMAT } from './sink.js';
import { EXPORT_ID } from './sqlite-sink.js';

/** An event, and where in the file it stands. */
export interface Placed {
  /** The line, or the position of the row in a database. */
  readonly line: number;
  readonly event: ImportedEvent;
}

/** Every event of a file that `millrace export` wrote, in its order. @throws InputError with `details.line` */
export function importedEvents(path: string): AsyncIterable<Placed> | Iterable<Placed> {
  const head = headOf(path);
  if (head.toString('latin1', 0, 15) === 'SQLite format 3') {
    if (head.length >= 72 && head.readUInt32BE(68) === EXPORT_ID) return rowsOf(path);
    throw new InputError(
      `'${path}' is a SQLite file, but no export of Millrace. Make one with 'millrace export FILE --to out.db'.`,
    );
  }
  return linesOf(path, head[0] === 0x1f && head[1] === 0x8b);
}

function headOf(path: string): Buffer {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new InputError(`'${path}' is no regular file. Pass the path of an export.`);
    const file = openSync(path, 'r');
    try {
      const head = Buffer.alloc(Math.min(stats.size, EXPORT_HEAD_BYTES));
      return head.subarray(0, readSync(file, head, 0, head.length, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`'${path}' cannot be read: ${messageOf(error)}. Check the path.`, { cause: error });
  }
}

/** An error that names the place. */
export function badLine(path: string, line: number, what: string, cause?: unknown): InputError {
  return new InputError(`'${path}', line ${line}: the event ${what}. Nothing was imported.`, {
    ...(cause !== undefined && { cause }),
    details: { line },
  });
}

async function* linesOf(path: string, isPacked: boolean): AsyncGenerator<Placed> {
  let line = 0;
  for await (const text of textLines(path, isPacked, () => line)) {
    line++;
    yield { line, event: parsed(path, line, text) };
  }
}

function parsed(path: string, line: number, text: string): ImportedEvent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badLine(path, line, `is no JSON: ${messageOf(cause).slice(0, 200)}`, cause);
  }
  return checked(path, line, value);
}

function checked(path: string, line: number, value: unknown): ImportedEvent {
  try {
    return importedEvent(value);
  } catch (error) {
    if (error instanceof BadRecord) throw badLine(path, line, error.message);
    throw error;
  }
}

/** The lines of a file, of which no more than one is held. */
async function* textLines(path: string, isPacked: boolean, line: () => number): AsyncGenerator<string> {
  const file = createReadStream(path);
  const gunzip = isPacked ? createGunzip() : undefined;
  const input: Readable = gunzip ? file.on('error', (error) => gunzip.destroy(error)).pipe(gunzip) : file;
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (): string => {
    const whole = Buffer.concat(parts, bytes);
    parts = [];
    bytes = 0;
    // Decoded all the same, what is damaged would be another text.
    if (!isUtf8(whole)) throw badLine(path, line() + 1, 'is no UTF-8');
    return whole.toString('utf8');
  };
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let at = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
        parts.push(chunk.subarray(at, end));
        bytes += end - at;
        at = end + 1;
        yield take();
      }
      parts.push(chunk.subarray(at));
      bytes += chunk.length - at;
      // No event is so long; and what is packed may be larger than any memory.
      if (bytes > MAX_IMPORT_LINE_BYTES) throw badLine(path, line() + 1, 'is longer than any event can be');
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw badLine(path, line() + 1, `cannot be read: ${messageOf(error)}`, error);
  } finally {
    file.destroy();
    gunzip?.destroy();
  }
  if (bytes > 0) yield take();
}

function* rowsOf(path: string): Generator<Placed> {
  let database: Sqlite | undefined;
  try {
    database = openConnection(path, { readonly: true });
    const version = database.pragma('user_version', { simple: true });
    if (version !== EXPORT_FORMAT) {
      throw new InputError(
        `'${path}' is an export of form ${version}, this Millrace knows ${EXPORT_FORMAT}. Update millrace.`,
      );
    }
    const volatile = new Map(
      (database.prepare('SELECT type, type_version, volatile FROM types').raw().all() as string[][]).map(
        ([type, of, names = '']) => [`${of} ${type}`, names],
      ),
    );
    const rows = database.prepare('SELECT * FROM events ORDER BY position').iterate();
    for (const row of rows as IterableIterator<Record<string, unknown>>) {
      const line = Number(row.position);
      yield { line, event: checked(path, line, fieldsOf(path, line, row, volatile)) };
    }
  } catch (error) {
    if ((error as Error).name !== 'SqliteError' && !(error instanceof StoreCorruptError)) throw error;
    throw new InputError(`'${path}' cannot be read: ${messageOf(error)} Nothing was imported.`, {
      cause: error,
    });
  } finally {
    database?.close();
  }
}

/** A row as a line of JSON has it. */
function fieldsOf(
  path: string,
  line: number,
  row: Record<string, unknown>,
  volatile: Map<string, string>,
): object {
  const { exact, data, metadata, ...fields } = row;
  const of = `${row.type_version} ${row.type}`;
  // Told with the first event of its type, as in lines.
  const own = volatile.get(of);
  volatile.delete(of);
  try {
    const values = exact === null ? {} : (JSON.parse(String(exact)) as object);
    const plain = exact === null ? { data: parse(data), metadata: parse(metadata) } : values;
    return { ...fields, ...plain, ...(own !== undefined && { volatile: JSON.parse(own) }) };
  } catch (cause) {
    throw badLine(path, line, `is no JSON: ${messageOf(cause).slice(0, 200)}`, cause);
  }
}

function parse(text: unknown): unknown {
  return JSON.parse(String(text));
}
