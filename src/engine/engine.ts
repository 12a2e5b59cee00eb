import { endingFrom } from '../events/async-context.js';
import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { EngineFailedError } from '../events/errors.js';
import { checkSignal, unlessAborted } from '../events/on-abort.js';
import type { EventRegistry } from '../events/registry.js';
import type { Meters } from '../observe/meters.js';
import type { ConstructorCount } from '../profile/heap-objects.js';
import { Subscribable } from '../publisher/subscribable.js';
import type { Store } from '../store/store.js';
import type { Trace, TraceQuery } from '../store/story.js';
import { type AppendOptions, checked, type DrainOptions } from './call-options.js';
import { type CheckedOptions, checkThreads } from './check-options.js';
import { DeadLetters } from './failures/dead-letters.js';
import type { Hub } from './hub.js';
import type { KnownLog } from './hub-parts.js';
import { prepareAppend } from './intake/append.js';
import { type Preparation, type Prepared, preparationOf } from './intake/prepare.js';
import { enter, take, takeMany, takeSoon, takeTogether, whenAt } from './intake/taking.js';
import { checkExpectedVersion, wrongVersion } from './intake/wrong-version.js';
import type {
  EngineStats,
  ManyReceipt,
  PublishOptions,
  ReadOptions,
  Receipt,
  Unsubscribe,
} from './options.js';
import { checkUntilOf, checkWait, closedError } from './own-waits.js';
import type { ProfileOptions } from './profiling/profile-options.js';
import { type ProfileReport, Profiling, type SnapshotOptions } from './profiling/profiling.js';
import { fingerprintOf } from './reading/fingerprint.js';
import { streamOf } from './reading/read.js';
import { traceInLog } from './reading/trace.js';
import { shutDown } from './shut-down.js';
import type { Health } from './watch/health.js';
import type { EngineLog } from './watch/logger.js';
import { Metrics } from './watch/metrics.js';
import type { Notice } from './watch/notices.js';
import { statsOf } from './watch/stats.js';

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
    this.#preparation = preparationOf(parts);
    this.#reopen = reopen;
    this.metrics = new Metrics(() => this.#parts);
    this.deadLetters = new DeadLetters((waits) => {
      if (waits !== undefined) checkWait(this.#parts.options, waits);
      this.#checkOpen();
      return this.#parts;
    });
  }

  /**
   * Publishes one event and resolves with its place: when it is durable, or at the stage named by `until`.
   * Waits while the engine is full. Calls are taken in the order in which they are made.
   *
   * @throws UnknownEventTypeError, SchemaMismatchError, EventFunctionError, UnsupportedPayloadError,
   * PayloadTooLargeError, InvalidNameError, EngineClosedError, EngineFailedError; with `until: 'handled'` HandlerError
   * and KeyParkedError; WaitsForItselfError in a handler on the main thread, when it would wait for itself; the signal's reason when it aborts before the event was taken in.
   */
  async publish(event: NewEvent, options: PublishOptions = {}): Promise<Receipt> {
    this.#checkOpen();
    const { until = 'durable', signal } = checked.publish(options);
    checkUntilOf(this.#parts.options, 'publish', until);
    signal?.throwIfAborted();
    const prepared = this.#preparation.prepare(event);
    const hub = this.#hub;
    return enter(hub, prepared, signal, (event) => whenAt(hub, take(hub, event), until));
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
    options: PublishOptions = {},
  ): Promise<ManyReceipt> {
    const { until = 'durable', signal } = checked.publish(options);
    checkUntilOf(this.#parts.options, 'publishMany', until);
    const prepare = (event: NewEvent): Prepared => {
      this.#checkOpen();
      signal?.throwIfAborted();
      return this.#preparation.prepare(event);
    };
    return takeMany(this.#hub, events, prepare, { until, signal });
  }

  /**
   * Takes an event in if there is room, and says whether it did. When it did not, await `ready()`.
   *
   * @throws as `publish`, at once.
   */
  offer(event: NewEvent): boolean {
    this.#checkOpen();
    const hub = this.#hub;
    if (!hub.entrance.admission.isOpen) return false;
    takeSoon(hub, this.#preparation.prepare(event));
    return true;
  }

  /** Resolves when there is room for another event. @throws InvalidOptionError, EngineClosedError; the signal's reason. */
  async ready(signal?: AbortSignal): Promise<void> {
    this.#checkOpen();
    checkSignal('ready()', signal);
    signal?.throwIfAborted();
    const { admission } = this.#hub.entrance;
    if (!admission.isOpen) await admission.enter(() => {}, signal);
  }

  /**
   * Publishes events of one aggregate if it is at the expected version; 0 means that it must not exist. They are
   * taken in together, so all of them must fit into `maxInFlight` and `maxInFlightBytes`.
   *
   * @throws AppendTooLargeError when they do not; ConcurrencyError with `expected` and `actual`; nothing was published then. And as `publish`.
   */
  async append(
    aggregateId: string,
    events: readonly NewEvent[],
    options: AppendOptions = {},
  ): Promise<Receipt> {
    this.#checkOpen();
    const { expectedVersion, until = 'durable', signal } = checked.append(options);
    checkUntilOf(this.#parts.options, 'append', until);
    checkExpectedVersion(expectedVersion);
    signal?.throwIfAborted();
    const { prepared, need } = prepareAppend(this.#preparation, this.#parts.options, aggregateId, events);
    const hub = this.#hub;
    const accept = (): Receipt | Promise<Receipt> => {
      const actual = hub.directory.versionOf(aggregateId);
      if (expectedVersion !== undefined && actual !== expectedVersion) {
        throw wrongVersion(aggregateId, expectedVersion, actual);
      }
      if (prepared.length === 0) return { position: 0, version: actual };
      hub.directory.checkRoom(prepared);
      return takeTogether(hub, prepared, until);
    };
    const [first] = prepared;
    // Without events there is nothing to wait for; the version is checked all the same.
    return first ? enter(hub, first, signal, accept, need) : accept();
  }

  /** Tells `listener` what happens in the engine: how full it is, for one. */
  onNotice(listener: (notice: Notice) => void): Unsubscribe {
    const unsubscribe = this.#hub.notices.add(listener);
    return { unsubscribe, [Symbol.dispose]: unsubscribe };
  }

  /**
   * Durable events: of one aggregate in version order, or of the whole log in position order. An event that its type's
   * `upcast` fails on rejects with UpcastError; the next call, or another read from its position + 1, goes on.
   */
  read(options: ReadOptions = {}): AsyncGenerator<DomainEvent, void, undefined> {
    return streamOf(() => this.#parts, { ...checked.read(options), check: () => this.#checkReadable() });
  }

  /**
   * Follows one story through the durable log, as `traceStory` does in a file; in memory as far as it is kept.
   *
   * @throws InvalidOptionError when there is no such event; NotRetainedError, EngineClosedError.
   */
  trace(query: TraceQuery): Promise<Trace> {
    const { store, run } = this.#parts;
    const read = (options: ReadOptions) => this.read(options);
    return traceInLog(read, store.location, run, { ...query }, this.#hub.lastDurable);
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
   * are left out. What others publish meanwhile is not waited for. @throws WaitsForItselfError
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { signal } = checked.drain(options);
    signal?.throwIfAborted();
    checkWait(this.#parts.options, 'drain()');
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
    checkWait(this.#parts.options, 'setThreads()');
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

  /** @internal Has what stands on the engine judged by its health: `tell` when its reasons may have changed. */
  watchAlso(reasons: () => readonly string[]): { readonly tell: () => void; readonly end: () => void } {
    const end = this.#hub.health.also(reasons);
    return { tell: () => this.#hub.health.tell(), end };
  }

  stats(): EngineStats {
    return statsOf(this.#hub, this.#state);
  }

  /**
   * Takes nothing more in, finishes what was accepted, and lets go of every thread and file. Safe to call twice.
   *
   * @throws EngineFailedError when the engine had failed; everything is closed then, too. WaitsForItselfError in a handler
   * on the main thread that awaits it: the closing goes on, and waits for that handler.
   */
  close(): Promise<void> {
    return endingFrom(this.#parts.options, 'engine.close()', () => {
      this.#closing ??= this.#close();
      return this.#closing;
    });
  }

  /**
   * Samples CPU and allocations of the main thread, every lane and the writer at once, and writes profiles and a
   * report into a folder. Events flow on as before. Closing the engine ends it early.
   *
   * @throws InvalidOptionError, ProfileBusyError, EngineClosedError, and OutputError before anything is sampled.
   */
  profile(options: ProfileOptions = {}): Promise<ProfileReport> {
    return this.#profiling.run(options);
  }

  /**
   * Writes a heap snapshot of the main thread, every lane and the writer into a folder, for Chrome's DevTools. Each
   * thread stands still meanwhile. Returns the paths. @throws OutputError when there are some, unless with `force`.
   */
  heapSnapshots(directory = 'profile', options: SnapshotOptions = {}): Promise<readonly string[]> {
    return this.#profiling.snapshot(directory, options);
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
    const closed = closedError();
    this.#hub.entrance.admission.refuseAll(closed);
    const errors = await shutDown(this.#parts, this.#profiling, closed);
    this.#state = 'closed';
    this.#parts.log.closed(this.#parts, errors);
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'The engine closed with several errors.');
  }

  async #recover(): Promise<void> {
    if (this.#state !== 'open') throw closedError();
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
    this.#preparation = preparationOf(this.#parts);
    log.opened(this.#parts, 'recovered');
    this.#hub.health.follow(hub.health);
  }

  /** @internal */
  protected override subscribableTypes(): EventRegistry {
    this.#checkOpen();
    return this.#parts.registry;
  }

  #checkReadable(): void {
    if (this.#state === 'closed') throw closedError();
  }

  #checkOpen(): void {
    if (this.#hub.failure) throw this.#hub.failure;
    if (this.#state !== 'open') throw closedError();
  }
}
