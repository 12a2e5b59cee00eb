import { PageReader, type Run, RunKind } from './run.js';
import { type RunTable, RunWriter } from './run-writer.js';

/** Reads a page of a run. */
export type ReadPage = (run: Run, page: number, into: PageReader) => void;

/** A run that is being read from its begin to its end. */
class Source {
  readonly #run: Run;
  readonly #read: ReadPage;
  readonly entry = new PageReader();
  #page = 0;
  isAtEnd = false;

  constructor(run: Run, read: ReadPage) {
    this.#run = run;
    this.#read = read;
    this.#open();
    this.next();
  }

  next(): void {
    while (!this.isAtEnd && !this.entry.next()) this.#open();
  }

  #open(): void {
    this.isAtEnd = this.#page === this.#run.fences.length / 8;
    if (!this.isAtEnd) this.#read(this.#run, this.#page++, this.entry);
  }
}

/** Merges runs of one kind, each of which begins behind the one before, into one of a higher tier; piece by piece. */
export class Merge {
  readonly #runs: readonly Run[];
  readonly #sources: readonly Source[];
  readonly #writer: RunWriter;
  readonly #table: RunTable;

  /** @throws StoreCorruptError */
  constructor(table: RunTable, runs: readonly Run[], read: ReadPage) {
    const [first] = runs as [Run];
    this.#table = table;
    this.#runs = runs;
    this.#sources = runs.map((run) => new Source(run, read));
    this.#writer = new RunWriter(table, first.kind, first.low);
  }

  /**
   * Merges about so many values, inside the caller's transaction.
   *
   * @returns whether all is done: the new run is in the place of the old ones.
   * @throws StoreCorruptError
   */
  write(values: number): boolean {
    let left = values;
    while (left > 0) {
      const key = this.#lowestKey();
      if (key === undefined) {
        this.#replace();
        return true;
      }
      left -= this.#mergeKey(key);
    }
    return false;
  }

  #lowestKey(): number | undefined {
    let lowest: number | undefined;
    for (const { isAtEnd, entry } of this.#sources) {
      if (!isAtEnd && (lowest === undefined || entry.key < lowest)) lowest = entry.key;
    }
    return lowest;
  }

  #mergeKey(key: number): number {
    const values: number[] = [];
    let version: number | undefined;
    for (const source of this.#sources) {
      while (!source.isAtEnd && source.entry.key === key) {
        version ??= source.entry.version;
        for (const value of source.entry.values()) values.push(value);
        source.next();
      }
    }
    const [{ kind }] = this.#runs as [Run];
    if (kind === RunKind.Names) values.sort((a, b) => a - b);
    this.#writer.add({ key, version: version ?? 0, values });
    // An entry costs about as much as four values.
    return values.length + 4;
  }

  #replace(): void {
    for (const run of this.#runs) this.#table.drop(run);
    const tier = Math.max(...this.#runs.map((run) => run.tier)) + 1;
    this.#writer.finish(tier, this.#runs.at(-1)?.high ?? 0);
  }
}
