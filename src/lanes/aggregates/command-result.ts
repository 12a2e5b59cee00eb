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
