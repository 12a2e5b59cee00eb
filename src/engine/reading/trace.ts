import type { DomainEvent } from '../../events/domain-event.js';
import { NotRetainedError } from '../../kernel/errors.js';
import {
  noSuchEvent,
  placeOf,
  Story,
  type StoryStart,
  startOf,
  type Trace,
  type TraceQuery,
} from '../../store/story.js';
import { ANYWAY, type OwnReadOptions } from './read.js';

type Read = (options: OwnReadOptions) => AsyncIterable<DomainEvent>;

/** As `traceStory`, through an engine's own reader, up to a position: the event loop goes round between pages. */
export async function traceInLog(
  read: Read,
  location: string,
  run: string,
  query: TraceQuery,
  to: number,
): Promise<Trace> {
  const start = await findStart(read, location, run, query);
  const story = new Story(start);
  for await (const event of retained(read, start.fromPosition))
    if (event.position > to || !story.add(event)) break;
  if (story.trace.events === 0 && !('correlationId' in query)) throw noSuchEvent(query, location);
  return story.trace;
}

async function findStart(read: Read, location: string, run: string, query: TraceQuery): Promise<StoryStart> {
  const place = placeOf(query, run);
  let found: DomainEvent | undefined;
  try {
    found = place && (await first(read({ ...place, [ANYWAY]: true })));
  } catch (error) {
    if (!(error instanceof NotRetainedError) || 'position' in query) throw error;
    // A log in memory that has dropped events cannot look up aggregates any more, but it can be read through.
    return { fromPosition: 1, ...query };
  }
  return startOf(query, found, location);
}

/** What is still there of the log from a position on; more may be dropped while it is read. */
async function* retained(read: Read, fromPosition: number): AsyncGenerator<DomainEvent> {
  for (let from = fromPosition; ; ) {
    try {
      yield* read({ fromPosition: from, [ANYWAY]: true });
      return;
    } catch (error) {
      if (!(error instanceof NotRetainedError)) throw error;
      // Everything up to here has been read or is gone.
      from = Number(error.details.firstPosition);
    }
  }
}

async function first(events: AsyncIterable<DomainEvent>): Promise<DomainEvent | undefined> {
  for await (const event of events) return event;
  return undefined;
}
