import { isRecord, type Packed } from '../../events/codec.js';
import { checkEventOptions, type EventOptions, type NewEvent } from '../../events/define-event.js';
import { checkMetadata, checkPayload, checkSize } from '../../events/payload-check.js';
import type { EventRegistry, RegisteredType } from '../../events/registry.js';
import { storedMetadata } from '../../events/stored-metadata.js';
import { givenTime } from '../../events/time.js';
import { Clock } from '../../kernel/clock.js';
import { InvalidNameError, NotDeterministicError, UnknownEventTypeError } from '../../kernel/errors.js';
import { guarded } from '../../kernel/guarded.js';
import { type TraceCarrier, type Tracing, textsOf, withCarrier } from '../../observe/tracing.js';
import type { CheckedOptions } from '../check-options.js';
import { SHELF_BYTES } from '../limits.js';
import type { Prepared } from '../sequence/row-facts.js';
import type { Shapes } from '../sequence/shapes.js';

/**
 * Everything that can be wrong with a published event by itself is found here, before it gets a number; and it is
 * encoded here, so that what is stored is what was passed, however long it waits. The bytes lie in memory that the
 * next event uses again: an event that must wait is `kept`.
 */
export class Preparation {
  readonly #registry: EventRegistry;
  readonly #shapes: Shapes;
  readonly #validate: boolean;
  readonly #deterministic: boolean;
  readonly #tracing: Tracing | undefined;
  readonly #onTracerError: () => void;
  readonly #eventTime: (() => number) | undefined;

  /**
   * @param shapes of the log that the events go into.
   * @param eventTime the world's, for events without a time of their own.
   * @param onTracerError told when the tracer throws: the event is published without its context then.
   */
  constructor(
    registry: EventRegistry,
    options: CheckedOptions,
    shapes: Shapes,
    eventTime: (() => number) | undefined,
    onTracerError: () => void,
  ) {
    const clock = new Clock();
    // In deterministic mode time comes from the data, or from a world that says what it is.
    this.#eventTime = eventTime ?? (options.deterministic ? undefined : () => clock.now());
    this.#onTracerError = onTracerError;
    this.#registry = registry;
    this.#shapes = shapes;
    this.#validate = options.validate === 'publish';
    this.#deterministic = options.deterministic;
    this.#tracing = options.tracing;
  }

  /**
   * @throws UnknownEventTypeError, SchemaMismatchError, UnsupportedPayloadError, PayloadTooLargeError,
   * InvalidNameError, InvalidOptionError, NotDeterministicError
   */
  prepare(event: NewEvent): Prepared {
    const type = this.#typeOf(event);
    checkEventOptions(event);
    const data = this.#validate ? type.parse(event.data) : event.data;
    const [aggregateId, partitionKey] = namesOf(type, data);
    checkMetadata(type.type, event.options?.metadata);
    const options = this.#tracing ? withCarrier(event.options, this.carrier()) : event.options;
    const occurredAt = this.#time(type, options);
    const stored = options && storedMetadata(options);
    // Last of all: what the user's own functions publish uses the same memory.
    const { start, end } = this.#encode(type, data);
    const { target, end: last } = stored
      ? this.#shapes.codec.encodeMore(type.type, stored)
      : { target: this.#shapes.codec.bytes, end };
    checkSize(type.type, last - start);
    return {
      type,
      aggregateId,
      partitionKey,
      occurredAt,
      causation: 0,
      bytes: target,
      start,
      dataLength: end - start,
      metadataLength: last - end,
    };
  }

  /** As `prepare`, kept, for an aggregate that the caller names. @throws also when an event belongs to another one. */
  prepareAll(aggregateId: string, events: readonly NewEvent[]): readonly Prepared[] {
    const prepared: Prepared[] = [];
    for (const event of events) {
      const one = this.prepare(event);
      if (one.aggregateId !== aggregateId) {
        throw new InvalidNameError(
          `Event '${one.type.type}' belongs to aggregate '${one.aggregateId}', not to '${aggregateId}'.`,
        );
      }
      prepared.push(kept(one));
    }
    const keys = new Set(prepared.map((event) => event.partitionKey));
    if (!this.#deterministic || keys.size < 2) return prepared;
    throw new NotDeterministicError(
      `append got events of the keys ${[...keys].join(', ')}: in deterministic mode an aggregate has one key.`,
    );
  }

  /** The time of what happens now; undefined when it must come from the data. */
  timeNow(): number | undefined {
    return this.#eventTime?.();
  }

  /** The fields of the caller's trace, for the metadata of what follows from the call. */
  carrier(): TraceCarrier | undefined {
    const tracing = this.#tracing;
    return tracing && guarded(() => textsOf(tracing.carrier()), this.#onTracerError);
  }

  #typeOf(event: NewEvent): RegisteredType {
    if (typeof event?.type === 'string') return this.#registry.get(event.type);
    throw new UnknownEventTypeError(
      'publish needs an event made by its event type: publish(OrderPlaced({ … })).',
    );
  }

  /** As a record, if its shape is known or may be learned. */
  #encode(type: RegisteredType, data: unknown): Packed {
    const { codec } = this.#shapes;
    const packed = codec.encode(type.type, data, type.asRecord);
    if (!type.asRecord || isRecord(packed) || !this.#shapes.learnFrom(type, data)) return packed;
    return codec.encode(type.type, data, true);
  }

  #time(type: RegisteredType, options: EventOptions | undefined): number {
    const given = options?.occurredAt;
    if (given !== undefined) return givenTime(type.type, given);
    if (this.#eventTime) return this.#eventTime();
    throw new NotDeterministicError(
      `Event '${type.type}' has no time. In deterministic mode time comes from the data: OrderPlaced(data, { occurredAt }).`,
    );
  }
}

/** The same event with bytes of its own: it may wait. */
export function kept(event: Prepared): Prepared {
  const { type, aggregateId, partitionKey, occurredAt, causation, start, dataLength, metadataLength } = event;
  const length = dataLength + metadataLength;
  const place = shelf.place(length);
  event.bytes.copy(shelf.bytes, place, start, start + length);
  const { bytes } = shelf;
  return {
    type,
    aggregateId,
    partitionKey,
    occurredAt,
    causation,
    bytes,
    start: place,
    dataLength,
    metadataLength,
  };
}

/**
 * Where bytes of events that wait lie side by side. A buffer for each one would be a second object that the garbage
 * collector has to follow; one large one for many would be held by the last of them.
 */
class Shelf {
  bytes = Buffer.alloc(0);
  #end = 0;

  /** Makes room for so many bytes. Returns where they go in `bytes`. */
  place(length: number): number {
    if (this.#end + length > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(SHELF_BYTES, length));
      this.#end = 0;
    }
    const place = this.#end;
    this.#end += length;
    return place;
  }
}

const shelf = new Shelf();

function namesOf(type: RegisteredType, data: unknown): [aggregateId: string, partitionKey: string] {
  try {
    const aggregateId = type.aggregateId(data);
    return [aggregateId, type.partitionKey(data, aggregateId)];
  } catch (error) {
    // The functions were written for payloads that are data; what is none is said first.
    checkPayload(type.type, data);
    throw error;
  }
}
