import type { Statement } from 'better-sqlite3';
import { MAX_NAME_BYTES } from '../../limits.js';
import { viewOf } from '../checksum.js';
import type { Sqlite } from '../sqlite.js';
import { nameHash } from './name-blocks.js';
import type { NameReader } from './name-reader.js';
import { RecentNames } from './recent-names.js';
import { RunKind } from './run.js';
import { RunFilters } from './run-filters.js';
import type { RunReader } from './run-reader.js';

/**
 * Finds the number of a name: by the runs of hashes, and by what it has kept of the names that are in none yet. Most
 * names that are looked up are new ones, of which memory alone knows that nothing has them.
 */
export class NameFinder {
  readonly #names: NameReader;
  readonly #runs: RunReader;
  readonly #filters: RunFilters;
  readonly #indexed: Statement;
  readonly #recent = new RecentNames();
  /** The last block of names that is in a run or in `#recent`. */
  #block = 0;
  /** The position up to which all names are in the runs that are known. */
  #knownTo = 0;
  readonly #bytes = Buffer.allocUnsafeSlow(3 * MAX_NAME_BYTES);
  readonly #view = viewOf(this.#bytes);

  constructor(database: Sqlite, names: NameReader, runs: RunReader) {
    this.#names = names;
    this.#runs = runs;
    this.#filters = new RunFilters(runs);
    this.#indexed = database.prepare('SELECT indexed FROM progress').pluck();
  }

  /** Whether the events up to an indexed position certainly bear no such name. Needs no transaction: it reads nothing. */
  isNew(name: string, indexed: number): boolean {
    return indexed <= this.#knownTo && !this.#filters.mayAnyHave(this.#hashOf(name));
  }

  /**
   * The number of a name; undefined when the log does not know it. Inside the caller's transaction.
   *
   * @param isIndexed names that are in no run do not matter.
   * @throws StoreCorruptError
   */
  find(name: string, isIndexed: boolean): number | undefined {
    const hash = this.#hashOf(name);
    const runs = this.#runs.runs(RunKind.Names);
    this.#filters.use(runs);
    this.#knownTo = this.#indexed.get() as number;
    // A piece at each look-up: however large a run is, none of them takes long.
    this.#filters.build();
    const bytes = Buffer.from(name);
    for (const run of runs) {
      if (!this.#filters.mayHave(run, hash)) continue;
      for (const { values } of this.#runs.findIn(run, hash, 0)) {
        for (const id of values) if (this.#names.isName(id, bytes)) return id;
      }
    }
    if (isIndexed) return undefined;
    this.#readRecent();
    return this.#recent.find(hash).find((id) => this.#names.isName(id, bytes));
  }

  /** Takes in the names that were stored since the last time. */
  #readRecent(): void {
    const inRuns = this.#runs.last(RunKind.Names);
    if (inRuns > this.#block || this.#recent.isFull) {
      this.#recent.clear();
      this.#block = inRuns;
    }
    for (const block of this.#names.blocks(this.#block)) {
      for (let id = block.first; id < block.first + block.count; id++) this.#recent.add(block.hash(id), id);
      this.#block = block.number;
    }
  }

  #hashOf(name: string): number {
    // A name that is longer than any is looked for as well.
    if (name.length > MAX_NAME_BYTES) {
      const bytes = Buffer.from(name);
      return nameHash(viewOf(bytes), 0, bytes.length);
    }
    return nameHash(this.#view, 0, this.#bytes.write(name));
  }
}
