import { Clock } from '../events/clock.js';
import { Codec } from '../events/codec.js';
import { checkEventOptions, type EventOptions, type NewEvent } from '../events/define-event.js';
import type { StoredMetadata } from '../events/domain-event.js';
import { InvalidNameError, NotDeterministicError, UnknownEventTypeError } from '../events/errors.js';
import { guarded } from '../events/guarded.js';
import { checkPayload, checkSize } from '../events/payload-check.js';
import type { EventRegistry, RegisteredType } from '../events/registry.js';
import { givenTime } from '../events/time.js';
import { type Tracing, textsOf, withCarrier } from '../observe/tracing.js';
import type { CheckedOptions } from './check-options.js';
import type { EngineParts } from './engine.js';
import type { RowFacts } from './sequencer.js';

/** Metadata is plain MessagePack: it has no shapes. */
const metadataCodec = new Codec();

/** An event that was checked and may be sequenced. */
export interface Prepared extends RowFacts {
  readonly data: unknown;
  readonly metadata: Uint8Array | undefined;
}

/** How an engine checks what is published; what its tracer throws counts as every watcher's error. */
export function preparationOf({ registry, options, hub: { counters } }: EngineParts): Preparation {
  return new Preparation(registry, options, () => {
    counters.subscriberErrors++;
  });
}

/** Everything that can be wrong with a published event is found here, before it gets a number. */
export class Preparation {
  readonly #registry: EventRegistry;
  readonly #validate: boolean;
  readonly #deterministic: boolean;
  readonly #tracing: Tracing | undefined;
  readonly #onTracerError: () => void;
  readonly #clock = new Clock();

  /** @param onTracerError told when the tracer throws: the event is published without its context then. */
  constructor(registry: EventRegistry, options: CheckedOptions, onTracerError: () => void) {
    this.#onTracerError = onTracerError;
    this.#registry = registry;
    this.#validate = options.validate === 'publish';
    this.#deterministic = options.deterministic;
    this.#tracing = options.tracing;
  }

  /** @throws UnknownEventTypeError, SchemaMismatchError, UnsupportedPayloadError, InvalidNameError, NotDeterministicError */
  prepare(event: NewEvent): Prepared {
    const type = this.#typeOf(event);
    checkEventOptions(event);
    const data = this.#check(type, event.data);
    const aggregateId = type.aggregateId(data);
    const options = this.#tracing ? this.#traced(this.#tracing, event.options) : event.options;
    return this.#prepared(type, data, aggregateId, options);
  }

  /** As `prepare`, for an aggregate that the caller names. @throws also when the event belongs to another one. */
  prepareFor(aggregateId: string, event: NewEvent): Prepared {
    const prepared = this.prepare(event);
    if (prepared.aggregateId === aggregateId) {
      this.#checkSize(prepared);
      return prepared;
    }
    throw new InvalidNameError(
      `Event '${event.type}' belongs to aggregate '${prepared.aggregateId}', not to '${aggregateId}'.`,
    );
  }

  /** As `prepareFor`, for an `append`: all or nothing, so everything is checked before the first is sequenced. */
  prepareAll(aggregateId: string, events: readonly NewEvent[]): readonly Prepared[] {
    const prepared = events.map((event) => this.prepareFor(aggregateId, event));
    const keys = new Set(prepared.map((event) => event.partitionKey));
    if (!this.#deterministic || keys.size < 2) return prepared;
    throw new NotDeterministicError(
      `append got events of the keys ${[...keys].join(', ')}: in deterministic mode an aggregate has one key.`,
    );
  }

  /** `append` is all or nothing, so what the sequencer could refuse must be known before the first event. */
  #checkSize({ type, data, metadata }: Prepared): void {
    checkSize(type.type, metadataCodec.pack(data).length + (metadata?.length ?? 0));
  }

  #typeOf(event: NewEvent): RegisteredType {
    if (typeof event?.type === 'string') return this.#registry.get(event.type);
    throw new UnknownEventTypeError(
      'publish needs an event made by its event type: publish(OrderPlaced({ … })).',
    );
  }

  #traced(tracing: Tracing, options: EventOptions | undefined): EventOptions | undefined {
    return withCarrier(
      options,
      guarded(() => textsOf(tracing.carrier()), this.#onTracerError),
    );
  }

  #check(type: RegisteredType, data: unknown): unknown {
    if (!this.#validate) return data;
    const parsed = type.parse(data);
    checkPayload(type.type, parsed);
    return parsed;
  }

  #prepared(
    type: RegisteredType,
    data: unknown,
    aggregateId: string,
    options: EventOptions | undefined,
  ): Prepared {
    return {
      type,
      aggregateId,
      partitionKey: type.partitionKey(data, aggregateId),
      occurredAt: this.#time(type, options),
      causation: 0,
      data,
      metadata: options && packMetadata(type, options),
    };
  }

  #time(type: RegisteredType, options: EventOptions | undefined): number {
    const given = options?.occurredAt;
    if (given === undefined) {
      if (!this.#deterministic) return this.#clock.now();
      throw new NotDeterministicError(
        `Event '${type.type}' has no time. In deterministic mode time comes from the data: OrderPlaced(data, { occurredAt }).`,
      );
    }
    return givenTime(type.type, given);
  }
}

function packMetadata(type: RegisteredType, options: EventOptions): Uint8Array | undefined {
  const { correlationId, causationId, metadata } = options;
  if (correlationId === undefined && causationId === undefined && metadata === undefined) return undefined;
  const stored: StoredMetadata = {
    ...(causationId !== undefined && { c: causationId }),
    ...(correlationId !== undefined && { r: correlationId }),
    ...(metadata && { u: metadata }),
  };
  checkPayload(type.type, stored);
  return metadataCodec.pack(stored);
}
