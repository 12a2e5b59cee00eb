import type { Consumers } from '../consumers/consumers.js';
import type { Followed, FollowOptions } from '../consumers/follow.js';
import type { AnyEventType, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventRegistry } from '../events/registry.js';
import { endingFrom } from '../kernel/async-context.js';
import { checkFunction, checkText } from '../kernel/check.js';
import { checkSignal, unlessAborted } from '../kernel/on-abort.js';
import { type TellsWhenTaken, WHEN_TAKEN } from '../kernel/when-taken.js';
import type { SubscribedEvent } from '../publisher/subscribable.js';
import type { ConstructorCount } from '../sampling/heap-objects.js';
import type { Trace, TraceQuery } from '../store/story.js';
import { type AppendOptions, checked, type DrainOptions } from './call-options.js';
import { checkAggregates, checkThreads } from './check-options.js';
import { Commanding } from './commands/commanding.js';
import { consumersOf } from './consumed.js';
import { DeadLetters } from './failures/dead-letters.js';
import { appendTo } from './intake/append.js';
import { checkExpectedVersion } from './intake/expected-version.js';
import { enter, take, takeMany, takeSoon, whenAt } from './intake/taking.js';
import type {
  EngineStats,
  ManyReceipt,
  PublishOptions,
  ReadOptions,
  Receipt,
  Unsubscribe,
} from './options.js';
import { checkUntilOf, checkWait, closedError } from './own-waits.js';
import type { EngineParts, KnownLog } from './parts.js';
import { partsAgain } from './parts-again.js';
import type { ProfileOptions } from './profiling/profile-options.js';
import { type ProfileReport, Profiling, type SnapshotOptions } from './profiling/profiling.js';
import { fingerprintOf } from './reading/fingerprint.js';
import { ANYWAY, type OwnReadOptions, streamOf } from './reading/read.js';
import { traceInLog } from './reading/trace.js';
import type { Prepared } from './sequence/row-facts.js';
import { inOne, shutDown } from './shut-down.js';
import type { Health } from './watch/health-status.js';
import { Metrics } from './watch/metrics.js';
import type { Notice } from './watch/notices.js';
import { statsOf } from './watch/stats.js';

/** A running engine. Open it with `openEngine`, end it with `close` or `await using`. */
export class Engine<Types extends AnyEventType = AnyEventType>
  extends Commanding<Types>
  implements AsyncDisposable
{
  #parts: EngineParts;
  readonly #reopen: (log: KnownLog) => Promise<EngineParts>;
  #recovering: Promise<void> | undefined;
  /** The events whose handlers failed for good. */
  readonly deadLetters: DeadLetters;
  /** Named cursors over the log: each remembers in the log's own file which events it is done with. */
  readonly consumers: Consumers;
  /** What the engine has counted and measured. */
  readonly metrics: Metrics;
  readonly #profiling = new Profiling(() => ({ ...this.#parts, consumers: this.consumers.threads }));
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(parts: EngineParts, reopen: (log: KnownLog) => Promise<EngineParts>) {
    super(parts.subscriptions);
    this.#parts = parts;
    this.#reopen = reopen;
    this.consumers = consumersOf({
      parts: () => this.#parts,
      checkOpen: () => this.#checkOpen(),
      read: (range) => this.#read(range),
    });
    this.metrics = new Metrics(() => this.#parts.facts, this.consumers);
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
    const parts = this.#parts;
    const prepared = parts.preparation.prepare(event);
    return enter(parts, prepared, signal, (event) => whenAt(parts, take(parts, event), until));
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
      const { preparation } = this.#parts;
      return preparation.prepare(event);
    };
    return takeMany(this.#parts, events, prepare, { until, signal });
  }

  /**
   * Takes an event in if there is room, and says whether it did. When it did not, await `ready()`.
   *
   * @throws as `publish`, at once.
   */
  offer(event: NewEvent): boolean {
    this.#checkOpen();
    const parts = this.#parts;
    const { entrance, preparation } = parts;
    if (!entrance.admission.isOpen) return false;
    takeSoon(parts, preparation.prepare(event));
    return true;
  }

  /** Resolves when there is room for another event. @throws InvalidOptionError, EngineClosedError; the signal's reason. */
  async ready(signal?: AbortSignal): Promise<void> {
    this.#checkOpen();
    checkSignal('ready()', signal);
    signal?.throwIfAborted();
    const { admission } = this.#parts.entrance;
    if (!admission.isOpen) await admission.enter(() => {}, signal);
  }

  /**
   * Publishes events of one aggregate if it is where `expectedVersion` says. They are taken in together, so all of them
   * must fit into `maxInFlight` and `maxInFlightBytes`.
   *
   * Events with an `eventId` each are appended once: the same call again, also after a crash, resolves with the receipt of
   * the first when they are among the newest 256 of the aggregate, or behind the expected version; it waits for no handler.
   *
   * @throws AppendTooLargeError; ConcurrencyError with `expected` and `actual`; EventIdTakenError when others have their
   * ids; nothing was published then. And as `publish`.
   */
  async append(
    aggregateId: string,
    events: readonly NewEvent[],
    options: AppendOptions = {},
  ): Promise<Receipt> {
    this.#checkOpen();
    const { expectedVersion: expected, until = 'durable', signal } = checked.append(options);
    checkUntilOf(this.#parts.options, 'append', until);
    checkText('append', 'aggregateId', aggregateId);
    checkExpectedVersion(expected);
    signal?.throwIfAborted();
    const taken = (options as TellsWhenTaken)[WHEN_TAKEN];
    const append = { aggregateId, events, expected, until, signal, taken };
    return appendTo(this.#parts, append, (range) => this.#read({ ...range, [ANYWAY]: true }));
  }

  /** Tells `listener` what happens in the engine: how full it is, for one. @throws InvalidOptionError */
  onNotice(listener: (notice: Notice) => void): Unsubscribe {
    const { notices } = this.#parts;
    const unsubscribe = notices.add(checkFunction('onNotice', 'the listener', listener));
    return { unsubscribe, [Symbol.dispose]: unsubscribe };
  }

  /**
   * Durable events: of one aggregate in version order, or of the whole log in position order, or backwards. An event that
   * its type's `upcast` fails on rejects with UpcastError; the next call goes on behind it. @throws InvalidOptionError,
   * UnknownEventTypeError; NotRetainedError while reading a log in memory.
   */
  read<Type extends Types = Types>(
    options: ReadOptions<Type> = {},
  ): AsyncGenerator<SubscribedEvent<'log', Type>, void, undefined> {
    return this.#read(options) as AsyncGenerator<SubscribedEvent<'log', Type>, void, undefined>;
  }

  /** The newest durable event of an aggregate; undefined when it has none. @throws as `read`. */
  async last(aggregateId: string): Promise<SubscribedEvent<'log', Types> | undefined> {
    checkText('last', 'aggregateId', aggregateId);
    const { value } = await this.read<Types>({ aggregateId, direction: 'backwards', limit: 1 }).next();
    return value ?? undefined;
  }

  /**
   * Events from the log's past into its future, without a gap or a double, until the engine closes. It reads when it is
   * asked, so nothing is queued. @throws as `read`, and with a name as `consumers.start`; EngineFailedError, after which
   * the next call goes on when the engine has recovered.
   */
  follow<Type extends Types = Types>(
    options: FollowOptions<Type> = {},
  ): Followed<SubscribedEvent<'log', Type>> {
    return this.consumers.follow(options) as Followed<SubscribedEvent<'log', Type>>;
  }

  /**
   * Follows one story through the durable log, as `traceStory` does in a file; in memory as far as it is kept.
   *
   * @throws InvalidOptionError when there is no such event; NotRetainedError, EngineClosedError.
   */
  trace(query: TraceQuery): Promise<Trace> {
    const { store, run, facts } = this.#parts;
    return traceInLog((range) => this.#read(range), store.location, run, { ...query }, facts.lastDurable);
  }

  /**
   * Resolves when everything that was unfinished when the engine opened has been handled, and that is durable; parked
   * keys are left out. New events are handled meanwhile, those of such a key behind it. After `recover` it is another
   * promise. It need not be waited for.
   *
   * It rejects with EngineFailedError when the engine fails, with EngineClosedError when it is closed before.
   */
  get recovered(): Promise<void> {
    return this.#parts.recovered;
  }

  /**
   * Resolves when everything accepted before the call, and everything it leads to, is durable and handled, but for parked
   * keys. What others publish meanwhile is not waited for. @throws WaitsForItselfError
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { signal } = checked.drain(options);
    signal?.throwIfAborted();
    checkWait(this.#parts.options, 'drain()');
    await unlessAborted(this.#parts.hub.drain(), signal);
  }

  /**
   * SHA-256 of the log, as far as it goes when everything accepted before the call is handled: equal for equal input
   * in deterministic mode, whatever the thread count.
   */
  async fingerprint(): Promise<string> {
    this.#checkOpen();
    await this.drain();
    const { store, facts } = this.#parts;
    return fingerprintOf(store.reader, facts.lastDurable, () => this.#checkReadable());
  }

  /**
   * Runs handlers on so many threads from now on, 0 for the main thread. No order is broken and nothing waits: a thread that
   * goes finishes what it has begun. Resolves when the new ones run. @throws InvalidOptionError; what loading modules throws.
   */
  async setThreads(threads: number): Promise<void> {
    checkThreads(threads);
    checkAggregates(this.#parts.options.aggregates, threads);
    this.#checkOpen();
    checkWait(this.#parts.options, 'setThreads()');
    const { crew, hub } = this.#parts;
    await crew.resize(threads);
    if (hub.failure) throw hub.failure;
  }

  /**
   * Calls the `onBroadcast` hooks of all handler modules on every lane, between two events. Lanes that are made
   * later hear the last message. Resolves when every hook has ended. @throws UnsupportedPayloadError when the message is
   * no plain data; BroadcastError naming the lanes whose hooks threw.
   */
  async broadcast(message: unknown): Promise<void> {
    this.#checkOpen();
    const { crew, hub } = this.#parts;
    await crew.broadcast(message);
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
    return this.#parts.health.current;
  }

  /** @internal Has what stands on the engine judged by its health: `tell` when its reasons may have changed. */
  watchAlso(reasons: () => readonly string[]): { readonly tell: () => void; readonly end: () => void } {
    const end = this.#parts.health.also(reasons);
    return { tell: () => this.#parts.health.tell(), end };
  }

  stats(): EngineStats {
    const { facts, state } = this.#parts;
    return statsOf(facts, state.stage);
  }

  /**
   * Takes nothing more in, finishes what was accepted, and lets go of every thread and file. Safe to call twice.
   *
   * @throws EngineFailedError when the engine had failed; everything is closed then, too. WaitsForItselfError in a handler
   * on the main thread that awaits it: the closing goes on, and waits for that handler. HandlerTimeoutError when a
   * consumer's handler on the main thread goes on for 10 s after its signal has aborted; everything is closed then, too.
   */
  close(): Promise<void> {
    const call = 'engine.close()';
    return endingFrom(this.consumers.inside(call) ?? this.#parts.options, call, () => {
      this.#closing ??= this.#close();
      return this.#closing;
    });
  }

  /**
   * Samples CPU and allocations of the main thread, every lane, the threads of consumers and the writer at once, and writes profiles and a
   * report into a folder. Events flow on as before. Closing the engine ends it early. @throws InvalidOptionError,
   * ProfileBusyError, EngineClosedError, and OutputError before anything is sampled.
   */
  profile(options: ProfileOptions = {}): Promise<ProfileReport> {
    return this.#profiling.run(options);
  }

  /**
   * Writes a heap snapshot of every thread into a folder, for DevTools. Each stands still meanwhile. Returns the paths.
   * @throws OutputError when there are some, unless with `force`; ProfileBusyError when a thread is in a handler for 5 s.
   */
  heapSnapshots(directory = 'profile', options: SnapshotOptions = {}): Promise<readonly string[]> {
    return this.#profiling.snapshot(directory, options);
  }

  /** What lives on the heap of every thread, by thread and constructor; see `findLeaks`. @throws HeapTooLargeError, ProfileBusyError */
  countObjects(): Promise<ReadonlyMap<string, readonly ConstructorCount[]>> {
    return this.#profiling.count();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { state, log } = this.#parts;
    state.to('closing');
    log.begins('closing');
    await this.#recovering?.catch(() => {});
    const parts = this.#parts;
    const { entrance, facts } = parts;
    const closed = closedError();
    entrance.admission.refuseAll(closed);
    parts.commands.close(closed);
    const errors = await shutDown(parts, this.#profiling, this.consumers, closed);
    state.to('closed');
    log.closed(facts, errors);
    if (errors.length > 0) throw inOne(errors);
  }

  async #recover(): Promise<void> {
    const before = this.#parts;
    const { state, hub, log } = before;
    if (state.isEnding) throw closedError();
    if (!hub.failure) return;
    this.#parts = await partsAgain(before, this.#reopen, () => this.#profiling.interrupt());
    state.to('open');
    const { health } = this.#parts;
    log.opened(this.#parts, 'recovered');
    health.follow(before.health);
    this.consumers.engineRecovered();
  }

  /** @internal */
  protected override subscribableTypes(): EventRegistry {
    this.#checkOpen();
    return this.#parts.registry;
  }

  /** @internal */
  protected override commandParts(): EngineParts {
    this.#checkOpen();
    return this.#parts;
  }

  #read(options: OwnReadOptions): AsyncGenerator<DomainEvent, void, undefined> {
    return streamOf(() => this.#parts, { ...checked.read(options), check: () => this.#checkReadable() });
  }

  #checkReadable(): void {
    if (this.#parts.state.stage === 'closed') throw closedError();
  }

  #checkOpen(): void {
    const { hub, state } = this.#parts;
    if (hub.failure) throw hub.failure;
    if (state.stage !== 'open') throw closedError();
  }
}
