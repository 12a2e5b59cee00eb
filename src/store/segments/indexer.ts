import type { Statement } from 'better-sqlite3';
import { INDEX_EVERY } from '../../limits.js';
import type { ProgressTable } from '../progress-table.js';
import { sortedIndexes } from '../sort.js';
import type { Sqlite } from '../sqlite.js';
import { MERGE_PIECE, MERGE_RUNS, MERGE_RUNS_QUIET } from './limits.js';
import { Merge, type ReadPage } from './merge.js';
import { PAGE_COLUMNS, pageId, type Run, RunKind } from './run.js';
import { RunReader } from './run-reader.js';
import { RunTable, RunWriter } from './run-writer.js';
import { Tail } from './tail.js';

/** What a pass writes of one kind. */
interface Pass {
  readonly tail: Tail;
  readonly order: Uint32Array;
  readonly writer: RunWriter;
  /** The last block of names, or position, that it takes in. */
  readonly high: number;
  next: number;
}

/** Values of an entry that cost about as much as the entry itself. */
const VALUES_AN_ENTRY = 32;

/**
 * Finds an aggregate's events, and the number of a name. Everything is appended: a pass over what has come since the
 * last one makes a sorted run of it, and runs are merged in tiers, so that there are few of them. An index with one
 * entry per event costs as much as inserting the events, and a b-tree of random names seven times as much.
 */
export class Indexer {
  readonly #progress: ProgressTable;
  readonly #table: RunTable;
  readonly #runs: RunReader;
  readonly #read: ReadPage;
  readonly #events = new Tail();
  readonly #names = new Tail();
  #indexed: number;
  #passes: readonly Pass[] = [];
  /** Whether there are runs that nobody has looked at. */
  #mayMerge = true;
  #merge: Merge | undefined;

  constructor(database: Sqlite, progress: ProgressTable) {
    this.#progress = progress;
    this.#indexed = progress.indexed;
    this.#table = new RunTable(database);
    this.#runs = new RunReader(database);
    const page: Statement = database.prepare(`SELECT ${PAGE_COLUMNS} FROM run_pages WHERE id = ?`).raw();
    this.#read = (run, number, into) =>
      into.open(run, number, page.get(pageId(run.id, number)) as [unknown, unknown] | undefined);
  }

  /** Every event up to here is in a run, and the names of all of them are. */
  get indexed(): number {
    return this.#indexed;
  }

  /** Events that are not. */
  get waiting(): number {
    return this.#events.count;
  }

  /** Whether the next transaction should write a piece: something is half done, or enough waits. */
  get isDue(): boolean {
    return (
      this.#passes.length > 0 || this.#merge !== undefined || this.#mayMerge || this.waiting >= INDEX_EVERY
    );
  }

  /** Whether a quiet moment would change anything. */
  get isBehind(): boolean {
    return this.isDue || this.waiting > 0 || this.#mergeable(MERGE_RUNS_QUIET) !== undefined;
  }

  /** Takes note of the event at the next position. */
  addEvent(aggregate: number, version: number): void {
    this.#events.add(aggregate, version);
  }

  /** Takes note of a name that was stored. */
  addName(hash: number, id: number): void {
    this.#names.add(hash, id);
  }

  /** Removes what a killed process has left half done, inside the caller's transaction. */
  tidy(): void {
    this.#table.tidy();
  }

  /**
   * Writes about `entries` index entries of what is half done, or begins something, inside the caller's transaction.
   * Small pieces between commits are what keeps commits from waiting; the sorting is a piece of its own.
   *
   * @param block the last block of names that is stored.
   */
  write(entries: number, block: number, isQuiet = false): void {
    if (this.#passes.length > 0) this.#writePass(entries);
    else if (this.#merge) this.#writeMerge(MERGE_PIECE);
    else this.#start(block, isQuiet);
  }

  #start(block: number, isQuiet: boolean): void {
    const runs = this.#mergeable(isQuiet ? MERGE_RUNS_QUIET : MERGE_RUNS);
    if (this.waiting > 0 && (isQuiet || this.waiting >= INDEX_EVERY)) this.#begin(block);
    else if (runs) this.#merge = new Merge(this.#table, runs, this.#read);
    else this.#mayMerge = false;
  }

  /** The transaction that wrote the last piece is committed. */
  committed(): void {
    if (this.#passes.length === 0 || this.#passes.some(({ next, order }) => next < order.length)) return;
    const count = this.#events.count;
    for (const { tail, order } of this.#passes) tail.drop(order.length);
    this.#passes = [];
    this.#indexed += count - this.#events.count;
    this.#mayMerge = true;
  }

  /** The transaction was rolled back: what was half done begins anew, and events behind a position never were. */
  rolledBack(lastPosition: number, names: number): void {
    this.#passes = [];
    this.#merge = undefined;
    this.#mayMerge = true;
    this.#events.cut(lastPosition - this.#indexed);
    this.#names.cut(names);
  }

  /** Names that wait, for `rolledBack`. */
  get waitingNames(): number {
    return this.#names.count;
  }

  #begin(block: number): void {
    const first = this.#indexed + 1;
    const passes: Pass[] = [];
    if (this.#names.count > 0) {
      const low = this.#runs.last(RunKind.Names) + 1;
      passes.push(this.#passOf(this.#names, new RunWriter(this.#table, RunKind.Names, low), block));
    }
    const high = this.#indexed + this.#events.count;
    passes.push(this.#passOf(this.#events, new RunWriter(this.#table, RunKind.Events, first), high));
    this.#passes = passes;
  }

  #passOf(tail: Tail, writer: RunWriter, high: number): Pass {
    return { tail, order: sortedIndexes(tail.keys, tail.count), writer, high, next: 0 };
  }

  #writePass(entries: number): void {
    let left = entries;
    for (const pass of this.#passes) {
      const { order, tail, writer } = pass;
      if (pass.next === order.length) continue;
      const isNames = tail === this.#names;
      while (pass.next < order.length && left > 0) {
        const { next } = pass;
        const key = tail.keys[order[next] as number] as number;
        let end = next + 1;
        while (end < order.length && tail.keys[order[end] as number] === key) end++;
        const indexes = order.subarray(next, end);
        const first = indexes[0] as number;
        if (isNames) writer.add({ key, version: 0, values: idsOf(tail, indexes) });
        else writer.add({ key, version: tail.values[first] as number, values: this.#positionsOf(indexes) });
        left -= 1 + (end - next) / VALUES_AN_ENTRY;
        pass.next = end;
      }
      if (pass.next < order.length) return;
      writer.finish(0, pass.high);
    }
    this.#progress.saveIndexed(this.#passes.at(-1)?.high ?? this.#indexed);
  }

  #writeMerge(values: number): void {
    if (!this.#merge?.write(values)) return;
    this.#merge = undefined;
    this.#mayMerge = true;
  }

  #positionsOf(indexes: Uint32Array): Float64Array {
    const positions = new Float64Array(indexes.length);
    for (let at = 0; at < indexes.length; at++) positions[at] = this.#indexed + 1 + (indexes[at] as number);
    return positions;
  }

  /** The runs of the lowest tier that has so many. */
  #mergeable(count: number): readonly Run[] | undefined {
    for (const kind of [RunKind.Names, RunKind.Events]) {
      const runs = this.#runs.runs(kind);
      for (let tier = 0; tier <= (runs[0]?.tier ?? -1); tier++) {
        const those = runs.filter((run) => run.tier === tier);
        if (those.length >= count) return those.slice(0, MERGE_RUNS);
      }
    }
    return undefined;
  }
}

/** Names of one hash: a run has them in order. */
function idsOf(tail: Tail, indexes: Uint32Array): number[] {
  return Array.from(indexes, (index) => tail.values[index] as number).sort((a, b) => a - b);
}
