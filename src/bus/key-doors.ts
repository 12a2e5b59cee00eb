import { Admission } from '../engine/intake/admission.js';

/** A door for each key that has enough waiting: its publishers wait in the order in which they came, and no others. */
export class KeyDoors {
  readonly #isFull: (key: string) => boolean;
  readonly #hasRoom: () => boolean;
  readonly #doors = new Map<string, Admission>();

  /**
   * @param isFull whether a key has enough waiting.
   * @param hasRoom whether there is room for an event of any key.
   */
  constructor(isFull: (key: string) => boolean, hasRoom: () => boolean) {
    this.#isFull = isFull;
    this.#hasRoom = hasRoom;
  }

  /** Whether a publisher of the key has to wait, if only behind others. */
  isClosed(key: string): boolean {
    return (this.#doors.get(key)?.waiting ?? 0) > 0 || this.#isFull(key);
  }

  /** Resolves when everybody who waits now has come in. */
  async passed(signal: AbortSignal | undefined): Promise<void> {
    const waiting = [...this.#doors.values()].filter((door) => door.waiting > 0);
    await Promise.all(waiting.map((door) => door.enter(() => {}, signal)));
  }

  /** Runs `accept` when the key has room again. */
  enter<Result>(
    key: string,
    accept: () => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    let door = this.#doors.get(key);
    if (!door) {
      door = new Admission(() => !this.#isFull(key) && this.#hasRoom());
      this.#doors.set(key, door);
    }
    return door.enter(accept, signal);
  }

  /** Lets publishers in whose keys have room. */
  advance(): void {
    for (const [key, door] of this.#doors) {
      door.advance();
      if (door.waiting === 0) this.#doors.delete(key);
    }
  }

  refuseAll(error: Error): void {
    for (const door of this.#doors.values()) door.refuseAll(error);
    this.#doors.clear();
  }
}
