import { setImmediate } from 'node:timers';
import { inBatch, staying, stayingIfAsync } from '../../kernel/async-context.js';
import type { LaneCell } from '../lane-cell.js';
import type { LaneSetup } from '../protocol.js';
import { CommandRunner } from './command-runner.js';
import type { Aggregate } from './define-aggregate.js';
import type { CommandAnswer, CommandLane, CommandMail, LoadedAggregate } from './protocol.js';

/** Of a command that was not known to be async, only this much is known. */
const BATCH = 'a command on the main thread';

/** Who is deciding: a command that waits for another one would wait behind it, or for itself. */
export const DECIDING = {};

/** Commands on the main thread: the same runner, no thread. */
export class InlineCommands implements CommandLane {
  answered: (answer: CommandAnswer) => void = () => {};
  readonly #runner: CommandRunner;
  readonly #owner: object;

  /** @param owner who waits for the commands: what waits for the owner is refused inside them. */
  constructor(setup: LaneSetup, aggregates: readonly Aggregate[], cell: LaneCell, owner: object) {
    this.#owner = owner;
    this.#runner = new CommandRunner(setup, aggregates, cell, (answer) => this.answered(answer), {
      wrap: (name, decide) => {
        const called = `command '${name}'`;
        return staying(DECIDING, called, stayingIfAsync(owner, called, decide));
      },
    });
  }

  get loaded(): readonly LoadedAggregate[] {
    return this.#runner.loaded;
  }

  take(mail: CommandMail): void {
    // A turn of the event loop between messages, as between batches.
    setImmediate(() => inBatch(this.#owner, BATCH, () => this.#runner.take(mail)));
  }
}
