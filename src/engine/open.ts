import { randomBytes } from 'node:crypto';
import type { DomainEvent } from '../events/domain-event.js';
import { InvalidOptionError, StoreMovedError } from '../events/errors.js';
import { EventRegistry } from '../events/registry.js';
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
import { Counters } from './counters.js';
import { defaultNameLimit } from './directory.js';
import { Engine, type EngineParts } from './engine.js';
import { Hub } from './hub.js';
import type { KnownLog } from './hub-parts.js';
import { EngineLog } from './log.js';
import { Notices } from './notices.js';
import type { EngineOptions } from './options.js';
import { Orders } from './orders.js';
import { restore, unfinished } from './resume.js';
import { NODE_TIMERS, type Timers } from './timers.js';

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
 * Opens an engine: checks the options, opens the store, starts the lanes, and puts what was durable but not
 * finished back on its way before anything new.
 *
 * @throws InvalidOptionError, InvalidDefinitionError, the errors of the store (StorePathError,
 * ForeignStoreError, NewerStoreError, StoreLockedError, StoreCorruptError) and of the handler modules
 * (HandlerModuleNotFoundError, HandlerModuleInvalidError, HandlerModuleFailedError). Nothing stays open then.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
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
      registry,
      store,
      state,
      makeLane: world.makeLane,
      timers: world.timers,
      maxNames: world.maxNames ?? defaultNameLimit(),
      setup: setupOf(options, state),
    });
    await openLanes(hub, registry);
    await recover(hub, store, registry, state);
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
        ? new InlineLane(concurrency)
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

/** Puts unfinished events of the log back on their way; waits for room like any publisher. */
async function recover(hub: Hub, store: Store, registry: EventRegistry, state: StoreState): Promise<void> {
  const { deadLetters, lastPosition, progress } = state;
  if (lastPosition === 0) return;
  const { reader } = store;
  const keyOf = (id: number) => hub.directory.get(reader.nameOf(id));
  for (const { position, key } of deadLetters.parked) hub.parking.park(keyOf(key), position, lastPosition);
  for (const position of [...deadLetters.retryParked, ...deadLetters.retry]) {
    const letter = reader.deadLetter(position);
    if (letter) hub.failures.retried.set(position, letter);
  }
  hub.recovering = true;
  let from = progress.mark + 1;
  let to = lastPosition;
  // A handler may stop the engine before it is open; nothing becomes durable then, and no room free.
  while (from <= to && !hub.failure) {
    if (to > hub.lastDurable) await hub.receipts.untilDurable({ position: to, version: 0 });
    for await (const raw of unfinished(hub, reader, from, to)) {
      // It may also be parked while this waits for room, and its entry be another one by then.
      const isHeld = () => keyOf(raw.partitionKey ?? raw.aggregate).held;
      if (!isHeld()) await restore(hub, reader, registry, raw, isHeld);
    }
    // What handlers have emitted meanwhile comes after everything that was there before it.
    from = to + 1;
    to = hub.sequencer.lastPosition;
  }
  hub.recovering = false;
  for (const position of deadLetters.retry) {
    const [raw] = reader.page({ from: position, limit: 1 });
    if (raw) await restore(hub, reader, registry, raw);
  }
  hub.pump();
  hub.commits.schedule();
}
