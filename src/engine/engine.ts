import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { toError } from '../events/error-codec.js';
import { EngineClosedError, EngineFailedError, type MillraceError } from '../events/errors.js';
import type { EventRegistry } from '../events/registry.js';
import { PUBLISH_MANY_YIELD } from '../limits.js';
import type { Meters } from '../observe/meters.js';
import type { ConstructorCount } from '../profile/heap-objects.js';
import { Subscribable } from '../publisher/subscribable.js';
import type { Store } from '../store/store.js';
import type { Trace, TraceQuery } from '../store/story.js';
import { abortable, unlessAborted } from './abortable.js';
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
import { traceInLog } from './trace.js';
import { turn } from './turn.js';
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
  /** An event that `offer` has said yes to is refused after all: nobody waits for it, so the engine stops. */
  readonly #refusedLater = (error: unknown): void => {
    if (!(error instanceof EngineFailedError)) this.#hub.fail(toError(error));
  };

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
    const accept = () => this.#wait(this.#accept(prepared), until);
    return this.#enter(prepared.partitionKey, accept, signal, prepared);
  }

  /**
   * Publishes many events in order, and waits whenever the engine is full. Resolves when the last one has come
   * as far as `until` says (default: all are durable).
   *
   * @throws as `publish`; events before the refused one stay published.
   */
  async publishMany(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    { until = 'durable', signal }: PublishOptions = {},
  ): Promise<ManyReceipt> {
    checkUntil(until);
    const intake = new Intake(this.#hub);
    const take = (event: NewEvent): Promise<void> | undefined => {
      this.#checkOpen();
      signal?.throwIfAborted();
      return intake.take(this.#preparation.prepare(event), signal);
    };
    if (Symbol.asyncIterator in events) {
      for await (const event of abortable(events, signal)) await take(event);
    } else {
      for (const event of events) {
        const full = take(event);
        if (full) await full;
        if (intake.taken % PUBLISH_MANY_YIELD === 0) await this.#breathe();
      }
    }
    const receipt = await intake.finish();
    if (receipt.count === 0) return receipt;
    if (until === 'handled') await this.drain();
    else await this.#wait({ position: receipt.lastPosition, version: 0 }, until);
    return receipt;
  }

  /**
   * Takes an event in if there is room, and says whether it did. When it did not, await `ready()`.
   *
   * @throws as `publish`, at once.
   */
  offer(event: NewEvent): boolean {
    this.#checkOpen();
    if (!this.#hub.admission.isOpen) return false;
    const prepared = this.#preparation.prepare(event);
    const { partitionKey: key } = prepared;
    if (!this.#hub.mustWait(key)) this.#hub.accept(prepared);
    else this.#hub.whenQuiet(key, () => this.#hub.accept(prepared), this.#refusedLater, prepared);
    return true;
  }

  /** Resolves when there is room for another event. */
  async ready(signal?: AbortSignal): Promise<void> {
    this.#checkOpen();
    signal?.throwIfAborted();
    if (!this.#hub.admission.isOpen) await this.#hub.admission.enter(() => {}, signal);
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
    const accept = (): Receipt | Promise<Receipt> => {
      const actual = this.#hub.directory.find(aggregateId)?.version ?? 0;
      if (expectedVersion !== undefined && actual !== expectedVersion) {
        throw wrongVersion(aggregateId, expectedVersion, actual);
      }
      let receipt: Receipt = { position: 0, version: actual };
      for (const event of prepared) receipt = this.#accept(event);
      return prepared.length > 0 ? this.#wait(receipt, until) : receipt;
    };
    const key = prepared[0]?.partitionKey ?? aggregateId;
    return this.#enter(key, accept, signal);
  }

  /** Tells `listener` what happens in the engine: how full it is, for one. */
  onNotice(listener: (notice: Notice) => void): Unsubscribe {
    const unsubscribe = this.#hub.notices.add(listener);
    return { unsubscribe, [Symbol.dispose]: unsubscribe };
  }

  /** Durable events: of one aggregate in version order, or of the whole log in position order. */
  read(options: ReadOptions = {}): AsyncGenerator<DomainEvent, void, undefined> {
    const { store, registry, run } = this.#parts;
    const { directory, sequencer } = this.#hub;
    return new EventStream(
      store,
      run,
      registry,
      { ...options, check: () => this.#checkReadable() },
      (aggregateId, after) => {
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
    return traceInLog((options) => this.read(options), this.#parts.store.location, query);
  }

  /** Resolves when everything accepted so far and everything it led to is durable and handled. */
  async drain({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    await unlessAborted(this.#hub.drain(), signal);
  }

  /** SHA-256 of the log as design: equal for equal input in deterministic mode, whatever the thread count. */
  async fingerprint(): Promise<string> {
    this.#checkOpen();
    await this.drain();
    return fingerprintOf(this.#parts.store.reader, () => this.#checkReadable());
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
    await this.#hub.crew.resize(threads);
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
    await this.#hub.crew.broadcast(message);
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
    this.#hub.admission.refuseAll(this.#closedError(), true);
    const errors = await shutDown(this.#parts, this.#profiling);
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

  /** Runs `accept` when there is room and, in deterministic mode, the key is quiet. */
  #enter(
    key: string,
    accept: () => Receipt | Promise<Receipt>,
    signal: AbortSignal | undefined,
    event?: Prepared,
  ): Receipt | Promise<Receipt> {
    const { admission } = this.#hub;
    const enter = (): Receipt | Promise<Receipt> => {
      if (!this.#hub.mustWait(key)) return accept();
      return new Promise((resolve, reject) => {
        this.#hub.whenQuiet(key, () => resolve(accept()), reject, event);
      });
    };
    return admission.isOpen ? enter() : admission.enter(enter, signal);
  }

  #accept(event: Prepared): Receipt {
    const position = this.#hub.accept(event);
    return { position, version: this.#hub.sequencer.lastVersion };
  }

  async #breathe(): Promise<void> {
    this.#hub.commits.flush();
    await turn();
  }

  #wait(receipt: Receipt, until: PublishOptions['until']): Receipt | Promise<Receipt> {
    const { receipts, lastDurable } = this.#hub;
    if (until === 'accepted' || (until !== 'handled' && receipt.position <= lastDurable)) return receipt;
    return until === 'handled' ? receipts.untilHandled(receipt) : receipts.untilDurable(receipt);
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
