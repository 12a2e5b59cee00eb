import { FEED_SHARE } from '../limits.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { KeyGate } from '../sequence/key-gate.js';
import type { Sequencer } from '../sequence/sequencer.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import type { Counters } from '../watch/counters.js';
import type { Fill } from '../watch/notices.js';
import type { Need } from './admission.js';
import type { Wave, Waves } from './waves.js';

/** What is counted here is bounded by these, and told to these. */
export interface InFlightParts {
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  readonly counters: Counters;
  readonly waves: Waves;
  readonly pool: SlabPool;
  readonly sequencer: Sequencer;
  /** In deterministic mode only. */
  readonly gate: KeyGate | undefined;
}

/** Counts the events that are accepted and not finished, of each key and of all, and says whether there is room. */
export class InFlight {
  readonly #parts: InFlightParts;
  /** Events in flight that wait in the log and take no memory. */
  kept = 0;
  /** Events in flight that were read from the log. */
  #fed = 0;

  constructor(parts: InFlightParts) {
    this.#parts = parts;
    parts.counters.inFlight = 0;
  }

  /** How full the engine is: events that wait for their key count too. */
  get fill(): Fill {
    const { maxInFlight, maxInFlightBytes: maxBytes, pool } = this.#parts;
    return { inFlight: this.#held, maxInFlight, bytes: pool.usedBytes, maxBytes };
  }

  /** Whether there is room for published events. */
  hasRoom({ events, bytes }: Need): boolean {
    const held = this.#held;
    if (held + events > this.#parts.maxInFlight) return false;
    return events === 1 ? this.#hasMemory : held === 0 || this.#parts.pool.fits(bytes);
  }

  /** Whether there is room for one more event of the log. What is kept there must not keep away what it waits for. */
  get hasRoomToFeed(): boolean {
    const { maxInFlight, counters } = this.#parts;
    return (
      this.#fed < Math.max(1, maxInFlight * FEED_SHARE) &&
      counters.inFlight - this.kept < maxInFlight &&
      this.#hasMemory
    );
  }

  /** An event is accepted, or fed from the log. */
  join(wave: Wave): void {
    this.#parts.counters.inFlight++;
    this.#parts.waves.join(wave);
  }

  /** An event is finished, or needs its lane no more. */
  leave(wave: Wave): void {
    this.#parts.counters.inFlight--;
    this.#parts.waves.leave(wave);
  }

  /** A row was read from the log. */
  fed(slab: HubSlab, row: number): void {
    slab.isFed[row] = 1;
    this.#fed++;
  }

  /** A row needs its lane no more. */
  release(slab: HubSlab, row: number): void {
    if (slab.isFed[row] === 1) {
      slab.isFed[row] = 0;
      this.#fed--;
    }
    this.ended(slab.keys[row] as NameEntry);
    this.leave(slab.waves[row] as Wave);
    this.#parts.pool.release(slab, 1);
  }

  /** One more event of the key is unfinished. */
  began(key: NameEntry): void {
    key.unfinished++;
    if (key.unfinished === 1) this.#parts.gate?.began(key);
  }

  /** So many events of the key are finished, or parked. */
  ended(key: NameEntry, count = 1): void {
    key.unfinished -= count;
    if (key.unfinished === 0) this.#parts.gate?.ended(key);
  }

  /** Events accepted and not finished, and those that wait for their key. */
  get #held(): number {
    return this.#parts.counters.inFlight + (this.#parts.gate?.waiting ?? 0);
  }

  get #hasMemory(): boolean {
    return this.#parts.sequencer.hasRoom || this.#parts.pool.hasRoom;
  }
}
