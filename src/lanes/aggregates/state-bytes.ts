import { serialize } from 'node:v8';
import { InvalidStateError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import type { Fold } from './fold.js';

/** A copy of an aggregate's state for another thread. @throws InvalidStateError when it holds what is no data. */
export function stateBytes({ aggregate: { name }, aggregateId, state }: Fold): Uint8Array {
  try {
    return serialize(state);
  } catch (error) {
    throw new InvalidStateError(
      `Aggregate '${name}' ('${aggregateId}'): its state cannot be sent to a query: ${messageOf(error)}. Make it of plain data.`,
      { cause: error, details: { aggregate: name, aggregateId } },
    );
  }
}
