import type { TypeOrName } from '../events/type-names.js';

/** Which events of a log are meant; all of them unless something is said. */
export interface EventSelection {
  /** Only these event types, or types of these names. */
  readonly types?: readonly TypeOrName[];
  /** Only the events of this aggregate. */
  readonly aggregateId?: string;
  /** The first one: its position as a number, or the earliest `occurredAt` as a Date. */
  readonly from?: number | Date;
  /** The last one: its position as a number, or the latest `occurredAt` as a Date; both included. */
  readonly until?: number | Date;
}
