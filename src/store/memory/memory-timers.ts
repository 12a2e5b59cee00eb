import {
  compareTimers,
  type StoredTimer,
  type TimerChange,
  type TimerCount,
  type TimerQuery,
  type TimerTicket,
} from '../timer.js';

/** The timers of a log in memory. */
export class MemoryTimers {
  readonly #keys = new Map<number, Map<string, StoredTimer>>();

  apply({ put, remove }: TimerChange): void {
    for (const { key, name } of remove) {
      const timers = this.#keys.get(key);
      timers?.delete(name);
      if (timers?.size === 0) this.#keys.delete(key);
    }
    for (const timer of put) {
      const timers = this.#keys.get(timer.key) ?? new Map<string, StoredTimer>();
      this.#keys.set(timer.key, timers.set(timer.name, timer));
    }
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  page({ after, limit }: TimerQuery): readonly TimerTicket[] {
    const all = [...this.#all()].filter((timer) => !after || compareTimers(timer, after) > 0);
    return all.sort(compareTimers).slice(0, limit);
  }

  ofKey(key: number): readonly TimerTicket[] {
    return [...(this.#keys.get(key)?.values() ?? [])];
  }

  find(key: number, name: string): StoredTimer | undefined {
    return this.#keys.get(key)?.get(name);
  }

  counts(): readonly TimerCount[] {
    const counts = new Map<number, number>();
    for (const { type } of this.#all()) counts.set(type, (counts.get(type) ?? 0) + 1);
    return [...counts].map(([type, count]) => ({ type, count })).sort((a, b) => a.type - b.type);
  }

  clear(): void {
    this.#keys.clear();
  }

  *#all(): Generator<StoredTimer> {
    for (const timers of this.#keys.values()) yield* timers.values();
  }
}
