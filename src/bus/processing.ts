// Not the global one, which a test with fake timers replaces: what is noted must be written all the same.
import { clearImmediate, setImmediate } from 'node:timers';
import { PROCESSING_FLUSH_ROWS } from '../limits.js';
import { Progress } from '../store/progress.js';
import { countFinished } from '../store/progress-span.js';
import { FileRecord, MemoryRecord, type ProcessingRecord } from './processing-record.js';
import type { FailedRecord, NewEntry, ProcessingEntry, ProcessingRows, RowRange } from './processing-rows.js';

/** Where a processing record lies, and the log that it is about. */
export interface ProcessingOptions {
  /** Left out: in memory. */
  readonly path: string | undefined;
  /** The log's run. */
  readonly run: string | undefined;
  /** The log's last position. */
  readonly lastPosition: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * What the main thread knows of a log's events: which ones are finished, who tried them with what outcome, and which
 * ones failed for good. It lies in a small file of its own beside the log, because the log's file belongs to the
 * engine's writer thread alone.
 *
 * What is noted in one turn of the event loop becomes one transaction at its end. It is always behind the log and
 * never ahead of it: an event is durable before anybody hears of it, so after a crash an event may be handled again
 * but is never left out.
 */
export class Processing {
  readonly path: string | undefined;
  /** Called once when the file cannot be written any more. */
  onFailure: (error: Error) => void = () => {};
  readonly #record: ProcessingRecord;
  readonly #progress: Progress;
  #finished: number;
  #rows: ((rows: ProcessingRows) => void)[] = [];
  #waiting: Waiter[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #failure: Error | undefined;

  /** @throws ForeignStoreError, NewerStoreError, StoreCorruptError and the other errors of SQLite. */
  constructor({ path, run, lastPosition }: ProcessingOptions) {
    this.path = path;
    this.#record = path === undefined ? new MemoryRecord() : new FileRecord(path, run, lastPosition);
    const { progress } = this.#record;
    this.#progress = new Progress(progress.mark, progress.chunks);
    this.#finished = countFinished(progress);
  }

  /** How many positions are finished: processed, or failed for good. */
  get finished(): number {
    return this.#finished;
  }

  get failedCount(): number {
    return this.#read(() => this.#record.rows.failedCount);
  }

  isFinished(position: number): boolean {
    return this.#progress.isFinished(position);
  }

  /** The first position from `from` on that is not finished. */
  nextUnfinished(from: number): number {
    return this.#progress.nextUnfinished(from);
  }

  /** An event needs no more handling. Whatever is noted of it comes first. */
  finish(position: number): void {
    if (this.#progress.isFinished(position)) return;
    this.#progress.finish(position);
    this.#finished++;
    // Only here: what is noted of an event before it is finished lies in the same transaction as that.
    if (this.#rows.length >= PROCESSING_FLUSH_ROWS) this.flush();
    else this.#schedule();
  }

  note(entry: NewEntry): void {
    this.#write((tables) => tables.add(entry));
  }

  fail(record: FailedRecord): void {
    this.#write((tables) => tables.fail(record));
  }

  unfail(position: number): void {
    this.#write((tables) => tables.unfail(position));
  }

  entries(position: number | undefined, range: RowRange): ProcessingEntry[] {
    return this.#read(() => this.#record.rows.entries(position, range));
  }

  failures(range: RowRange): FailedRecord[] {
    return this.#read(() => this.#record.rows.failures(range));
  }

  failure(position: number): FailedRecord | undefined {
    return this.#read(() => this.#record.rows.failure(position));
  }

  dropEntries(before: number): number {
    return this.#read(() => this.#record.rows.dropEntries(before));
  }

  /** Resolves when everything noted so far is written. */
  async flushed(): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (!this.#scheduled) return;
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Writes what was noted, in one transaction. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#failure) return;
    const rows = this.#rows;
    this.#rows = [];
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      this.#record.write(rows, this.#progress);
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      this.#failed(this.#record.errorOf(error), waiting);
    }
  }

  /** Writes what is left and lets go of the file. */
  close(): void {
    try {
      if (this.#scheduled) this.flush();
    } finally {
      this.#record.close();
    }
    if (this.#failure) throw this.#failure;
  }

  #failed(error: Error, waiting: readonly Waiter[]): void {
    this.#failure = error;
    for (const { reject } of waiting) reject(error);
    this.onFailure(error);
  }

  #write(row: (rows: ProcessingRows) => void): void {
    this.#rows.push(row);
    this.#schedule();
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  #read<Result>(read: () => Result): Result {
    if (this.#scheduled) this.flush();
    if (this.#failure) throw this.#failure;
    try {
      return read();
    } catch (error) {
      throw this.#record.errorOf(error);
    }
  }
}
