import type { DomainEvent } from '../../events/domain-event.js';
import type { EventRegistry } from '../../events/registry.js';
import type { HistoryPage, HistoryQuery, LaneLog, LogTail } from '../../lanes/history.js';
import { decodeEvent } from '../../store/decode.js';
import { pageOfPast } from '../../store/past.js';
import type { PageSource } from '../../store/read-pages.js';
import type { Store } from '../../store/store.js';
import { HISTORY_TAIL } from '../limits.js';
import type { KeyRuns } from '../sequence/key-runs.js';

/** What the main thread needs to read the past for handlers. */
export interface PastParts {
  readonly store: Store;
  readonly registry: EventRegistry;
  readonly run: string;
  readonly tailOf: PageSource['tailOf'];
  /** Throws when the engine has failed. */
  readonly check: () => void;
  /** The last positions that have a number, and that are durable. */
  readonly lastPosition: () => number;
  readonly lastDurable: () => number;
  /** In deterministic mode only. */
  readonly runs: KeyRuns | undefined;
}

/** A handler that waits until what it may see is durable. */
interface Waiter {
  readonly reference: number;
  /** The last position that it may see; undefined until its event's key has nothing before it without a number. */
  until: number | undefined;
  readonly resolve: (until: number) => void;
  readonly reject: (error: Error) => void;
}

/** The past of aggregates for handlers, read on the main thread: for lanes that cannot or need not do it themselves. */
export class PastReader implements LaneLog {
  readonly #parts: PastParts;
  #waiting: Waiter[] = [];

  constructor(parts: PastParts) {
    this.#parts = parts;
  }

  async reach(reference: number, position: number): Promise<number> {
    this.#parts.check();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ reference, until: position > 0 ? position - 1 : undefined, resolve, reject });
      this.advance();
    });
  }

  async page(query: HistoryQuery): Promise<HistoryPage> {
    const { store, registry, run, tailOf, check } = this.#parts;
    check();
    const tail = (after: number) => tailOf(query.aggregateId, after);
    const { reader } = store;
    const { events, next } = pageOfPast(reader, query, tail);
    const find = (name: string) => registry.find(name)?.definition;
    return { events: events.map((raw): DomainEvent => decodeEvent(reader, run, raw, find)), next };
  }

  async tail(aggregateId: string): Promise<LogTail | undefined> {
    const { store, tailOf, check } = this.#parts;
    check();
    const after = store.indexed;
    const positions = tailOf(aggregateId, after);
    return positions && positions.length <= HISTORY_TAIL ? { after, positions } : undefined;
  }

  /** Something has become durable, or has a number now. */
  advance(): void {
    if (this.#waiting.length === 0) return;
    const { runs, lastPosition, lastDurable } = this.#parts;
    this.#waiting = this.#waiting.filter((waiter) => {
      // In deterministic mode it is the key's events alone that it sees: those before it have their numbers then, and
      // those behind it have none.
      if (waiter.until === undefined && runs?.isNext(waiter.reference) !== false) {
        waiter.until = lastPosition();
      }
      if (waiter.until === undefined || waiter.until > lastDurable()) return true;
      waiter.resolve(waiter.until);
      return false;
    });
  }

  /** Nothing becomes durable any more. */
  fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
