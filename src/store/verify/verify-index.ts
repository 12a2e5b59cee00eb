import { SparseNumbers } from '../../kernel/sparse-numbers.js';
import { NameReader } from '../segments/name-reader.js';
import { type Run, RunKind } from '../segments/run.js';
import { RunReader } from '../segments/run-reader.js';
import { SegmentReader } from '../segments/segment-reader.js';
import type { Sqlite } from '../sqlite.js';
import type { Problems } from './verify-problems.js';
import { type AggregateSums, hashSum, type NameSums, positionHash } from './verify-sums.js';

/** Compares the runs with the log, up to the last indexed position: each aggregate must have all its events. */
export class IndexVerifier {
  readonly #database: Sqlite;
  readonly #runs: RunReader;
  readonly #indexed: number;
  readonly #problems: Problems;
  /** The last version of each aggregate that the index has, and a hash of its positions. */
  readonly #versions = new SparseNumbers(Uint32Array);
  readonly #hashes = new SparseNumbers(Uint32Array);

  constructor(database: Sqlite, indexed: number, problems: Problems) {
    this.#database = database;
    this.#runs = new RunReader(database);
    this.#indexed = indexed;
    this.#problems = problems;
  }

  /** The last block of names that the index must have. @throws when a page of the file cannot be read. */
  get lastBlock(): number {
    return this.#runs.last(RunKind.Names);
  }

  /** Compares the runs of names with the names, in one transaction with reading those. @throws as `lastBlock`. */
  names(all: NameSums): void {
    let [hashed, hashes] = [0, 0];
    for (const run of this.#runs.runs(RunKind.Names)) {
      hashed += this.#entries(run, (key, _version, ids) => {
        for (const id of ids) hashes += hashSum(key, id);
      });
    }
    if (hashed === all.hashed && hashes === all.hashes) return;
    this.#problems.add('index', `The index of names has ${hashed} of ${all.hashed} names, or others.`);
  }

  /** Compares the runs of events with what was read of the log. @throws as `lastBlock`. */
  events({ versions, hashes }: AggregateSums): void {
    for (const run of this.#runs.runs(RunKind.Events)) {
      // Of a pass that was finished after the log was read.
      if (run.low > this.#indexed) continue;
      this.#entries(run, (aggregate, version, positions) => this.#take(aggregate, version, positions));
    }
    this.#halfDone();
    for (const [aggregate, version] of versions.entries()) {
      const isRight =
        this.#versions.get(aggregate) === version && this.#hashes.get(aggregate) === hashes.get(aggregate);
      if (!isRight) this.#wrong(aggregate, version);
    }
  }

  /** What a merge goes on behind when the store is next opened for writing is not looked at again then. */
  #halfDone(): void {
    for (const kind of [RunKind.HalfNames, RunKind.HalfEvents]) {
      // Its writer may go on with it meanwhile: only what was there when it was closed is compared.
      for (const run of this.#runs.runs(kind)) this.#entries(run, () => {});
    }
  }

  #take(aggregate: number, version: number, positions: Float64Array): void {
    // A merge since has put newer events behind those that were read.
    if ((positions[0] as number) > this.#indexed) return;
    const expected = this.#versions.get(aggregate) + 1;
    if (version !== expected) {
      this.#problems.add(
        'index',
        `The index has version ${version} of ${this.#nameOf(aggregate)} where version ${expected} belongs.`,
      );
    }
    let hash = this.#hashes.get(aggregate);
    let last = version - 1;
    for (const position of positions) {
      if (position > this.#indexed) break;
      hash = positionHash(hash, position);
      last++;
    }
    this.#hashes.set(aggregate, hash);
    this.#versions.set(aggregate, last);
  }

  /** Goes through a run, whose keys must go up. @returns how many values it has. */
  #entries(run: Run, take: (key: number, version: number, values: Float64Array) => void): number {
    let key = -1;
    let count = 0;
    for (const entry of this.#runs.entries(run)) {
      if (entry.key < key) this.#problems.add('index', `Run ${run.id} of the index is out of order.`);
      key = entry.key;
      count += entry.count;
      take(entry.key, entry.version, entry.values());
    }
    if (count !== run.count) {
      this.#problems.add('index', `Run ${run.id} of the index has ${count} of its ${run.count} entries.`);
    }
    return count;
  }

  #wrong(aggregate: number, version: number): void {
    const found = this.#versions.get(aggregate);
    const name = this.#nameOf(aggregate);
    const message =
      found === version
        ? `The index has wrong positions for ${name}.`
        : `The index has ${found} of the ${version} events of ${name}.`;
    // A scan of the log each, so only for those that are described.
    this.#problems.add('index', message, this.#problems.isFull ? undefined : this.#firstWrong(aggregate));
  }

  /** The position of the first event of an aggregate that the index does not have in its place. */
  #firstWrong(aggregate: number): number | undefined {
    const found: number[] = [];
    for (const { values } of this.#runs.find(RunKind.Events, aggregate, 0)) found.push(...values);
    const right = new SegmentReader(this.#database).positionsOf(aggregate, 1);
    return right.find((position, index) => found[index] !== position);
  }

  #nameOf(aggregate: number): string {
    try {
      return `aggregate '${new NameReader(this.#database).name(aggregate)}'`;
    } catch {
      // That its name is missing was reported.
      return `aggregate ${aggregate}`;
    }
  }
}
