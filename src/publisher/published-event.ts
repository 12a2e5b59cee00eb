import type { NewEvent } from '../events/define-event.js';
import type { EventMetadata } from '../events/domain-event.js';
import type { RegisteredType } from '../events/registry.js';

/** An event as a standalone publisher delivers it: in a sequence of its own, but in no log. */
export class PublishedEvent<Data = unknown, Name extends string = string> {
  readonly type: Name;
  /** 1-based gapless number of the event in its publisher. */
  readonly position: number;
  /** Unix epoch milliseconds. */
  readonly occurredAt: number;
  readonly data: Data;
  readonly #run: string;
  readonly #type: RegisteredType;
  readonly #event: NewEvent;

  /** @internal */
  constructor(
    run: string,
    type: RegisteredType,
    position: number,
    occurredAt: number,
    event: NewEvent,
    data: Data,
  ) {
    this.#run = run;
    this.#type = type;
    this.#event = event;
    this.type = type.type as Name;
    this.position = position;
    this.occurredAt = occurredAt;
    this.data = data;
  }

  /** `{run}/{position}`. */
  get id(): string {
    return `${this.#run}/${this.position}`;
  }

  get aggregateId(): string {
    return this.#type.aggregateId(this.data);
  }

  /** The partition key: the aggregate id unless the type says otherwise. */
  get key(): string {
    return this.#type.partitionKey(this.data, this.aggregateId);
  }

  get metadata(): EventMetadata {
    const { correlationId = this.id, causationId, eventId, metadata } = this.#event.options ?? {};
    return {
      ...metadata,
      correlationId,
      ...(causationId !== undefined && { causationId }),
      ...(eventId !== undefined && { eventId }),
    };
  }
}
