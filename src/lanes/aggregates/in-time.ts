import { HandlerTimeoutError } from '../../kernel/errors.js';
import type { Decision } from './decide.js';
import type { CommandOrder } from './protocol.js';

/** A command's decision, unless that takes longer than it may. @throws HandlerTimeoutError */
export function inTime(
  decision: Promise<Decision>,
  order: CommandOrder,
  milliseconds: number | undefined,
): Promise<Decision> {
  if (milliseconds === undefined) return decision;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(tooLong(order, milliseconds)), milliseconds);
    decision.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function tooLong({ name, id }: CommandOrder, milliseconds: number): HandlerTimeoutError {
  return new HandlerTimeoutError(
    `Command '${name}' of '${id}' took longer than its ${milliseconds} ms. Make the work shorter, or raise handlerTimeoutMs.`,
    { details: { command: name, aggregateId: id, timeoutMs: milliseconds } },
  );
}
