import type { Prepared } from '../sequence/row-facts.js';
import type { Entrance } from './entrance.js';
import type { Receipts } from './receipts.js';
import type { Wave, Waves } from './waves.js';

/** What taking events in asks of the flow. */
export interface IntakeFlow {
  /** The error that stopped it, if one did. */
  readonly failure: Error | undefined;
  /** Every position up to here is durable. */
  readonly lastDurable: number;
  /** Version of the event that was accepted last. */
  readonly lastVersion: number;
  /** Gives an event its numbers and sends it on its way. Returns its position. */
  accept(event: Prepared, wave?: Wave): number;
  /** Commits what was accepted so far without waiting for the end of the turn. */
  flush(): void;
  /** Resolves when everything that has happened so far is committed. */
  flushed(): Promise<void>;
  fail(cause: Error): void;
}

/** What publishing works with: the way in, the flow behind it, and who waits for what. */
export interface IntakeParts {
  readonly hub: IntakeFlow;
  readonly entrance: Entrance;
  readonly waves: Waves;
  readonly receipts: Receipts;
}
