import { eventId } from '../events/domain-event.js';
import { decodeError } from '../kernel/error-codec.js';
import { StoreCorruptError } from '../kernel/errors.js';
import type { DeadLetter, DeadLetterRecord } from './dead-letter.js';
import { type FindDefinition, storedType } from './decode.js';
import type { EventReader } from './store.js';

/** The public form of a stored dead letter. @throws StoreCorruptError when its event is not in the log. */
export function toDeadLetter(
  reader: EventReader,
  run: string,
  record: DeadLetterRecord,
  find?: FindDefinition,
): DeadLetter {
  const { position, key, error, ...rest } = record;
  const [raw] = reader.page({ from: position, limit: 1 });
  if (raw?.position !== position) {
    throw new StoreCorruptError(`The dead letter at position ${position} has no event in the log.`);
  }
  const { name } = storedType(reader, raw);
  const aggregateId = reader.nameOf(raw.aggregate);
  return {
    id: eventId(run, aggregateId, raw.version),
    position,
    type: find?.(name)?.type ?? name,
    aggregateId,
    version: raw.version,
    key: reader.nameOf(key),
    ...rest,
    error: decodeError(error),
  };
}
