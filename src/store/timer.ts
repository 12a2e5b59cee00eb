/** A timer without its event: enough to know whose turn it is. */
export interface TimerTicket {
  /** Number of the partition key's name. */
  readonly key: number;
  readonly name: string;
  /** Unix epoch milliseconds. */
  readonly at: number;
  /** The event that scheduled it, and as its how many-eth timer. */
  readonly position: number;
  readonly number: number;
  /** Id of the stored type of its event. */
  readonly type: number;
}

/** A timer as it lies in the store. */
export interface StoredTimer extends TimerTicket {
  readonly occurredAt: number;
  readonly aggregateId: string;
  /** Of its event. Empty: the same as the aggregate id. */
  readonly partitionKey: string;
  /** The payload's bytes, as a text of one character for each. */
  readonly data: string;
  /** Likewise. */
  readonly metadata: string;
}

/** Where a timer stands among all of a log: by time, then by the order in which they were scheduled. */
export type TimerPlace = Pick<TimerTicket, 'at' | 'position' | 'number' | 'name'>;

/** Which timers to read, in the order of their places. */
export interface TimerQuery {
  /** Only those behind this place. */
  readonly after?: TimerPlace;
  readonly limit: number;
}

/** What one transaction changes of timers: each of them once. */
export interface TimerChange {
  /** They take the place of those of their keys and names. */
  readonly put: readonly StoredTimer[];
  readonly remove: readonly Pick<TimerTicket, 'key' | 'name'>[];
}

/** Timers of one stored type of event. */
export interface TimerCount {
  readonly type: number;
  readonly count: number;
}

export function compareTimers(a: TimerPlace, b: TimerPlace): number {
  return a.at - b.at || a.position - b.position || a.number - b.number || compareNames(a.name, b.name);
}

/** As SQLite compares text: by its bytes in UTF-8. */
function compareNames(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Whether two tickets are of one scheduling. */
export function isSameTimer(a: TimerTicket, b: TimerTicket): boolean {
  return a.key === b.key && compareTimers(a, b) === 0;
}
