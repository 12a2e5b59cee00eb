import type { Statement } from 'better-sqlite3';
import { SparseNumbers } from '../kernel/sparse-numbers.js';
import { MAX_NAME_BYTES, VERIFY_RUNS } from '../limits.js';
import { positionsOf } from './indexer.js';
import { MAX_RUN_BYTES } from './limits.js';
import { measured, numberOf } from './measured.js';
import type { Sqlite } from './sqlite.js';
import type { Problems } from './verify-problems.js';

type Run = readonly [aggregate: number, version: number, count: number, base: number, offsets: unknown];

/** Compares the runs of event_index with the log, up to the last indexed position. */
export class IndexVerifier {
  readonly #database: Sqlite;
  readonly #indexed: number;
  readonly #problems: Problems;
  readonly #runs: Statement;
  readonly #event: Statement;
  readonly #name: Statement;
  /** The last version of each aggregate that the index has. */
  readonly #found = new SparseNumbers(Uint32Array);

  constructor(database: Sqlite, indexed: number, problems: Problems) {
    this.#database = database;
    this.#indexed = indexed;
    this.#problems = problems;
    this.#runs = database
      .prepare(
        `SELECT aggregate, version, count, base, ${measured('coalesce(event_index.offsets, event_runs.offsets)', MAX_RUN_BYTES)} FROM event_index
         LEFT JOIN event_runs ON event_runs.id = event_index.run
         WHERE (aggregate, version) > (?, ?) ORDER BY aggregate, version LIMIT ?`,
      )
      .raw();
    this.#event = database
      .prepare(`SELECT ${numberOf('aggregate')}, ${numberOf('version')} FROM events WHERE position = ?`)
      .raw();
    this.#name = database
      .prepare(`SELECT ${measured('name', MAX_NAME_BYTES)} FROM names WHERE id = ?`)
      .pluck();
  }

  /**
   * Each entry must be its event, and each aggregate must have all its versions.
   *
   * @param versions the last version of each aggregate among the events that should be in the index.
   * @throws when a page of the file cannot be read.
   */
  run(versions: SparseNumbers): void {
    // One transaction for some runs: begun anew for each look-up it would take twice as long.
    const next = this.#database.transaction((aggregate: number, version: number): Run | undefined => {
      const runs = this.#runs.all(aggregate, version, VERIFY_RUNS) as Run[];
      for (const run of runs) this.#take(run);
      return runs.at(-1);
    });
    let [aggregate, version] = [-1, 0];
    let last = next(aggregate, version);
    // Pages that contradict each other may lead back.
    while (last && (last[0] > aggregate || (last[0] === aggregate && last[1] > version))) {
      [aggregate, version] = last;
      last = next(aggregate, version);
    }
    for (const [id, count] of versions.entries()) {
      if (this.#found.get(id) < count) this.#missing(id, count);
    }
  }

  #take([aggregate, version, count, base, offsets]: Run): void {
    // Of a pass that is not finished, or that a killed process has left behind.
    if (base > this.#indexed) return;
    if (!Buffer.isBuffer(offsets) || offsets.length !== count * 4 || count === 0) {
      this.#problems.add(
        'index',
        `The index run of ${this.#nameOf(aggregate)} from version ${version} on is damaged.`,
      );
      return;
    }
    const expected = this.#found.get(aggregate) + 1;
    if (version !== expected) {
      this.#problems.add(
        'index',
        `The index has version ${version} of ${this.#nameOf(aggregate)} where version ${expected} belongs.`,
      );
    }
    this.#compare(aggregate, version, positionsOf(base, offsets));
    this.#found.set(aggregate, version + count - 1);
  }

  #compare(aggregate: number, first: number, positions: readonly number[]): void {
    let version = first;
    for (const position of positions) {
      const [eventAggregate, eventVersion] = (this.#event.get(position) ?? []) as unknown[];
      // A run is of one pass, so all of it is in the index or nothing.
      if (position > this.#indexed || eventAggregate !== aggregate || eventVersion !== version) {
        this.#problems.add(
          'index',
          `The index has position ${position} as version ${version} of ${this.#nameOf(aggregate)}, which it is not.`,
          position,
        );
        return;
      }
      version++;
    }
  }

  #missing(aggregate: number, count: number): void {
    const found = this.#found.get(aggregate);
    const message = `The index has ${found} of the ${count} events of ${this.#nameOf(aggregate)}.`;
    // A scan of the log each, so only for those that are described.
    const position = this.#problems.isFull ? undefined : this.#positionOf(aggregate, found + 1);
    this.#problems.add('index', message, position);
  }

  #positionOf(aggregate: number, version: number): number | undefined {
    return this.#database
      .prepare('SELECT position FROM events WHERE aggregate = ? AND version = ? LIMIT 1')
      .pluck()
      .get(aggregate, version) as number | undefined;
  }

  #nameOf(aggregate: number): string {
    return `aggregate '${this.#name.get(aggregate) ?? aggregate}'`;
  }
}
