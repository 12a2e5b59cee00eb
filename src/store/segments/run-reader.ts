import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '../sqlite.js';
import {
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

/** A run and its fences. */
interface KnownRun extends Run {
  readonly view: DataView;
  readonly pages: number;
}

/** Finds things in runs: one page of each run is looked at. Inside the caller's transaction. */
export class RunReader {
  readonly #newest: Statement;
  readonly #all: Statement;
  readonly #page: Statement;
  readonly #entries = new PageReader();
  #last = '';
  #runs: readonly KnownRun[] = [];

  constructor(database: Sqlite) {
    this.#newest = database.prepare('SELECT count(*), max(id) FROM runs').raw();
    this.#all = database.prepare(`SELECT ${RUN_COLUMNS} FROM runs ORDER BY low`).raw();
    this.#page = database.prepare(`SELECT ${PAGE_COLUMNS} FROM run_pages WHERE id = ?`).raw();
  }

  /** The runs of a kind, each behind the one before. @throws StoreCorruptError */
  runs(kind: RunKind): readonly KnownRun[] {
    // A new run has a new number, or takes the place of several: that says whether they are those of the last time.
    const newest = (this.#newest.get() as [number, number | null]).join();
    if (newest !== this.#last) {
      this.#runs = (this.#all.all() as RunRow[]).map((row) => {
        const run = storedRun(row);
        const { buffer, byteOffset, byteLength } = run.fences;
        return { ...run, view: new DataView(buffer, byteOffset, byteLength), pages: byteLength / 8 };
      });
      this.#last = newest;
    }
    return this.#runs.filter((run) => run.kind === kind);
  }

  /** The last block of names, or position, that the runs of a kind are about; 0 when there are none. */
  last(kind: RunKind): number {
    return this.runs(kind).at(-1)?.high ?? 0;
  }

  /** The values of a key, of runs and pages that may have one of at least that version. */
  *find(kind: RunKind, key: number, from: number): Generator<Found> {
    for (const run of this.runs(kind)) {
      for (let page = firstPage(run, key, from); page < run.pages && keyOf(run, page) <= key; page++) {
        this.#open(run, page);
        while (this.#entries.next()) {
          const { version, count } = this.#entries;
          if (this.#entries.key !== key || version + count <= from) continue;
          yield { version, values: this.#entries.values() };
        }
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
    for (let page = 0; page < run.fences.length / 8; page++) {
      this.#open(run, page);
      while (this.#entries.next()) yield this.#entries;
    }
  }

  #open(run: Run, page: number): void {
    this.#entries.open(run, page, this.#page.get(pageId(run.id, page)) as [unknown, unknown] | undefined);
  }
}

function keyOf({ view }: KnownRun, page: number): number {
  return view.getUint32(page * 8, true);
}

/** The first page in which a version of a key may lie; none when the run begins behind it. */
function firstPage(run: KnownRun, key: number, from: number): number {
  // The last page that begins at or before the version, or before the key.
  let low = 0;
  let high = run.pages;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const fence = keyOf(run, middle);
    const isBefore = fence < key || (fence === key && run.view.getUint32(middle * 8 + 4, true) <= from);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  if (low > 0) return low - 1;
  return run.pages > 0 && keyOf(run, 0) === key ? 0 : run.pages;
}
