import { clearImmediate, setImmediate } from 'node:timers';
import type { DomainEvent } from '../events/domain-event.js';
import { outside } from '../kernel/async-context.js';
import { encodeError } from '../kernel/error-codec.js';
import { HandlerError } from '../kernel/errors.js';
import { pauseAfter } from '../kernel/retry-rule.js';
import { isThenable } from '../kernel/thenable.js';
import { messageOf } from '../kernel/thrown.js';
import { decodeAnyway, upcastErrorOf } from '../store/decode.js';
import type { RawEvent } from '../store/store.js';
import { ConsumerCall } from './call.js';
import { Feed } from './feed.js';
import { CONSUMER_QUEUE, CONSUMER_QUEUE_BYTES, CONSUMER_TURN_EVENTS, CONSUMER_TURN_MS } from './limits.js';
import { Line, ReadyLines } from './line.js';
import type { ConsumedLog } from './log.js';
import type { CheckedConsumer, ConsumerContext } from './options.js';
import type { ConsumerRecord } from './record.js';

/** What a consumer counts since it was started. */
export class ConsumerCounts {
  handled = 0;
  /** Tries that failed. */
  failed = 0;
  retried = 0;
  skipped = 0;
}

/** What a run tells its consumer. */
export interface RunEvents {
  /** Events are done, parked or left out: there is something to store. */
  progressed(count: number): void;
  /** It has come to rest, or to the end of its turn: callers may have waited for that. */
  rested(): void;
  /** An event has failed for good. */
  failed(error: HandlerError, position: number, key: string, state: 'parked' | 'skipped' | 'stopped'): void;
  /** The run cannot go on. */
  broken(error: Error): void;
}

/** A consumer's options, with the function that is called: its own, or that of its thread. */
export interface RunOptions extends CheckedConsumer {
  readonly handle: (event: never, context: ConsumerContext) => unknown;
}

export interface RunParts {
  readonly log: ConsumedLog;
  readonly record: ConsumerRecord;
  readonly options: RunOptions;
  readonly counts: ConsumerCounts;
  readonly events: RunEvents;
}

/**
 * A consumer at work, from one stop to the next. It begins where its record stands, so that whatever ends it (a pause, a
 * replay, a failure of the engine) loses nothing but what was read and not begun.
 */
export class ConsumerRun {
  readonly #parts: RunParts;
  readonly #feed: Feed;
  readonly #lines = new Map<number, Line>();
  readonly #ready = new ReadyLines();
  readonly #timers = new Set<unknown>();
  readonly #calls = new Set<ConsumerCall>();
  /** Parked keys. */
  readonly #parked = new Set<number>();
  #running = 0;
  /** Events in lines, and their bytes. */
  #queued = 0;
  #bytes = 0;
  #spent = 0;
  #turnBegan = 0;
  #breath: NodeJS.Immediate | undefined;
  #isPumping = false;
  #ending: Error | undefined;
  #onEnded: (() => void) | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    const { log, record, options, events } = parts;
    this.#feed = new Feed(log, record, options.types, {
      load: (key, event) => this.#load(key, event),
      passed: (count) => {
        this.#spent += count;
        events.progressed(count);
      },
    });
    for (const { position, key, state } of record.failures) {
      if (state === 'parked') this.#holdParked(key, position);
    }
  }

  /** More events may be durable. */
  look(): void {
    if (this.#feed.hasNew) this.wake();
  }

  /** There may be something to do. It is done in a turn of its own. */
  wake(): void {
    if (this.#breath === undefined && !this.#ending) this.#breathe();
  }

  /** Keys that wait behind a failed event. */
  get parkedKeys(): number {
    return this.#parked.size;
  }

  /** Handlers that have not ended. */
  get running(): number {
    return this.#running;
  }

  /** Whether nothing up to a position is left but what waits behind a parked event. */
  isPast(position: number): boolean {
    if (this.#parts.record.mark >= position) return true;
    if (this.#feed.next <= position) return false;
    for (const line of this.#lines.values()) if (line.head.position <= position) return false;
    for (const [key, first] of this.#feed.held) {
      if (first <= position && !this.#parked.has(key)) return false;
    }
    return true;
  }

  /** A parked key goes on: with its events from a position on that are not done. */
  release(key: number, from: number): void {
    if (!this.#parked.delete(key)) return;
    this.#feed.hold(key, from);
    this.#feed.want(key);
    this.wake();
  }

  /**
   * Begins nothing more. Resolves when every handler that runs has ended; what fails from now on is not done, and
   * nothing else.
   */
  end(reason: Error): Promise<void> {
    this.#ending = reason;
    clearImmediate(this.#breath);
    for (const timer of this.#timers) this.#parts.log.time.clear(timer);
    this.#timers.clear();
    for (const call of this.#calls) call.abort(reason);
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }

  #breathe(): void {
    this.#breath = setImmediate(() => {
      this.#breath = undefined;
      this.#spent = 0;
      this.#turnBegan = performance.now();
      outside(() => this.#pump());
    });
  }

  #pump(): void {
    // A handler may call what wakes its own consumer.
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (!this.#ending && this.#breath === undefined && this.#step()) {
        const isOver = performance.now() - this.#turnBegan >= CONSUMER_TURN_MS;
        if (this.#spent >= CONSUMER_TURN_EVENTS || isOver) this.#breathe();
      }
    } catch (error) {
      this.#parts.events.broken(error as Error);
    } finally {
      this.#isPumping = false;
    }
    this.#parts.events.rested();
  }

  /** Reads a page if there is room, and begins an event if one may begin. Returns whether it did either. */
  #step(): boolean {
    const room = CONSUMER_QUEUE - this.#queued;
    const hasRoom = room >= CONSUMER_QUEUE / 2 && this.#bytes < CONSUMER_QUEUE_BYTES;
    const reads = hasRoom && this.#feed.hasMore;
    if (reads) this.#feed.read(room);
    if (this.#running >= this.#parts.options.concurrency) return false;
    const line = this.#ready.take();
    if (line) this.#begin(line);
    else if (reads) this.#spent++;
    else return !hasRoom && this.#feed.hasMore && this.#shed();
    return true;
  }

  /**
   * Everything that was read waits behind events of its own keys, while others may have some further on: every key
   * keeps its first event here and leaves the rest in the log. Returns whether that made room.
   */
  #shed(): boolean {
    const before = this.#queued;
    for (const line of this.#lines.values()) if (line.length > 1) this.#leave(line, 1);
    return this.#queued < before;
  }

  /** Leaves the events of a line in the log, but for the first `kept`. */
  #leave(line: Line, kept: number): void {
    const cut = line.cut(kept);
    this.#queued -= cut.length;
    for (const event of cut) this.#bytes -= sizeOf(event);
    const [first] = cut;
    if (!first) return;
    this.#feed.forsake(line.key);
    this.#feed.hold(line.key, first.position);
  }

  #load(key: number, event: RawEvent): void {
    this.#queued++;
    this.#bytes += sizeOf(event);
    const line = this.#lines.get(key);
    if (line) {
      line.add(event);
      return;
    }
    const begun = new Line(key);
    begun.add(event);
    this.#lines.set(key, begun);
    this.#ready.add(begun);
  }

  #begin(line: Line): void {
    this.#spent++;
    const { options } = this.#parts;
    const event = this.#decode(line.head);
    const call = new ConsumerCall(options.name, line.attempts + 1);
    this.#running++;
    let pending: PromiseLike<unknown> | undefined;
    try {
      const error = upcastErrorOf(event);
      if (error) {
        this.#running--;
        this.#fail(line, event, error, true);
        return;
      }
      const result = options.handle(event as never, call);
      if (isThenable(result)) pending = result;
    } catch (error) {
      this.#running--;
      this.#fail(line, event, error);
      return;
    }
    if (pending) this.#follow(line, event, call, pending);
    else {
      this.#running--;
      this.#done(line, true);
    }
  }

  #follow(line: Line, event: DomainEvent, call: ConsumerCall, pending: PromiseLike<unknown>): void {
    this.#calls.add(call);
    const ended = () => {
      this.#calls.delete(call);
      this.#running--;
    };
    Promise.resolve(pending).then(
      () => {
        ended();
        this.#done(line, true);
        this.#goOn();
      },
      (error: unknown) => {
        ended();
        this.#fail(line, event, error);
        this.#goOn();
      },
    );
  }

  #goOn(): void {
    if (!this.#ending) {
      // A handler may have entered an async context where its promise is followed.
      outside(() => this.#pump());
      return;
    }
    this.#parts.events.rested();
    if (this.#running === 0) this.#onEnded?.();
  }

  /** The first event of a line is done. */
  #done(line: Line, isHandled: boolean): void {
    const { record, counts, events } = this.#parts;
    record.finish(line.head.position);
    if (isHandled) counts.handled++;
    this.#queued--;
    this.#bytes -= sizeOf(line.head);
    line.shift();
    if (line.length > 0) this.#ready.add(line);
    else {
      this.#lines.delete(line.key);
      if (!this.#parked.has(line.key)) this.#feed.want(line.key);
    }
    events.progressed(1);
  }

  /** @param isFinal another try could not end otherwise. */
  #fail(line: Line, event: DomainEvent, thrown: unknown, isFinal = false): void {
    const { log, options, counts } = this.#parts;
    // Its try was cut short, perhaps: it is not done, and comes again.
    if (this.#ending) return;
    counts.failed++;
    line.attempts++;
    if (line.attempts <= options.retry.retries && !isFinal) {
      counts.retried++;
      const timer = log.time.set(
        () => {
          this.#timers.delete(timer);
          this.#ready.add(line);
          this.wake();
        },
        pauseAfter(line.attempts, options.retry),
      );
      this.#timers.add(timer);
      return;
    }
    this.#failForGood(line, event, thrown);
  }

  #failForGood(line: Line, event: DomainEvent, thrown: unknown): void {
    const { log, record, options, counts, events } = this.#parts;
    const { name, onFailure } = options;
    const { type, position, key } = event;
    const { attempts } = line;
    const error = new HandlerError(
      `Consumer '${name}' failed on '${type}' at position ${position}, key '${key}', after ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${messageOf(thrown)}`,
      { cause: thrown, details: { consumer: name, type, position, key, attempts } },
    );
    const state = onFailure === 'skip' ? 'skipped' : onFailure === 'park' ? 'parked' : 'stopped';
    const letter = {
      position,
      key: line.key,
      attempts,
      failedAt: log.time.now(),
      error: encodeError(thrown),
    };
    if (state === 'stopped' || !record.fail({ ...letter, state })) {
      events.failed(error, position, key, 'stopped');
      return;
    }
    if (state === 'skipped') {
      counts.skipped++;
      this.#done(line, false);
    } else {
      this.#leave(line, 0);
      this.#lines.delete(line.key);
      this.#holdParked(line.key, position);
      events.progressed(1);
    }
    events.failed(error, position, key, state);
  }

  #holdParked(key: number, position: number): void {
    this.#parked.add(key);
    this.#feed.forsake(key);
    this.#feed.hold(key, position);
  }

  #decode(raw: RawEvent): DomainEvent {
    const { store, run, registry } = this.#parts.log;
    return decodeAnyway(store.reader, run, raw, (name) => registry.find(name)?.definition);
  }
}

function sizeOf({ data, metadata }: RawEvent): number {
  return data.length + (metadata?.length ?? 0);
}
