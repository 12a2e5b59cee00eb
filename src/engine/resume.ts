import type { EventRegistry } from '../events/registry.js';
import { READ_PAGE } from '../limits.js';
import { partitionKeyOf, storedType } from '../store/decode.js';
import type { EventReader, RawEvent } from '../store/store.js';
import type { NameEntry } from './directory.js';
import type { Hub } from './hub.js';
import type { Resumption } from './parking.js';
import { turn } from './turn.js';

/**
 * Feeds a parked key's events from the log back in, from a position on, in order. New events of the key stay in
 * the log meanwhile; when the last one that was held is on its way, new ones follow it directly.
 */
export async function resumeKey(
  hub: Hub,
  reader: EventReader,
  registry: EventRegistry,
  key: NameEntry,
  resumption: Resumption,
  from: number,
): Promise<void> {
  let position = from;
  while (!resumption.cancelled) {
    const last = hub.parking.lastHeld(key);
    if (last > hub.lastDurable) await hub.receipts.untilDurable({ position: last, version: 0 });
    const mine = (raw: RawEvent) => (raw.partitionKey ?? raw.aggregate) === key.id;
    for await (const raw of unfinished(hub, reader, position, last)) {
      if (resumption.cancelled) return;
      if (mine(raw)) await restore(hub, reader, registry, raw, () => resumption.cancelled);
    }
    if (resumption.cancelled) return;
    if (hub.parking.lastHeld(key) === last) {
      hub.parking.end(key);
      hub.pump();
      return;
    }
    position = last + 1;
  }
}

/** The log's events that no lane has finished, from one position to another, in order. */
export async function* unfinished(
  hub: Hub,
  reader: EventReader,
  from: number,
  to: number,
): AsyncGenerator<RawEvent, void, undefined> {
  let position = hub.progress.nextUnfinished(from);
  while (position <= to) {
    const page = reader.page({ from: position, limit: READ_PAGE });
    for (const raw of page) {
      if (raw.position > to) return;
      if (!hub.progress.isFinished(raw.position)) yield raw;
    }
    const last = page.at(-1);
    if (!last) return;
    // The lanes have seen nothing of this page yet, and room comes from them.
    hub.pump();
    await turn();
    position = hub.progress.nextUnfinished(last.position + 1);
  }
}

/** Puts an event of the log back on its way, when there is room; unless it is `isCancelled` by then. */
export async function restore(
  hub: Hub,
  reader: EventReader,
  registry: EventRegistry,
  raw: RawEvent,
  isCancelled: () => boolean = () => false,
): Promise<void> {
  if (hub.failure) throw hub.failure;
  const type = registry.find(storedType(reader, raw).name);
  if (!type?.handled) {
    // Nobody handles its type any more.
    if (hub.failures.retried.delete(raw.position)) hub.discard(raw.position);
    else hub.progress.finish(raw.position);
    return;
  }
  const facts = {
    type,
    aggregateId: reader.nameOf(raw.aggregate),
    partitionKey: partitionKeyOf(reader, raw),
    occurredAt: raw.occurredAt,
    causation: raw.causation,
  };
  const enter = () => {
    if (!isCancelled()) hub.restore(facts, raw);
  };
  if (hub.admission.isOpen) {
    enter();
    return;
  }
  hub.pump();
  await hub.admission.enter(enter, undefined, { isOwn: true });
}
