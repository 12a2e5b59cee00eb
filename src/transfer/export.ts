import { lstatSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { knownOptions, optionNames } from '../events/known-options.js';
import { OutputFolder } from '../files/output-folder.js';
import { MillraceError, OutputError } from '../kernel/errors.js';
import { messageOf } from '../kernel/thrown.js';
import type { EventRecord } from '../store/sql/event-columns.js';
import { SqliteReader } from '../store/sqlite-reader.js';
import { checkStorePath } from '../store/store-path.js';
import { readRun } from '../store/types.js';
import type { EventSelection } from './event-selection.js';
import { type ExportForm, type FileForm, formOf } from './form.js';
import { isExport } from './is-export.js';
import { EXPORT_PIECE, EXPORT_PIECE_BYTES } from './limits.js';
import { parquetSink } from './parquet-sink.js';
import { Selection } from './selection.js';
import type { Sink, SinkOptions } from './sink.js';
import { sqliteSink } from './sqlite-sink.js';
import { csvSink, jsonLinesSink } from './text-sink.js';

/** Which events of a store are exported, and how. */
export interface ExportOptions extends EventSelection {
  /** Whether an earlier export that is there may be replaced; anything else never is. Default false. */
  readonly force?: boolean;
  /** Ends the export, and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /**
   * Called now and then with how many positions of how many have been looked at. A promise is waited for; what it throws
   * ends the export.
   */
  readonly onProgress?: (done: number, total: number) => unknown;
}

/** What was exported. */
export interface ExportSummary {
  /** Whole path of the file. */
  readonly path: string;
  readonly form: ExportForm;
  readonly events: number;
  readonly bytes: number;
  /** The last position of the store when the export began: later events are not in it. */
  readonly lastPosition: number;
}

const EXPORT = optionNames<ExportOptions>('exportStore', {
  types: true,
  aggregateId: true,
  from: true,
  until: true,
  force: 'boolean',
  signal: true,
  onProgress: 'function',
});

/**
 * Writes events of a store for other programs, an event a row, also while an engine has the store open. What is written is
 * said by the end of the name: `.db` (SQLite), `.jsonl`, `.csv` (either with `.gz` behind it) or `.parquet`. The file is
 * written beside its place and renamed when it is whole, never through a link.
 *
 * @param path of the store.
 * @param to the file.
 * @throws OutputError when something is there, or it cannot be written; PackageMissingError for a Parquet file without
 * `hyparquet-writer`; InvalidOptionError, UnknownEventTypeError; the errors of `openStoreReader`; the signal's reason;
 * what `onProgress` throws.
 */
export async function exportStore(
  path: string,
  to: string,
  options: ExportOptions = {},
): Promise<ExportSummary> {
  const { force = false, signal, onProgress = () => {} } = knownOptions(options, EXPORT);
  const form = formOf(checkStorePath(to, 'The path of an export'));
  const reader = new SqliteReader(checkStorePath(path, 'The path of a store'));
  try {
    checkPlace(to, force);
    const run = readRun(reader.database);
    const { lastPosition } = reader;
    const selection = new Selection(reader, run, lastPosition, options);
    const isOurs = (name: string) => force && isExport(join(dirname(to), name));
    const folder = OutputFolder.open(dirname(to), { isOurs });
    const staged = folder.stage();
    const types = [...reader.types.values()];
    let own: { readonly error: unknown } | undefined;
    const tell = async (done: number, total: number) => {
      try {
        await onProgress(done, total);
      } catch (error) {
        own = { error };
        throw error;
      }
    };
    try {
      const sink = await sinkOf(form, { path: staged, store: basename(path), types });
      const events = await pour(selection, sink, signal, tell);
      const { size: bytes } = statSync(staged);
      const placed = await folder.place(staged, basename(to));
      return { path: placed, form: form.form, events, bytes, lastPosition };
    } catch (error) {
      await rm(staged, { force: true });
      folder.removeIfEmpty();
      throw own || signal?.aborted || error instanceof MillraceError ? error : cannotWrite(to, error);
    }
  } finally {
    reader.close();
  }
}

function sinkOf({ form, isPacked }: FileForm, options: SinkOptions): Sink | Promise<Sink> {
  switch (form) {
    case 'sqlite':
      return sqliteSink(options);
    case 'jsonl':
      return jsonLinesSink(options, isPacked);
    case 'csv':
      return csvSink(options, isPacked);
    default:
      return parquetSink(options);
  }
}

/** @returns how many events there were. */
async function pour(
  selection: Selection,
  sink: Sink,
  signal: AbortSignal | undefined,
  tell: (done: number, total: number) => Promise<void>,
): Promise<number> {
  const total = Math.max(0, selection.last - selection.first + 1);
  let events = 0;
  try {
    for (const piece of piecesOf(selection.records())) {
      // Signals, and whatever else the program does, have their turn.
      await setImmediate();
      signal?.throwIfAborted();
      await sink.write(piece);
      events += piece.length;
      await tell((piece.at(-1)?.position ?? 0) - selection.first + 1, total);
    }
    signal?.throwIfAborted();
    await sink.finish();
    await tell(total, total);
    return events;
  } catch (error) {
    await sink.abandon();
    throw error;
  }
}

function* piecesOf(records: Iterable<EventRecord>): Generator<EventRecord[]> {
  let piece: EventRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    piece.push(record);
    bytes += record.size;
    if (piece.length < EXPORT_PIECE && bytes < EXPORT_PIECE_BYTES) continue;
    yield piece;
    piece = [];
    bytes = 0;
  }
  if (piece.length > 0) yield piece;
}

/** Before any work is done. @throws OutputError */
function checkPlace(to: string, force: boolean): void {
  const there = lstatSync(to, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isFile()) {
    throw new OutputError(
      `'${to}' is ${there.isDirectory() ? 'a folder' : there.isSymbolicLink() ? 'a link' : 'no regular file'}. Name a file that does not exist yet.`,
    );
  }
  if (!force) {
    throw new OutputError(
      `'${to}' exists. Name another file, or replace it by force, if it is an earlier export.`,
    );
  }
  if (isExport(to)) return;
  throw new OutputError(
    `'${to}' exists, and it is no export of Millrace: it is not replaced, not even by force. Name another file.`,
  );
}

function cannotWrite(to: string, error: unknown): OutputError {
  return new OutputError(`'${to}' cannot be written: ${messageOf(error)}. Name another file.`, {
    cause: error,
  });
}
