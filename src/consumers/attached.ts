import type { ConsumerStatus } from './status.js';

/** What follows the log under a name, as far as the engine's consumers as a whole deal with it. */
export interface Running {
  readonly name: string;
  status(): ConsumerStatus;
  /** What health says of it. */
  reason(): string | undefined;
  /** More events are durable. */
  wake(): void;
  /** The engine has failed: what was noted and not committed must be noted again, or read again. */
  engineFailed(error: Error): void;
  engineRecovered(): void;
  /** Ends it, and stores what is done. */
  end(): Promise<void>;
}
