import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../sqlite.js';
import { firstPage, type KnownRun, keyOf, knownRun } from './fences.js';
import {
  damagedRun,
  isHalf,
  PAGE_COLUMNS,
  PageReader,
  pageId,
  RUN_COLUMNS,
  type Run,
  type RunKind,
  type RunRow,
  storedRun,
} from './run.js';

/** Some values of a key, and the version of the first one. */
export interface Found {
  readonly version: number;
  readonly values: Float64Array;
}

/** The same list each time, so that it is known to be the same. */
const NONE: readonly KnownRun[] = [];

/** Finds things in runs: one page of each run is looked at. Inside the caller's transaction. */
export class RunReader {
  readonly #version: Statement;
  readonly #changes: Statement;
  readonly #ids: Statement;
  readonly #run: Statement;
  readonly #page: Statement;
  readonly #entries = new PageReader();
  /** What SQLite said when it was last asked which runs there are: of other connections, and of this one. */
  #seen = -1;
  #seenOwn = -1;
  #known = new Map<number, KnownRun>();
  #byKind = new Map<unknown, readonly KnownRun[]>();

  constructor(database: Sqlite) {
    this.#version = database.prepare('PRAGMA data_version').pluck();
    this.#changes = database.prepare('SELECT total_changes()').pluck();
    this.#ids = database.prepare('SELECT id FROM runs').pluck();
    this.#run = database.prepare(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = ?`).raw();
    this.#page = database.prepare(`SELECT ${PAGE_COLUMNS} FROM run_pages WHERE id = ?`).raw();
  }

  /** The runs of a kind, each behind the one before. @throws StoreCorruptError */
  runs(kind: RunKind): readonly KnownRun[] {
    const version = this.#version.get() as number;
    const own = this.#changes.get() as number;
    if (version !== this.#seen || own !== this.#seenOwn) {
      this.#look();
      this.#seen = version;
      this.#seenOwn = own;
    }
    return this.#byKind.get(kind) ?? NONE;
  }

  /** The last block of names, or position, that the runs of a kind are about; 0 when there are none. */
  last(kind: RunKind): number {
    return this.runs(kind).at(-1)?.high ?? 0;
  }

  /** The values of a key, of runs and pages that may have one of at least that version. */
  *find(kind: RunKind, key: number, from: number): Generator<Found> {
    for (const run of this.runs(kind)) yield* this.findIn(run, key, from);
  }

  /** The same of one run. */
  *findIn(run: KnownRun, key: number, from: number): Generator<Found> {
    for (let page = firstPage(run, key, from); page < run.pages && keyOf(run, page) <= key; page++) {
      for (const { version, count, key: found } of this.page(run, page)) {
        if (found !== key || version + count <= from) continue;
        yield { version, values: this.#entries.values() };
      }
    }
  }

  /** The last version of a key; 0 when no run has it. */
  lastVersion(kind: RunKind, key: number): number {
    for (const run of this.runs(kind).toReversed()) {
      let version = 0;
      const page = firstPage(run, key, Number.MAX_SAFE_INTEGER);
      if (page >= run.pages) continue;
      this.#open(run, page);
      while (this.#entries.next()) {
        if (this.#entries.key === key) version = this.#entries.version + this.#entries.count - 1;
      }
      if (version > 0) return version;
    }
    return 0;
  }

  /** Every entry of a run, in order; `entry` is the same object each time. */
  *entries(run: Run): Generator<PageReader> {
    for (let page = 0; page < run.fences.length / 8; page++) yield* this.page(run, page);
  }

  /** Every entry of a page; `entry` is the same object each time. */
  *page(run: Run, page: number): Generator<PageReader> {
    this.#open(run, page);
    while (this.#entries.next()) yield this.#entries;
  }

  /** A run never changes: those that are known are not read again. Only one that is half done becomes a whole one. */
  #look(): void {
    const ids = this.#ids.all() as number[];
    if (ids.length === this.#known.size && ids.every((id) => this.#known.has(id))) return;
    const all = ids.map((id) => this.#known.get(id) ?? this.#readRun(id));
    all.sort((a, b) => a.low - b.low);
    this.#known = new Map(all.filter((run) => !isHalf(run)).map((run) => [run.id, run]));
    this.#byKind = Map.groupBy(all, ({ kind }) => kind);
  }

  #readRun(id: number): KnownRun {
    const row = this.#run.get(id) as RunRow | undefined;
    // Of damage a row may be met where it cannot be found.
    if (row === undefined) throw damagedRun(id);
    return knownRun(storedRun(row));
  }

  #open(run: Run, page: number): void {
    this.#entries.open(run, page, this.#page.get(pageId(run.id, page)) as [unknown, unknown] | undefined);
  }
}
