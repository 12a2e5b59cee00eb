import type { Codec } from '../../events/codec.js';
import type { AnyEventType } from '../../events/define-event.js';
import { StoredEvent, type StoredMetadata } from '../../events/domain-event.js';
import type { StoredType } from '../../events/registry.js';
import { currentData } from '../../events/upcast.js';
import type { RawEvents } from './protocol.js';

/** What decoding the events of an aggregate needs. */
export interface RawReader {
  readonly run: string;
  readonly codec: Codec;
  /** By the number of a stored type. */
  readonly types: readonly (StoredType | undefined)[];
  /** The aggregate's own types, by the number of a stored type. */
  readonly definitions: readonly (AnyEventType | undefined)[];
}

/**
 * The events of a page, in order. Payloads of types that are none of the aggregate's are left as they were stored.
 *
 * @throws UpcastError
 */
export function* eventsIn(reader: RawReader, aggregateId: string, raw: RawEvents): Generator<StoredEvent> {
  const { run, codec, types, definitions } = reader;
  const bytes = Buffer.from(raw.bytes.buffer, raw.bytes.byteOffset, raw.bytes.byteLength);
  let start = 0;
  for (let index = 0; index < raw.types.length; index++) {
    const id = raw.types[index] as number;
    const dataEnd = raw.ends[2 * index] as number;
    const end = raw.ends[2 * index + 1] as number;
    const definition = definitions[id];
    const type = types[id];
    const position = raw.positions[index] as number;
    const isOwn = definition !== undefined && type !== undefined;
    yield new StoredEvent(
      run,
      definition?.type ?? type?.name ?? '',
      aggregateId,
      raw.keys?.[index] ?? aggregateId,
      raw.firstVersion + index,
      position,
      raw.times[index] as number,
      isOwn ? currentData(definition, type, codec.unpack(bytes, start, dataEnd), position) : undefined,
      end === dataEnd ? undefined : (codec.unpack(bytes, dataEnd, end) as StoredMetadata),
    );
    start = end;
  }
}
