import type { CommandChange } from './command.js';
import { CommandTable } from './command-table.js';
import type { Sqlite } from './sqlite.js';
import type { TimerChange } from './timer.js';
import { TimerTable } from './timer-table.js';

/** What one commit changes of what handlers have asked for, and what is still to be done. */
export interface PendingChange {
  readonly timers?: TimerChange;
  readonly commands?: CommandChange;
}

/** The tables of what handlers have asked for and what is still to be done: their timers and their commands. */
export class PendingTables {
  readonly #timers: TimerTable;
  readonly #commands: CommandTable;

  constructor(database: Sqlite) {
    this.#timers = new TimerTable(database);
    this.#commands = new CommandTable(database);
  }

  apply({ timers, commands }: PendingChange): void {
    if (timers) this.#timers.apply(timers);
    if (commands) this.#commands.apply(commands);
  }

  /** A transaction was rolled back, and perhaps the tables with it. */
  rolledBack(): void {
    this.#timers.rolledBack();
    this.#commands.rolledBack();
  }
}
