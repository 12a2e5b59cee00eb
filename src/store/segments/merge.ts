import { StoreCorruptError } from '../../kernel/errors.js';
import { firstPage, type KnownRun, knownRun } from './fences.js';
import { VALUES_A_STEP } from './limits.js';
import { PageReader, type Run, RunKind } from './run.js';
import type { RunTable } from './run-table.js';
import { RunWriter } from './run-writer.js';

/** Reads a page of a run. */
export type ReadPage = (run: Run, page: number, into: PageReader) => void;

/** The key and the version from which on a merge goes on. */
interface Place {
  readonly key: number;
  readonly version: number;
}

/** A run that is being read to its end. */
class Source {
  readonly #run: KnownRun;
  readonly #read: ReadPage;
  readonly entry = new PageReader();
  #page: number;
  isAtEnd = false;

  constructor(run: KnownRun, read: ReadPage, from: Place | undefined) {
    this.#run = run;
    this.#read = read;
    this.#page = from ? firstPage(run, from.key, from.version) : 0;
    // A run that begins behind the place is read from its begin.
    if (this.#page === run.pages) this.#page = 0;
    this.#open();
    this.next();
    while (from && !this.isAtEnd && this.#isBefore(from)) this.next();
  }

  next(): void {
    while (!this.isAtEnd && !this.entry.next()) this.#open();
  }

  #open(): void {
    this.isAtEnd = this.#page === this.#run.pages;
    if (!this.isAtEnd) this.#read(this.#run, this.#page++, this.entry);
  }

  #isBefore({ key, version }: Place): boolean {
    const { entry } = this;
    return entry.key < key || (entry.key === key && entry.version + entry.count <= version);
  }
}

/**
 * Merges runs of one kind, each of which begins behind the one before, into one of a higher tier; piece by piece.
 * What is written of it when the writer is closed stays in the file, and the next one goes on behind it: else the
 * largest merges of a log would never end if it were only ever opened for a while.
 */
export class Merge {
  readonly kind: RunKind;
  /** Of the runs that it merges. */
  readonly tier: number;
  readonly runs: readonly Run[];
  readonly #sources: readonly Source[];
  readonly #writer: RunWriter;
  readonly #table: RunTable;
  readonly #from: Place | undefined;
  #values = new Float64Array(1024);

  /** @param half what was written of it before. @throws StoreCorruptError */
  constructor(table: RunTable, runs: readonly Run[], read: ReadPage, half?: Run) {
    const [{ kind, low }] = runs as [Run];
    this.#table = table;
    this.runs = runs;
    this.kind = kind;
    this.tier = Math.max(...runs.map((run) => run.tier));
    this.#from = half && placeBehind(half, kind, read);
    this.#sources = runs.map((run) => new Source(knownRun(run), read, this.#from));
    this.#writer = new RunWriter(table, kind, low, half);
  }

  /** The run that it makes. */
  get made(): Pick<Run, 'id'> {
    return this.#writer;
  }

  /** Whether it is about a run. */
  has({ id }: Run): boolean {
    return this.runs.some((run) => run.id === id);
  }

  /**
   * Does about so many steps, inside the caller's transaction: one for each entry, and for each so many values.
   *
   * @returns how many are left: more than none, and the new run is in the place of the old ones.
   * @throws StoreCorruptError
   */
  write(steps: number): number {
    let left = steps;
    while (left > 0) {
      const source = this.#lowest();
      if (!source) {
        this.#replace();
        return left;
      }
      left -= 1 + source.entry.count / VALUES_A_STEP;
      this.#take(source);
    }
    return 0;
  }

  /** Leaves in the file what there is, inside the caller's transaction. */
  suspend(): void {
    this.#writer.suspend(this.tier, this.#high);
  }

  get #high(): number {
    return this.runs.at(-1)?.high ?? 0;
  }

  /** The one with the lowest key; of those with the same, the first. */
  #lowest(): Source | undefined {
    let lowest: Source | undefined;
    for (const source of this.#sources) {
      if (!source.isAtEnd && (lowest === undefined || source.entry.key < lowest.entry.key)) lowest = source;
    }
    return lowest;
  }

  #take(source: Source): void {
    const { key, version, count } = source.entry;
    if (count > this.#values.length) this.#values = new Float64Array(2 * count);
    source.entry.valuesInto(this.#values);
    // What was written before may end in the middle of an entry.
    const isCut = this.#from?.key === key && this.kind === RunKind.Events;
    const skipped = isCut ? Math.max(0, (this.#from?.version ?? 0) - version) : 0;
    for (let index = skipped; index < count; index++) {
      this.#writer.add(key, version + index, this.#values[index] as number);
    }
    source.next();
  }

  #replace(): void {
    for (const run of this.runs) this.#table.drop(run);
    this.#writer.finish(this.tier + 1, this.#high);
  }
}

/** Where a merge goes on of which there is something: behind the last entry of its last page. */
function placeBehind(half: Run, kind: RunKind, read: ReadPage): Place {
  const page = new PageReader();
  read(half, half.fences.length / 8 - 1, page);
  let place: Place | undefined;
  while (page.next()) place = { key: page.key, version: page.version + page.count };
  if (!place) throw new StoreCorruptError('The store is damaged: a page of its index is empty.');
  // Names of one hash are always together.
  return kind === RunKind.Names ? { key: place.key + 1, version: 0 } : place;
}
