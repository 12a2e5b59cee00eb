import type { NewEvent } from '../events/define-event.js';
import { checkEventOptions } from '../events/define-event.js';
import { RegisteredType } from '../events/registry.js';
import { InvalidNameError, UnknownEventTypeError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';

/** An event as `apply` gets it: one of the log, or one that was just raised, as the log will have it. */
export interface AppliedEvent {
  readonly type: string;
  readonly data: unknown;
}

/** What `repository` asks of an aggregate. */
export const REPLAY = Symbol('replay');
export const SAVED = Symbol('saved');
export const PENDING = Symbol('pending');

/**
 * An aggregate as a class: its methods decide and `raise` events, `apply` says what an event changes. Factory methods make
 * new ones; `repository` loads and saves them.
 */
export abstract class AggregateRoot<Event extends NewEvent = NewEvent> {
  readonly id: string;
  #version = 0;
  #raised: Event[] = [];

  constructor(id: string) {
    if (typeof id !== 'string' || id === '') {
      throw new InvalidNameError(`An aggregate's id is ${shown(id)}; it must be a text that is not empty.`);
    }
    this.id = id;
  }

  /** The version in the log that it was loaded from, or saved as; 0 when it is new. */
  get version(): number {
    return this.#version;
  }

  /** Events that were raised and are not saved. */
  get raised(): readonly Event[] {
    return [...this.#raised];
  }

  /** Takes the raised events out of it, for a caller who publishes them. */
  pullEvents(): Event[] {
    const raised = this.#raised;
    this.#raised = [];
    return raised;
  }

  /** Forgets the raised events; what they have changed stays. */
  clearEvents(): void {
    this.#raised = [];
  }

  /**
   * Applies an event, and keeps it to be saved.
   *
   * @throws SchemaMismatchError when its payload does not fit; UnknownEventTypeError when no event type made it;
   * InvalidNameError when it belongs to another aggregate; what `apply` throws. It is not raised then.
   */
  protected raise(event: Event): void {
    if (!event?.definition) {
      throw new UnknownEventTypeError(
        'raise needs an event made by its event type: this.raise(Deposited({ … })).',
      );
    }
    checkEventOptions(event);
    const type = new RegisteredType(event.definition);
    const data = type.parse(event.data);
    const aggregateId = type.aggregateId(data);
    if (aggregateId !== this.id) {
      throw new InvalidNameError(
        `Event '${event.type}' belongs to aggregate '${aggregateId}', and was raised by '${this.id}'.`,
      );
    }
    this.apply({ type: event.type, data });
    this.#raised.push(event);
  }

  /** Changes the state as an event says. It refuses nothing: what is in the log has happened. */
  protected abstract apply(event: AppliedEvent): void;

  /** @internal */
  [REPLAY](event: AppliedEvent & { readonly version: number }): void {
    this.apply(event);
    this.#version = event.version;
  }

  /** @internal */
  get [PENDING](): readonly Event[] {
    return this.#raised;
  }

  /** @internal The first of what was raised is saved. */
  [SAVED](count: number, version: number): void {
    this.#raised = this.#raised.slice(count);
    this.#version = version;
  }
}
