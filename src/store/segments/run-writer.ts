import type { Statement } from 'better-sqlite3';
import { StoreFullError } from '../../kernel/errors.js';
import type { Sqlite } from '../sqlite.js';
import { MAX_RUN, RUN_PAGE_BYTES, RUN_PAGES } from './limits.js';
import { baseOf, pageChecksum, pageId, type Run, RunKind, runChecksum } from './run.js';
import { VARINT_BYTES, writeVarint } from './varint.js';

/** Values of one key, in their order. */
export interface Entry {
  readonly key: number;
  readonly version: number;
  readonly values: ArrayLike<number>;
}

/** The statements that write runs, and the number of the next one. */
export class RunTable {
  readonly database: Sqlite;
  readonly putPage: Statement;
  readonly #put: Statement;
  readonly #drop: Statement;
  readonly #dropPages: Statement;
  #next: number;

  constructor(database: Sqlite) {
    this.database = database;
    // A transaction that was rolled back may have left pages of a run in others: the next run has its number.
    this.putPage = database.prepare('INSERT OR REPLACE INTO run_pages VALUES (?, ?, ?)');
    this.#put = database.prepare('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.#drop = database.prepare('DELETE FROM runs WHERE id = ?');
    this.#dropPages = database.prepare('DELETE FROM run_pages WHERE id >= ? AND id < ?');
    this.#next = ((database.prepare('SELECT max(id) FROM runs').pluck().get() as number | null) ?? 0) + 1;
  }

  /** Removes the pages of runs that a killed process has not finished. */
  tidy(): void {
    const ids = this.database.prepare('SELECT id FROM runs ORDER BY id').pluck().all() as number[];
    let last = 0;
    for (const id of [...ids, MAX_RUN + 1]) {
      if (id > last + 1) this.#dropPages.run(pageId(last + 1, 0), pageId(id, 0));
      last = id;
    }
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
  }

  drop({ id }: Run): void {
    this.#drop.run(id);
    this.#dropPages.run(pageId(id, 0), pageId(id + 1, 0));
  }
}

/** Writes one run, entry by entry in the order of their keys; its pages may lie in several transactions. */
export class RunWriter {
  readonly #table: RunTable;
  readonly #id: number;
  readonly #kind: RunKind;
  readonly #low: number;
  readonly #base: number;
  #fences = new DataView(new ArrayBuffer(8 * 1024));
  #page = Buffer.allocUnsafeSlow(2 * RUN_PAGE_BYTES);
  #end = 0;
  #pages = 0;
  #key = 0;
  #count = 0;

  /** @param low the first block of names, or position, that it is about. */
  constructor(table: RunTable, kind: RunKind, low: number) {
    this.#table = table;
    this.#id = table.take();
    this.#kind = kind;
    this.#low = low;
    this.#base = baseOf({ kind, low });
  }

  add({ key, version, values }: Entry): void {
    // Names of one hash stay together; an aggregate's events are cut where a page is full.
    const most = this.#kind === RunKind.Names ? values.length : MAX_VALUES;
    for (let from = 0; from < values.length; from += most) {
      this.#add(key, version + from, values, from, Math.min(values.length, from + most));
    }
    this.#count += values.length;
  }

  /** Writes the last page and the run. @param tier how often its entries were merged. */
  finish(tier: number, high: number): void {
    this.#flush();
    const fences = new Uint8Array(this.#fences.buffer, 0, this.#pages * 8);
    const run = { id: this.#id, kind: this.#kind, tier, low: this.#low, high, count: this.#count, fences };
    this.#table.put(run);
  }

  #add(key: number, version: number, values: ArrayLike<number>, from: number, to: number): void {
    const bytes = this.#valueBytes(values, from, to);
    const isCut = from > 0 || to < values.length;
    if (this.#end > 0 && (isCut || this.#end + bytes + 4 * VARINT_BYTES > RUN_PAGE_BYTES)) this.#flush();
    this.#reserve(bytes + 4 * VARINT_BYTES);
    const page = this.#page;
    if (this.#end === 0) this.#fence(key, version);
    let at = writeVarint(page, this.#end, key - this.#key);
    at = writeVarint(page, at, version);
    at = writeVarint(page, at, to - from);
    at = writeVarint(page, at, bytes);
    let last = this.#base;
    for (let index = from; index < to; index++) {
      const value = values[index] as number;
      at = writeVarint(page, at, value - last);
      last = value;
    }
    this.#key = key;
    this.#end = at;
  }

  #valueBytes(values: ArrayLike<number>, from: number, to: number): number {
    let bytes = 0;
    let last = this.#base;
    for (let index = from; index < to; index++) {
      const value = values[index] as number;
      let rest = value - last;
      for (bytes++; rest > 0x7f; bytes++) rest = Math.floor(rest / 0x80);
      last = value;
    }
    return bytes;
  }

  #flush(): void {
    if (this.#end === 0) return;
    if (this.#pages === RUN_PAGES) throw new StoreFullError('A run of the index has too many pages.');
    const id = pageId(this.#id, this.#pages++);
    const body = this.#page.subarray(0, this.#end);
    this.#table.putPage.run(id, pageChecksum(id, body), body);
    this.#end = 0;
    this.#key = 0;
  }

  #fence(key: number, version: number): void {
    const at = this.#pages * 8;
    if (at === this.#fences.byteLength) {
      const larger = new Uint8Array(2 * at);
      larger.set(new Uint8Array(this.#fences.buffer));
      this.#fences = new DataView(larger.buffer);
    }
    this.#fences.setUint32(at, key, true);
    this.#fences.setUint32(at + 4, version, true);
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#page.length) return;
    const larger = Buffer.allocUnsafeSlow(this.#end + bytes);
    this.#page.copy(larger, 0, 0, this.#end);
    this.#page = larger;
  }
}

/** Values of one entry: of two bytes each they fill a page. */
const MAX_VALUES = RUN_PAGE_BYTES / 2;
