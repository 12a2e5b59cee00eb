import type { NewEvent } from '../../events/define-event.js';
import type { DomainEvent } from '../../events/domain-event.js';
import { EventIdTakenError, InvalidOptionError, NotRetainedError } from '../../kernel/errors.js';
import { APPEND_ID_WINDOW } from '../limits.js';
import type { Receipt } from '../options.js';

/** Reads an aggregate's events of some versions, both included. */
type Read = (fromVersion: number, toVersion: number) => AsyncIterable<DomainEvent>;

/** The callers' ids of an append's events; undefined when they have none. @throws InvalidOptionError */
export function idsOf(events: readonly NewEvent[]): readonly string[] | undefined {
  const ids = events.flatMap(({ options }) => options?.eventId ?? []);
  if (ids.length === 0) return undefined;
  if (ids.length < events.length) {
    throw new InvalidOptionError(
      `append: ${ids.length} of ${events.length} events have an eventId; give one to each of them, or to none.`,
    );
  }
  if (new Set(ids).size === ids.length) return ids;
  throw new InvalidOptionError('append: two of its events have the same eventId.');
}

/**
 * The receipt of an append whose events are in the log already; undefined when none of them is. Looked for among the
 * newest events of the aggregate, and behind the version that was expected.
 *
 * @param actual the aggregate's version, of which everything is durable.
 * @throws EventIdTakenError when one of the ids is there, but not all of them one behind the other.
 */
export async function appendedBefore(
  aggregateId: string,
  ids: readonly string[],
  { actual, expected }: { readonly actual: number; readonly expected: number | undefined },
  read: Read,
): Promise<Receipt | undefined> {
  const newest = Math.max(1, actual - APPEND_ID_WINDOW + 1);
  const found = new Map<number, DomainEvent>();
  const ranges = [[newest, actual]];
  if (expected !== undefined && expected + 1 < newest) ranges.push([expected + 1, expected + ids.length]);
  for (const [from = 1, to = 0] of ranges) {
    for (const event of await kept(read(from, to))) found.set(event.version, event);
  }
  const wanted = new Set(ids);
  const idOf = (version: number) => found.get(version)?.metadata.eventId;
  const first = [...found.keys()].sort((a, b) => a - b).find((version) => wanted.has(idOf(version) ?? ''));
  if (first === undefined) return undefined;
  const last = found.get(first + ids.length - 1);
  if (last && ids.every((id, index) => idOf(first + index) === id)) {
    return { position: last.position, version: last.version };
  }
  throw new EventIdTakenError(
    `Aggregate '${aggregateId}' has an event with the id '${idOf(first)}' at version ${first}, beside others than those of this append. Give new events new ids.`,
    { details: { aggregateId, eventId: idOf(first), version: first } },
  );
}

/** A log in memory has them as far as it keeps events. */
async function kept(events: AsyncIterable<DomainEvent>): Promise<readonly DomainEvent[]> {
  const all: DomainEvent[] = [];
  try {
    for await (const event of events) all.push(event);
  } catch (error) {
    if (!(error instanceof NotRetainedError)) throw error;
  }
  return all;
}
