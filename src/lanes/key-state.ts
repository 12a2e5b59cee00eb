/** Where a partition key stands. One setter of meaning: the scheduler. */
export enum KeyPlace {
  /** Nothing queued. It may have events in flight. */
  Idle = 0,
  /** Events queued, none in flight: any lane may take it. */
  Ready = 1,
  /** Events queued behind events in flight: only its own lane may take it. */
  Bound = 2,
  /** A failed event waits for its retry, and the later ones behind it. */
  Waiting = 3,
  /** A failed event is out of retries: nothing of the key runs until somebody decides about it. */
  Parked = 4,
}

/** No row: the empty end of a key's queue. */
export const NO_ROW = -1;

/** No lane: the key is free. */
export const NO_LANE = -1;

/**
 * What the scheduler knows of one partition key. Its queue is a chain of row references through the slabs'
 * `next` columns, so that queueing an event allocates nothing.
 */
export class KeyState {
  place: KeyPlace = KeyPlace.Idle;
  lane = NO_LANE;
  head = NO_ROW;
  tail = NO_ROW;
  queued = 0;
  inFlight = 0;
  /** A handler of the key is being awaited. */
  waits = false;
  /** Its lane has enough events of it behind the one that waits, and is not offered more for now. */
  stalled = false;
  /** Rows that came back from a lane unfinished; they go to the head of the queue once nothing is in flight. */
  returned: number[] | undefined;
  /** Tries that the failed event has used up. */
  attempts = 0;
  /** When the failed event failed first, in epoch milliseconds. */
  firstFailedAt = 0;
  /** An event of the key has failed, and nobody has decided yet what to do about it. */
  failing = false;
  /** New events of the key stay in the log: it is parked, or what waits in the log is being handled first. */
  held = false;
}
