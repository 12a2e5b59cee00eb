import type { AnyEventType, NewEvent } from '../events/define-event.js';
import { RegisteredType } from '../events/registry.js';
import { snapshotOf } from '../events/snapshot.js';
import { InvalidDefinitionError, InvalidNameError } from '../kernel/errors.js';
import { raisedNow } from '../lanes/aggregates/raised.js';
import { atOnce, checkAggregateId } from './given.js';

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
  #isApplying = false;

  constructor(id: string) {
    checkAggregateId('new AggregateRoot', id);
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
   * Applies an event, and keeps it to be saved, as it is now.
   *
   * @throws SchemaMismatchError, EventFunctionError when its payload does not fit; UnknownEventTypeError when no event type
   * made it; InvalidNameError when it belongs to another aggregate; InvalidDefinitionError inside `apply`, and when that is
   * async; what `apply` throws. It is not raised then.
   */
  protected raise(event: Event): void {
    if (this.#isApplying) {
      throw new InvalidDefinitionError(
        `${this.constructor.name}: apply raised '${event?.type}', which would be raised again whenever it is loaded. Raise it in the method that decides.`,
      );
    }
    const own = raisedNow('raise', event);
    const type = new RegisteredType(own.definition as AnyEventType);
    // A copy of its own: what `apply` keeps of it, it may change.
    const data = type.parse(snapshotOf(own.data));
    const aggregateId = type.aggregateId(data);
    if (aggregateId !== this.id) {
      throw new InvalidNameError(
        `Event '${own.type}' belongs to aggregate '${aggregateId}', and was raised by '${this.id}'.`,
      );
    }
    this.#apply({ type: own.type, data });
    this.#raised.push(own);
  }

  /** Changes the state as an event says. It refuses nothing: what is in the log has happened. */
  protected abstract apply(event: AppliedEvent): void;

  #apply(event: AppliedEvent): void {
    this.#isApplying = true;
    try {
      atOnce(`${this.constructor.name}: apply`, this.apply(event));
    } finally {
      this.#isApplying = false;
    }
  }

  /** @internal */
  [REPLAY](event: AppliedEvent & { readonly version: number }): void {
    this.#apply(event);
    this.#version = event.version;
  }

  /** @internal */
  get [PENDING](): readonly Event[] {
    return this.#raised;
  }

  /** @internal Some of what was raised is saved; more may have been raised, or taken out, meanwhile. */
  [SAVED](events: ReadonlySet<NewEvent>, version: number): void {
    this.#raised = this.#raised.filter((event) => !events.has(event));
    this.#version = version;
  }
}
