import type { StoredCommand } from '../../store/command.js';
import type { Wave } from '../intake/waves.js';
import type { CommandCall } from './command.js';
import type { CommandEnd, CommandSender } from './command-sender.js';

/** A command of a handler in memory, from the end of its event until an aggregate has decided on it. */
export class SentEntry {
  readonly stored: StoredCommand;
  /** The wave of the event that led to it: what it leads to is a part of that. */
  readonly wave: Wave;
  /** It is in the log. */
  isSaved: boolean;
  /** In deterministic mode the key that is kept quiet for it, from when it is. */
  heldKey: string | undefined;
  /** It is its turn in its key; always without deterministic mode. */
  isNext = false;
  tries = 0;
  /** How its last try has ended, and threads that were ended for it. */
  end: CommandEnd | undefined;
  endedThreads = 0;
  /** The log had it when it was opened. */
  readonly isOld: boolean;

  constructor(stored: StoredCommand, wave: Wave, isSaved: boolean, isOld = false) {
    this.stored = stored;
    this.wave = wave;
    this.isSaved = isSaved;
    this.isOld = isOld;
  }

  get bytes(): number {
    return this.stored.input?.length ?? 0;
  }

  /** @param type index of the aggregate's definition on lanes. */
  call(type: number, commandId: string, settled: CommandSender['settled']): CommandCall {
    const { stored, heldKey } = this;
    const { aggregateId: id, command: name, input, time, carrier } = stored;
    const { position, causationId, correlationId } = stored;
    return {
      kind: 'command',
      ...{ type, id, name, commandId, time, carrier },
      input: input === undefined ? undefined : Buffer.from(input, 'latin1'),
      until: 'accepted',
      signal: undefined,
      sender: { position, causationId, correlationId, heldKey, settled },
    };
  }
}
