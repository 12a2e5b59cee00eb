import type { SettledLetter } from '../../store/dead-letter.js';
import type { Wave, Waves } from '../intake/waves.js';
import { HeldEvents } from '../replay/held-events.js';
import type { NameEntry } from '../sequence/directory.js';

/** Feeds a parked key's events from the log back in. */
export interface Resumption {
  cancelled: boolean;
  /** What was in the log when it began belongs to the wave of that time, and holds it up until it is through. */
  readonly wave: Wave;
  /** What has come since. */
  readonly held: HeldEvents;
}

interface ParkedKey {
  /** The dead letter at its head. */
  readonly letter: SettledLetter;
  /** Highest position of the key that stayed in the log. */
  lastHeld: number;
  resumption: Resumption | undefined;
}

/** The keys whose events stay in the log, because one of them is a dead letter. */
export class Parking {
  readonly #keys = new Map<NameEntry, ParkedKey>();

  #resuming = 0;

  /** Keys that nobody has resumed. */
  get parked(): number {
    return this.#keys.size - this.#resuming;
  }

  /** How many keys wait behind a dead letter of each owner; those that are resumed do not. */
  keysByOwner(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { letter, resumption } of this.#keys.values()) {
      if (resumption) continue;
      for (const owner of letter.owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Holds a key; `lastHeld` is the last event of it that may be in the log already. Returns what came to it while it
   * was being resumed: that is parked, too.
   */
  park(key: NameEntry, letter: SettledLetter, lastHeld: number, waves: Waves): HeldEvents | undefined {
    const before = this.#keys.get(key);
    const resumption = before?.resumption;
    this.#keys.set(key, {
      letter,
      lastHeld: Math.max(lastHeld, before?.lastHeld ?? 0),
      resumption: undefined,
    });
    key.held = true;
    if (!resumption) return undefined;
    resumption.cancelled = true;
    this.#resuming--;
    waves.leave(resumption.wave);
    return resumption.held;
  }

  /** A new event of a held key stays in the log. Returns the resumption that it is in flight with, if there is one. */
  hold(key: NameEntry, position: number): Resumption | undefined {
    const parked = this.#keys.get(key);
    if (parked) parked.lastHeld = position;
    return parked?.resumption;
  }

  /** The dead letter that a key is parked behind. */
  positionOf(key: NameEntry): number | undefined {
    const parked = this.#keys.get(key);
    return parked?.resumption ? undefined : parked?.letter.position;
  }

  /** The dead letter that a key is being resumed with. */
  resumedAt(key: NameEntry): number | undefined {
    const parked = this.#keys.get(key);
    return parked?.resumption ? parked.letter.position : undefined;
  }

  /** How far a held key's events go in the log. */
  lastHeld(key: NameEntry): number {
    return this.#keys.get(key)?.lastHeld ?? 0;
  }

  /** The key's events are about to be read from the log again. */
  begin(key: NameEntry, waves: Waves): Resumption {
    const resumption: Resumption = { cancelled: false, wave: waves.taking, held: new HeldEvents() };
    const parked = this.#keys.get(key);
    if (parked) {
      parked.resumption = resumption;
      this.#resuming++;
    }
    waves.join(resumption.wave);
    return resumption;
  }

  /** Everything that was held is on its way: new events may follow. */
  end(key: NameEntry, waves: Waves): void {
    const wave = this.#keys.get(key)?.resumption?.wave;
    this.#keys.delete(key);
    this.#resuming--;
    key.held = false;
    if (wave) waves.leave(wave);
  }
}
