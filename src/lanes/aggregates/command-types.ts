/** Options of `engine.execute`. */
export interface ExecuteOptions {
  /** How far its events must have come before it resolves. Default `durable`. */
  readonly until?: 'accepted' | 'durable' | 'handled';
  /**
   * A name of the command, 1 to 200 bytes in UTF-8, such as the id of the request: asked again under it, it appends nothing
   * and replies as it did the first time, while its events are among the newest 256 of the aggregate.
   */
  readonly commandId?: string;
  /** Ends it with the signal's reason, unless its events are on their way already. */
  readonly signal?: AbortSignal;
}

/** Options of `engine.query`. */
export interface QueryOptions {
  readonly signal?: AbortSignal;
}

/** What a command led to. */
export interface CommandResult<Reply = unknown> {
  readonly reply: Reply;
  /** The aggregate's version behind it. */
  readonly version: number;
  /** The position of its last event; 0 when it emitted none. */
  readonly position: number;
  /** Whether it had been done before, under the same `commandId`. */
  readonly isRepeated: boolean;
}
