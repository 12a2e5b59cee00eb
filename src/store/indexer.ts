import type { Statement } from 'better-sqlite3';
import { StoreCorruptError } from '../kernel/errors.js';
import { INDEX_EVERY } from '../limits.js';
import { numberOf } from './measured.js';
import type { ProgressTable } from './progress-table.js';
import { sortedIndexes } from './sort.js';
import type { Sqlite } from './sqlite.js';

/** A pass over the tail: its events by aggregate, and how far it has come. */
interface Pass {
  readonly order: Uint32Array;
  next: number;
}

/** Longest run that stands in the index itself. */
const INLINE_RUN = 16;

/** Events of a run that cost about as much as one more entry. */
const RUN_EVENTS_AN_ENTRY = 64;

/**
 * Finds an aggregate's events. A row of `event_index` is a run of versions: the aggregate's events of one pass,
 * as offsets from a base position. An index with one entry an event costs as much as inserting the events
 * (0.6 to 1.2 µs each); a run costs the same as one entry, and 200,000 events of 1,000 aggregates are 1,000 runs.
 */
export class Indexer {
  readonly #insert: Statement;
  readonly #insertRun: Statement;
  readonly #progress: ProgressTable;
  readonly #tail: Statement;
  /** Aggregates and versions of the events behind `indexed`, in position order. */
  #aggregates = new Uint32Array(INDEX_EVERY * 2);
  #versions = new Uint32Array(INDEX_EVERY * 2);
  #count = 0;
  #indexed: number;
  #pass: Pass | undefined;

  constructor(database: Sqlite, progress: ProgressTable) {
    this.#progress = progress;
    this.#indexed = progress.indexed;
    // A killed process may have left some runs of a pass; the next pass begins at the same event.
    this.#insert = database.prepare('INSERT OR REPLACE INTO event_index VALUES (?, ?, ?, ?, ?, ?)');
    this.#insertRun = database.prepare('INSERT INTO event_runs (offsets) VALUES (?)');
    this.#tail = database
      .prepare(
        `SELECT ${numberOf('aggregate')}, ${numberOf('version')} FROM events WHERE position > ? ORDER BY position`,
      )
      .raw();
  }

  /** Every event up to here is in the index. */
  get indexed(): number {
    return this.#indexed;
  }

  /** Events that are not. */
  get waiting(): number {
    return this.#count;
  }

  /** Whether the next transaction should write a piece: a pass is half done, or enough waits for one. */
  get isDue(): boolean {
    return this.#pass !== undefined || this.#count >= INDEX_EVERY;
  }

  /** Takes note of the event at the next position. */
  add(aggregate: number, version: number): void {
    if (this.#count === this.#aggregates.length) this.#resize(this.#count * 2);
    this.#aggregates[this.#count] = aggregate;
    this.#versions[this.#count] = version;
    this.#count++;
  }

  /** Takes note of what a killed process left unindexed. */
  loadTail(): void {
    for (const [aggregate, version] of this.#tail.all(this.#indexed) as [number, number][]) {
      this.add(aggregate, version);
    }
  }

  /**
   * Writes at most about `entries` index entries of the running pass, or begins one, inside the caller's
   * transaction. A pass in small pieces between commits is what keeps commits from waiting for it; the sorting
   * is a piece of its own.
   */
  write(entries: number): void {
    if (!this.#pass) {
      this.#pass = { order: sortedIndexes(this.#aggregates, this.#count), next: 0 };
      return;
    }
    const { order } = this.#pass;
    let { next } = this.#pass;
    let left = entries;
    while (next < order.length && left > 0) {
      const aggregate = this.#aggregates[order[next] as number] as number;
      let end = next + 1;
      while (end < order.length && this.#aggregates[order[end] as number] === aggregate) end++;
      this.#writeRun(aggregate, order.subarray(next, end));
      left -= 1 + (end - next) / RUN_EVENTS_AN_ENTRY;
      next = end;
    }
    this.#pass.next = next;
    if (next === order.length) this.#progress.saveIndexed(this.#indexed + next);
  }

  /** The transaction that wrote the last piece is committed. */
  committed(): void {
    if (this.#pass === undefined || this.#pass.next < this.#pass.order.length) return;
    const count = this.#pass.next;
    this.#pass = undefined;
    this.#indexed += count;
    this.#aggregates.copyWithin(0, count, this.#count);
    this.#versions.copyWithin(0, count, this.#count);
    this.#count -= count;
  }

  /** The transaction was rolled back: the pass begins anew, and events behind a position never were. */
  rolledBack(lastPosition: number): void {
    this.#pass = undefined;
    this.#count = lastPosition - this.#indexed;
  }

  #writeRun(aggregate: number, indexes: Uint32Array): void {
    const first = indexes[0] as number;
    const base = this.#indexed + 1 + first;
    const offsets = indexes.map((index) => index - first);
    const bytes = Buffer.from(offsets.buffer, offsets.byteOffset, offsets.byteLength);
    const long = offsets.length > INLINE_RUN;
    this.#insert.run(
      aggregate,
      this.#versions[first],
      offsets.length,
      base,
      long ? null : bytes,
      long ? this.#insertRun.run(bytes).lastInsertRowid : null,
    );
  }

  #resize(length: number): void {
    const aggregates = new Uint32Array(length);
    const versions = new Uint32Array(length);
    aggregates.set(this.#aggregates);
    versions.set(this.#versions);
    this.#aggregates = aggregates;
    this.#versions = versions;
  }
}

/** Positions of a run, in version order. @throws StoreCorruptError */
export function positionsOf(base: number, offsets: Buffer | null): number[] {
  if (!offsets || offsets.length % 4 !== 0) {
    throw new StoreCorruptError('The store is damaged: its index cannot be read. Restore it from a backup.');
  }
  const positions: number[] = [];
  for (let byte = 0; byte < offsets.length; byte += 4) positions.push(base + offsets.readUInt32LE(byte));
  return positions;
}
