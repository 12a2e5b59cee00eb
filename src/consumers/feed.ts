import type { EventRegistry } from '../events/registry.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { READ_PAGE } from '../limits.js';
import type { RawEvent, TypedPage, TypedQuery } from '../store/store.js';
import { typedPage, typeFilter } from '../store/typed-pages.js';
import { CONSUMER_RELOAD } from './limits.js';
import type { ConsumedLog } from './log.js';
import type { ConsumerRecord } from './record.js';

/** What a feed does with what it reads. */
export interface FeedEvents {
  /** The next event of a key. */
  load(key: number, event: RawEvent): void;
  /** So many events were finished without a handler: they are of other types. */
  passed(count: number): void;
}

/** Keys that come back from the log, and how far it is read for them. */
interface Reload {
  readonly keys: Map<number, number>;
  from: number;
}

/**
 * Reads the log for one consumer: pages of durable events from where it stands, whether those are years old or have
 * just been committed. So there is no moment at which reading ends and hearing begins, and nothing that can be missed
 * or come twice there.
 *
 * A key may be held: its events are left in the log, from a position on, and the feed goes on past them. When it is
 * wanted again, the feed reads them from there; all keys that are wanted by then share the pass.
 */
export class Feed {
  readonly #log: ConsumedLog;
  readonly #record: ConsumerRecord;
  readonly #events: FeedEvents;
  /** Undefined: all types. */
  readonly #wants: TypedQuery['wants'] | undefined;
  /** The first position that was not looked at. */
  #next: number;
  /** Keys with events that are left in the log: the position of the first one. */
  readonly #held = new Map<number, number>();
  readonly #wanted = new Set<number>();
  #reload: Reload | undefined;

  constructor(
    log: ConsumedLog,
    record: ConsumerRecord,
    types: ReadonlySet<string> | undefined,
    events: FeedEvents,
  ) {
    this.#log = log;
    this.#record = record;
    this.#wants =
      types &&
      typeFilter(
        () => log.store.reader,
        (name) => types.has(currentName(log.registry, name)),
      );
    this.#events = events;
    this.#next = record.nextUndone(1);
  }

  /** Every event below was looked at. */
  get next(): number {
    return this.#next;
  }

  /** Whether a call of `read` would bring anything on. */
  get hasMore(): boolean {
    return this.hasNew || this.#reload !== undefined || this.#wanted.size > 0;
  }

  get hasNew(): boolean {
    return this.#next <= this.#log.facts.lastDurable;
  }

  /** Keys with events in the log, and the first position of each. */
  get held(): ReadonlyMap<number, number> {
    return this.#held;
  }

  /** Leaves the events of a key in the log from a position on. */
  hold(key: number, from: number): void {
    this.#held.set(key, from);
  }

  /** Brings the events of a held key back. */
  want(key: number): void {
    if (this.#held.has(key) && !this.#reload?.keys.has(key)) this.#wanted.add(key);
  }

  /** Wants the key no longer: it is held for good. */
  forsake(key: number): void {
    this.#wanted.delete(key);
    this.#reload?.keys.delete(key);
  }

  /** Reads a page: for held keys that are wanted, or new events, at most so many. @throws the errors of the store. */
  read(room: number): void {
    if (this.#reload || this.#wanted.size > 0) this.#readAgain();
    else this.#readOn(room);
  }

  #readOn(room: number): void {
    const { store, facts } = this.#log;
    const last = facts.lastDurable;
    const from = this.#record.nextUndone(this.#next);
    this.#next = from;
    if (from > last) return;
    const { events, next } = this.#page(from, Math.min(room, READ_PAGE));
    if (next === from) {
      throw new StoreCorruptError(
        `Store ${store.location} is damaged: it has no events from position ${from} on, though it had ${last}. Run 'millrace verify' on it, and restore it from a backup.`,
      );
    }
    let passed = 0;
    for (const event of events) {
      const { position } = event;
      if (position > last) break;
      passed += this.#passTo(position);
      this.#next = position + 1;
      if (this.#record.isDone(position)) continue;
      const key = event.partitionKey ?? event.aggregate;
      if (!this.#held.has(key)) this.#events.load(key, event);
    }
    passed += this.#passTo(Math.min(next, last + 1));
    if (passed > 0) this.#events.passed(passed);
  }

  /** New events of the consumer's types; those between them are of others. */
  #page(from: number, limit: number): TypedPage {
    const { reader } = this.#log.store;
    if (this.#wants) return typedPage(reader, { from, limit, wants: this.#wants });
    const events = reader.page({ from, limit });
    const last = events.at(-1);
    return { events, next: last ? last.position + 1 : from };
  }

  /** Everything up to a position that was not looked at is of other types, and so done. @returns how much of it was not. */
  #passTo(position: number): number {
    let passed = 0;
    for (; this.#next < position; this.#next++) {
      if (this.#record.isDone(this.#next)) continue;
      this.#record.finish(this.#next);
      passed++;
    }
    return passed;
  }

  #readAgain(): void {
    const reload = this.#reload ?? this.#beginReload();
    const { keys } = reload;
    const page = this.#log.store.reader.page({ from: reload.from, limit: READ_PAGE });
    for (const event of page) {
      const { position } = event;
      // What comes behind it, the feed has not passed by.
      if (position >= this.#next || keys.size === 0) break;
      reload.from = position + 1;
      const key = event.partitionKey ?? event.aggregate;
      const loaded = keys.get(key);
      if (loaded === undefined || position < (this.#held.get(key) ?? 0)) continue;
      if (this.#record.isDone(position) || this.#wants?.(event.type) === false) continue;
      if (loaded === CONSUMER_RELOAD) {
        this.#held.set(key, position);
        keys.delete(key);
        continue;
      }
      keys.set(key, loaded + 1);
      this.#events.load(key, event);
      this.#held.set(key, position + 1);
    }
    const isAtEnd = page.length === 0 || reload.from >= this.#next;
    if (isAtEnd) for (const key of keys.keys()) this.#held.delete(key);
    if (isAtEnd || keys.size === 0) this.#reload = undefined;
  }

  #beginReload(): Reload {
    const keys = new Map([...this.#wanted].map((key) => [key, 0]));
    const firsts = [...this.#wanted].map((key) => this.#held.get(key) ?? this.#next);
    this.#wanted.clear();
    this.#reload = { keys, from: firsts.reduce((least, first) => Math.min(least, first), this.#next) };
    return this.#reload;
  }
}

/** What a type is called today. */
function currentName(registry: EventRegistry, stored: string): string {
  return registry.find(stored)?.type ?? stored;
}
