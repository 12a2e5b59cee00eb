/** What travels with an event besides its payload. */
export interface EventMetadata {
  /** Id shared by all events of one story: the first event's id unless the publisher said otherwise. */
  readonly correlationId: string;
  /** Id of the event or command that led to this one. */
  readonly causationId?: string;
  /** The name that the publisher gave the event, if it gave one. */
  readonly eventId?: string;
  /** What the publisher added. */
  readonly [key: string]: unknown;
}

/** An event that has its place in the log. */
export interface DomainEvent<Data = unknown, Name extends string = string> {
  /** `{run}/{aggregate id}/{version}`: unique in the log, and equal for equal runs in deterministic mode. */
  readonly id: string;
  readonly type: Name;
  readonly aggregateId: string;
  /** The partition key: events of one key are handled one at a time, in order. The aggregate id unless the type says otherwise. */
  readonly key: string;
  /** 1-based gapless number within the aggregate. */
  readonly version: number;
  /** 1-based gapless number in the whole log. */
  readonly position: number;
  /** Unix epoch milliseconds. */
  readonly occurredAt: number;
  readonly data: Data;
  readonly metadata: EventMetadata;
}

/** Metadata as stored: short names, and only what does not follow from the event itself. */
export interface StoredMetadata {
  /** causation id */
  readonly c?: string;
  /** correlation id, when it is neither the causation id nor the event's own */
  readonly r?: string;
  /** the publisher's own name of the event */
  readonly i?: string;
  /** what the publisher added */
  readonly u?: Readonly<Record<string, unknown>>;
}

/** The text id of an event. */
export function eventId(run: string, aggregateId: string, version: number): string {
  return `${run}/${aggregateId}/${version}`;
}

/**
 * A stored event as handlers, subscribers and readers see it. Id and metadata are made on first use: most
 * handlers never ask for them, and two strings an event are a tenth of a lane's time.
 */
export class StoredEvent<Data = unknown, Name extends string = string> implements DomainEvent<Data, Name> {
  readonly type: Name;
  readonly aggregateId: string;
  readonly key: string;
  readonly version: number;
  readonly position: number;
  readonly occurredAt: number;
  readonly data: Data;
  readonly #run: string;
  readonly #stored: StoredMetadata | undefined;
  #metadata: EventMetadata | undefined;

  constructor(
    run: string,
    type: Name,
    aggregateId: string,
    key: string,
    version: number,
    position: number,
    occurredAt: number,
    data: Data,
    stored: StoredMetadata | undefined,
  ) {
    this.#run = run;
    this.type = type;
    this.aggregateId = aggregateId;
    this.key = key;
    this.version = version;
    this.position = position;
    this.occurredAt = occurredAt;
    this.data = data;
    this.#stored = stored;
  }

  get id(): string {
    return eventId(this.#run, this.aggregateId, this.version);
  }

  get metadata(): EventMetadata {
    this.#metadata ??= readMetadata(this.#stored, this.id);
    return this.#metadata;
  }

  /** All fields as a plain object, for JSON and for tests. */
  toJSON(): DomainEvent<Data, Name> {
    const { id, type, aggregateId, key, version, position, occurredAt, data, metadata } = this;
    return { id, type, aggregateId, key, version, position, occurredAt, data, metadata };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): DomainEvent<Data, Name> {
    return this.toJSON();
  }
}

/** What is stored of an event's metadata, as its readers see it. */
export function readMetadata(stored: StoredMetadata | undefined, id: string): EventMetadata {
  if (!stored) return { correlationId: id };
  const correlationId = stored.r ?? stored.c ?? id;
  return {
    ...stored.u,
    correlationId,
    ...(stored.c !== undefined && { causationId: stored.c }),
    ...(stored.i !== undefined && { eventId: stored.i }),
  };
}
