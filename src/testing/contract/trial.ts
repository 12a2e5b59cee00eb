import { TestAssertionError } from '../../faces/errors.js';
import { differences } from '../differences.js';
import type {
  CommitBatch,
  EventReader,
  PageQuery,
  RawEvent,
  Store,
  StoreState,
  TypeToStore,
} from '../store.js';
import { countText } from '../text.js';

/** Makes a new, empty store whose event ids begin with `run`. It is opened by the check. */
export type MakeStore = (run: string) => Store | Promise<Store>;

/** What else a store can do. */
export interface StoreContractOptions {
  /**
   * Makes a store on what a closed one has left. Left out: the store keeps nothing beyond its life, and the checks
   * of that are left out, too.
   */
  readonly reopen?: (closed: Store, run: string) => Store | Promise<Store>;
}

/** One check of the contract. */
export interface StoreCheck {
  /** For the test runner. */
  readonly name: string;
  /** Resolves when the store passes. @throws TestAssertionError that says what is wrong. */
  run(): Promise<void>;
}

export const RUN = 'contract';

/** The event types of the checks, as a store is told of them. */
export const TYPES: readonly TypeToStore[] = [
  { name: 'row.written', version: 1, volatile: [] },
  { name: 'row.counted', version: 2, volatile: ['wall'] },
];

const PAGE = 7;

/** A store under test and what it said at its opening. Closed at the end of its check, whatever happens. */
export class Trial implements AsyncDisposable {
  readonly store: Store;
  readonly state: StoreState;
  #closed = false;

  private constructor(store: Store, state: StoreState) {
    this.store = store;
    this.state = state;
  }

  static async open(store: Store | Promise<Store>, types: readonly TypeToStore[] = TYPES): Promise<Trial> {
    const made = await store;
    return new Trial(made, await made.open(types));
  }

  get reader(): EventReader {
    return this.store.reader;
  }

  commit(batch: Partial<CommitBatch>): Promise<void> {
    return this.store.commit({ segments: [], progress: undefined, shapes: [], ...batch });
  }

  /** Everything that a query gives, page by page. */
  readAll(query: Omit<PageQuery, 'limit'>, limit = PAGE): RawEvent[] {
    const events: RawEvent[] = [];
    let { from } = query;
    while (true) {
      const page = this.reader.page({ ...query, from, limit });
      if (page.length > limit) throw new TestAssertionError(`A page has more than ${limit} events.`);
      const last = page.at(-1);
      if (!last) return events;
      events.push(...page);
      const next = (query.aggregate === undefined ? last.position : last.version) + 1;
      // A store that hands out the same page for ever must fail its check, not fill the memory.
      if (next <= from) {
        throw new TestAssertionError(`The page from ${from} on ends at ${next - 1}, so reading never ends.`);
      }
      from = next;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.close();
  }
}

/** @throws TestAssertionError that says what differs, and where. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const found = differences(expected, actual, 'whole', what);
  if (found.length === 0) return;
  throw new TestAssertionError(
    `The store breaks its contract in ${countText(found.length, 'place')}:\n${found.map((text) => `  ${text}`).join('\n')}`,
  );
}

/** The same for events, whose number is compared first. */
export function sameEvents(actual: readonly RawEvent[], expected: readonly RawEvent[], what: string): void {
  same(actual.length, expected.length, `number of events ${what}`);
  same(actual, expected, `events ${what}`);
}
