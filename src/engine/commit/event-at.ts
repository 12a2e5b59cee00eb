import type { Codec } from '../../events/codec.js';
import { StoredEvent, type StoredMetadata } from '../../events/domain-event.js';
import type { Slab } from '../../events/slab.js';

/** Makes the event that lies in a row of a slab, for subscribers on the main thread. */
export function eventAt(slab: Slab, row: number, type: string, run: string, codec: Codec): StoredEvent {
  const start = slab.dataOffset[row] as number;
  const end = start + (slab.dataLength[row] as number);
  const metadataLength = slab.metadataLength[row] as number;
  const name = slab.nameOffset[row] as number;
  const aggregateId = slab.bytes.toString('utf8', name, name + (slab.nameLength[row] as number));
  return new StoredEvent(
    run,
    type,
    aggregateId,
    slab.key[row] === slab.aggregate[row] ? aggregateId : keyAt(slab, row),
    slab.version[row] as number,
    slab.position[row] as number,
    slab.occurredAt[row] as number,
    codec.unpack(slab.bytes, start, end),
    metadataLength === 0
      ? undefined
      : (codec.unpack(slab.bytes, end, end + metadataLength) as StoredMetadata),
  );
}

function keyAt(slab: Slab, row: number): string {
  const start = slab.keyOffset[row] as number;
  return slab.bytes.toString('utf8', start, start + (slab.keyLength[row] as number));
}
