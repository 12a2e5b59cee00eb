import type { Statement } from 'better-sqlite3';
import { StoreFullError } from '../../kernel/errors.js';
import type { Sqlite } from '../sqlite.js';
import { MAX_RUN, RUN_PAGES } from './limits.js';
import { pageId, type Run, runChecksum } from './run.js';

/** Ids of pages that belong to no run: `from` to `to - 1`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The statements that write runs, and the number of the next one. A run that goes leaves its pages behind: however
 * many they are, each transaction removes only some of them.
 */
export class RunTable {
  readonly database: Sqlite;
  readonly putPage: Statement;
  readonly #put: Statement;
  readonly #drop: Statement;
  readonly #dropPages: Statement;
  #next: number;
  /** Those of the last commit, and those that the transaction adds or has emptied. */
  #left: readonly Range[] = [];
  #leftNow: Range[] = [];

  constructor(database: Sqlite) {
    this.database = database;
    // A merge that goes on where a killed process began to, or a transaction that was rolled back, writes pages again.
    this.putPage = database.prepare('INSERT OR REPLACE INTO run_pages VALUES (?, ?, ?)');
    this.#put = database.prepare('INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.#drop = database.prepare('DELETE FROM runs WHERE id = ?');
    this.#dropPages = database.prepare(
      'DELETE FROM run_pages WHERE id IN (SELECT id FROM run_pages WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)',
    );
    // Above whatever a killed process has left, which is removed piece by piece while new runs come.
    const page = database.prepare('SELECT max(id) FROM run_pages').pluck().get() as number | null;
    const run = database.prepare('SELECT max(id) FROM runs').pluck().get() as number | null;
    this.#next = Math.max(run ?? 0, Math.floor((page ?? 0) / RUN_PAGES)) + 1;
    this.#findLeft();
  }

  /** Whether there are pages that belong to no run. */
  get hasLeft(): boolean {
    return this.#leftNow.length > 0;
  }

  /** The number of a new run. @throws StoreFullError */
  take(): number {
    if (this.#next > MAX_RUN)
      throw new StoreFullError(`Store ${this.database.name} has had too many index runs.`);
    return this.#next++;
  }

  put(run: Run): void {
    const { id, kind, tier, low, high, count, fences } = run;
    this.#put.run(id, kind, tier, low, high, count, fences, runChecksum(run));
    // A merge that goes on may have had more pages before.
    this.#leftNow.push({ from: pageId(id, fences.length / 8), to: pageId(id + 1, 0) });
  }

  /** Removes a run, and its pages later. */
  drop({ id }: Pick<Run, 'id'>): void {
    this.#drop.run(id);
    this.#leftNow.push({ from: pageId(id, 0), to: pageId(id + 1, 0) });
  }

  /** Removes some of the pages that belong to no run. @returns how many, `most` at most. */
  tidy(most: number): number {
    let removed = 0;
    while (removed < most) {
      const range = this.#leftNow[0];
      if (!range) break;
      const { changes } = this.#dropPages.run(range.from, range.to, most - removed);
      removed += changes;
      if (removed < most) this.#leftNow.shift();
    }
    return removed;
  }

  /** What comes first of those pages cannot be removed: it stays. */
  leaveFirst(): void {
    this.#leftNow.shift();
  }

  /** Does `work` so that nothing of it stays when it throws, and the caller's transaction goes on. */
  attempt<Result>(work: () => Result): Result {
    const left = [...this.#leftNow];
    try {
      return this.database.transaction(work)();
    } catch (error) {
      this.#leftNow = left;
      throw error;
    }
  }

  committed(): void {
    this.#left = [...this.#leftNow];
  }

  rolledBack(): void {
    this.#leftNow = [...this.#left];
  }

  /** What a killed process has left. */
  #findLeft(): void {
    const ids = this.database.prepare('SELECT id FROM runs ORDER BY id').pluck().all() as number[];
    let last = 0;
    for (const id of [...ids, this.#next]) {
      if (id > last + 1) this.#leftNow.push({ from: pageId(last + 1, 0), to: pageId(id, 0) });
      last = id;
    }
    this.committed();
  }
}
