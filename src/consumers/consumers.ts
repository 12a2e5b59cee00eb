import type { AnyEventType } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { didYouMean } from '../events/nearest.js';
import { waitsForItself } from '../kernel/async-context.js';
import { ConsumerRunningError, InvalidOptionError, TooManyConsumersError } from '../kernel/errors.js';
import { lateEnd } from '../store/consumer.js';
import type { LetterCount } from '../store/dead-letter.js';
import { MAX_CONSUMERS } from '../store/limits.js';
import type { Running } from './attached.js';
import { Consumer } from './consumer.js';
import { noConsumer, notYours } from './faults.js';
import { type Followed, type FollowOptions, type FollowParts, follow } from './follow.js';
import type { ConsumedLog } from './log.js';
import { type CheckedConsumer, type ConsumerOptions, checkConsumer, checkConsumerName } from './options.js';
import { ConsumerRecord } from './record.js';
import { type ConsumerFailed, type ConsumerStatus, stoppedStatus } from './status.js';
import { ConsumerThreads } from './threads.js';

/** What consumers need of their engine. */
export interface ConsumersParts {
  readonly log: () => ConsumedLog;
  /** Throws when the engine is not open. */
  readonly checkOpen: () => void;
  /** Consumers that lanes run: handlers which asked for old events. */
  readonly others: LaneConsumers;
  readonly failed: (failure: ConsumerFailed) => void;
  /** What health says of consumers may have changed. */
  readonly changed: () => void;
  readonly read: FollowParts['read'];
}

/** Consumers whose failed events are the engine's dead letters. */
export interface LaneConsumers {
  /** Those that are here. */
  readonly statuses: () => readonly ConsumerStatus[];
  /** The dead letters of any of them, by name. */
  readonly letters: () => (name: string) => LetterCount;
  /** The log has forgotten one that is not here. */
  readonly forget: (name: string) => void;
}

/** The consumers of an engine's log: those that run, and those that are stored. */
export class Consumers {
  readonly #parts: ConsumersParts;
  /** Running ones, and those that are being started or stopped, by name. */
  readonly #running = new Map<string, Running>();
  /** Names that are being removed, and when that is stored. */
  readonly #removing = new Map<string, Promise<void>>();
  /** Who reads on whenever more is durable. */
  readonly #followers = new Set<(isOver: boolean) => void>();
  /** @internal */
  readonly threads = new ConsumerThreads();

  /** @internal */
  constructor(parts: ConsumersParts) {
    this.#parts = parts;
  }

  /**
   * Starts a consumer: where its name stands in the log, or where `from` says when the log does not know it. Resolves
   * when that place is stored; its handler is called from then on.
   *
   * @throws InvalidOptionError, UnknownEventTypeError; ConsumerRunningError when one of that name runs;
   * TooManyConsumersError; NotRetainedError when the first event is no longer in memory; ConsumerStoppedError when it is
   * removed, or the engine closed, before it has begun; EngineClosedError, EngineFailedError; of a module:
   * HandlerModuleNotFoundError, HandlerModuleInvalidError, HandlerModuleFailedError, ConsumerThreadError.
   */
  async start<Type extends AnyEventType = AnyEventType>(options: ConsumerOptions<Type>): Promise<Consumer> {
    this.#parts.checkOpen();
    const checked = checkConsumer(options, this.#parts.log().registry);
    const { name } = checked;
    if (this.#running.has(name) || this.#removing.has(name)) {
      const isStopped = this.#running.get(name)?.status().state === 'stopped';
      const running = isStopped ? 'is stopped, but a handler of it has not ended yet' : 'runs already';
      const what = this.#removing.has(name) ? 'is being removed' : running;
      throw new ConsumerRunningError(
        `Consumer '${name}' ${what}. Stop that one first, or give this one another name.`,
        { details: { consumer: name } },
      );
    }
    const consumer = new Consumer({
      log: this.#parts.log,
      options: checked,
      record: this.#recordOf(checked),
      threads: this.threads,
      failed: this.#parts.failed,
      changed: this.#parts.changed,
      ended: () => {
        if (this.#running.get(name) === consumer) this.#running.delete(name);
        this.#parts.changed();
      },
    });
    this.#running.set(name, consumer);
    try {
      await consumer.begin();
    } catch (error) {
      if (this.#running.get(name) === consumer) this.#running.delete(name);
      throw error;
    }
    return consumer;
  }

  /** @internal `engine.follow`. */
  follow(options: FollowOptions): Followed<DomainEvent> {
    this.#parts.checkOpen();
    const { log, read } = this.#parts;
    const onMore = (listener: (isOver: boolean) => void) => {
      this.#followers.add(listener);
      return () => this.#followers.delete(listener);
    };
    return follow({ log, read, onMore, start: (consumer) => this.start(consumer) }, options);
  }

  /** Every consumer of the log by name, also those that do not run. @throws EngineClosedError */
  list(): readonly ConsumerStatus[] {
    const { store, facts } = this.#parts.log();
    const running = this.running();
    const known = new Set(running.map(({ name }) => name));
    const letters = this.#parts.others.letters();
    const stored = store.reader
      .consumers()
      .filter(({ name }) => !known.has(name))
      .map((consumer) => stoppedStatus(consumer, facts.lastDurable, letters(consumer.name)));
    return [...running, ...stored].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Has the log forget a consumer, and stops it if it runs. Resolves when that is stored.
   *
   * @throws InvalidOptionError; ConsumerNotFoundError, ConsumerRunningError when it is being removed; EngineClosedError,
   * EngineFailedError, WaitsForItselfError.
   */
  async remove(name: string): Promise<void> {
    // Names of Millrace's own are made of others, and may be longer.
    if (typeof name !== 'string' || lateEnd(name) === undefined) checkConsumerName(name);
    this.#parts.checkOpen();
    const consumer = this.#running.get(name);
    const isOther = this.#parts.others.statuses().some((other) => other.name === name);
    if (isOther || (consumer && !(consumer instanceof Consumer))) throw notYours(name);
    if (this.#removing.has(name) || (!consumer && this.#stored(name) === undefined)) {
      const known = this.list().map((one) => one.name);
      throw noConsumer(name, didYouMean(name, known, 'It has'));
    }
    const removed = this.#forget(name, consumer).finally(() => this.#removing.delete(name));
    this.#removing.set(name, removed);
    await removed;
  }

  async #forget(name: string, consumer: Consumer | undefined): Promise<void> {
    await consumer?.stop();
    const { consumerLink, hub } = this.#parts.log();
    this.#parts.others.forget(name);
    consumerLink.note({ take: () => ({ kind: 'remove', name }) });
    consumerLink.due();
    await hub.flushed();
  }

  /** @internal The log, for what is attached. */
  get log(): ConsumedLog {
    return this.#parts.log();
  }

  /** @internal Has what is a consumer without being started here, such as the event bus, listed, told and ended with them. */
  attach(running: Running): void {
    this.#checkRoom(running.name);
    this.#running.set(running.name, running);
  }

  /** @internal What those that run are at. */
  running(): readonly ConsumerStatus[] {
    return [
      ...[...this.#running.values()].map((consumer) => consumer.status()),
      ...this.#parts.others.statuses(),
    ];
  }

  /** @internal What health says of them. */
  reasons(): readonly string[] {
    return [...this.#running.values()].flatMap((consumer) => consumer.reason() ?? []);
  }

  /** @internal The consumer whose handler makes this call, if one does: it would be waited for. */
  inside(call: string): object | undefined {
    return [...this.#running.values()].find((consumer) => waitsForItself(consumer, call) !== undefined);
  }

  /** @internal More events are durable. */
  wake(): void {
    for (const consumer of this.#running.values()) consumer.wake();
    for (const follower of this.#followers) follower(false);
  }

  /** @internal */
  engineFailed(error: Error): void {
    this.#parts.log().consumerLink.forget();
    for (const consumer of this.#running.values()) consumer.engineFailed(error);
    for (const follower of this.#followers) follower(false);
  }

  /** @internal Nothing waits for it: a handler of before may never end. */
  engineRecovered(): void {
    for (const consumer of this.#running.values()) consumer.engineRecovered();
  }

  /** @internal Ends all of them, and stores what is done as far as the engine still can. */
  async close(): Promise<void> {
    for (const follower of this.#followers) follower(true);
    const outcomes = await Promise.allSettled([...this.#running.values()].map((consumer) => consumer.end()));
    // Their callers hear of it when one fails.
    await Promise.allSettled(this.#removing.values());
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    // A failure of the engine is reported by its own close.
    if (failed && !this.#parts.log().facts.failure) throw failed.reason;
  }

  /** @throws TooManyConsumersError when the log has no room for a name that it does not know. */
  #checkRoom(name: string): void {
    const stored = this.#parts.log().store.reader.consumers();
    const names = new Set([...this.#running.keys(), ...stored.map((one) => one.name)]);
    if (names.has(name) || names.size < MAX_CONSUMERS) return;
    throw new TooManyConsumersError(
      `The log has ${names.size} consumers, as many as it may have. Remove one that is not used any more: engine.consumers.list(), remove(name).`,
      { details: { limit: MAX_CONSUMERS } },
    );
  }

  #stored(name: string) {
    const [stored] = this.#parts.log().store.reader.consumers(name);
    return stored;
  }

  /** @throws InvalidOptionError, TooManyConsumersError, NotRetainedError */
  #recordOf({ name, from }: CheckedConsumer): ConsumerRecord {
    const { store, facts } = this.#parts.log();
    const stored = this.#stored(name);
    if (stored) return new ConsumerRecord(stored);
    this.#checkRoom(name);
    const { lastDurable } = facts;
    const first = from === 'start' ? 1 : from === 'now' ? lastDurable + 1 : from;
    if (first > lastDurable + 1) {
      throw new InvalidOptionError(
        `Consumer option from is ${first}, but the log ends at position ${lastDurable}. Pass 'now' to begin behind it.`,
      );
    }
    // A log in memory may have dropped it: better said now than by a consumer that fails at once.
    if (first <= lastDurable) store.reader.page({ from: first, limit: 1 });
    return ConsumerRecord.begin(name, first - 1);
  }
}
