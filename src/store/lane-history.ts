import type { DomainEvent } from '../events/domain-event.js';
import { StoreMovedError } from '../kernel/errors.js';
import { decodeEvent } from './decode.js';
import { type PastQuery, pageOfPast } from './past.js';
import { guard } from './sqlite.js';
import { SqliteReader } from './sqlite-reader.js';
import { readRun } from './types.js';

/** The past of aggregates as a lane's thread reads it from the file, on a connection of its own that only reads. */
export class LaneHistory {
  readonly #reader: SqliteReader;
  readonly #run: string;
  readonly #asStored: ReadonlySet<number>;

  /**
   * @param run of the log that the engine has open.
   * @param asStored numbers of the types whose events need no newer form or name.
   * @throws the errors of `openForReading`; StoreMovedError when another log lies there by now.
   */
  constructor(path: string, run: string, asStored: readonly number[]) {
    this.#reader = new SqliteReader(path);
    this.#run = run;
    this.#asStored = new Set(asStored);
    const found = guard(path, () => readRun(this.#reader.database));
    if (found === run) return;
    this.#reader.close();
    throw new StoreMovedError(
      `Store ${path} is another log by now ('${found}' instead of '${run}'), so its history cannot be read. Put the log back, or close the engine and open it again.`,
    );
  }

  /**
   * @param tail its newest events behind a position that the index had reached, when they are known.
   * @returns a page of an aggregate's events; undefined when one of them needs a newer form, which only the main thread knows.
   */
  page(
    query: PastQuery,
    tail: { readonly after: number; readonly positions: readonly number[] } | undefined,
  ): { readonly events: readonly DomainEvent[]; readonly next: number | undefined } | undefined {
    const { events, next } = pageOfPast(this.#reader, query, (after) =>
      tail && after >= tail.after ? tail.positions.filter((position) => position > after) : undefined,
    );
    if (events.some(({ type }) => !this.#asStored.has(type))) return undefined;
    return { events: events.map((raw) => decodeEvent(this.#reader, this.#run, raw)), next };
  }
}
