import { chained } from '../../events/canonical.js';
import type { AnyEventType, DomainEvent, NewEvent } from '../../faces/define.js';

/** Under this name the metadata of a run's last event says what came before it: metadata is in no fingerprint. */
export const EVENT_CHAIN = 'eventChain';

export interface ChainSoFar {
  /** Chained SHA-256 of the run's events so far, as fingerprints have it for a key. */
  readonly hash: string;
  /** The newest version of the run's own aggregate. */
  readonly version: number;
  /** How many there are by type, its start left out. */
  readonly byType: Readonly<Record<string, number>>;
}

/**
 * The fingerprint of a run's events, made by the thread that makes them: they are at hand there, and the main thread would
 * have to decode each one again. Equal to that of the log, because all aggregates of a run are its own, so their
 * versions are known before the log counts them.
 */
export class EventChain {
  readonly #versions = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #run: string;
  #hash: string;

  constructor(started: DomainEvent, type: AnyEventType) {
    this.#run = started.aggregateId;
    this.#versions.set(started.aggregateId, started.version);
    this.#hash = chained('', started, type.volatile);
  }

  add({ type, data, options, definition }: NewEvent): void {
    if (definition === undefined || options?.occurredAt === undefined) {
      throw new TypeError(`A backtest has emitted '${type}' without its event type or its time.`);
    }
    const aggregateId = definition.aggregateId(data as never);
    const version = (this.#versions.get(aggregateId) ?? 0) + 1;
    this.#versions.set(aggregateId, version);
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
    const event = { type, aggregateId, version, occurredAt: Number(options.occurredAt), data };
    this.#hash = chained(this.#hash, event, definition.volatile);
  }

  /** The run's last event, which says what came before it. */
  last(event: NewEvent): NewEvent {
    const version = this.#versions.get(this.#run) as number;
    const soFar: ChainSoFar = { hash: this.#hash, version, byType: Object.fromEntries(this.#counts) };
    return { ...event, options: { ...event.options, metadata: { [EVENT_CHAIN]: soFar } } };
  }
}
