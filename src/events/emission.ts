import { LaneCrashedError, PayloadTooLargeError } from '../kernel/errors.js';
import { NO_BYTES, toMove, withRoom } from '../kernel/moved-bytes.js';
import { MAX_EMITTED_BYTES } from '../limits.js';
import { type Codec, isRecord, type Packed, shapeOf } from './codec.js';
import { checkSize } from './payload-check.js';
import type { Shape } from './shape-index.js';

/** One emitted event as it lies in an emission buffer. Offsets are into the buffer it was read from. */
export interface Emission {
  /** Row reference of the event that was handled. */
  readonly cause: number;
  readonly type: number;
  readonly occurredAt: number;
  readonly aggregateId: string;
  /** Empty: the same as the aggregate id. */
  readonly partitionKey: string;
  readonly dataOffset: number;
  readonly dataLength: number;
  readonly metadataLength: number;
}

/** A shape that an event type's payloads have. */
export interface TypedShape {
  readonly type: number;
  readonly shape: Shape;
}

/** Where each field of the header lies, and how long the header is. Reader and writer know it from here alone. */
const AT = {
  cause: 0,
  type: 4,
  occurredAt: 8,
  nameLength: 16,
  keyLength: 18,
  dataLength: 20,
  metadataLength: 24,
  dataOffset: 28,
} as const;
const HEADER = 32;

const NO_SHAPES: readonly TypedShape[] = [];

/**
 * Events that handlers emitted, one after the other in one buffer that is moved, not copied, to the main thread: a
 * header of 32 bytes, the names, the payload, the metadata.
 */
export class EmissionBuffer {
  readonly #codec: Codec;
  #unknownShapes: TypedShape[] = [];
  #buffer = NO_BYTES;
  #end = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Where the next event will lie. */
  get end(): number {
    return this.#end;
  }

  /** Adds an event. @throws UnsupportedPayloadError, PayloadTooLargeError */
  add(
    typeName: string,
    emission: Pick<Emission, 'cause' | 'type' | 'occurredAt' | 'aggregateId' | 'partitionKey'>,
    payload: unknown,
    metadata: Uint8Array | undefined,
  ): void {
    // Before anything else, because the payload's own getters may emit.
    const data = this.encode(typeName, emission.type, payload);
    const dataLength = data.end - data.start;
    checkSize(typeName, dataLength + (metadata?.length ?? 0));
    const start = this.#end;
    const names = 3 * (emission.aggregateId.length + emission.partitionKey.length);
    this.#reserve(HEADER + names + dataLength + (metadata?.length ?? 0));
    let end = start + HEADER;
    const nameLength = this.#buffer.write(emission.aggregateId, end);
    end += nameLength;
    const keyLength = emission.partitionKey === '' ? 0 : this.#buffer.write(emission.partitionKey, end);
    end += keyLength;
    const dataOffset = end;
    data.target.copy(this.#buffer, end, data.start, data.end);
    end += dataLength;
    if (metadata) {
      this.#buffer.set(metadata, end);
      end += metadata.length;
    }
    const buffer = this.#buffer;
    buffer.writeUInt32LE(emission.cause, start + AT.cause);
    buffer.writeUInt32LE(emission.type, start + AT.type);
    buffer.writeDoubleLE(emission.occurredAt, start + AT.occurredAt);
    buffer.writeUInt16LE(nameLength, start + AT.nameLength);
    buffer.writeUInt16LE(keyLength, start + AT.keyLength);
    buffer.writeUInt32LE(dataLength, start + AT.dataLength);
    buffer.writeUInt32LE(metadata?.length ?? 0, start + AT.metadataLength);
    buffer.writeUInt32LE(dataOffset - start, start + AT.dataOffset);
    this.#end = end;
  }

  /** The payload of the event that lies at a place, as its readers will get it. */
  dataAt(start: number): unknown {
    const buffer = this.#buffer;
    const dataOffset = start + buffer.readUInt32LE(start + AT.dataOffset);
    return this.#codec.unpack(buffer, dataOffset, dataOffset + buffer.readUInt32LE(start + AT.dataLength));
  }

  /** Takes back everything from a place on: the handler failed. */
  rewind(start: number): void {
    this.#end = start;
  }

  /** Moves everything from a place on to a buffer of its own: its handler is being awaited. */
  split(start: number): EmissionBuffer {
    const own = new EmissionBuffer(this.#codec);
    own.#append(this.#buffer, start, this.#end);
    this.#end = start;
    return own;
  }

  /** Adds what an awaited handler has emitted by its end. @throws PayloadTooLargeError */
  join(own: EmissionBuffer): void {
    this.#append(own.#buffer, 0, own.#end);
    this.#unknownShapes.push(...own.#unknownShapes);
  }

  /** Hands out the bytes so far, ready to be moved to another thread, and begins anew. */
  take(): Uint8Array | undefined {
    if (this.#end === 0) return undefined;
    const bytes = toMove(this.#buffer, this.#end);
    this.#buffer = NO_BYTES;
    this.#end = 0;
    return bytes;
  }

  /** Shapes that the codec did not know, with their types, for the main thread to number. */
  takeUnknownShapes(): readonly TypedShape[] {
    if (this.#unknownShapes.length === 0) return NO_SHAPES;
    const shapes = this.#unknownShapes;
    this.#unknownShapes = [];
    return shapes;
  }

  #append(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.#buffer, this.#end, start, end);
    this.#end += end - start;
  }

  /** Encodes a payload, and notes its shape if that has no number. @throws UnsupportedPayloadError */
  encode(typeName: string, type: number, payload: unknown): Packed {
    const packed = this.#codec.encode(typeName, payload, true);
    if (this.#unknownShapes.length === 0 && !isRecord(packed)) {
      const shape = shapeOf(payload);
      if (shape) this.#unknownShapes.push({ type, shape });
    }
    return packed;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#buffer.length) return;
    if (needed > MAX_EMITTED_BYTES) {
      throw new PayloadTooLargeError(
        `A handler emitted more than ${MAX_EMITTED_BYTES} bytes in one batch. Split its work over several events.`,
      );
    }
    this.#buffer = withRoom(this.#buffer, this.#buffer.length, needed);
  }
}

/** Reads an emission buffer in order. */
export function* readEmissions(bytes: Buffer): Generator<Emission, undefined> {
  let start = 0;
  while (start < bytes.length) {
    const nameLength = bytes.readUInt16LE(start + AT.nameLength);
    const keyLength = bytes.readUInt16LE(start + AT.keyLength);
    const names = start + HEADER;
    const key = names + nameLength;
    const emission: Emission = {
      cause: bytes.readUInt32LE(start + AT.cause),
      type: bytes.readUInt32LE(start + AT.type),
      occurredAt: bytes.readDoubleLE(start + AT.occurredAt),
      aggregateId: bytes.toString('utf8', names, key),
      partitionKey: keyLength === 0 ? '' : bytes.toString('utf8', key, key + keyLength),
      dataLength: bytes.readUInt32LE(start + AT.dataLength),
      metadataLength: bytes.readUInt32LE(start + AT.metadataLength),
      dataOffset: start + bytes.readUInt32LE(start + AT.dataOffset),
    };
    const end = emission.dataOffset + emission.dataLength + emission.metadataLength;
    if (emission.dataOffset < key + keyLength || end > bytes.length) {
      throw new LaneCrashedError('A lane sent bytes that are no emitted events.');
    }
    start = end;
    yield emission;
  }
  return undefined;
}
