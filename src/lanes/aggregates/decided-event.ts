import type { DomainEvent, EventMetadata, StoredMetadata } from '../../events/domain-event.js';
import { eventId, readMetadata } from '../../events/domain-event.js';

/** What is known of a decided event on its lane. */
export interface DecidedFacts {
  readonly run: string;
  readonly type: string;
  readonly aggregateId: string;
  readonly key: string;
  readonly version: number;
  readonly occurredAt: number;
  readonly data: unknown;
  readonly stored: StoredMetadata | undefined;
}

/**
 * An event that a command has just decided, as `evolve` sees it: as the log will have it, but for its position, which only
 * the main thread gives. Who asks for that is told of: what it makes of it must not be kept.
 */
export class DecidedEvent implements DomainEvent {
  readonly #facts: DecidedFacts;
  readonly #asked: () => void;
  #metadata: EventMetadata | undefined;

  /** @param asked told that the position was asked for. */
  constructor(facts: DecidedFacts, asked: () => void) {
    this.#facts = facts;
    this.#asked = asked;
  }

  get id(): string {
    const { run, aggregateId, version } = this.#facts;
    return eventId(run, aggregateId, version);
  }

  get type(): string {
    return this.#facts.type;
  }

  get aggregateId(): string {
    return this.#facts.aggregateId;
  }

  get key(): string {
    return this.#facts.key;
  }

  get version(): number {
    return this.#facts.version;
  }

  get position(): number {
    this.#asked();
    return 0;
  }

  get occurredAt(): number {
    return this.#facts.occurredAt;
  }

  get data(): unknown {
    return this.#facts.data;
  }

  /** Its `metadata.eventId`, without making the rest of that. */
  get eventId(): string | undefined {
    return this.#facts.stored?.i;
  }

  get metadata(): EventMetadata {
    this.#metadata ??= readMetadata(this.#facts.stored, this.id);
    return this.#metadata;
  }

  toJSON(): DomainEvent {
    const { id, type, aggregateId, key, version, position, occurredAt, data, metadata } = this;
    return { id, type, aggregateId, key, version, position, occurredAt, data, metadata };
  }
}
