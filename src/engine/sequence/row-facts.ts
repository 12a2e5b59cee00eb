import type { RegisteredType } from '../../events/registry.js';

/** What decides whether an event may be appended. */
export interface RowNames {
  readonly type: RegisteredType;
  readonly aggregateId: string;
  readonly partitionKey: string;
}

/** What every new event has, wherever it came from. */
export interface RowFacts extends RowNames {
  readonly occurredAt: number;
  /** Position of the cause, 0 for none. */
  readonly causation: number;
}

/** An event that was checked and encoded, and may be sequenced: payload, then metadata. */
export interface Prepared extends RowFacts {
  readonly bytes: Buffer;
  readonly start: number;
  readonly dataLength: number;
  readonly metadataLength: number;
}
