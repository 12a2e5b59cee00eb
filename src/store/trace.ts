import { InvalidOptionError } from '../kernel/errors.js';
import { field, shown } from '../kernel/thrown.js';
import type { StoreReader } from './inspect.js';
import { placeOf, Story, startOf, type Trace, type TraceQuery } from './story.js';

/**
 * Follows one story through a store: an event, what handlers emitted for it, what those led to, and everything
 * else with the same correlation id. It reads the log once, from the first event of the story on, in pages.
 *
 * @throws InvalidOptionError when the query names nothing; no event found is an empty trace.
 */
export function traceStory(reader: StoreReader, query: TraceQuery): Trace {
  if (typeof field(reader, 'read') !== 'function') {
    throw new InvalidOptionError(
      `traceStory takes a reader, as openStoreReader(path) returns it, and not ${shown(reader)}. An engine has a trace method of its own.`,
    );
  }
  const place = placeOf(query, reader.run);
  const [found] = place ? reader.read(place) : [];
  const start = startOf(query, found, reader.path);
  const story = new Story(start);
  for (const event of reader.read({ fromPosition: start.fromPosition })) if (!story.add(event)) break;
  return story.trace;
}
