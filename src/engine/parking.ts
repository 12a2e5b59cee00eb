import type { NameEntry } from './directory.js';

/** Feeds a parked key's events from the log back in. */
export interface Resumption {
  cancelled: boolean;
}

interface ParkedKey {
  /** Position of the dead letter at its head. */
  readonly position: number;
  /** Highest position of the key that stayed in the log. */
  lastHeld: number;
  resumption: Resumption | undefined;
  /** Events that came while the key was being resumed, and that somebody waits for. */
  readonly awaited: number[];
}

/** The keys whose events stay in the log, because one of them is a dead letter. */
export class Parking {
  readonly #keys = new Map<NameEntry, ParkedKey>();

  #resuming = 0;

  /** Keys that nobody has resumed. */
  get parked(): number {
    return this.#keys.size - this.#resuming;
  }

  /** Whether a key's events are on their way from the log. */
  get isResuming(): boolean {
    return this.#resuming > 0;
  }

  /**
   * Holds a key; `lastHeld` is the last event of it that may be in the log already. Returns events behind it that
   * somebody waits for.
   */
  park(key: NameEntry, position: number, lastHeld: number): readonly number[] {
    const before = this.#keys.get(key);
    if (before?.resumption) {
      before.resumption.cancelled = true;
      this.#resuming--;
    }
    this.#keys.set(key, {
      position,
      lastHeld: Math.max(lastHeld, before?.lastHeld ?? 0),
      resumption: undefined,
      awaited: [],
    });
    key.held = true;
    return before?.awaited ?? [];
  }

  /** A new event of a held key stays in the log. */
  hold(key: NameEntry, position: number): void {
    const parked = this.#keys.get(key);
    if (parked) parked.lastHeld = position;
  }

  /** Somebody waits for an event that came while its key was being resumed. */
  await(key: NameEntry, position: number): void {
    this.#keys.get(key)?.awaited.push(position);
  }

  /** The dead letter that a key is parked behind. */
  positionOf(key: NameEntry): number | undefined {
    const parked = this.#keys.get(key);
    return parked?.resumption ? undefined : parked?.position;
  }

  lastHeld(key: NameEntry): number {
    return this.#keys.get(key)?.lastHeld ?? 0;
  }

  /** The key's events are about to be read from the log again. */
  begin(key: NameEntry): Resumption {
    const resumption: Resumption = { cancelled: false };
    const parked = this.#keys.get(key);
    if (parked) {
      parked.resumption = resumption;
      this.#resuming++;
    }
    return resumption;
  }

  /** Everything that was held is on its way: new events may follow. */
  end(key: NameEntry): void {
    this.#keys.delete(key);
    this.#resuming--;
    key.held = false;
  }
}
