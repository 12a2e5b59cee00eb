import { READ_PAGE } from '../limits.js';
import { mayHaveMore } from './decode.js';
import type { EventReader, PageQuery, RawEvent } from './store.js';

/** What of an aggregate's past is read next: from a version on, and nothing behind a position. */
export interface PastQuery {
  readonly aggregateId: string;
  readonly fromVersion: number;
  readonly until: number;
}

/** Some events of an aggregate, and the version at which the next page begins, if there may be one. */
export interface PastPage {
  readonly events: readonly RawEvent[];
  readonly next: number | undefined;
}

/** One page of an aggregate's events up to a position. @param tail as in `PageQuery`. */
export function pageOfPast(
  reader: EventReader,
  { aggregateId, fromVersion, until }: PastQuery,
  tail?: PageQuery['tail'],
): PastPage {
  const aggregate = reader.findName(aggregateId)?.id;
  if (aggregate === undefined) return { events: [], next: undefined };
  const page = reader.page({ aggregate, from: fromVersion, limit: READ_PAGE, ...(tail && { tail }) });
  // Positions go up with versions.
  const later = page.findIndex(({ position }) => position > until);
  if (later >= 0) return { events: page.slice(0, later), next: undefined };
  const last = page.at(-1);
  return { events: page, next: last && mayHaveMore(page) ? last.version + 1 : undefined };
}
