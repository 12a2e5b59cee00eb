import { INDEX_EVERY, INDEX_PIECE } from '../../limits.js';
import type { Sqlite } from '../sqlite.js';
import type { ProgressTable } from '../tables/progress-table.js';
import { INDEX_STEPS, MERGE_RUNS, MERGE_RUNS_QUIET } from './limits.js';
import { Merges } from './merges.js';
import { Pass } from './pass.js';
import { RunKind } from './run.js';
import { RunReader } from './run-reader.js';
import { RunTable } from './run-table.js';
import { Tail } from './tail.js';

/**
 * Finds an aggregate's events, and the number of a name. Everything is appended: a pass over what has come since the
 * last one makes a sorted run of it, and runs are merged in tiers, so that there are few of them. An index with one
 * entry per event costs as much as inserting the events, and a b-tree of random names seven times as much.
 *
 * A pass goes before every merge: how far the index is behind the log does not depend on how large the log is.
 */
export class Indexer {
  readonly #progress: ProgressTable;
  readonly #table: RunTable;
  readonly #runs: RunReader;
  readonly #merges: Merges;
  readonly #events = new Tail();
  readonly #names = new Tail();
  #indexed: number;
  #passes: readonly Pass[] = [];
  /** Whether there are runs that nobody has looked at. */
  #mayMerge = true;
  /** Events and names that came with the transaction, and steps that could not be done with those before it. */
  #added = 0;
  #owed = 0;

  constructor(database: Sqlite, progress: ProgressTable) {
    this.#progress = progress;
    this.#indexed = progress.indexed;
    this.#table = new RunTable(database);
    this.#runs = new RunReader(database);
    this.#merges = new Merges(database, this.#table, this.#runs);
  }

  /** Every event up to here is in a run, and the names of all of them are. */
  get indexed(): number {
    return this.#indexed;
  }

  /** Events that are not. */
  get waiting(): number {
    return this.#events.count;
  }

  /** Whether something is half done, or enough waits. */
  get isDue(): boolean {
    return this.#passes.length > 0 || this.#merges.isActive || this.#mayMerge || this.waiting >= INDEX_EVERY;
  }

  /** Whether a quiet moment would change anything. */
  get isBehind(): boolean {
    return this.isDue || this.waiting > 0 || this.#merges.mergeable(MERGE_RUNS_QUIET) !== undefined;
  }

  /** Takes note of the event at the next position. */
  addEvent(aggregate: number, version: number): void {
    this.#events.add(aggregate, version);
    this.#added++;
  }

  /** Takes note of a name that was stored. */
  addName(hash: number, id: number): void {
    this.#names.add(hash, id);
    this.#added++;
  }

  /** Goes on with the merges that were half done when the last writer was closed, inside the caller's transaction. */
  resume(): void {
    this.#merges.resume();
  }

  /** Damage that merging has met and left as it is; told once. */
  takeDamage(): Error | undefined {
    return this.#merges.takeDamage();
  }

  /** Leaves what is half done so that the next writer goes on with it, inside the caller's transaction. */
  suspend(): void {
    this.#merges.suspend();
  }

  /**
   * Does what the events of the transaction owe to the index: a pass writes each of them and each name once, and so
   * does a merge of each tier. What is more than a transaction may do is done with those that follow.
   *
   * @param block the last block of names that is stored.
   */
  keepUp(block: number): void {
    const added = this.#added;
    this.#added = 0;
    if (!this.isDue) {
      this.#owed = 0;
      return;
    }
    const owed = this.#owed + added * (2 + this.#merges.tiers);
    const steps = Math.min(Math.max(owed, INDEX_PIECE), INDEX_STEPS);
    this.#owed = Math.max(0, owed - steps);
    this.write(steps, block);
  }

  /** Does about so many steps of what is to be done, inside the caller's transaction. The sorting is a piece of its own. */
  write(steps: number, block: number, isQuiet = false): void {
    let left = steps;
    if (this.#passes.length > 0) this.#writePass(left);
    else if (this.waiting >= INDEX_EVERY || (isQuiet && this.waiting > 0)) this.#begin(block);
    else {
      while (left > 0) {
        left = this.#merges.write(left);
        if (left > 0 && !this.#merges.start(isQuiet ? MERGE_RUNS_QUIET : MERGE_RUNS)) break;
      }
      if (left > 0) this.#mayMerge = false;
    }
  }

  /** The transaction that wrote the last piece is committed. */
  committed(): void {
    this.#table.committed();
    if (this.#passes.length === 0 || !this.#passes.every(({ isDone }) => isDone)) return;
    const count = this.#events.count;
    for (const pass of this.#passes) pass.committed();
    this.#passes = [];
    this.#indexed += count - this.#events.count;
    this.#mayMerge = true;
  }

  /** The transaction was rolled back: what was half done begins anew, and events behind a position never were. */
  rolledBack(lastPosition: number, names: number): void {
    this.#table.rolledBack();
    this.#merges.rolledBack();
    this.#passes = [];
    this.#mayMerge = true;
    this.#added = 0;
    this.#events.cut(lastPosition - this.#indexed);
    this.#names.cut(names);
  }

  /** Names that wait, for `rolledBack`. */
  get waitingNames(): number {
    return this.#names.count;
  }

  #begin(block: number): void {
    const passes: Pass[] = [];
    if (this.#names.count > 0) {
      const low = this.#runs.last(RunKind.Names) + 1;
      passes.push(new Pass(this.#table, RunKind.Names, this.#names, low, block));
    }
    const first = this.#indexed + 1;
    passes.push(new Pass(this.#table, RunKind.Events, this.#events, first, this.#indexed + this.waiting));
    this.#passes = passes;
  }

  #writePass(steps: number): void {
    let left = steps;
    for (const pass of this.#passes) left = pass.write(left);
    const last = this.#passes.at(-1);
    if (last?.isDone) this.#progress.saveIndexed(last.high);
  }
}
