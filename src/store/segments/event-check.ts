import { dataEndOf, metadataEndOf } from '../../events/row.js';
import { ROW_NEW_AGGREGATE, ROW_NEW_KEY, type Slab } from '../../events/slab.js';
import { beginCheck, endCheck, mixBytes, mixName } from '../checksum.js';

/**
 * The check of a slab's row. It covers the columns, the payload, the metadata, and the names that the event brings to
 * the log, the aggregate's before the key's.
 *
 * @param type what stands for the event's type: `typeHash`.
 * @param bytes the slab's.
 */
export function rowEventCheck(slab: Slab, row: number, type: number, bytes: DataView): number {
  const end = dataEndOf(slab, row);
  const columns = beginCheck(
    type,
    slab.aggregate[row] as number,
    slab.key[row] as number,
    slab.version[row] as number,
    slab.occurredAt[row] as number,
    slab.causation[row] as number,
  );
  const payload = mixBytes(columns, bytes, slab.dataOffset[row] as number, end);
  let check = mixBytes(payload, bytes, end, metadataEndOf(slab, row));
  const flags = slab.flags[row] as number;
  if (flags & ROW_NEW_AGGREGATE) {
    const start = slab.nameOffset[row] as number;
    check = mixName(
      check,
      slab.aggregate[row] as number,
      bytes,
      start,
      start + (slab.nameLength[row] as number),
    );
  }
  if (flags & ROW_NEW_KEY) {
    const start = slab.keyOffset[row] as number;
    check = mixName(check, slab.key[row] as number, bytes, start, start + (slab.keyLength[row] as number));
  }
  return endCheck(check);
}
