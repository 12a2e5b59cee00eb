import type { SettledLetter } from '../../store/dead-letter.js';
import { parkedBehind } from '../failures/failures.js';
import type { Parking } from '../failures/parking.js';
import type { InFlight } from '../intake/in-flight.js';
import type { Receipts } from '../intake/receipts.js';
import type { Wave, WaveCall, Waves } from '../intake/waves.js';
import type { Directory, NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import type { Counters } from '../watch/counters.js';
import type { Backlog } from './backlog.js';
import type { HeldEvents } from './held-events.js';

/** What holding is made of. */
export interface HoldingParts {
  readonly parking: Parking;
  readonly waves: Waves;
  readonly receipts: Receipts;
  readonly counters: Counters;
  readonly inFlight: InFlight;
  readonly pool: SlabPool;
  readonly directory: Directory;
  readonly nameOf: (id: number) => string;
  readonly lastPosition: () => number;
}

/** Keeps new events in the log, and out of memory, while something older of their key is there. */
export class Holding {
  readonly #parts: HoldingParts;
  /** What was unfinished when the log was opened, while it is not on its way. */
  backlog: Backlog | undefined;
  /** Why the backlog is not read any more. */
  #left: Error | undefined;

  constructor(parts: HoldingParts) {
    this.#parts = parts;
  }

  /** Keeps a new event in the log if it must stay there, and says whether it does. */
  takes(slab: HubSlab, row: number, key: NameEntry): boolean {
    if (key.held) this.#hold(slab, row, key);
    else if (!this.backlog?.holds(key)) return false;
    else if (this.#left) this.#leave(slab, row, this.#left);
    else this.#keep(slab, row, key, this.backlog.hold(key, slab, row));
    return true;
  }

  /** Whether a new event of the key would have to wait for the backlog. */
  hasBacklog(name: string): boolean {
    const { backlog } = this;
    if (!backlog) return false;
    const key = this.#parts.directory.get(name);
    // A name without a number is new to the log.
    return key.id > 0 && backlog.holds(key);
  }

  /** Holds a key behind a dead letter, with everything of it that waits in the log. */
  park(key: NameEntry, letter: SettledLetter, cause: Error): void {
    const { parking, waves, receipts, lastPosition } = this.#parts;
    const retried = parking.resumedAt(key);
    // Not the last one that was queued: while the log is read again, later ones of the key may not be here yet.
    const resumed = parking.park(key, letter, lastPosition(), waves);
    for (const held of [resumed, this.backlog?.park(key)]) {
      if (held) this.#forsake(key, held, parkedBehind(key, letter.position, cause));
    }
    // The letter that is tried again may stand behind an old event that a late handler has failed on, and not be here yet.
    if (retried !== undefined && retried > letter.position) {
      receipts.failed(retried, parkedBehind(key, letter.position, cause));
    }
  }

  /** Reads no more of the backlog: what is not on its way stays in the log for the next open. */
  leaveBacklog(error: Error): void {
    const { directory, nameOf } = this.#parts;
    const leftovers = this.backlog?.stop();
    this.#left = error;
    for (const { slab, row } of leftovers?.rows ?? []) this.#leave(slab, row, error);
    for (const [id, held] of leftovers?.held ?? []) this.#forsake(directory.get(nameOf(id)), held, error);
  }

  /** An event will not be handled now: whoever waits for it is told. */
  unhandled(slab: HubSlab, row: number, error: Error): void {
    const position = slab.position[row] as number;
    this.#parts.receipts.failed(position, error);
    callOf(slab, row)?.failed(position, error);
  }

  #leave(slab: HubSlab, row: number, error: Error): void {
    this.unhandled(slab, row, error);
    this.#parts.inFlight.release(slab, row);
  }

  #hold(slab: HubSlab, row: number, key: NameEntry): void {
    const { parking, receipts, inFlight } = this.#parts;
    const position = slab.position[row] as number;
    const resumption = parking.hold(key, position);
    if (resumption) {
      resumption.held.add(position, slab.waves[row] as Wave);
      this.#keep(slab, row, key, resumption.held);
      return;
    }
    const error = parkedBehind(key, parking.positionOf(key) ?? position);
    callOf(slab, row)?.failed(position, error);
    // Whoever waits for it may only be about to say so, in this same turn.
    queueMicrotask(() => receipts.failed(position, error));
    inFlight.release(slab, row);
  }

  /** The event is in flight while it waits in the log; only its memory is given back. */
  #keep(slab: HubSlab, row: number, key: NameEntry, held: HeldEvents | undefined): void {
    if (!held) return;
    const { parking, receipts, pool, inFlight } = this.#parts;
    const position = slab.position[row] as number;
    const call = callOf(slab, row);
    if (call) held.await({ position, call });
    // As above; and the key may be parked by then.
    else {
      queueMicrotask(() => {
        if (!receipts.isAwaited(position)) return;
        const parkedAt = parking.positionOf(key);
        if (parkedAt === undefined) held.await({ position, call });
        else receipts.failed(position, parkedBehind(key, parkedAt));
      });
    }
    inFlight.kept++;
    pool.release(slab, 1);
  }

  #forsake(key: NameEntry, held: HeldEvents, error: Error): void {
    const { waves, receipts, counters, inFlight } = this.#parts;
    const count = held.clear(waves, ({ position, call }) => {
      call?.failed(position, error);
      receipts.failed(position, error);
    });
    counters.inFlight -= count;
    inFlight.kept -= count;
    inFlight.ended(key, count);
  }
}

/** The call that waits for an event as its own, and not for what it leads to. */
function callOf(slab: HubSlab, row: number): WaveCall | undefined {
  return slab.causation[row] === 0 ? slab.waves[row]?.call : undefined;
}
