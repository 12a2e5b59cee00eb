import { decodeError } from '../events/error-codec.js';
import { HandlerError, KeyParkedError } from '../events/errors.js';
import type { RegisteredType } from '../events/registry.js';
import { rowOf, slabOf } from '../events/slab.js';
import type { FailurePolicy } from '../lanes/handlers.js';
import type { LaneScheduler } from '../lanes/scheduler.js';
import { RETRY_DELAY_MAX_MS, RETRY_DELAY_MS } from '../limits.js';
import type { Counters } from './counters.js';
import type { NameEntry } from './directory.js';
import type { FailedEvent } from './lane-pump.js';
import type { HubSlab, SlabPool } from './slab-pool.js';

/** What the hub does about failures. */
export interface FailureEvents {
  /** A key may run again. */
  retry(): void;
  /** A failed event counts as finished. */
  skipped(slab: HubSlab, row: number): void;
  /** An event of a parked key leaves the memory; it stays unfinished in the log. */
  dropped(slab: HubSlab, key: NameEntry): void;
  /** Whoever waits for the event is told. */
  failed(position: number, error: Error): void;
  stop(error: Error): void;
  changed(): void;
  readonly counters: Counters;
}

/** How the handlers of one type want failures to be treated. */
export interface FailureRule {
  readonly retries: number;
  readonly onFailure: FailurePolicy;
}

/**
 * What becomes of a key whose event failed: the same event again after a pause that doubles, then its policy.
 * Meanwhile the key's later events wait behind it, and every other key goes on.
 */
export class Failures {
  readonly #scheduler: LaneScheduler;
  readonly #pool: SlabPool;
  readonly #failed: Map<NameEntry, FailedEvent>;
  readonly #types: readonly (RegisteredType | undefined)[];
  readonly #events: FailureEvents;
  readonly #rules = new Map<string, FailureRule>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(
    scheduler: LaneScheduler,
    pool: SlabPool,
    failed: Map<NameEntry, FailedEvent>,
    types: readonly (RegisteredType | undefined)[],
    events: FailureEvents,
  ) {
    this.#scheduler = scheduler;
    this.#pool = pool;
    this.#failed = failed;
    this.#types = types;
    this.#events = events;
  }

  setRule(type: string, rule: FailureRule): void {
    this.#rules.set(type, rule);
  }

  /** Decides about a key whose first queued event has failed and of which nothing is in flight. */
  settle(key: NameEntry): void {
    const reference = key.head;
    const slab = this.#pool.slabs[slabOf(reference)] as HubSlab;
    const row = rowOf(reference);
    const type = this.#types[slab.type[row] as number]?.type ?? '';
    const rule = this.#rules.get(type) ?? { retries: 0, onFailure: 'park' };
    const { counters } = this.#events;
    counters.failed++;
    key.attempts++;
    if (key.attempts <= rule.retries) {
      counters.retried++;
      this.#retryLater(key);
      return;
    }
    const error = this.#handlerError(key, slab, row, type);
    switch (rule.onFailure) {
      case 'skip':
        this.#skip(key, slab, row, error);
        break;
      case 'stop':
        this.#events.stop(error);
        break;
      case 'park':
        this.#park(key, error);
        break;
    }
  }

  /** Cancels the pending retries. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #retryLater(key: NameEntry): void {
    const delay = Math.min(RETRY_DELAY_MS * 2 ** (key.attempts - 1), RETRY_DELAY_MAX_MS);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#scheduler.resume(key);
      this.#events.retry();
    }, delay);
    this.#timers.add(timer);
  }

  #handlerError(key: NameEntry, slab: HubSlab, row: number, type: string): HandlerError {
    const wire = this.#failed.get(key)?.error;
    const cause = wire && decodeError(wire);
    const position = slab.position[row] as number;
    return new HandlerError(
      `The handler of '${type}' failed at position ${position}, key '${key.name}', after ${key.attempts} ${key.attempts === 1 ? 'try' : 'tries'}: ${cause?.message ?? 'unknown error'}`,
      { cause, details: { type, position, key: key.name, attempts: key.attempts } },
    );
  }

  #skip(key: NameEntry, slab: HubSlab, row: number, error: HandlerError): void {
    this.#events.counters.skipped++;
    this.#events.failed(slab.position[row] as number, error);
    this.#scheduler.dropHead(key);
    this.#forget(key);
    this.#events.skipped(slab, row);
    this.#scheduler.resume(key);
    this.#events.changed();
  }

  #park(key: NameEntry, error: HandlerError): void {
    this.#events.counters.parkedKeys++;
    const rows = this.#scheduler.park(key);
    this.#forget(key);
    rows.forEach((reference, index) => {
      const slab = this.#pool.slabs[slabOf(reference)] as HubSlab;
      const position = slab.position[rowOf(reference)] as number;
      this.#events.failed(position, index === 0 ? error : parkedBehind(key, error));
      this.#events.dropped(slab, key);
    });
    this.#events.changed();
  }

  #forget(key: NameEntry): void {
    key.attempts = 0;
    this.#failed.delete(key);
  }
}

/** The error for an event that waits behind a failed one of its key. */
export function parkedBehind(key: NameEntry, cause?: Error): KeyParkedError {
  return new KeyParkedError(
    `Key '${key.name}' is parked: an earlier event of it failed. Its events wait in the log and are tried again at the next open.`,
    { cause, details: { key: key.name } },
  );
}
