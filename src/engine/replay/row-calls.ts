import type { CalledHandlers } from '../../lanes/protocol.js';
import { LANES } from '../../store/dead-letter.js';
import type { RetriedLetter } from '../failures/retried-letter.js';
import type { LateHandler } from './late-handler.js';

/** Whom an event of the log is for that is on its way again, where that is not simply every handler of its type. */
export interface RowCall {
  /** The handlers that get events as they come. */
  readonly lanes: boolean;
  /** Those that have it as an old event. */
  readonly late: readonly LateHandler[];
  /** The dead letter that is tried again by it. */
  readonly letter: RetriedLetter | undefined;
  /** All of them were done with it before: no key can be parked behind it. */
  readonly isAgain: boolean;
  readonly called: CalledHandlers;
}

/** An event of the log that goes on its way again. */
export interface FedEvent {
  readonly type: string;
  readonly position: number;
  /** The lanes have not finished it. */
  readonly isUnfinished: boolean;
  readonly letter: RetriedLetter | undefined;
}

/**
 * Whom an event is for: those that are not done with it, and, when its dead letter is tried again, those whose letter it is.
 * A skipped one is tried by these alone: it comes to all others in the order of its key.
 *
 * @param ofType all handlers of its type that asked for old events. @returns undefined when it is for all handlers.
 */
export function callOf(
  { position, isUnfinished, letter }: FedEvent,
  ofType: readonly LateHandler[],
): RowCall | undefined {
  const owners = letter?.owners ?? [];
  const asOld = ofType.filter(({ last }) => position <= last);
  if (asOld.length === 0 && (!letter || owners.includes(LANES))) return undefined;
  const isSkipped = letter?.state === 'skipped';
  const lanes = isUnfinished || owners.includes(LANES);
  const late = asOld.filter(
    ({ record }) => owners.includes(record.name) || !(isSkipped || record.isDone(position)),
  );
  const asNew = lanes ? ofType.filter(({ last }) => position > last) : [];
  return {
    lanes,
    late,
    letter,
    isAgain: !isUnfinished && late.every(({ record }) => record.isDone(position)),
    called: { lanes, late: [...late, ...asNew].map(({ module }) => module) },
  };
}
