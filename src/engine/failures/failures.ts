import type { RegisteredType } from '../../events/registry.js';
import { rowOf, slabOf } from '../../events/slab.js';
import { decodeError, encodeError } from '../../kernel/error-codec.js';
import { HandlerError, KeyParkedError } from '../../kernel/errors.js';
import { seededRandom } from '../../kernel/random.js';
import { pauseAfter } from '../../kernel/retry-rule.js';
import type { Time } from '../../kernel/time.js';
import type { FailurePolicy, FailureRule } from '../../lanes/handlers.js';
import type { HandledType } from '../../lanes/protocol.js';
import type { LaneScheduler } from '../../lanes/scheduler.js';
import type { DeadLetterRecord, DeadLetterState, SettledLetter } from '../../store/dead-letter.js';
import type { LateHandlers } from '../replay/late-handlers.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import type { Counters } from '../watch/counters.js';
import type { Notices } from '../watch/notices.js';
import type { FailedKeys } from './failed-keys.js';
import type { RetriedLetter } from './retried-letter.js';

/** What failures are made of. */
export interface FailureParts {
  readonly scheduler: LaneScheduler;
  readonly pool: SlabPool;
  readonly failed: FailedKeys;
  /** Dead letters that are being tried again, by position. */
  readonly retried: Map<number, RetriedLetter>;
  readonly late: LateHandlers;
  readonly types: readonly (RegisteredType | undefined)[];
  readonly notices: Notices;
  readonly counters: Counters;
  readonly time: Time;
  readonly seed: string;
}

/** What the hub does about failures. */
export interface FailureEvents {
  /** A key may run again. */
  retry(): void;
  /** A failed event counts as finished. */
  skipped(slab: HubSlab, row: number): void;
  /** An event of a parked key leaves the memory; it stays unfinished in the log. */
  dropped(slab: HubSlab, row: number): void;
  /** Whoever waits for the event is told. */
  failed(slab: HubSlab, row: number, error: Error): void;
  /** A key is held behind the event of a dead letter. */
  parked(key: NameEntry, letter: SettledLetter, error: Error): void;
  buried(letter: DeadLetterRecord): void;
  stop(error: Error): void;
  changed(): void;
}

const NO_RETRIES: FailureRule = {
  retries: 0,
  retryDelayMs: 0,
  maxRetryDelayMs: 0,
  jitter: 0,
  onFailure: 'park',
};

/**
 * What becomes of a key whose event failed: the same event again after a pause that doubles, then its policy.
 * Meanwhile the key's later events wait behind it, and every other key goes on.
 */
export class Failures {
  readonly #parts: FailureParts;
  readonly #events: FailureEvents;
  readonly #rules = new Map<string, HandledType>();
  readonly #timers = new Set<unknown>();

  constructor(parts: FailureParts, events: FailureEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  setRule(rule: HandledType): void {
    this.#rules.set(rule.type, rule);
  }

  /** Decides about a key whose first queued event has failed and of which nothing is in flight. */
  settle(key: NameEntry): void {
    const { counters, types, time, failed, late, scheduler } = this.#parts;
    scheduler.putFirst(key, failed.of(key)?.reference ?? key.head);
    const slab = this.#slabOf(key.head);
    const row = rowOf(key.head);
    const type = types[slab.type[row] as number]?.type ?? '';
    const rule = this.#rules.get(type) ?? NO_RETRIES;
    counters.failed++;
    failed.tried(key, time.now());
    if (key.attempts <= rule.retries) {
      counters.retried++;
      late.tried(key.head, 'again');
      this.#retryLater(key, slab.position[row] as number, rule);
      return;
    }
    const error = this.#handlerError(key, slab, row, type);
    const policy = this.#policy(rule, key.head, slab.position[row] as number);
    late.tried(key.head, policy === 'skip' ? 'skipped' : 'given up');
    switch (policy) {
      case 'skip':
        this.#skip(key, slab, row, error);
        break;
      case 'stop':
        this.#events.stop(error);
        break;
      case 'park':
        this.#park(key, slab, row, error);
        break;
    }
  }

  /** Failed events that wait for their next try. */
  get pauses(): number {
    return this.#timers.size;
  }

  /** Names of the modules that handle a type. */
  modulesOf(type: string): string {
    return this.#rules.get(type)?.modules ?? '';
  }

  /** Cancels the pending retries. */
  stop(): void {
    for (const timer of this.#timers) this.#parts.time.clear(timer);
    this.#timers.clear();
  }

  #retryLater(key: NameEntry, position: number, rule: FailureRule): void {
    const { time, scheduler } = this.#parts;
    const timer = time.set(
      () => {
        this.#timers.delete(timer);
        scheduler.resume(key);
        this.#events.retry();
      },
      this.#pause(key, position, rule),
    );
    this.#timers.add(timer);
  }

  /** The chance is seeded, so that a run can be repeated. */
  #pause({ name, attempts }: NameEntry, position: number, rule: FailureRule): number {
    const random = () => seededRandom(JSON.stringify([this.#parts.seed, name, position, attempts]))();
    return pauseAfter(attempts, rule, random);
  }

  /** An event that was skipped once is finished in the log: its key cannot be held behind it any more. */
  #policy({ onFailure }: FailureRule, reference: number, position: number): FailurePolicy {
    const call = this.#parts.late.callOf(reference);
    const isAgain = call?.isAgain ?? this.#parts.retried.get(position)?.state === 'skipped';
    return onFailure === 'park' && isAgain ? 'skip' : onFailure;
  }

  #handlerError(key: NameEntry, slab: HubSlab, row: number, type: string): HandlerError {
    const wire = this.#parts.failed.of(key)?.error;
    const cause = wire && decodeError(wire);
    const position = slab.position[row] as number;
    return new HandlerError(
      `The handler of '${type}' failed at position ${position}, key '${key.name}', after ${key.attempts} ${key.attempts === 1 ? 'try' : 'tries'}: ${cause?.message ?? 'unknown error'}`,
      { cause, details: { type, position, key: key.name, attempts: key.attempts } },
    );
  }

  #skip(key: NameEntry, slab: HubSlab, row: number, error: HandlerError): void {
    const { counters, scheduler } = this.#parts;
    counters.skipped++;
    this.#bury(key, slab, row, error, 'skipped');
    this.#tell(key.head, error);
    scheduler.dropHead(key);
    this.#parts.failed.forget(key);
    this.#events.skipped(slab, row);
    scheduler.resume(key);
    this.#events.changed();
  }

  #park(key: NameEntry, slab: HubSlab, row: number, error: HandlerError): void {
    const position = slab.position[row] as number;
    const letter = this.#bury(key, slab, row, error, 'parked');
    const rows = this.#parts.scheduler.park(key);
    this.#parts.failed.forget(key);
    this.#events.parked(key, letter, error);
    rows.forEach((reference, index) => {
      const queued = this.#slabOf(reference);
      this.#tell(reference, index === 0 ? error : parkedBehind(key, position, error));
      this.#events.dropped(queued, rowOf(reference));
    });
    this.#events.changed();
  }

  /** Nobody waits for an old event that is not a dead letter, and somebody may wait for the dead letter of the same event. */
  #tell(reference: number, error: Error): void {
    const call = this.#parts.late.callOf(reference);
    if (call && !call.lanes && !call.letter) return;
    this.#events.failed(this.#slabOf(reference), rowOf(reference), error);
  }

  #bury(
    key: NameEntry,
    slab: HubSlab,
    row: number,
    error: HandlerError,
    state: DeadLetterState,
  ): DeadLetterRecord {
    const { failed, retried, late, notices, time } = this.#parts;
    const position = slab.position[row] as number;
    const call = late.callOf(key.head);
    const before = call ? call.letter : retried.get(position);
    if (before && retried.get(position) === before) retried.delete(position);
    const letter: DeadLetterRecord = {
      position,
      key: key.id,
      state,
      attempts: key.attempts + (before?.attempts ?? 0),
      // Of a handler that took its thread with it only the event is known.
      handler:
        failed.of(key)?.handler || this.modulesOf(this.#parts.types[slab.type[row] as number]?.type ?? ''),
      owners: late.buried(key.head, before),
      lane: failed.of(key)?.lane ?? 0,
      firstFailedAt: before?.firstFailedAt ?? key.firstFailedAt,
      failedAt: time.now(),
      error: failed.of(key)?.error ?? encodeError(error),
      retry: false,
    };
    this.#events.buried(letter);
    notices.send({ kind: 'dead-letter', position, key: key.name, state, attempts: letter.attempts, error });
    return letter;
  }

  #slabOf(reference: number): HubSlab {
    return this.#parts.pool.slabs[slabOf(reference)] as HubSlab;
  }
}

/** The error for an event that waits behind a failed one of its key. */
export function parkedBehind(key: NameEntry, position: number, cause?: Error): KeyParkedError {
  return new KeyParkedError(
    `Key '${key.name}' is parked: its event at position ${position} failed and is a dead letter. Its later events wait in the log; go on with engine.deadLetters.retry(${position}) or discard(${position}).`,
    { cause, details: { key: key.name, position } },
  );
}
