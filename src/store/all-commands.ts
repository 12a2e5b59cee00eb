import { StoreCorruptError } from '../kernel/errors.js';
import { COMMAND_PAGE } from './limits.js';
import type { EventReader } from './store.js';

/** A command of a handler that no aggregate has decided on yet. */
export interface PendingCommand {
  /** Its number in the order of sending, from 1 in each log. */
  readonly number: number;
  /** Name of the aggregate's definition, and the aggregate's id. */
  readonly aggregate: string;
  readonly aggregateId: string;
  readonly command: string;
  readonly input: unknown;
  /** The event that led to it, and the handlers that sent it. */
  readonly position: number;
  readonly handler: string;
  /** The partition key of that event. */
  readonly key: string;
  /** The time of its events, in Unix epoch milliseconds. */
  readonly time: number;
}

/**
 * Handlers' commands that are not decided yet, in the order in which they were sent.
 *
 * @param from the number behind which they begin.
 * @throws StoreCorruptError
 */
export function* allCommands(reader: EventReader, from: number): Generator<PendingCommand> {
  for (let after = from; ; ) {
    const page = reader.commands({ after, limit: COMMAND_PAGE });
    for (const { key, input, number, ...command } of page) {
      const { aggregate, aggregateId, command: name, position, handler, time } = command;
      yield {
        ...{ number, aggregate, aggregateId, command: name, position, handler, time },
        key: reader.nameOf(key),
        input: input === undefined ? undefined : decoded(reader, number, input),
      };
    }
    const last = page.at(-1);
    if (!last) return;
    after = last.number;
  }
}

function decoded({ codec }: EventReader, number: number, input: string): unknown {
  try {
    return codec.unpack(Buffer.from(input, 'latin1'));
  } catch (cause) {
    throw new StoreCorruptError(
      `The store is damaged: the input of command ${number} of a handler cannot be decoded. Restore it from a backup.`,
      { cause },
    );
  }
}
