import { Histogram, type LatencySummary } from './histogram.js';
import { HotKeys } from './hot-keys.js';
import { shareOut } from './share-out.js';

/** What a lane's answer says of its work. */
export interface BatchWork {
  readonly events: number;
  /** Milliseconds that the lane was busy with it. */
  readonly busy: number;
  /** For each stored type: its number, its events, and the time of the one that was timed, in milliseconds. */
  readonly types: Float64Array;
  /** Bytes of the thread's JavaScript heap in use. */
  readonly heap: number;
}

/** A lane's work so far. */
export interface LaneMetrics {
  readonly lane: number;
  readonly batches: number;
  readonly events: number;
  /** Milliseconds in handlers and between them. */
  readonly busy: number;
  readonly deaths: number;
  /** Bytes of the thread's JavaScript heap in use at its last answer. */
  readonly heap: number;
}

/** The work of one event type's handlers so far. */
export interface TypeMetrics {
  readonly type: string;
  readonly handled: number;
  /** Milliseconds, shared out among the types of a batch by one timed event of each. */
  readonly busy: number;
}

/** How long events took from stage to stage. */
export interface Latencies {
  /** From the wish to publish until there was room. Events that found room at once are 0. */
  readonly accepted: LatencySummary;
  /** From accepted to durable. */
  readonly durable: LatencySummary;
  /** From accepted to handled. */
  readonly handled: LatencySummary;
  /** A commit, from the main thread and back. */
  readonly commit: LatencySummary;
}

class LaneMeter {
  batches = 0;
  events = 0;
  busy = 0;
  deaths = 0;
  heap = 0;
}

class TypeMeter {
  handled = 0;
  busy = 0;
}

/** Counts and times that are always on: two clock reads a batch or commit, nothing an event. */
export class Meters {
  readonly waited = new Histogram();
  readonly durable = new Histogram();
  readonly handled = new Histogram();
  readonly commit = new Histogram();
  readonly hotKeys = new HotKeys();
  /** The hot keys of a profile, while there is one. */
  profiledKeys: HotKeys | undefined;
  readonly #lanes: LaneMeter[] = [];
  /** By stored type id. */
  readonly #types: TypeMeter[] = [];
  batches = 0;
  batchEvents = 0;

  worked(lane: number, { events, busy, types, heap }: BatchWork): void {
    const meter = this.#lane(lane);
    meter.batches++;
    meter.events += events;
    meter.busy += busy;
    meter.heap = heap;
    this.batches++;
    this.batchEvents += events;
    this.#share(busy, types);
  }

  /** One event of a batch was of this key, and stands for all of it. */
  sawKey(key: string, events: number): void {
    this.hotKeys.saw(key, events);
    this.profiledKeys?.saw(key, events);
  }

  died(lane: number): void {
    this.#lane(lane).deaths++;
  }

  get lanes(): readonly LaneMetrics[] {
    return this.#lanes.flatMap((meter, lane) => ({ lane, ...meter }));
  }

  /** @param nameOf the name of a stored type; several may share one, as versions of each other. */
  types(nameOf: (id: number) => string): readonly TypeMetrics[] {
    const byName = new Map<string, { type: string; handled: number; busy: number }>();
    this.#types.forEach((meter, id) => {
      const type = nameOf(id);
      const sum = byName.get(type) ?? { type, handled: 0, busy: 0 };
      sum.handled += meter.handled;
      sum.busy += meter.busy;
      byName.set(type, sum);
    });
    return [...byName.values()].sort((a, b) => b.busy - a.busy);
  }

  #share(milliseconds: number, types: Float64Array): void {
    shareOut(milliseconds, types, (id, events, busy) => {
      const meter = this.#type(id);
      meter.handled += events;
      meter.busy += busy;
    });
  }

  #lane(lane: number): LaneMeter {
    this.#lanes[lane] ??= new LaneMeter();
    return this.#lanes[lane];
  }

  #type(id: number): TypeMeter {
    this.#types[id] ??= new TypeMeter();
    return this.#types[id];
  }
}
