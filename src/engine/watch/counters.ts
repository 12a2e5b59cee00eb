/** What the engine counts of commands. */
export interface CommandCounts {
  /** Those that were decided on, repeated ones included. */
  executed: number;
  refused: number;
  /** Tries that failed. */
  failed: number;
  /** Those that handlers have sent. */
  sent: number;
}

/** What the engine counts, always. */
export class Counters {
  /** Events that got a position, emitted ones included. */
  accepted = 0;
  /** Events that every handler has finished, and those that nobody handles, once durable. */
  handled = 0;
  emitted = 0;
  /** Failed tries. */
  failed = 0;
  retried = 0;
  skipped = 0;
  /** Accepted and not finished, parked ones left out. */
  inFlight = 0;
  subscriberErrors = 0;
  readonly commands: CommandCounts = { executed: 0, refused: 0, failed: 0, sent: 0 };
}
