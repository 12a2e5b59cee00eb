import { MillraceError } from './errors.js';

/** The handlers of one event sent more commands than they may. The event has failed. `details` has `limit`. */
export class TooManyCommandsError extends MillraceError {
  static override readonly code = 'MILLRACE_TOO_MANY_COMMANDS';
}
