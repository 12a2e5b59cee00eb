import { Codec } from '../events/codec.js';
import type { RegisteredType } from '../events/registry.js';
import type { LaneLog } from '../lanes/history.js';
import { LaneScheduler } from '../lanes/scheduler.js';
import { Progress } from '../store/progress.js';
import { CommandDesk } from './commands/desk.js';
import { SentCommands } from './commands/sent-commands.js';
import { type SnapshotParts, Snapshots } from './commands/snapshots.js';
import { CommandSuspects } from './commands/suspects.js';
import { CommitQueue } from './commit/commit-queue.js';
import { refusalsIn } from './dispatch/emission-check.js';
import { LaneCrew } from './dispatch/lane-crew.js';
import { LanePump } from './dispatch/lane-pump.js';
import { FailedKeys } from './failures/failed-keys.js';
import { Failures } from './failures/failures.js';
import { Parking } from './failures/parking.js';
import type { RetriedLetter } from './failures/retried-letter.js';
import { Hub } from './hub.js';
import { Entrance } from './intake/entrance.js';
import { InFlight } from './intake/in-flight.js';
import { Preparation } from './intake/prepare.js';
import { Pressure, shareOf } from './intake/pressure.js';
import { Receipts } from './intake/receipts.js';
import { Waves } from './intake/waves.js';
import { checkWait } from './own-waits.js';
import type { Foundation, Rooms } from './parts.js';
import { PastReader } from './reading/past-reader.js';
import { Holding } from './replay/holding.js';
import { LateHandlers } from './replay/late-handlers.js';
import type { ReplayParts } from './replay/log-flow.js';
import { Resumer } from './replay/resume.js';
import { Directory } from './sequence/directory.js';
import { KeyGate } from './sequence/key-gate.js';
import { KeyRuns } from './sequence/key-runs.js';
import { Sequencer } from './sequence/sequencer.js';
import { Shapes } from './sequence/shapes.js';
import { SlabPool } from './sequence/slab-pool.js';
import { StateKeeper } from './states/state-keeper.js';
import { DataTimers } from './timers/data-timers.js';
import { TimerFiring } from './timers/timer-firing.js';
import { TimerFlow } from './timers/timer-flow.js';
import { TimerKeeper } from './timers/timer-keeper.js';
import { WallTimers } from './timers/wall-timers.js';
import { EngineFacts } from './watch/facts.js';
import { HealthWatch } from './watch/health.js';
import { healthFacts } from './watch/health-facts.js';

/**
 * Makes the rooms of an engine, in the order of an event's way. Each is given those before it; what it has to tell to
 * those behind it, it tells the hub.
 */
export function assemble(foundation: Foundation): Rooms {
  const { store, registry, stored, counters, notices, subscriptions, meters, options, time, state } =
    foundation;
  const hub = new Hub(stored.lastPosition, state);
  const waves = new Waves();
  const sequence = sequenceRoom(foundation, hub, waves);
  const intake = intakeRoom(foundation, sequence, waves);
  const failing = failingParts();
  const replay = { store, registry, hub, ...intake, ...failing, directory: sequence.directory };
  const holding = holdingRoom(foundation, sequence, replay, intake.inFlight);
  const states = new StateKeeper({ ...foundation, pool: sequence.pool });
  const aggregates = () => dispatch.crew.aggregates;
  const { timers, gate } = sequence;
  const sent = new SentCommands({ ...foundation, hub, waves, gate, seed: foundation.setup.seed });
  const saved = { ...intake, states, timers, sent, aggregates };
  const { commits, snapshots } = commitRoom(foundation, hub, sequence, saved);
  const late = new LateHandlers({
    ...foundation,
    hub,
    progress: sequence.progress,
    parking: failing.parking,
  });
  const { sequencer, directory, shapes } = sequence;
  const tailOf: Rooms['tailOf'] = (aggregateId, after) =>
    sequencer.tail.positionsOf(directory.positionOf(aggregateId), after);
  const past = pastReader(foundation, hub, sequence, tailOf);
  const suspects = new CommandSuspects();
  const judging = { ...failing, late, states, suspects, sent };
  const dispatch = dispatchRoom({ ...foundation, past }, hub, sequence, judging);
  const dispatched = { ...sequence, ...failing, ...dispatch };
  const failures = failuresRoom(foundation, hub, { ...dispatched, holding, commits, late });
  const commanding = { ...intake, ...dispatch, suspects, tailOf, snapshots };
  const { preparation, commands } = commandsRoom(foundation, hub, sequence, commanding);
  const facts = new EngineFacts({
    ...{ hub, counters, meters, store, commits, failures, commands, sent },
    ...{ ...intake, ...sequence, ...dispatch, ...failing },
  });
  sent.connect(commands);
  const measure = () => healthFacts(facts, intake.pressure.share);
  const health = new HealthWatch(options.health, measure, notices, time);
  const wallTimers = connectTimers(foundation, hub, sequence, intake, holding);
  hub.connect({
    ...{ store, types: sequence.types, run: stored.run, dispatch: options.dispatch },
    ...{ counters, notices, subscriptions },
    ...{ ...intake, ...sequence, ...dispatch, ...failing },
    ...{ commits, commands, sent, failures, holding, health, late, past },
    timers: sequence.timerFlow,
  });
  return {
    ...replay,
    crew: dispatch.crew,
    ...{ failures, holding, late, states, wallTimers, facts, health, commits },
    ...{ timers, gate, sent },
    resumer: new Resumer(replay),
    preparation,
    commands,
    shapes,
    tailOf,
    endOf: (aggregateId) => (aggregateId === undefined ? hub.lastDurable : directory.versionOf(aggregateId)),
  };
}

/** What handlers read of the log, where the main thread reads it for them. */
function pastReader(
  { store, registry, stored }: Foundation,
  hub: Hub,
  { sequencer, runs }: SequenceRoom,
  tailOf: Rooms['tailOf'],
): PastReader {
  return new PastReader({
    ...{ store, registry, run: stored.run, tailOf, runs },
    check: () => {
      if (hub.failure) throw hub.failure;
    },
    lastPosition: () => sequencer.lastPosition,
    lastDurable: () => hub.lastDurable,
  });
}

type SequenceRoom = ReturnType<typeof sequenceRoom>;
type IntakeRoom = ReturnType<typeof intakeRoom>;
type FailingParts = ReturnType<typeof failingParts>;
type DispatchRoom = ReturnType<typeof dispatchRoom>;

/** Who hands out numbers, and the memory that events lie in. */
function sequenceRoom(
  { options, store, stored, registry, setup, maxNames, movesKeys, nearTimers, notices }: Foundation,
  hub: Hub,
  waves: Waves,
) {
  const { deterministic, dispatch, maxInFlightBytes } = options;
  const types: (RegisteredType | undefined)[] = [];
  for (const { id, name } of stored.types) types[id] = registry.find(name);
  const directory = new Directory(store, maxNames);
  directory.load(stored.lastName);
  const pool = new SlabPool(maxInFlightBytes, (slab) => hub.forget(slab));
  const sequencer = new Sequencer(directory, pool, stored.lastPosition, deterministic);
  const scheduler = new LaneScheduler(pool.slabs, setup.concurrency, movesKeys);
  // What must be durable before it is handled has its number before it is handled.
  const isAhead = deterministic && dispatch === 'accepted';
  const runs = isAhead ? new KeyRuns(sequencer, pool, scheduler) : undefined;
  const timerFlow = new TimerFlow();
  const timers = new TimerKeeper({ store, stored, types, nearTimers });
  const firing = new TimerFiring({
    keeper: timers,
    notices,
    types,
    publish: (timer) => timerFlow.fire(timer),
  });
  const keyOf = (name: string) => directory.get(name);
  const gate = deterministic
    ? new KeyGate({
        sequencer,
        waves,
        runs,
        timers: new DataTimers({ keeper: timers, firing, keyOf }),
        hasBacklog: (key) => hub.hasBacklog(key),
        isHeld: (key) => keyOf(key).held,
        begin: (key) => hub.began(key),
        end: (key) => hub.ended(key),
      })
    : undefined;
  const shapes = new Shapes(new Codec(stored.shapes));
  const progress = new Progress(stored.progress.mark, stored.progress.chunks);
  return {
    types,
    directory,
    pool,
    sequencer,
    scheduler,
    runs,
    gate,
    timers,
    timerFlow,
    firing,
    shapes,
    progress,
  };
}

/** Where events come in, and who waits for what. */
function intakeRoom(
  { options, counters, meters, notices }: Foundation,
  sequence: SequenceRoom,
  waves: Waves,
) {
  const { maxInFlight, maxInFlightBytes } = options;
  const { pool, sequencer, gate } = sequence;
  const inFlight = new InFlight({ maxInFlight, maxInFlightBytes, counters, waves, pool, sequencer, gate });
  const pressure = new Pressure(
    () => shareOf(inFlight.fill),
    (kind) => notices.send({ kind, ...inFlight.fill }),
  );
  const entrance = new Entrance({
    waves,
    gate,
    hasRoom: (need) => inFlight.hasRoom(need),
    hasRoomToFeed: () => inFlight.hasRoomToFeed,
    checkWait: () => checkWait(options, 'publish() on a full engine'),
    onWaited: (milliseconds) => meters.waited.record(milliseconds),
  });
  return { waves, receipts: new Receipts(), inFlight, pressure, entrance };
}

/** What is known of events that have failed, which several rooms look at. */
function failingParts() {
  return {
    parking: new Parking(),
    failed: new FailedKeys(),
    /** Dead letters that are being tried again, by position. */
    retried: new Map<number, RetriedLetter>(),
  };
}

function holdingRoom(
  { counters, store }: Foundation,
  { pool, sequencer, directory }: SequenceRoom,
  { parking, waves, receipts }: ReplayParts,
  inFlight: InFlight,
): Holding {
  return new Holding({
    ...{ parking, waves, receipts, counters, inFlight, pool, directory },
    nameOf: (id) => store.reader.nameOf(id),
    lastPosition: () => sequencer.lastPosition,
  });
}

/** What commits save beside events and progress, and for which aggregates there are snapshots. */
interface SavedParts {
  readonly states: StateKeeper;
  readonly timers: TimerKeeper;
  readonly sent: SentCommands;
  readonly aggregates: SnapshotParts['aggregates'];
}

function commitRoom(
  { store, meters, consumerLink, notices }: Foundation,
  hub: Hub,
  { progress, shapes, directory }: SequenceRoom,
  { pressure, receipts, aggregates, ...kept }: IntakeRoom & SavedParts,
): { commits: CommitQueue; snapshots: Snapshots } {
  const changed = () => commits.schedule();
  const snapshots = new Snapshots({ store, directory, notices, aggregates, changed });
  const commits = new CommitQueue(
    store,
    progress,
    meters,
    consumerLink,
    { ...kept, snapshots },
    {
      sending: () => {
        pressure.check();
        return receipts.takeSettling();
      },
      newShapes: () => shapes.takeUnstored(),
      committed: (segments) => hub.committed(segments),
      failed: (error) => hub.fail(error),
    },
  );
  return { commits, snapshots };
}

/** Timers that fire by the wall clock. In deterministic mode the gate lets them in. */
function connectTimers(
  { time }: Foundation,
  hub: Hub,
  sequence: SequenceRoom,
  { inFlight, waves }: IntakeRoom,
  holding: Holding,
): WallTimers | undefined {
  const { timers: keeper, timerFlow, firing, gate, directory } = sequence;
  const wall = gate
    ? undefined
    : new WallTimers({
        ...{ keeper, firing, time },
        hasRoom: () => inFlight.hasRoom({ events: 1, bytes: 0 }),
        isBusy: (key) => directory.get(key).unfinished > 0 || holding.hasBacklog(key),
        wake: () => hub.pump(),
      });
  timerFlow.connect({ ...sequence, keeper, wall, waves, hub });
  return wall;
}

/** The lanes: who they are, and what they are sent and answer. Crew and pump are two halves that know each other. */
function dispatchRoom(
  foundation: Foundation & { readonly past: LaneLog },
  hub: Hub,
  sequence: SequenceRoom,
  {
    failed,
    late,
    states,
    suspects,
    sent,
  }: FailingParts & {
    late: LateHandlers;
    states: StateKeeper;
    suspects: CommandSuspects;
    sent: SentCommands;
  },
) {
  const { options, meters, notices, counters } = foundation;
  const { directory, sequencer, scheduler, pool, shapes, runs, types, timers } = sequence;
  const { codec } = shapes;
  const crew = new LaneCrew({ ...foundation, log: foundation.past }, codec, scheduler, pool, {
    ready: () => hub.pump(),
    answered: (seat, answer) => pump.take(seat, answer),
    decided: (seat, answer) => hub.decided(seat, answer),
    lost: (seat, judgement) => {
      meters.died(seat.number);
      const alone = pump.lost(seat, judgement);
      hub.laneLost(seat, judgement);
      return alone;
    },
    replaced: (lane, error) => notices.send({ kind: 'lane-replaced', lane, error }),
    failed: (error) => hub.fail(error),
  });
  const pump = new LanePump(
    {
      ...foundation,
      ...{ crew, scheduler, pool, codec, runs, failed, late, states, timers, suspects, sent },
    },
    {
      unknownShape: ({ type, shape }) => shapes.learn(types[type], shape),
      unknownStateShape: ({ type, shape }) => shapes.learn(states.types[type], shape),
      refusals: refusalsIn(directory, sequencer, types, timers, options.deterministic),
      emitted: (emission, bytes) => hub.emitted(emission, bytes),
      finished: (slab, row) => hub.finished(slab, row),
      ordered: (slab, row, orders) => hub.ordered(slab, row, orders),
      settled: (key) => hub.settled(key),
      tracerFailed: (times) => {
        counters.subscriberErrors += times;
      },
      answered: () => hub.pump(),
    },
  );
  return { crew, pump };
}

/** What callers ask of aggregates, and how what they publish is prepared. */
function commandsRoom(
  foundation: Foundation,
  hub: Hub,
  { directory, shapes, types }: SequenceRoom,
  parts: IntakeRoom &
    DispatchRoom & { suspects: CommandSuspects; tailOf: Rooms['tailOf']; snapshots: Snapshots },
) {
  const { registry, options, counters, eventTime } = foundation;
  const preparation = new Preparation(registry, options, shapes, eventTime, () => {
    counters.subscriberErrors++;
  });
  const commands = new CommandDesk({
    ...{ ...foundation, ...parts, hub, directory, codec: shapes.codec, types, preparation },
    checkWait: () => checkWait(options, 'execute() on a full engine'),
    unknownShape: ({ type, shape }) => shapes.learn(types[type], shape),
  });
  return { preparation, commands };
}

function failuresRoom(
  { notices, counters, time, setup }: Foundation,
  hub: Hub,
  parts: SequenceRoom &
    FailingParts &
    DispatchRoom & { holding: Holding; commits: CommitQueue; late: LateHandlers },
): Failures {
  const { scheduler, pool, types, failed, retried, late, pump, holding, commits } = parts;
  return new Failures(
    { scheduler, pool, failed, retried, late, types, notices, counters, time, seed: setup.seed },
    {
      retry: () => pump.pump(),
      skipped: (slab, row) => hub.finished(slab, row),
      dropped: (slab, row) => hub.released(slab, row),
      failed: (slab, row, error) => holding.unhandled(slab, row, error),
      parked: (key, letter, error) => holding.park(key, letter, error),
      buried: (letter) => commits.bury(letter),
      stop: (error) => hub.fail(error),
      changed: () => hub.pump(),
    },
  );
}
