import type { CommandChange, CommandQuery, StoredCommand } from '../command.js';

/** Handlers' commands of a log in memory. */
export class MemoryCommands {
  /** By number, in the order of these. */
  readonly #commands = new Map<number, StoredCommand>();

  apply({ put, remove }: CommandChange): void {
    for (const number of remove) this.#commands.delete(number);
    for (const command of put) this.#commands.set(command.number, command);
  }

  /** The highest number that is there; 0 when there is none. */
  get last(): number {
    return Math.max(0, ...this.#commands.keys());
  }

  page({ after, limit }: CommandQuery): readonly StoredCommand[] {
    const sorted = [...this.#commands.values()].sort((a, b) => a.number - b.number);
    return sorted.filter(({ number }) => number > after).slice(0, limit);
  }

  clear(): void {
    this.#commands.clear();
  }
}
