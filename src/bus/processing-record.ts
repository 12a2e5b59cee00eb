import type { Progress, ProgressChange } from '../store/progress.js';
import { withoutAbove } from '../store/progress-span.js';
import { ProgressTable } from '../store/progress-table.js';
import { inTransaction, type Sqlite, toStoreError } from '../store/sqlite.js';
import { MemoryTables } from './memory-tables.js';
import type { ProcessingRows } from './processing-rows.js';
import { openProcessing } from './processing-schema.js';
import { ProcessingTables } from './processing-tables.js';

/** Where a processing record lies. */
export interface ProcessingRecord {
  readonly rows: ProcessingRows;
  /** Which positions were finished when it was opened. */
  readonly progress: ProgressChange;
  /** Writes rows and progress: all of it or nothing. */
  write(rows: readonly ((rows: ProcessingRows) => void)[], progress: Progress): void;
  /** A coded error for what a call of this has thrown. */
  errorOf(error: unknown): Error;
  close(): void;
}

/** A record that ends with the process. */
export class MemoryRecord implements ProcessingRecord {
  readonly rows = new MemoryTables();
  readonly progress: ProgressChange = { mark: 0, chunks: [] };

  write(rows: readonly ((rows: ProcessingRows) => void)[], progress: Progress): void {
    for (const write of rows) write(this.rows);
    if (progress.changed) progress.take();
    this.rows.dropOldest();
  }

  errorOf(error: unknown): Error {
    return error as Error;
  }

  close(): void {}
}

/** A record in a file beside the log's. */
export class FileRecord implements ProcessingRecord {
  readonly rows: ProcessingRows;
  readonly progress: ProgressChange;
  readonly #path: string;
  readonly #database: Sqlite;
  readonly #table: ProgressTable;

  /** @throws ForeignStoreError, NewerStoreError, StoreCorruptError and the other errors of SQLite. */
  constructor(path: string, run: string | undefined, lastPosition: number) {
    this.#path = path;
    this.#database = openProcessing(path, run);
    try {
      const tables = new ProcessingTables(this.#database);
      this.rows = tables;
      this.#table = new ProgressTable(this.#database);
      this.progress = this.#within(lastPosition, tables);
    } catch (error) {
      this.#database.close();
      throw toStoreError(path, error);
    }
  }

  write(rows: readonly ((rows: ProcessingRows) => void)[], progress: Progress): void {
    inTransaction(this.#database, () => {
      for (const write of rows) write(this.rows);
      if (progress.changed) this.#table.save(progress.take());
    });
    this.#table.committed();
  }

  errorOf(error: unknown): Error {
    return toStoreError(this.#path, error);
  }

  close(): void {
    this.#database.close();
  }

  /** A log that lost its end in a power cut (durability `os`) gets new events there: the marks must go too. */
  #within(lastPosition: number, tables: ProcessingTables): ProgressChange {
    const { mark, chunks } = this.#table;
    const within = withoutAbove({ mark, chunks }, lastPosition);
    if (within === undefined) return { mark, chunks };
    inTransaction(this.#database, () => {
      this.#database.exec('DELETE FROM progress_chunks');
      this.#table.save(within);
      tables.dropAbove(lastPosition);
    });
    this.#table.committed();
    return within;
  }
}
