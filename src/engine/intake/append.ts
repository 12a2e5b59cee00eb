import type { NewEvent } from '../../events/define-event.js';
import type { DomainEvent } from '../../events/domain-event.js';
import { AppendTooLargeError, ConcurrencyError, InvalidOptionError } from '../../kernel/errors.js';
import type { CheckedOptions } from '../check-options.js';
import type { PublishOptions, ReadOptions, Receipt } from '../options.js';
import type { Directory } from '../sequence/directory.js';
import type { Prepared } from '../sequence/row-facts.js';
import type { Need } from './admission.js';
import { appendedBefore, idsOf } from './appended-before.js';
import { type ExpectedVersion, exactVersion, expectVersion } from './expected-version.js';
import type { IntakeParts } from './intake-flow.js';
import type { Preparation } from './prepare.js';
import { enter, takeTogether, whenAt } from './taking.js';

/** What appending works with. */
export interface AppendParts extends IntakeParts {
  readonly preparation: Preparation;
  readonly directory: Directory;
  readonly options: CheckedOptions;
}

/** Events that belong together, and where. */
export interface Append {
  readonly aggregateId: string;
  readonly events: readonly NewEvent[];
  readonly expected: ExpectedVersion | undefined;
  readonly until: PublishOptions['until'];
  readonly signal: AbortSignal | undefined;
  /** Called when the events have their places, with what tells whether they are durable. */
  readonly taken: ((durable: Promise<boolean>) => void) | undefined;
}

/** The aggregate has moved on since its events were looked through for ids. */
const MOVED = Symbol('moved');

/**
 * Gives the events their places if the aggregate is where it is expected, or finds the places that they have already.
 *
 * @throws what `prepareAppend` throws; ConcurrencyError, EventIdTakenError, TooManyNamesError.
 */
export async function appendTo(
  parts: AppendParts,
  append: Append,
  read: (options: ReadOptions) => AsyncIterable<DomainEvent>,
): Promise<Receipt> {
  const { preparation, directory, options } = parts;
  const { aggregateId, events, expected, until, signal, taken } = append;
  const { prepared, need } = prepareAppend(preparation, options, aggregateId, events);
  const [first] = prepared;
  const ids = idsOf(events);
  while (true) {
    const seen = ids && (await lookedThrough(parts, append, ids, read));
    if (typeof seen === 'object') return whenAt(parts, seen, until === 'handled' ? 'durable' : until);
    const accept = (): Receipt | Promise<Receipt> => {
      const actual = directory.versionOf(aggregateId);
      if (seen !== undefined && seen !== actual) throw MOVED;
      expectVersion(aggregateId, expected, actual);
      if (prepared.length === 0) return { position: 0, version: actual };
      directory.checkRoom(prepared);
      const receipt = takeTogether(parts, prepared, until);
      taken?.(isDurable(parts, directory.positionOf(aggregateId)));
      return receipt;
    };
    try {
      // Without events there is nothing to wait for; the version is checked all the same.
      return await (first ? enter(parts, first, signal, accept, need) : accept());
    } catch (error) {
      if (error === MOVED) continue;
      // Who reads on after it must find what was there first.
      if (error instanceof ConcurrencyError && !isReadable(parts, aggregateId)) await parts.hub.flushed();
      throw error;
    }
  }
}

/** The receipt that the events have already; else the version up to which the aggregate has none of them. */
async function lookedThrough(
  parts: AppendParts,
  { aggregateId, expected, signal }: Append,
  ids: readonly string[],
  read: (options: ReadOptions) => AsyncIterable<DomainEvent>,
): Promise<Receipt | number> {
  const { hub, directory } = parts;
  const actual = directory.versionOf(aggregateId);
  if (actual === 0) return 0;
  // What cannot be read yet may be the same append, asked for a moment ago.
  if (!isReadable(parts, aggregateId)) await hub.flushed();
  if (hub.failure) throw hub.failure;
  signal?.throwIfAborted();
  const versions = { actual, expected: exactVersion(expected) };
  const found = await appendedBefore(aggregateId, ids, versions, (fromVersion, toVersion) =>
    read({ aggregateId, fromVersion, toVersion, direction: 'backwards' }),
  );
  return found ?? actual;
}

/** The events of one `append`: all or nothing, so everything about them is known before the first gets its number. */
export interface PreparedAppend {
  readonly prepared: readonly Prepared[];
  /** The room that they need together. */
  readonly need: Need;
}

/** @throws AppendTooLargeError when they can never be in flight together; what `prepare` throws. */
export function prepareAppend(
  preparation: Preparation,
  options: CheckedOptions,
  aggregateId: string,
  events: readonly NewEvent[],
): PreparedAppend {
  if (!Array.isArray(events)) {
    throw new InvalidOptionError('append takes an array of events: engine.append(id, [event]).');
  }
  checkCount(events.length, options);
  const prepared = preparation.prepareAll(aggregateId, events);
  return { prepared, need: needOf(prepared, options) };
}

function checkCount(count: number, { maxInFlight }: CheckedOptions): void {
  if (count > maxInFlight) throw tooLarge('events', count, 'maxInFlight', maxInFlight);
}

/** The room that events need together. @throws AppendTooLargeError when they can never be in flight together. */
export function needOf(prepared: readonly Prepared[], options: CheckedOptions): Need {
  checkCount(prepared.length, options);
  const { maxInFlightBytes } = options;
  const bytes = prepared.reduce(
    (sum, { dataLength, metadataLength }) => sum + dataLength + metadataLength,
    0,
  );
  // One event may be of any size that an event may have, as with `publish`.
  if (prepared.length > 1 && bytes > maxInFlightBytes) {
    throw tooLarge('bytes', bytes, 'maxInFlightBytes', maxInFlightBytes);
  }
  const latest = prepared.reduce(
    (time, { occurredAt }) => Math.max(time, occurredAt),
    Number.NEGATIVE_INFINITY,
  );
  return { events: prepared.length, bytes, latest };
}

/** Resolves when the event at a position is durable, or will not be. */
async function isDurable(parts: AppendParts, position: number): Promise<boolean> {
  try {
    await whenAt(parts, { position, version: 0 }, 'durable');
    return true;
  } catch {
    // The engine has failed, and rejects the append itself.
    return false;
  }
}

/** Whether everything of an aggregate that was accepted is durable. */
function isReadable({ hub, directory }: AppendParts, aggregateId: string): boolean {
  return directory.positionOf(aggregateId) <= hub.lastDurable;
}

function tooLarge(what: string, given: number, option: string, limit: number): AppendTooLargeError {
  return new AppendTooLargeError(
    `append got ${given} ${what} at once; ${option} is ${limit}. Split them over several calls, or open the engine with a larger ${option}.`,
    { details: { [what]: given, limit } },
  );
}
