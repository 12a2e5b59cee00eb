import type { Codec } from '../../events/codec.js';
import { StoredEvent } from '../../events/domain-event.js';
import { aggregateIn, dataIn, metadataIn } from '../../events/row.js';
import type { Slab } from '../../events/slab.js';

/** Makes the event that lies in a row of a slab, for subscribers on the main thread. */
export function eventAt(slab: Slab, row: number, type: string, run: string, codec: Codec): StoredEvent {
  const aggregateId = aggregateIn(slab, row);
  return new StoredEvent(
    run,
    type,
    aggregateId,
    slab.key[row] === slab.aggregate[row] ? aggregateId : keyAt(slab, row),
    slab.version[row] as number,
    slab.position[row] as number,
    slab.occurredAt[row] as number,
    dataIn(slab, row, codec),
    metadataIn(slab, row, codec),
  );
}

function keyAt(slab: Slab, row: number): string {
  const start = slab.keyOffset[row] as number;
  return slab.bytes.toString('utf8', start, start + (slab.keyLength[row] as number));
}
