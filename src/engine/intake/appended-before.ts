import type { NewEvent } from '../../events/define-event.js';
import type { DomainEvent } from '../../events/domain-event.js';
import { EventIdTakenError, InvalidOptionError, NotRetainedError } from '../../kernel/errors.js';
import { APPEND_ID_WINDOW } from '../limits.js';
import type { Receipt } from '../options.js';

/** Reads an aggregate's events of some versions, both included; the newest first, so that what is kept comes. */
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
 * newest events of the aggregate, and behind the version that was expected; one that reaches into these is seen whole.
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
  const found = new Map<number, DomainEvent>();
  const look = async (from: number, to: number) => {
    for (const event of await kept(read(from, to))) found.set(event.version, event);
  };
  const newest = Math.max(1, actual - APPEND_ID_WINDOW + 1);
  await look(newest, actual);
  if (expected !== undefined && expected + 1 < newest) await look(expected + 1, expected + ids.length);
  const places = new Map(ids.map((id, index) => [id, index]));
  const idOf = (version: number) => found.get(version)?.metadata.eventId;
  const first = [...found.keys()].sort((a, b) => a - b).find((version) => places.has(idOf(version) ?? ''));
  if (first === undefined) return undefined;
  const begin = first - (places.get(idOf(first) ?? '') ?? 0);
  const end = begin + ids.length - 1;
  if (begin >= 1 && begin < first) await look(begin, first - 1);
  const last = found.get(end);
  // Versions have no gaps: what is missing before the last one is no longer kept in memory.
  const isSame = ids.every((id, index) => !found.has(begin + index) || idOf(begin + index) === id);
  if (begin >= 1 && last && isSame) return { position: last.position, version: last.version };
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
