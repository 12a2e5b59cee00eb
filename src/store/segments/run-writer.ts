import { StoreFullError } from '../../kernel/errors.js';
import { RUN_PAGE_BYTES, RUN_PAGES } from './limits.js';
import { baseOf, pageChecksum, pageId, type Run, RunKind } from './run.js';
import type { RunTable } from './run-table.js';
import { VARINT_BYTES, writeVarint } from './varint.js';

/** Values of one entry: of two bytes each they fill a page. */
const MAX_VALUES = RUN_PAGE_BYTES / 2;

/** Writes one run, value by value in the order of their keys; its pages may lie in several transactions. */
export class RunWriter {
  readonly id: number;
  readonly #table: RunTable;
  readonly #kind: RunKind;
  readonly #low: number;
  readonly #base: number;
  /** Names of one hash stay together; an aggregate's events are cut where a page is full. */
  readonly #most: number;
  #fences = new DataView(new ArrayBuffer(8 * 1024));
  #page = Buffer.allocUnsafeSlow(2 * RUN_PAGE_BYTES);
  #end = 0;
  #pages = 0;
  /** Of the last entry in the page. */
  #key = 0;
  #count = 0;
  /** The entry that values are being added to. */
  #values = new Float64Array(MAX_VALUES);
  #pending = 0;
  #pendingKey = 0;
  #version = 0;
  /** The last entry was cut: the next one has the same key. */
  #isCut = false;

  /**
   * @param low the first block of names, or position, that it is about.
   * @param half what was written before its writer was closed: it goes on behind that.
   */
  constructor(table: RunTable, kind: RunKind, low: number, half?: Run) {
    this.#table = table;
    this.id = half?.id ?? table.take();
    this.#kind = kind;
    this.#low = low;
    this.#base = baseOf({ kind, low });
    this.#most = kind === RunKind.Names ? Number.POSITIVE_INFINITY : MAX_VALUES;
    if (half) this.#resume(half);
  }

  /** Adds a value. @param version of this value: an entry has that of its first one. */
  add(key: number, version: number, value: number): void {
    if (this.#pending > 0 && (key !== this.#pendingKey || this.#pending >= this.#most)) {
      this.#emit(key === this.#pendingKey);
    }
    if (this.#pending === 0) {
      this.#pendingKey = key;
      this.#version = version;
    } else if (this.#pending === this.#values.length) {
      const larger = new Float64Array(2 * this.#pending);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#pending++] = value;
  }

  /** Writes the last page and the run. @param tier how often its entries were merged. */
  finish(tier: number, high: number): void {
    if (this.#pending > 0) this.#emit(false);
    this.#put(this.#kind, tier, high);
  }

  /** Leaves in the file what there is of a merge of runs up to `high`; an entry that may go on is not written. */
  suspend(tier: number, high: number): void {
    if (this.#end === 0 && this.#pages === 0) return;
    this.#put(this.#kind === RunKind.Names ? RunKind.HalfNames : RunKind.HalfEvents, tier, high);
  }

  #put(kind: RunKind, tier: number, high: number): void {
    this.#flush();
    const fences = new Uint8Array(this.#fences.buffer, 0, this.#pages * 8);
    this.#table.put({ id: this.id, kind, tier, low: this.#low, high, count: this.#count, fences });
  }

  #resume({ fences, count }: Run): void {
    const bytes = new Uint8Array(Math.max(8 * 1024, 2 * fences.length));
    bytes.set(fences);
    this.#fences = new DataView(bytes.buffer);
    this.#pages = fences.length / 8;
    this.#count = count;
  }

  /** Writes the pending entry. @param goesOn its key has more values, which do not fit into it. */
  #emit(goesOn: boolean): void {
    const count = this.#pending;
    const values = this.#values;
    if (count > 1 && this.#kind === RunKind.Names) values.subarray(0, count).sort();
    const bytes = this.#valueBytes(count);
    const isCut = this.#isCut || goesOn;
    if (this.#end > 0 && (isCut || this.#end + bytes + 4 * VARINT_BYTES > RUN_PAGE_BYTES)) this.#flush();
    this.#reserve(bytes + 4 * VARINT_BYTES);
    const page = this.#page;
    if (this.#end === 0) this.#fence(this.#pendingKey, this.#version);
    let at = writeVarint(page, this.#end, this.#pendingKey - this.#key);
    at = writeVarint(page, at, this.#version);
    at = writeVarint(page, at, count);
    at = writeVarint(page, at, bytes);
    let last = this.#base;
    for (let index = 0; index < count; index++) {
      const value = values[index] as number;
      at = writeVarint(page, at, value - last);
      last = value;
    }
    this.#key = this.#pendingKey;
    this.#end = at;
    this.#count += count;
    this.#pending = 0;
    this.#isCut = goesOn;
  }

  #valueBytes(count: number): number {
    let bytes = 0;
    let last = this.#base;
    for (let index = 0; index < count; index++) {
      const value = this.#values[index] as number;
      let rest = value - last;
      for (bytes++; rest > 0x7f; bytes++) rest = Math.floor(rest / 0x80);
      last = value;
    }
    return bytes;
  }

  #flush(): void {
    if (this.#end === 0) return;
    if (this.#pages === RUN_PAGES) throw new StoreFullError('A run of the index has too many pages.');
    const id = pageId(this.id, this.#pages++);
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
