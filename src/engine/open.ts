import { randomBytes } from 'node:crypto';
import type { DomainEvent } from '../events/domain-event.js';
import { EngineClosedError, InvalidOptionError, StoreMovedError } from '../events/errors.js';
import { requireNode } from '../events/node-version.js';
import { EventRegistry } from '../events/registry.js';
import { turn } from '../events/turn.js';
import type { MakeLane } from '../lanes/executor.js';
import { InlineLane } from '../lanes/inline-lane.js';
import { ThreadLane } from '../lanes/thread-lane.js';
import { Meters } from '../observe/meters.js';
import { announce } from '../profile/engine-channel.js';
import type { SubscriberFailure } from '../publisher/failure.js';
import { Subscriptions } from '../publisher/subscriptions.js';
import { MemoryStore } from '../store/memory-store.js';
import type { StoreState } from '../store/protocol.js';
import { SqliteStore } from '../store/sqlite-store.js';
import type { Store } from '../store/store.js';
import { type CheckedOptions, checkOptions } from './check-options.js';
import { Orders } from './dispatch/orders.js';
import { Engine, type EngineParts } from './engine.js';
import { Hub } from './hub.js';
import type { KnownLog } from './hub-parts.js';
import type { EngineOptions } from './options.js';
import { Backlog } from './replay/backlog.js';
import { defaultNameLimit } from './sequence/directory.js';
import { NODE_TIMERS, type Timers } from './timers.js';
import { Counters } from './watch/counters.js';
import { EngineLog } from './watch/logger.js';
import { Notices } from './watch/notices.js';

/** What an engine stands on. Tests put a simulated world in its place. */
export interface World {
  readonly makeStore: () => Store;
  readonly makeLane: MakeLane;
  readonly timers: Timers;
  /** Names that the engine keeps in memory; left out: as many as the heap allows. */
  readonly maxNames?: number;
}

/** What outlives the inner parts when an engine recovers. */
export interface Lasting {
  readonly subscriptions: Subscriptions<DomainEvent>;
  readonly notices: Notices;
  readonly counters: Counters;
  readonly orders: Orders;
  readonly meters: Meters;
  readonly log: EngineLog;
}

/**
 * Opens an engine: checks the options, opens the store and starts the lanes. What was durable but not finished is
 * handled from then on, in the order of each key and before anything new of it; `engine.recovered` says when that is
 * done, and with `until: 'recovered'` the opening waits for it.
 *
 * @throws NodeTooOldError, InvalidOptionError, InvalidDefinitionError, the errors of the store (StorePathError,
 * ForeignStoreError, NewerStoreError, StoreLockedError, StoreCorruptError) and of the handler modules
 * (HandlerModuleNotFoundError, HandlerModuleInvalidError, HandlerModuleFailedError). Nothing stays open then.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  requireNode();
  const checked = checkOptions(options);
  const engine = await openIn(checked, realWorld(checked));
  announce(engine);
  return engine;
}

/** @internal Opens an engine in a given world. */
export async function openIn(options: CheckedOptions, world: World): Promise<Engine> {
  const counters = new Counters();
  const errored = () => {
    counters.subscriberErrors++;
  };
  const notices = new Notices(errored);
  const lasting: Lasting = {
    counters,
    orders: new Orders(options.threads),
    meters: new Meters(),
    subscriptions: new Subscriptions({ errored, failed: tell(notices) }, world.timers),
    notices,
    log: new EngineLog(options.logger, options.store, errored),
  };
  lasting.log.listenTo(notices);
  const parts = await openParts(options, world, lasting);
  lasting.log.opened(parts, 'opened');
  return new Engine(parts, (log) => openParts(options, world, lasting, log));
}

/** Tells the owner of the engine of a subscriber that failed for good. */
function tell(notices: Notices): (failure: SubscriberFailure<DomainEvent>) => void {
  return ({ subscription, topic, event: { position }, attempts, error }) =>
    notices.send({ kind: 'subscriber-failed', subscription, topic, position, attempts, error });
}

/** @param log the log that must be found; left out: any, or none yet. */
async function openParts(
  options: CheckedOptions,
  world: World,
  lasting: Lasting,
  log?: KnownLog,
): Promise<EngineParts> {
  const registry = new EventRegistry(options.events);
  const store = world.makeStore();
  let hub: Hub | undefined;
  try {
    if (log && !store.exists()) throw lostLog(store.location, 'is gone');
    const state = await store.open(
      registry.types.map(({ definition: { type, version, volatile } }) => ({
        name: type,
        version,
        volatile,
      })),
    );
    checkRun(options, state);
    if (log && log.run !== state.run) throw lostLog(store.location, 'is another log by now');
    if (log && log.lastDurable > state.lastPosition) {
      throw lostLog(
        store.location,
        `ends at position ${state.lastPosition}, though ${log.lastDurable} was durable`,
      );
    }
    for (const type of registry.types) {
      type.id =
        state.types.find(({ name, version }) => name === type.type && version === type.definition.version)
          ?.id ?? 0;
    }
    hub = new Hub({
      ...options,
      ...lasting,
      owner: options,
      registry,
      store,
      state,
      makeLane: world.makeLane,
      timers: world.timers,
      maxNames: world.maxNames ?? defaultNameLimit(),
      setup: setupOf(options, state),
    });
    await openLanes(hub, registry);
    await beginBacklog(hub, store, registry, state);
    if (options.until === 'recovered') await hub.recovered;
    return { options, registry, store, hub, run: state.run, meters: lasting.meters, log: lasting.log };
  } catch (error) {
    hub?.stop();
    await Promise.allSettled([hub?.crew.close(), store.close()]);
    throw error;
  }
}

function lostLog(location: string, what: string): StoreMovedError {
  return new StoreMovedError(
    `Store ${location} ${what}, so the engine cannot go on with it. Put the log back and recover again, or open a new engine.`,
  );
}

/** @internal */
export function realWorld(options: CheckedOptions): World {
  const { concurrency, resourceLimits } = options;
  return {
    makeStore: () => makeStore(options),
    makeLane: (lane, threads) =>
      threads === 0 || options.handlers.length === 0
        ? new InlineLane(concurrency, undefined, options)
        : new ThreadLane(lane, concurrency, resourceLimits),
    timers: NODE_TIMERS,
  };
}

function makeStore({ store, durability, run, deterministic, seed }: CheckedOptions): Store {
  const prefix = run ?? (deterministic ? seed : randomBytes(6).toString('hex'));
  if (store === undefined) return new MemoryStore(prefix);
  return new SqliteStore(store, durability === 'disk' ? 'FULL' : 'NORMAL', prefix);
}

function checkRun(options: CheckedOptions, state: StoreState): void {
  const wanted = options.run ?? (options.deterministic ? options.seed : state.run);
  if (wanted === state.run) return;
  throw new InvalidOptionError(
    `Store ${options.store} belongs to run '${state.run}', not '${wanted}'. Event ids begin with it, so it cannot change: pass the same run (or seed), or another store.`,
  );
}

function setupOf(options: CheckedOptions, state: StoreState) {
  return {
    modules: options.handlers,
    types: state.types,
    run: state.run,
    seed: options.seed,
    deterministic: options.deterministic,
    validate: options.validate === 'publish',
    concurrency: options.concurrency,
    shared: options.shared,
    handlerTimeoutMs: options.handlerTimeoutMs,
    tracing: options.tracing?.laneModule,
  };
}

async function openLanes(hub: Hub, registry: EventRegistry): Promise<void> {
  for (const rule of await hub.crew.open()) {
    const registered = registry.find(rule.type);
    if (registered) registered.handled = true;
    hub.failures.setRule(rule);
  }
}

/** Begins to put the log's unfinished events back on their way. What one turn suffices for is on its way then. */
async function beginBacklog(
  hub: Hub,
  store: Store,
  registry: EventRegistry,
  { deadLetters, lastPosition, lastName, progress }: StoreState,
): Promise<void> {
  if (lastPosition === 0) return;
  const { reader } = store;
  const parked = new Set<number>();
  for (const { position, key } of deadLetters.parked) {
    parked.add(key);
    hub.parking.park(hub.directory.get(reader.nameOf(key)), position, lastPosition, hub.waves);
  }
  for (const position of [...deadLetters.retryParked, ...deadLetters.retry]) {
    const letter = reader.deadLetter(position);
    if (letter) hub.failures.retried.set(position, letter);
  }
  const changed = () => {
    hub.entrance.recheckKeys();
    hub.pump();
  };
  const backlog = new Backlog({ hub, store, registry }, lastPosition, lastName, {
    scanned: changed,
    ended: () => {
      hub.holding.backlog = undefined;
      changed();
    },
  });
  hub.holding.backlog = backlog;
  hub.recovered = whenRecovered(hub, backlog);
  // Whoever wants to know of it asks for it; nobody need.
  hub.recovered.catch(() => {});
  const run = backlog.run(progress.mark + 1, (key) => parked.has(key), deadLetters.retry);
  run.catch((error: Error) => {
    // A reader that was closed under it is no failure.
    if (!backlog.isCutShort) hub.fail(error);
  });
  await Promise.race([run, turn()]);
}

async function whenRecovered(hub: Hub, backlog: Backlog): Promise<void> {
  await hub.drain();
  if (!backlog.isCutShort) return;
  throw new EngineClosedError(
    'The engine was closed before everything was handled that had been unfinished when it opened. The rest is in its log: the next open goes on.',
  );
}
