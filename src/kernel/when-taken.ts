/**
 * What `append` takes from Millrace itself: called once its events have their places, with what resolves when they are
 * durable, to true, or will not be, to false. So a turn at an aggregate lasts as long as its events cannot be read, whether
 * its caller waits for less or for more.
 */
export const WHEN_TAKEN = Symbol('whenTaken');

/** Options of a call that tells when its events are taken in. */
export interface TellsWhenTaken {
  readonly [WHEN_TAKEN]?: (durable: Promise<boolean>) => void;
}
