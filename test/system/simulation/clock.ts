/** The wall clock of a life. It outlives processes, and stands still until the life moves it. Epoch milliseconds. */
export class SimClock {
  now = 0;
  readonly #alarms = new Map<string, { readonly at: number; readonly ring: () => void }>();

  set(name: string, at: number, ring: () => void): void {
    this.#alarms.set(name, { at, ring });
  }

  clear(name: string): void {
    this.#alarms.delete(name);
  }

  /** Drops the alarms whose names begin so: their process is gone. */
  drop(prefix: string): void {
    for (const name of this.#alarms.keys()) if (name.startsWith(prefix)) this.#alarms.delete(name);
  }

  advance(milliseconds: number): void {
    this.now += milliseconds;
    for (const [name, { at, ring }] of this.#alarms) {
      if (at > this.now) continue;
      this.#alarms.delete(name);
      ring();
    }
  }
}
