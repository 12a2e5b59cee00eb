/**
 * What `append` takes from Millrace itself: called once its events are durable, also when the caller waits for their
 * handlers. A turn at an aggregate ends there: one of these handlers may wait for the next turn.
 */
export const WHEN_DURABLE = Symbol('whenDurable');

/** Options of a call that tells when its events are durable. */
export interface TellsWhenDurable {
  readonly [WHEN_DURABLE]?: () => void;
}
