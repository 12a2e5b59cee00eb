import type { RegisteredType } from '../../events/registry.js';
import type { TimerOrders } from '../../lanes/timers/lane-timers.js';
import type { StoredTimer } from '../../store/timer.js';
import type { Wave, Waves } from '../intake/waves.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { KeyGate } from '../sequence/key-gate.js';
import type { KeyRuns } from '../sequence/key-runs.js';
import type { Sequencer } from '../sequence/sequencer.js';
import type { TimerKeeper } from './timer-keeper.js';
import type { WallTimers } from './wall-timers.js';

/** The parts between which timers flow; `assemble` makes them. */
export interface TimerFlowParts {
  readonly keeper: TimerKeeper;
  /** In deterministic mode only. */
  readonly runs: KeyRuns | undefined;
  readonly gate: KeyGate | undefined;
  /** Otherwise. */
  readonly wall: WallTimers | undefined;
  readonly sequencer: Sequencer;
  readonly waves: Waves;
  /** By stored type id. */
  readonly types: readonly (RegisteredType | undefined)[];
  readonly hub: {
    /** The error that stopped it, if one did. */
    readonly failure: Error | undefined;
    /** The row written last is on its way. */
    appended(type: RegisteredType, wave: Wave): void;
  };
}

/** The way of timers on the main thread: from a lane's answer to what is pending, and from there into the log. */
export class TimerFlow {
  /** Given before anything can happen. */
  #parts!: TimerFlowParts;

  connect(parts: TimerFlowParts): void {
    this.#parts = parts;
  }

  /** The handlers of a row's event, which is about to be finished, have scheduled or cancelled timers. */
  ordered(slab: HubSlab, row: number, orders: TimerOrders): void {
    const { keeper, runs, gate, wall, waves } = this.#parts;
    const key = slab.keys[row] as NameEntry;
    const wave = slab.waves[row] as Wave;
    keeper.obey(key, slab.position[row] as number, orders);
    runs?.stop(key);
    gate?.scheduled(key, wave);
    // What is due at once is a part of what the event has led to.
    if (wall) waves.within(wave, () => wall.advance());
  }

  /** Gives a timer's event its place. @throws EngineFailedError, NotDeterministicError, TooManyNamesError */
  fire({ type: id, aggregateId, partitionKey, occurredAt, position, data, metadata }: StoredTimer): void {
    const { types, sequencer, waves, hub } = this.#parts;
    if (hub.failure) throw hub.failure;
    const type = types[id] as RegisteredType;
    sequencer.append({
      ...{ type, aggregateId, partitionKey: partitionKey || aggregateId, occurredAt, causation: position },
      bytes: Buffer.from(data + metadata, 'latin1'),
      start: 0,
      dataLength: data.length,
      metadataLength: metadata.length,
    });
    // It was encoded as the version of its type that there was then.
    const { slab } = sequencer;
    slab.type[slab.rows - 1] = id;
    hub.appended(type, waves.taking);
  }

  /** Fires what is due by the wall clock. In deterministic mode the gate does, by the data's. */
  advance(): void {
    this.#parts.wall?.advance();
  }

  stop(): void {
    this.#parts.wall?.stop();
  }
}
