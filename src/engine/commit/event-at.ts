import type { Codec } from '../../events/codec.js';
import { StoredEvent, type StoredMetadata } from '../../events/domain-event.js';
import type { Slab } from '../../events/slab.js';

/** Makes the event that lies in a row of a slab, for subscribers on the main thread. */
export function eventAt(slab: Slab, row: number, type: string, run: string, codec: Codec): StoredEvent {
  const start = slab.dataOffset[row] as number;
  const end = start + (slab.dataLength[row] as number);
  const metadataLength = slab.metadataLength[row] as number;
  const name = slab.nameOffset[row] as number;
  return new StoredEvent(
    run,
    type,
    slab.bytes.toString('utf8', name, name + (slab.nameLength[row] as number)),
    slab.version[row] as number,
    slab.position[row] as number,
    slab.occurredAt[row] as number,
    codec.unpack(slab.bytes, start, end),
    metadataLength === 0
      ? undefined
      : (codec.unpack(slab.bytes, end, end + metadataLength) as StoredMetadata),
  );
}
