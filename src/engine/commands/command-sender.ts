/** How a command has ended: with a decision, new or repeated; with a refusal; or with neither. */
export type CommandEnd = 'decided' | 'refused' | 'failed';

/** What a command's sender, which is an event's handlers, has to do with its way. */
export interface CommandSender {
  /** The event that led to it. */
  readonly position: number;
  readonly causationId: string;
  readonly correlationId: string;
  /** In deterministic mode the key that is kept quiet for it, which is that of the event. */
  readonly heldKey: string | undefined;
  /** Nothing takes the outcome back, and what follows from it goes into the same commit as what is said now. */
  readonly settled: (answer: CommandEnd) => void;
}
