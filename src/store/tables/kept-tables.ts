import type { CommandChange } from '../command.js';
import type { ConsumerChange } from '../consumer.js';
import type { SnapshotChange } from '../snapshot.js';
import type { Sqlite } from '../sqlite.js';
import type { StateChange } from '../state.js';
import type { TimerChange } from '../timer.js';
import { CommandTable } from './command-table.js';
import { ConsumerTable } from './consumer-table.js';
import { SnapshotTable } from './snapshot-table.js';
import { StateTable } from './state-table.js';
import { TimerTable } from './timer-table.js';

/** What a commit changes of what is kept beside the log. */
export interface KeptChange {
  readonly consumers?: readonly ConsumerChange[];
  readonly states?: StateChange;
  readonly timers?: TimerChange;
  readonly snapshots?: SnapshotChange;
  readonly commands?: CommandChange;
}

/** The tables beside the log that a file has from the first row on that belongs into them. */
export class KeptTables {
  readonly #consumers: ConsumerTable;
  readonly #states: StateTable;
  readonly #timers: TimerTable;
  readonly #snapshots: SnapshotTable;
  readonly #commands: CommandTable;

  constructor(database: Sqlite) {
    this.#consumers = new ConsumerTable(database);
    this.#states = new StateTable(database);
    this.#timers = new TimerTable(database);
    this.#snapshots = new SnapshotTable(database);
    this.#commands = new CommandTable(database);
  }

  /** Inside the caller's transaction. */
  apply({ consumers = [], states, timers, snapshots, commands }: KeptChange): void {
    for (const change of consumers) this.#consumers.apply(change);
    if (states) this.#states.apply(states);
    if (timers) this.#timers.apply(timers);
    if (snapshots) this.#snapshots.apply(snapshots);
    if (commands) this.#commands.apply(commands);
  }

  /** A transaction was rolled back, and perhaps tables with it. */
  rolledBack(): void {
    this.#consumers.rolledBack();
    this.#states.rolledBack();
    this.#timers.rolledBack();
    this.#snapshots.rolledBack();
    this.#commands.rolledBack();
  }
}
