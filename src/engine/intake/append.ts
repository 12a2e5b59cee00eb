import type { NewEvent } from '../../events/define-event.js';
import { AppendTooLargeError, InvalidOptionError } from '../../kernel/errors.js';
import type { CheckedOptions } from '../check-options.js';
import type { Prepared } from '../sequence/row-facts.js';
import type { Need } from './admission.js';
import type { Preparation } from './prepare.js';

/** The events of one `append`: all or nothing, so everything about them is known before the first gets its number. */
export interface PreparedAppend {
  readonly prepared: readonly Prepared[];
  /** The room that they need together. */
  readonly need: Need;
}

/** @throws AppendTooLargeError when they can never be in flight together; what `prepare` throws. */
export function prepareAppend(
  preparation: Preparation,
  { maxInFlight, maxInFlightBytes }: CheckedOptions,
  aggregateId: string,
  events: readonly NewEvent[],
): PreparedAppend {
  if (!Array.isArray(events)) {
    throw new InvalidOptionError('append takes an array of events: engine.append(id, [event]).');
  }
  const count = events.length;
  if (count > maxInFlight) throw tooLarge('events', count, 'maxInFlight', maxInFlight);
  const prepared = preparation.prepareAll(aggregateId, events);
  const bytes = prepared.reduce(
    (sum, { dataLength, metadataLength }) => sum + dataLength + metadataLength,
    0,
  );
  // One event may be of any size that an event may have, as with `publish`.
  if (prepared.length > 1 && bytes > maxInFlightBytes) {
    throw tooLarge('bytes', bytes, 'maxInFlightBytes', maxInFlightBytes);
  }
  return { prepared, need: { events: prepared.length, bytes } };
}

function tooLarge(what: string, given: number, option: string, limit: number): AppendTooLargeError {
  return new AppendTooLargeError(
    `append got ${given} ${what} at once; ${option} is ${limit}. Split them over several calls, or open the engine with a larger ${option}.`,
    { details: { [what]: given, limit } },
  );
}
