import { CommandFold } from './fold.js';
import type { Wish } from './items.js';
import type { LaneAggregate } from './lane-aggregate.js';
import type { RawEvents } from './protocol.js';
import { eventsIn, type RawReader } from './raw-events.js';

/** Takes a page of an aggregate's events into the fold that has wished for them. @throws as `evolve`; UpcastError */
export function foldPage(
  reader: Pick<RawReader, 'run' | 'codec'>,
  type: LaneAggregate,
  { actor, fold, isAside }: Wish,
  events: RawEvents,
): void {
  for (const event of eventsIn({ ...reader, ...type }, actor.id, events)) {
    if (fold instanceof CommandFold) {
      fold.take(event);
      continue;
    }
    if (type.isOwn(event.type)) fold.evolve(event);
    fold.version = event.version;
    fold.position = event.position;
    if (!isAside) actor.note(event.metadata.eventId, event.version);
  }
}
