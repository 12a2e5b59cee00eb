import type { WireError } from '../kernel/error-codec.js';
import { OWN_CONSUMERS } from './consumer.js';

/** The owner of what the handlers of a type failed on together, as it came. */
export const LANES = `${OWN_CONSUMERS}lanes`;

/** `parked`: the key's later events wait behind it. `skipped`: the key went on. */
export type DeadLetterState = 'parked' | 'skipped';

/** A dead letter as it lies in the store. */
export interface DeadLetterRecord {
  /** Position of the failed event. */
  readonly position: number;
  /** Number of the partition key's name. */
  readonly key: number;
  readonly state: DeadLetterState;
  readonly attempts: number;
  /** Names of the handler modules that handle the event. */
  readonly handler: string;
  /** Whose failed event it is: `LANES`, and the consumers that are handlers which had it as an old event. */
  readonly owners: readonly string[];
  readonly lane: number;
  /** Unix epoch milliseconds. */
  readonly firstFailedAt: number;
  readonly failedAt: number;
  readonly error: WireError;
  /** Asked for again while no engine was open. */
  readonly retry: boolean;
}

/** A dead letter that is some owners' no more, because they have handled its event or given it up. */
export interface SettledLetter {
  readonly position: number;
  readonly owners: readonly string[];
}

/**
 * What a transaction changes of the dead letters. First `remove`: the letter loses these owners, and is gone with the last
 * one. Then `put`: it takes the place of the letter at its position, whose other owners stay: see `joined`.
 */
export interface DeadLetterChange {
  readonly put: readonly DeadLetterRecord[];
  readonly remove: readonly SettledLetter[];
}

/** A dead letter in the place of the one before: an event may have failed once for the lanes, and once as an old one. */
export function joined(before: DeadLetterRecord | undefined, letter: DeadLetterRecord): DeadLetterRecord {
  const others = before?.owners.filter((owner) => !letter.owners.includes(owner)) ?? [];
  if (!before || others.length === 0) return letter;
  return {
    ...letter,
    owners: [...letter.owners, ...others].sort(),
    firstFailedAt: Math.min(before.firstFailedAt, letter.firstFailedAt),
    retry: before.retry || letter.retry,
  };
}

/** What is left of a dead letter without some of its owners. */
export function without(
  letter: DeadLetterRecord,
  { owners }: Pick<SettledLetter, 'owners'>,
): DeadLetterRecord | undefined {
  const left = letter.owners.filter((owner) => !owners.includes(owner));
  return left.length === 0 ? undefined : { ...letter, owners: left };
}

/** Which dead letters to read: those above a position, in position order. */
export interface DeadLetterRange {
  readonly after: number;
  readonly limit: number;
}

/** The dead letters that an engine must know of when it opens, each list in position order. */
export interface OpenDeadLetters {
  /** Parked, and nobody asked for another try. */
  readonly parked: readonly (SettledLetter & { readonly key: number })[];
  /** Skipped, and to be tried again. */
  readonly retry: readonly number[];
  /** Parked, and to be tried again: the unfinished events of their keys are handled as if nothing had been. */
  readonly retryParked: readonly number[];
  /** How many there are of each owner that is a consumer, parked and skipped. */
  readonly late: ReadonlyMap<string, LetterCount>;
}

/** Dead letters of one owner. */
export interface LetterCount {
  readonly parked: number;
  readonly skipped: number;
}

/** An event whose handlers failed for good. */
export interface DeadLetter {
  /** The event's id. */
  readonly id: string;
  readonly position: number;
  readonly type: string;
  readonly aggregateId: string;
  readonly version: number;
  /** The partition key. */
  readonly key: string;
  readonly state: DeadLetterState;
  readonly attempts: number;
  /** Names of the handler modules that handle the event. */
  readonly handler: string;
  /**
   * Whose failed event it is, and so who is called when it is tried again: `millrace:lanes`, the handlers of its type that
   * get events as they come; `millrace:handler/…`, a module's handlers that had it as an old event (`from`).
   */
  readonly owners: readonly string[];
  readonly lane: number;
  /** Unix epoch milliseconds. */
  readonly firstFailedAt: number;
  readonly failedAt: number;
  /** What the handler threw last. */
  readonly error: Error;
  /** Whether the next engine that opens the store will try it again. */
  readonly retry: boolean;
}
