import { Codec, isRecord, type Packed, shapeOf } from '../events/codec.js';
import type { StoredMetadata } from '../events/domain-event.js';
import { checkSize } from '../events/payload-check.js';
import type { Shape } from '../events/shape-index.js';
import { MAX_SHAPES, MAX_SHAPES_PER_TYPE } from '../limits.js';
import type { ImportedEvent } from './import-record.js';

/** Bytes of an event, in memory that the next one uses again. */
export interface Encoded extends Packed {
  readonly dataLength: number;
}

/** Encodes events for a new log, and numbers the shapes of their payloads as an engine does. */
export class Encoder {
  readonly #codec = new Codec();
  readonly #known = new Set<string>();
  /** By type, how many shapes it brought; -1 when its payloads have keys of all kinds. */
  readonly #perType = new Map<string, number>();
  #taken = 0;

  /** @param id of the event. @throws UnsupportedPayloadError, PayloadTooLargeError */
  encode({ type, data, metadata }: ImportedEvent, id: string): Encoded {
    const packed = this.#payload(type, data);
    const { start } = packed;
    const dataLength = packed.end - start;
    const stored = storedMetadata(metadata, id);
    const { target, end } = stored ? this.#codec.encodeMore(type, stored) : packed;
    checkSize(type, end - start);
    return { target, start, end, dataLength };
  }

  /** The shapes that are new since the last call. */
  takeShapes(): readonly Shape[] {
    const { shapes } = this.#codec;
    const fresh = shapes.slice(this.#taken);
    this.#taken = shapes.length;
    return fresh;
  }

  #payload(type: string, data: unknown): Packed {
    const asRecord = this.#perType.get(type) !== -1;
    const packed = this.#codec.encode(type, data, asRecord);
    if (!asRecord || isRecord(packed) || !this.#learn(type, shapeOf(data))) return packed;
    return this.#codec.encode(type, data, true);
  }

  #learn(type: string, shape: Shape | undefined): boolean {
    if (shape === undefined) return false;
    const { shapes } = this.#codec;
    const key = JSON.stringify(shape);
    if (this.#known.has(key)) return true;
    const count = this.#perType.get(type) ?? 0;
    if (shape.length === 0 || count >= MAX_SHAPES_PER_TYPE || shapes.length >= MAX_SHAPES) {
      this.#perType.set(type, -1);
      return false;
    }
    this.#known.add(key);
    this.#perType.set(type, count + 1);
    this.#codec.learn([...shapes, [...shape]]);
    return true;
  }
}

/** Only what does not follow from the event itself; see `readMetadata`. */
function storedMetadata(metadata: ImportedEvent['metadata'], id: string): StoredMetadata | undefined {
  const { correlationId, causationId, ...own } = metadata as {
    readonly correlationId: string;
    readonly causationId?: string;
  };
  const hasOwn = Object.keys(own).length > 0;
  const isUsual = correlationId === (causationId ?? id);
  if (!hasOwn && isUsual && causationId === undefined) return undefined;
  return {
    ...(causationId !== undefined && { c: causationId }),
    ...(!isUsual && { r: correlationId }),
    ...(hasOwn && { u: own }),
  };
}
