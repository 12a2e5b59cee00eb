import { randomUUID } from 'node:crypto';
import { linkSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { knownOptions, optionNames } from '../events/known-options.js';
import { InputError, OutputError, PayloadTooLargeError, UnsupportedPayloadError } from '../kernel/errors.js';
import { reasonOf } from '../kernel/thrown.js';
import { checkStorePath } from '../store/store-path.js';
import { BadRecord } from './import-record.js';
import { badLine, importedEvents } from './import-source.js';
import { EXPORT_PIECE } from './limits.js';
import { NewLog } from './new-log.js';

/** How a store is made of an export. */
export interface ImportOptions {
  /**
   * Whether the events count as handled, so that the handlers of an engine get only what comes after them. Default true;
   * `false`: the next engine that opens the store handles them all.
   */
  readonly handled?: boolean;
  /** Ends the import, and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Called now and then with how many events have been read. A promise is waited for; what it throws ends the import. */
  readonly onProgress?: (events: number) => unknown;
}

/** What was imported. */
export interface ImportSummary {
  /** Whole path of the new store. */
  readonly path: string;
  /** What the ids of its events begin with, as in the log that they come from. */
  readonly run: string;
  readonly events: number;
  readonly aggregates: number;
}

const IMPORT = optionNames<ImportOptions>('importStore', {
  handled: 'boolean',
  signal: true,
  onProgress: 'function',
});

/**
 * Makes a new store of what `exportStore` wrote as `.jsonl`, `.jsonl.gz` or `.db`: the same events in the same order, with
 * their ids, versions, times, metadata and payloads. Positions count from 1 without gaps. The store is written beside its
 * place and gets its name when it is whole; nothing is ever replaced.
 *
 * @param file the export.
 * @param into the path of the store, where nothing is yet.
 * @throws InputError, with `details.line`, for a file that is damaged, not an export, or no whole log; OutputError when
 * there is something at `into`, or it cannot be written; InvalidOptionError; the signal's reason; what `onProgress` throws.
 */
export async function importStore(
  file: string,
  into: string,
  options: ImportOptions = {},
): Promise<ImportSummary> {
  const { handled = true, signal, onProgress = () => {} } = knownOptions(options, IMPORT);
  checkStorePath(file, 'The path of an export');
  const path = resolve(checkStorePath(into, 'The path of a store'));
  checkPlace(path);
  const events = importedEvents(file);
  const staged = join(dirname(path), `.millrace-${randomUUID()}.tmp`);
  const log = new NewLog(staged, handled);
  try {
    await fill(log, file, events, signal, onProgress);
    place(staged, path);
    const { run, events: count, aggregates } = log;
    return { path, run, events: count, aggregates };
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  } finally {
    for (const end of ['-lock', '-wal', '-shm', '-journal']) rmSync(`${staged}${end}`, { force: true });
  }
}

async function fill(
  log: NewLog,
  file: string,
  events: ReturnType<typeof importedEvents>,
  signal: AbortSignal | undefined,
  onProgress: NonNullable<ImportOptions['onProgress']>,
): Promise<void> {
  try {
    for await (const { line, event } of events) {
      if (log.events % EXPORT_PIECE === 0) {
        // Signals, and whatever else the program does, have their turn.
        await setImmediate();
        signal?.throwIfAborted();
        await onProgress(log.events);
      }
      try {
        log.add(event);
      } catch (error) {
        throw asInputError(file, line, error);
      }
    }
    signal?.throwIfAborted();
    if (log.events === 0)
      throw new InputError(`'${file}' holds no events. Pass what 'millrace export' wrote.`);
    log.finish();
    await onProgress(log.events);
  } catch (error) {
    log.abandon();
    throw error;
  }
}

/** Names the line when it is the event that is wrong, and not the disk. */
function asInputError(file: string, line: number, error: unknown): unknown {
  if (error instanceof BadRecord) return badLine(file, line, error.message, error);
  const isUnstorable = error instanceof UnsupportedPayloadError || error instanceof PayloadTooLargeError;
  return isUnstorable ? badLine(file, line, `cannot be stored: ${reasonOf(error)}`, error) : error;
}

/** Before any work is done. What lies beside a store that is gone would be taken for the new one's. @throws OutputError */
function checkPlace(path: string): void {
  for (const taken of [path, `${path}-wal`, `${path}-journal`]) {
    if (!lstatSync(taken, { throwIfNoEntry: false })) continue;
    throw new OutputError(
      `'${taken}' exists, and an import replaces nothing. Name a store that does not exist yet.`,
    );
  }
  if (lstatSync(dirname(path), { throwIfNoEntry: false })) return;
  throw new OutputError(`'${path}' cannot be written: its folder does not exist. Create it first.`);
}

/** Gives the new store its name, unless something has it by now. */
function place(staged: string, path: string): void {
  try {
    linkSync(staged, path);
    rmSync(staged);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new OutputError(`'${path}' exists by now, and an import replaces nothing. Name another one.`, {
        cause: error,
      });
    }
    // A file system without hard links.
    checkPlace(path);
    renameSync(staged, path);
  }
}
