import { crc32 } from 'node:zlib';
import { StoreCorruptError } from '../../kernel/errors.js';
import { measured, numberOf } from '../measured.js';
import { MAX_RUN, MAX_RUN_PAGE_BYTES, RUN_PAGES } from './limits.js';
import { VarintReader } from './varint.js';

// A run finds things by a key. It is a list of entries in the order of their keys, cut into pages, and says of each
// page with which key it begins (the fences). An entry is: how much larger its key is than the one before in the page,
// the version of its first value, how many values there are, how many bytes they take, the first value, and each
// further one less the one before it; each a varint. Positions are written less the lowest of their run.
//
// A key whose entry does not fit into the rest of a page begins a new one, so the pages that begin with a key have all
// of it, and if none does it lies in one page.

/**
 * What a run finds. `Names`: the key is a name's hash, and the values are the numbers of the names that have it.
 * `Events`: the key is the number of an aggregate, and the values are the positions of its events, version by version.
 * The other two are what a merge of such runs has written when its writer was closed: nothing is looked up in them.
 */
export const RunKind = { Names: 1, Events: 2, HalfNames: 3, HalfEvents: 4 } as const;
export type RunKind = (typeof RunKind)[keyof typeof RunKind];

/** Whether nothing is looked up in it. */
export function isHalf({ kind }: Pick<Run, 'kind'>): boolean {
  return kind === RunKind.HalfNames || kind === RunKind.HalfEvents;
}

/** A row of `runs`, but for its checksum. */
export interface Run {
  readonly id: number;
  readonly kind: RunKind;
  /** How often its entries were merged. */
  readonly tier: number;
  /** The first and last block of names, or position, that it is about; each run begins behind the one before. */
  readonly low: number;
  readonly high: number;
  /** How many values it has. */
  readonly count: number;
  /** For each page, the key and the version with which it begins: two numbers of 32 bits, little-endian. */
  readonly fences: Uint8Array;
}

export type RunRow = readonly [
  id: number,
  kind: unknown,
  tier: unknown,
  low: unknown,
  high: unknown,
  count: unknown,
  fences: unknown,
  checksum: unknown,
];

/** The columns of a `RunRow`. */
export const RUN_COLUMNS = `id, ${['kind', 'tier', 'low', 'high', 'count'].map(numberOf).join(', ')},
  ${measured('fences', 8 * RUN_PAGES)}, ${numberOf('checksum')}`;

/** What is taken off the first value of each entry. */
export function baseOf({ kind, low }: Pick<Run, 'kind' | 'low'>): number {
  return kind === RunKind.Events || kind === RunKind.HalfEvents ? low : 0;
}

const header = Buffer.alloc(6 * 8);

export function runChecksum({ id, kind, tier, low, high, count, fences }: Run): number {
  let at = 0;
  for (const value of [id, kind, tier, low, high, count]) at = header.writeDoubleLE(value, at);
  return crc32(fences, crc32(header));
}

/** What a row says, if it is what was written. @throws StoreCorruptError */
export function storedRun([id, kind, tier, low, high, count, fences, checksum]: RunRow): Run {
  const numbers = [kind, tier, low, high, count];
  if (numbers.every(Number.isSafeInteger) && fences instanceof Uint8Array && id > 0 && id <= MAX_RUN) {
    const run = { id, kind, tier, low, high, count, fences } as Run;
    if (fences.length % 8 === 0 && runChecksum(run) === checksum) return run;
  }
  throw damagedRun(id);
}

/** The number of a run's page, and its checksum. */
export function pageId(run: number, page: number): number {
  return run * RUN_PAGES + page;
}

const pageHeader = Buffer.alloc(8);

export function pageChecksum(id: number, body: Uint8Array): number {
  pageHeader.writeDoubleLE(id, 0);
  return crc32(body, crc32(pageHeader));
}

/** The columns of a row of `run_pages`. */
export const PAGE_COLUMNS = `${numberOf('checksum')}, ${measured('body', MAX_RUN_PAGE_BYTES)}`;

/** The entries of a page. */
export class PageReader {
  readonly #varints = new VarintReader();
  #run = 0;
  #base = 0;
  #end = 0;
  key = 0;
  version = 0;
  count = 0;

  /** Begins to read a page of a run. @throws StoreCorruptError when it is not what was written. */
  open(run: Run, page: number, row: readonly [checksum: unknown, body: unknown] | undefined): void {
    const id = pageId(run.id, page);
    const [checksum, body] = row ?? [];
    if (!(body instanceof Uint8Array) || pageChecksum(id, body) !== checksum) throw damagedRun(run.id);
    this.#varints.open(body);
    this.#run = run.id;
    this.#base = baseOf(run);
    this.#end = 0;
    this.key = 0;
  }

  /** Goes on to the next entry. @returns false when there is none. @throws StoreCorruptError */
  next(): boolean {
    const varints = this.#varints;
    varints.at = this.#end;
    if (varints.isAtEnd) return false;
    this.key += varints.next();
    this.version = varints.next();
    this.count = varints.next();
    const bytes = varints.next();
    this.#end = varints.at + bytes;
    if (this.count === 0 || this.count > bytes || bytes > MAX_RUN_PAGE_BYTES) throw damagedRun(this.#run);
    return true;
  }

  /** The values of the entry. @throws StoreCorruptError */
  values(): Float64Array {
    const values = new Float64Array(this.count);
    this.valuesInto(values);
    return values;
  }

  /** Puts the values of the entry into the first `count` places of an array. @throws StoreCorruptError */
  valuesInto(values: Float64Array): void {
    let value = this.#base;
    for (let index = 0; index < this.count; index++) {
      value += this.#varints.next();
      values[index] = value;
    }
    if (this.#varints.at !== this.#end) throw damagedRun(this.#run);
  }
}

export function damagedRun(id: number): StoreCorruptError {
  return new StoreCorruptError(
    `The store is damaged: run ${id} of its index is not what was written. Run 'millrace verify' on it, and restore it from a backup.`,
  );
}
