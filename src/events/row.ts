import type { Codec } from './codec.js';
import type { StoredMetadata } from './domain-event.js';
import type { Slab } from './slab.js';

// What a row's columns mean together: payload and metadata lie one behind the other, names anywhere in the same slab.

/** Where the payload ends, and the metadata begins. */
export function dataEndOf(slab: Slab, row: number): number {
  return (slab.dataOffset[row] as number) + (slab.dataLength[row] as number);
}

/** Where everything ends that is stored of the row's event. */
export function metadataEndOf(slab: Slab, row: number): number {
  return dataEndOf(slab, row) + (slab.metadataLength[row] as number);
}

/** The payload as it was when its type was at the version of the row. */
export function dataIn(slab: Slab, row: number, codec: Codec): unknown {
  return codec.unpack(slab.bytes, slab.dataOffset[row] as number, dataEndOf(slab, row));
}

export function metadataIn(slab: Slab, row: number, codec: Codec): StoredMetadata | undefined {
  if (slab.metadataLength[row] === 0) return undefined;
  return codec.unpack(slab.bytes, dataEndOf(slab, row), metadataEndOf(slab, row)) as StoredMetadata;
}

export function aggregateIn(slab: Slab, row: number): string {
  const start = slab.nameOffset[row] as number;
  return slab.bytes.toString('utf8', start, start + (slab.nameLength[row] as number));
}
