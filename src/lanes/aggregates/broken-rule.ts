import { encodeError, type WireError } from '../../kernel/error-codec.js';
import type { CommandFault } from './protocol.js';

/**
 * A command breaks a rule, and would at every try. Nothing but this package's own code throws it, so no error of a command,
 * of `evolve` or of a schema is taken for one, whatever code it bears.
 */
export class BrokenRule {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** What a lane says of a command that came to nothing. */
export function faultOf(
  thrown: unknown,
  fault: CommandFault = 'failed',
): { readonly fault: CommandFault; readonly error: WireError } {
  if (thrown instanceof BrokenRule) return { fault: 'final', error: encodeError(thrown.error) };
  return { fault, error: encodeError(thrown) };
}
