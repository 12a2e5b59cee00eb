import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { toError } from '../events/error-codec.js';
import { EngineClosedError, EngineFailedError, type MillraceError } from '../events/errors.js';
import type { EventRegistry } from '../events/registry.js';
import type { Meters } from '../observe/meters.js';
import type { ConstructorCount } from '../profile/heap-objects.js';
import { Subscribable } from '../publisher/subscribable.js';
import type { Store } from '../store/store.js';
import type { Trace, TraceQuery } from '../store/story.js';
import { unlessAborted } from './abortable.js';
import { Call } from './call.js';
import { type CheckedOptions, checkThreads, checkUntil } from './check-options.js';
import { DeadLetters } from './dead-letters.js';
import { fingerprintOf } from './fingerprint.js';
import type { Health } from './health.js';
import type { Hub } from './hub.js';
import type { KnownLog } from './hub-parts.js';
import { Intake } from './intake.js';
import type { EngineLog } from './log.js';
import { Metrics } from './metrics.js';
import type { Notice } from './notices.js';
import type {
  EngineStats,
  ManyReceipt,
  PublishOptions,
  ReadOptions,
  Receipt,
  Unsubscribe,
} from './options.js';
import { Preparation, type Prepared } from './prepare.js';
import type { ProfileOptions } from './profile-options.js';
import { type ProfileReport, Profiling } from './profiling.js';
import { EventStream } from './read.js';
import { shutDown } from './shut-down.js';
import { statsOf } from './stats.js';
import { enter, take, takeTogether, whenAt } from './taking.js';
import { traceInLog } from './trace.js';
import { wrongVersion } from './wrong-version.js';

/** What an engine is made of; `openEngine` puts it together. */
export interface EngineParts {
  readonly options: CheckedOptions;
  readonly registry: EventRegistry;
  readonly store: Store;
  readonly hub: Hub;
  readonly run: string;
  readonly meters: Meters;
  readonly log: EngineLog;
}

/** A running engine. Open it with `openEngine`, end it with `close` or `await using`. */
export class Engine extends Subscribable<'log'> implements AsyncDisposable {
  #parts: EngineParts;
  #hub: Hub;
  #preparation: Preparation;
  readonly #reopen: (log: KnownLog) => Promise<EngineParts>;
  #recovering: Promise<void> | undefined;
  /** The events whose handlers failed for good. */
  readonly deadLetters: DeadLetters;
  /** What the engine has counted and measured. */
  readonly metrics: Metrics;
  readonly #profiling = new Profiling(() => this.#parts);
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(parts: EngineParts, reopen: (log: KnownLog) => Promise<EngineParts>) {
    super(parts.hub.subscriptions);
    this.#parts = parts;
    this.#hub = parts.hub;
    this.#preparation = new Preparation(parts.registry, parts.options);
    this.#reopen = reopen;
    this.metrics = new Metrics(() => this.#parts);
    this.deadLetters = new DeadLetters(() => {
      this.#checkOpen();
      return this.#parts;
    });
  }

  /**
   * Publishes one event and resolves with its place: when it is durable, or at the stage named by `until`.
   * Waits while the engine is full. Calls are taken in the order in which they are made.
   *
   * @throws UnknownEventTypeError, SchemaMismatchError, UnsupportedPayloadError, PayloadTooLargeError,
   * InvalidNameError, EngineClosedError, EngineFailedError; with `until: 'handled'` HandlerError and
   * KeyParkedError; the signal's reason when it aborts before the event was taken in.
   */
  async publish(event: NewEvent, { until = 'durable', signal }: PublishOptions = {}): Promise<Receipt> {
    this.#checkOpen();
    checkUntil(until);
    signal?.throwIfAborted();
    const prepared = this.#preparation.prepare(event);
    const hub = this.#hub;
    return enter(hub, prepared.partitionKey, () => whenAt(hub, take(hub, prepared), until), signal);
  }

  /**
   * Publishes many events in order, and waits whenever the engine is full. Resolves when all have come as far as
   * `until` says (default: all are durable); with `until: 'handled'` when what they led to is handled, too.
   *
   * @throws as `publish`; events before the refused one stay published. With `until: 'handled'` PublishManyError when
   * some were not handled: it names their positions, all others are handled. EngineFailedError when the engine stops
   * meanwhile, also when it has recovered by now.
   */
  async publishMany(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    { until = 'durable', signal }: PublishOptions = {},
  ): Promise<ManyReceipt> {
    checkUntil(until);
    const hub = this.#hub;
    const call = until === 'handled' ? new Call(hub.waves) : undefined;
    const intake = new Intake(hub, call);
    const prepare = (event: NewEvent): Prepared => {
      this.#checkOpen();
      signal?.throwIfAborted();
      return this.#preparation.prepare(event);
    };
    try {
      await intake.takeAll(events, prepare, signal);
      const receipt = await intake.finish();
      if (receipt.count === 0) return receipt;
      if (!call) await whenAt(hub, { position: receipt.lastPosition, version: 0 }, until);
      else {
        await call.settled();
        await hub.flushed();
        call.check(receipt);
      }
      return receipt;
    } finally {
      call?.end();
    }
  }

  /**
   * Takes an event in if there is room, and says whether it did. When it did not, await `ready()`.
   *
   * @throws as `publish`, at once.
   */
  offer(event: NewEvent): boolean {
    this.#checkOpen();
    const hub = this.#hub;
    const { entrance } = hub;
    if (!entrance.admission.isOpen) return false;
    const prepared = this.#preparation.prepare(event);
    if (!entrance.mustWait(prepared.partitionKey)) hub.accept(prepared);
    else {
      entrance.whenQuiet(
        prepared.partitionKey,
        () => hub.accept(prepared),
        // It was said yes to and is refused after all: nobody waits for it, so the engine stops.
        (error) => hub.fail(toError(error)),
      );
    }
    return true;
  }

  /** Resolves when there is room for another event. */
  async ready(signal?: AbortSignal): Promise<void> {
    this.#checkOpen();
    signal?.throwIfAborted();
    const { admission } = this.#hub.entrance;
    if (!admission.isOpen) await admission.enter(() => {}, signal);
  }

  /**
   * Publishes events of one aggregate if it is at the expected version; 0 means that it must not exist.
   *
   * @throws ConcurrencyError with `expected` and `actual`; nothing was published then. And as `publish`.
   */
  async append(
    aggregateId: string,
    events: readonly NewEvent[],
    {
      expectedVersion,
      until = 'durable',
      signal,
    }: PublishOptions & { readonly expectedVersion?: number } = {},
  ): Promise<Receipt> {
    this.#checkOpen();
    checkUntil(until);
    signal?.throwIfAborted();
    const prepared = this.#preparation.prepareAll(aggregateId, events);
    const hub = this.#hub;
    const accept = (): Receipt | Promise<Receipt> => {
      const actual = hub.directory.find(aggregateId)?.version ?? 0;
      if (expectedVersion !== undefined && actual !== expectedVersion) {
        throw wrongVersion(aggregateId, expectedVersion, actual);
      }
      if (prepared.length === 0) return { position: 0, version: actual };
      return takeTogether(hub, prepared, until);
    };
    const key = prepared[0]?.partitionKey ?? aggregateId;
    return enter(hub, key, accept, signal);
  }

  /** Tells `listener` what happens in the engine: how full it is, for one. */
  onNotice(listener: (notice: Notice) => void): Unsubscribe {
    const unsubscribe = this.#hub.notices.add(listener);
    return { unsubscribe, [Symbol.dispose]: unsubscribe };
  }

  /** Durable events: of one aggregate in version order, or of the whole log in position order. */
  read(options: ReadOptions = {}): AsyncGenerator<DomainEvent, void, undefined> {
    const { registry, run } = this.#parts;
    return new EventStream(
      () => this.#parts.store,
      run,
      registry,
      { ...options, check: () => this.#checkReadable() },
      (aggregateId, after) => {
        const { directory, sequencer } = this.#hub;
        const entry = directory.find(aggregateId);
        return entry && sequencer.tail.positionsOf(entry.position, after);
      },
    );
  }

  /**
   * Follows one story through the durable log, as `traceStory` does in a file; in memory as far as it is kept.
   *
   * @throws InvalidOptionError when there is no such event; NotRetainedError, EngineClosedError.
   */
  trace(query: TraceQuery): Promise<Trace> {
    const { location } = this.#parts.store;
    return traceInLog((options) => this.read(options), location, query, this.#hub.lastDurable);
  }

  /**
   * Resolves when everything that was unfinished when the engine opened has been handled, and that is durable; parked
   * keys are left out. New events are handled meanwhile, those of such a key behind it. After `recover` it is another
   * promise. It need not be waited for.
   *
   * It rejects with EngineFailedError when the engine fails, with EngineClosedError when it is closed before.
   */
  get recovered(): Promise<void> {
    return this.#hub.recovered;
  }

  /**
   * Resolves when everything accepted before the call, and everything it leads to, is durable and handled; parked keys
   * are left out. What others publish meanwhile is not waited for.
   */
  async drain({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    await unlessAborted(this.#hub.drain(), signal);
  }

  /**
   * SHA-256 of the log, as far as it goes when everything accepted before the call is handled: equal for equal input
   * in deterministic mode, whatever the thread count.
   */
  async fingerprint(): Promise<string> {
    this.#checkOpen();
    await this.drain();
    return fingerprintOf(this.#parts.store.reader, this.#hub.lastDurable, () => this.#checkReadable());
  }

  /**
   * Runs handlers on so many threads from now on, 0 for the main thread. No order is broken and nothing waits:
   * a thread that goes finishes what it has begun. Resolves when the new ones run.
   *
   * @throws InvalidOptionError; the error of a handler module that cannot be loaded any more.
   */
  async setThreads(threads: number): Promise<void> {
    checkThreads(threads);
    this.#checkOpen();
    const hub = this.#hub;
    await hub.crew.resize(threads);
    if (hub.failure) throw hub.failure;
  }

  /**
   * Calls the `onBroadcast` hooks of all handler modules on every lane, between two events. Lanes that are made
   * later hear the last message. Resolves when every hook has ended.
   *
   * @throws UnsupportedPayloadError when the message is no plain data; BroadcastError naming the lanes whose
   * hooks threw.
   */
  async broadcast(message: unknown): Promise<void> {
    this.#checkOpen();
    const hub = this.#hub;
    await hub.crew.broadcast(message);
    if (hub.failure) throw hub.failure;
  }

  /**
   * Goes on after a failure: lets go of everything, opens the store again, and handles what was durable and
   * unfinished. Subscribers and listeners stay. Does nothing when the engine has not failed.
   *
   * @throws the errors of `openEngine`, and the engine stays failed; EngineFailedError when there is no store to
   * open again; EngineClosedError.
   */
  recover(): Promise<void> {
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined;
    });
    return this.#recovering;
  }

  /** Whether the engine works, and what somebody should look at. */
  health(): Health {
    return this.#hub.health.current;
  }

  stats(): EngineStats {
    return statsOf(this.#hub, this.#state);
  }

  /**
   * Takes nothing more in, finishes what was accepted, and lets go of every thread and file. Safe to call twice.
   *
   * @throws EngineFailedError when the engine had failed; everything is closed then, too.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Samples CPU and allocations of the main thread, every lane and the writer at once, and writes profiles and a
   * report into a folder. Events flow on as before. Closing the engine ends it early.
   *
   * @throws InvalidOptionError, ProfileBusyError, EngineClosedError, and the file system's errors.
   */
  profile(options: ProfileOptions = {}): Promise<ProfileReport> {
    return this.#profiling.run(options);
  }

  /**
   * Writes a heap snapshot of the main thread, every lane and the writer into a folder, for Chrome's DevTools. Each
   * thread stands still meanwhile. Returns the paths.
   */
  heapSnapshots(directory = 'profile'): Promise<readonly string[]> {
    return this.#profiling.snapshot(directory);
  }

  /** What lives on the heap of every thread, by thread and constructor; see `findLeaks`. @throws HeapTooLargeError */
  countObjects(): Promise<ReadonlyMap<string, readonly ConstructorCount[]>> {
    return this.#profiling.count();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    this.#parts.log.begins('closing');
    await this.#recovering?.catch(() => {});
    const closed = this.#closedError();
    this.#hub.entrance.admission.refuseAll(closed);
    const errors = await shutDown(this.#parts, this.#profiling, closed);
    this.#state = 'closed';
    this.#parts.log.closed(this.#parts, errors);
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'The engine closed with several errors.');
  }

  async #recover(): Promise<void> {
    if (this.#state !== 'open') throw this.#closedError();
    const { hub, store, options, run, log } = this.#parts;
    if (!hub.failure) return;
    if (options.store === undefined) {
      throw new EngineFailedError(
        "An engine with durability 'memory' cannot recover: its log was in the memory that failed. Open a new one.",
        { cause: hub.failure },
      );
    }
    log.begins('recovering');
    await this.#profiling.interrupt();
    // What does not close any more has failed already, and the new parts say whether the store is in use.
    await Promise.allSettled([hub.crew.close(), store.close()]);
    this.#parts = await this.#reopen({ run, lastDurable: hub.lastDurable });
    this.#hub = this.#parts.hub;
    this.#preparation = new Preparation(this.#parts.registry, options);
    log.opened(this.#parts, 'recovered');
    this.#hub.health.follow(hub.health);
  }

  /** @internal */
  protected override subscribableTypes(): EventRegistry {
    this.#checkOpen();
    return this.#parts.registry;
  }

  #checkReadable(): void {
    if (this.#state === 'closed') throw this.#closedError();
  }

  #checkOpen(): void {
    if (this.#hub.failure) throw this.#hub.failure;
    if (this.#state !== 'open') throw this.#closedError();
  }

  #closedError(): MillraceError {
    return new EngineClosedError('The engine is closed. Open it again with openEngine before publishing.');
  }
}
