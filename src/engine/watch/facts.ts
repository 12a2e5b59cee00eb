import { statSync } from 'node:fs';
import { rowOf, slabOf } from '../../events/slab.js';
import type { Meters } from '../../observe/meters.js';
import type { CommandMetrics } from '../../observe/snapshot.js';
import type { Store } from '../../store/store.js';
import type { CommitQueue } from '../commit/commit-queue.js';
import type { LaneCrew } from '../dispatch/lane-crew.js';
import type { Failures } from '../failures/failures.js';
import type { Parking } from '../failures/parking.js';
import type { Entrance } from '../intake/entrance.js';
import type { InFlight } from '../intake/in-flight.js';
import type { Sequencer } from '../sequence/sequencer.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import type { Counters } from './counters.js';
import type { Fill } from './notices.js';
import type { RunningEvent } from './stalls.js';

/** Where the facts are found. */
export interface FactSources {
  readonly hub: {
    readonly failure: Error | undefined;
    readonly lastDurable: number;
    typeName(id: number): string;
  };
  readonly counters: Counters;
  readonly meters: Meters;
  readonly store: Store;
  readonly entrance: Entrance;
  readonly inFlight: InFlight;
  readonly sequencer: Sequencer;
  readonly pool: SlabPool;
  readonly commits: CommitQueue;
  readonly crew: LaneCrew;
  readonly failures: Failures;
  readonly parking: Parking;
  readonly commands: { readonly count: number };
  readonly sent: { readonly pending: number; readonly heldCount: number };
}

/**
 * What an engine is like at this moment: statistics, metrics, health, the log and profiles read it here, and reach into
 * no other room. Nothing is kept; each fact is looked up when it is asked for.
 */
export class EngineFacts {
  readonly #sources: FactSources;
  readonly counters: Counters;
  readonly meters: Meters;

  constructor(sources: FactSources) {
    this.#sources = sources;
    this.counters = sources.counters;
    this.meters = sources.meters;
  }

  get failure(): Error | undefined {
    return this.#sources.hub.failure;
  }

  get lastDurable(): number {
    return this.#sources.hub.lastDurable;
  }

  get lastPosition(): number {
    return this.#sources.sequencer.lastPosition;
  }

  /** Events and bytes in flight, and the limits of them. */
  get fill(): Fill {
    return this.#sources.inFlight.fill;
  }

  /** Bytes of slab memory that hold events. */
  get usedBytes(): number {
    return this.#sources.pool.usedBytes;
  }

  /** Publishers that wait for room. */
  get waiting(): number {
    const { admission } = this.#sources.entrance;
    return admission.waiting;
  }

  /** Commits sent so far. */
  get commits(): number {
    return this.#sources.commits.commits;
  }

  /** A commit is under way, or something waits for one. */
  get isCommitting(): boolean {
    return !this.#sources.commits.isIdle;
  }

  /** Threads that handlers are to run on; 0: the main thread. */
  get threads(): number {
    return this.#sources.crew.threads;
  }

  /** Tasks handed to lanes so far. */
  get laneTasks(): number {
    return this.#sources.crew.tasks;
  }

  get openLanes(): number {
    return this.#sources.crew.seats.filter((seat) => seat?.state === 'open').length;
  }

  /** Events that each lane has and has not answered, by lane number. */
  get sentToLanes(): readonly number[] {
    return this.#sources.crew.seats.map((seat) => seat?.sent.count ?? 0);
  }

  /** Events whose handlers have begun and not ended. */
  get running(): readonly RunningEvent[] {
    return this.#sources.crew.seats.flatMap((seat) =>
      (seat?.lane.cell.active ?? []).flatMap((row) => this.#running(row) ?? []),
    );
  }

  get commands(): CommandMetrics {
    const { counters, commands, sent } = this.#sources;
    const { pending, heldCount: held } = sent;
    return { ...counters.commands, inFlight: commands.count, pending, held };
  }

  get parkedKeys(): number {
    return this.#sources.parking.parked;
  }

  /** Whether a failed event waits for its next try. */
  get isRetrying(): boolean {
    return this.#sources.failures.pauses > 0;
  }

  /** Bytes of the store's file and of its write-ahead log; undefined in memory. */
  get files(): { readonly store: number; readonly wal: number } | undefined {
    const { location } = this.#sources.store;
    if (location === 'memory') return undefined;
    return { store: sizeOf(location), wal: this.walBytes };
  }

  /** Bytes of the store's write-ahead log; 0 in memory. */
  get walBytes(): number {
    const { location } = this.#sources.store;
    return location === 'memory' ? 0 : sizeOf(`${location}-wal`);
  }

  /** The name of a stored type; empty when it is not registered. */
  typeName(id: number): string {
    return this.#sources.hub.typeName(id);
  }

  /** The event of a row that a lane says it is at; undefined when it has just ended. */
  #running(reference: number): RunningEvent | undefined {
    const { pool, failures } = this.#sources;
    const slab = pool.slabs[slabOf(reference)];
    const row = rowOf(reference);
    const key = slab?.keys[row]?.name;
    if (!slab || key === undefined) return undefined;
    const handler = failures.modulesOf(this.typeName(slab.type[row] as number));
    return { position: slab.position[row] as number, key, handler };
  }
}

/** Bytes of a file, 0 when it is not there. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
