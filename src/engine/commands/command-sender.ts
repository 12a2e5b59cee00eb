import type { CommandFault } from '../../lanes/aggregates/protocol.js';

/**
 * How a command has ended: with a decision, new or repeated; with a refusal; with neither, for good when it is `final`; or its
 * thread had to be ended for it.
 */
export type CommandEnd = 'decided' | CommandFault | 'ended-thread';

/** What a command's sender, which is an event's handlers, has to do with its way. */
export interface CommandSender {
  /** The event that led to it. */
  readonly position: number;
  readonly causationId: string;
  readonly correlationId: string;
  /** In deterministic mode the key that is kept quiet for it, which is that of the event. */
  readonly heldKey: string | undefined;
  /**
   * Told before the command's caller. Nothing takes an answer back, and what follows from it goes into the same commit as
   * what is said now.
   */
  readonly settled: (end: CommandEnd) => void;
}
