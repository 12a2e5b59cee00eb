import { randomBytes } from 'node:crypto';
import { ConsumerLink } from '../consumers/link.js';
import type { AnyEventType } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { EventRegistry, type StoredType } from '../events/registry.js';
import { InvalidOptionError, StoreMovedError } from '../kernel/errors.js';
import { requireNode } from '../kernel/node-version.js';
import { NODE_TIME, type Time } from '../kernel/time.js';
import type { MakeLane } from '../lanes/executor.js';
import { InlineLane } from '../lanes/inline-lane.js';
import { ThreadLane } from '../lanes/thread-lane.js';
import { announce } from '../observe/engine-channel.js';
import { Meters } from '../observe/meters.js';
import type { SubscriberFailure } from '../publisher/failure.js';
import { Subscriptions } from '../publisher/subscriptions.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { StoreState } from '../store/protocol.js';
import { SqliteStore } from '../store/sqlite-store.js';
import type { Store } from '../store/store.js';
import { assemble } from './assemble.js';
import { type CheckedOptions, checkOptions } from './check-options.js';
import type { CrewSetup } from './dispatch/lane-crew.js';
import { Orders } from './dispatch/orders.js';
import { Engine } from './engine.js';
import type { EngineOptions } from './options.js';
import type { EngineParts, KnownLog, Lasting, Rooms } from './parts.js';
import { beginBacklog } from './replay/begin.js';
import { defaultNameLimit } from './sequence/directory.js';
import { EngineState } from './state.js';
import { beginStates, withRebuilds } from './states/begin-states.js';
import { beginTimers } from './timers/begin-timers.js';
import { Counters } from './watch/counters.js';
import { EngineLog } from './watch/logger.js';
import { Notices } from './watch/notices.js';

/** What an engine stands on. Tests put a simulated world in its place. */
export interface World {
  readonly makeStore: () => Store;
  readonly makeLane: MakeLane;
  readonly time: Time;
  /**
   * The time of an event that is published without one, in Unix epoch milliseconds. Left out: the wall clock's, and in
   * deterministic mode none.
   */
  readonly eventTime?: () => number;
  /** Names that the engine keeps in memory; left out: as many as the heap allows. */
  readonly maxNames?: number;
  /** Memory that keys' states may take; left out: as much as the heap allows. */
  readonly maxStateBytes?: number | undefined;
  /** Tickets of timers kept in memory, for tests; left out: some thousands. */
  readonly nearTimers?: number;
  /** Whether free keys go to another lane each time: for tests of what handlers keep on their thread. */
  readonly movesKeys?: boolean;
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
export async function openEngine<Types extends AnyEventType = AnyEventType>(
  options: EngineOptions<Types>,
): Promise<Engine<Types>> {
  requireNode();
  const checked = checkOptions(options);
  const engine = await openIn(checked, realWorld(checked));
  announce(engine);
  return engine as Engine<Types>;
}

/** @internal Opens an engine in a given world. */
export async function openIn(options: CheckedOptions, world: World): Promise<Engine> {
  const counters = new Counters();
  const errored = () => {
    counters.subscriberErrors++;
  };
  const notices = new Notices(errored);
  const lasting: Lasting = {
    state: new EngineState(),
    counters,
    orders: new Orders(options.threads),
    meters: new Meters(),
    subscriptions: new Subscriptions({ errored, failed: tell(notices) }, world.time),
    notices,
    log: new EngineLog(options.logger, options.store, errored),
    time: world.time,
    consumerLink: new ConsumerLink(),
  };
  lasting.log.listenTo(notices);
  const parts = await openParts(options, world, lasting);
  lasting.state.to('open');
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
  store.onDamage = (error) => lasting.notices.send({ kind: 'store-damaged', error });
  let rooms: Rooms | undefined;
  try {
    const stored = await openStore(store, registry, options, log);
    const {
      makeLane,
      eventTime,
      maxNames = defaultNameLimit(),
      maxStateBytes,
      nearTimers,
      movesKeys,
    } = world;
    const setup = setupOf(
      options,
      stored,
      registry,
      store instanceof SqliteStore ? store.location : undefined,
    );
    const made = {
      ...lasting,
      options,
      registry,
      store,
      stored,
      makeLane,
      setup,
      eventTime,
      maxNames,
      maxStateBytes,
      nearTimers,
      movesKeys,
    };
    rooms = assemble(made);
    await openLanes(rooms, registry, stored);
    const backlog = await beginBacklog(rooms, stored);
    const begun = rooms.sent.begin();
    const recovered = beginTimers(rooms, stored, lasting.notices, both(backlog.recovered, begun));
    if (options.until === 'recovered') await recovered;
    const { run, lastPosition: openedAt } = stored;
    return { ...lasting, ...rooms, options, run, openedAt, recovered };
  } catch (error) {
    rooms?.hub.stop();
    await Promise.allSettled([rooms?.crew.close(), store.close()]);
    throw error;
  }
}

/** Opens the log, if it is the one that is wanted, and lets the types know their numbers in it. */
async function openStore(
  store: Store,
  registry: EventRegistry,
  options: CheckedOptions,
  log: KnownLog | undefined,
): Promise<StoreState> {
  if (log && !store.exists()) throw lostLog(store.location, 'is gone');
  const stored = await store.open(
    registry.types.map(({ definition: { type, version, volatile } }) => ({ name: type, version, volatile })),
  );
  checkRun(options, stored);
  if (log && log.run !== stored.run) throw lostLog(store.location, 'is another log by now');
  if (log && log.lastDurable > stored.lastPosition) {
    const end = `ends at position ${stored.lastPosition}, though ${log.lastDurable} was durable`;
    throw lostLog(store.location, end);
  }
  for (const type of registry.types) {
    const same = stored.types.find(
      ({ name, version }) => name === type.type && version === type.definition.version,
    );
    type.id = same?.id ?? 0;
  }
  return stored;
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
      threads === 0 || options.handlers.length + options.aggregates.length === 0
        ? new InlineLane(concurrency, undefined, options, options.aggregates)
        : new ThreadLane(lane, concurrency, resourceLimits),
    time: NODE_TIME,
  };
}

function makeStore({ store, durability, run, deterministic, seed, memoryBytes }: CheckedOptions): Store {
  const prefix = run ?? (deterministic ? seed : randomBytes(6).toString('hex'));
  if (store === undefined) return new MemoryStore(prefix, memoryBytes);
  return new SqliteStore(store, durability === 'disk' ? 'FULL' : 'NORMAL', prefix);
}

function checkRun(options: CheckedOptions, state: StoreState): void {
  const wanted = options.run ?? (options.deterministic ? options.seed : state.run);
  if (wanted === state.run) return;
  throw new InvalidOptionError(
    `Store ${options.store} belongs to run '${state.run}', not '${wanted}'. Event ids begin with it, so it cannot change: pass the same run (or seed), or another store.`,
  );
}

function setupOf(
  options: CheckedOptions,
  state: StoreState,
  registry: EventRegistry,
  file: string | undefined,
): CrewSetup {
  return {
    modules: options.handlers,
    ...(options.aggregates.length > 0 && {
      aggregates: options.aggregates.filter((one) => typeof one === 'string'),
    }),
    types: state.types,
    run: state.run,
    seed: options.seed,
    deterministic: options.deterministic,
    validate: options.validate === 'publish',
    concurrency: options.concurrency,
    shared: options.shared,
    history: {
      isDurableFirst: options.dispatch === 'durable',
      file,
      asStored: state.types.filter((type) => isAsStored(type, registry)).map(({ id }) => id),
    },
    handlerTimeoutMs: options.handlerTimeoutMs,
    tracing: options.tracing?.laneModule,
  };
}

/** Whether events of a stored type are read as they lie there. */
function isAsStored({ name, version }: StoredType, registry: EventRegistry): boolean {
  const definition = registry.find(name)?.definition;
  if (!definition) return true;
  return definition.type === name && (!definition.upcast || version >= definition.version);
}

async function openLanes(
  { crew, failures, hub, late, states, store }: Rooms,
  registry: EventRegistry,
  stored: StoreState,
): Promise<void> {
  const rules = await crew.open();
  for (const rule of rules) {
    const registered = registry.find(rule.type);
    if (registered) registered.handled = true;
    failures.setRule(rule);
  }
  states.begin(rules);
  const typeRules = rules.map(({ type, late, usedStates }) => {
    const definition = registry.find(type)?.definition;
    return { names: definition ? [definition.type, ...definition.aliases] : [type], late, usedStates };
  });
  const lateRules = withRebuilds(typeRules, states);
  late.begin(lateRules, stored.lastPosition, stored.deadLetters.late);
  beginStates(lateRules, states, late, store, (letter) => hub.discard(letter));
}

/** Resolves when both have. Neither need be waited for. */
function both(recovered: Promise<void>, begun: Promise<void>): Promise<void> {
  const all = Promise.all([recovered, begun]).then(() => {});
  all.catch(() => {});
  return all;
}
