import type { WireError } from '../../kernel/error-codec.js';

/** The failed event of a key, which may be tried again. */
export interface FailedEvent {
  readonly reference: number;
  readonly error: WireError;
  readonly handler: string;
  readonly lane: number;
}
