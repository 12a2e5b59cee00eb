import type { StoredCommand } from '../../store/command.js';
import { MAX_HELD_COMMANDS } from './limits.js';

/** A command of a handler that failed for good. It stays in the log; the next open, or `engine.retryCommands`, tries it again. */
export interface HeldCommand {
  /** Name of the aggregate's definition, and the aggregate's id. */
  readonly aggregate: string;
  readonly aggregateId: string;
  readonly command: string;
  /** The event that led to it, and the handlers that sent it. */
  readonly position: number;
  readonly handler: string;
  /** Times that it was tried since it was held last. */
  readonly attempts: number;
  /** What the last of them failed of. */
  readonly error: Error;
}

/** The commands of handlers that failed for good, as far as there is memory for them. */
export class HeldCommands {
  readonly #held = new Map<number, HeldCommand>();
  /** How many there are, those that are only in the log included. */
  count = 0;

  add(stored: StoredCommand, attempts: number, error: Error): HeldCommand {
    const { number, aggregate, aggregateId, command, position, handler } = stored;
    const held = { aggregate, aggregateId, command, position, handler, attempts, error };
    this.count++;
    if (this.#held.size < MAX_HELD_COMMANDS) this.#held.set(number, held);
    return held;
  }

  get list(): readonly HeldCommand[] {
    return [...this.#held.values()];
  }

  /** Those that are known, in order. */
  get numbers(): readonly number[] {
    return [...this.#held.keys()].sort((a, b) => a - b);
  }

  /** One that is known is tried again. */
  take(number: number): void {
    this.#held.delete(number);
    this.count--;
  }
}
