import type { AnyEventType, EventOf } from '../../events/define-event.js';
import type { DomainEvent } from '../../events/domain-event.js';
import { InvalidStateError } from '../../kernel/errors.js';
import { isPromised } from '../../kernel/thenable.js';
import { messageOf } from '../../kernel/thrown.js';
import { eventIdOf } from './command-ids.js';
import type { Aggregate } from './define-aggregate.js';

/** The state of one aggregate, event by event. */
export class Fold {
  readonly aggregate: Aggregate;
  readonly aggregateId: string;
  state: unknown;
  /** The version that the state is of. */
  version = 0;
  /** The position of the last event that was read of the log. */
  position = 0;
  /** The version of the newest snapshot that is known of. */
  snapshotVersion = 0;
  /** Nothing is in it but what was read of the log. */
  isOfLog = true;

  /** @throws InvalidStateError when the aggregate has no first state. */
  constructor(aggregate: Aggregate, aggregateId: string) {
    this.aggregate = aggregate;
    this.aggregateId = aggregateId;
    this.state = this.#checked(this.#initial(), 'initial returned');
  }

  /** The state after one of the aggregate's own events. @throws InvalidStateError; what `evolve` throws. */
  evolve(event: DomainEvent): void {
    const { evolve } = this.aggregate;
    const next: unknown = evolve(this.state, event as EventOf<AnyEventType>);
    this.state = this.#checked(next, `evolve returned for '${event.type}'`);
  }

  /** Begins with the state of a snapshot. */
  begin(state: unknown, version: number): void {
    this.state = state;
    this.version = version;
    this.snapshotVersion = version;
  }

  #initial(): unknown {
    try {
      return this.aggregate.initial();
    } catch (error) {
      throw this.#invalid(`initial threw: ${messageOf(error)}`, error);
    }
  }

  #checked(state: unknown, what: string): unknown {
    if (state === undefined) {
      throw this.#invalid(`what its ${what} is undefined. Return the state, also when it is as before`);
    }
    if (isPromised(state)) throw this.#invalid(`what its ${what} is a promise. Return the state itself`);
    return state;
  }

  #invalid(what: string, cause?: unknown): InvalidStateError {
    const { aggregate, aggregateId } = this;
    return new InvalidStateError(`Aggregate '${aggregate.name}' ('${aggregateId}'): ${what}.`, {
      cause,
      details: { aggregate: aggregate.name, aggregateId },
    });
  }
}

/**
 * The state that a command is decided on, from the aggregate's events. A command that was done before is decided on the
 * state of then, so it replies as it did.
 */
export class CommandFold extends Fold {
  readonly #commandId: string | undefined;
  readonly #types: ReadonlySet<string>;
  /** Where the command's first event stands at the earliest: one may have been done again, long after the first time. */
  readonly doneAt: number;
  /** The last event of the same command from before, whose state this is then. */
  last: DomainEvent | undefined;
  #done = 0;
  /** The version of the last event that it took. */
  seen = 0;

  constructor(aggregate: Aggregate, aggregateId: string, commandId: string | undefined, doneAt = 1) {
    super(aggregate, aggregateId);
    this.#commandId = commandId;
    this.doneAt = doneAt;
    this.#types = new Set(aggregate.events.map(({ type }) => type));
  }

  override begin(state: unknown, version: number): void {
    super.begin(state, version);
    this.seen = version;
  }

  /** Takes the next event of the aggregate. */
  take(event: DomainEvent): void {
    this.seen = event.version;
    const id = this.#commandId;
    const isAfter = event.version >= this.doneAt;
    if (id !== undefined && isAfter && event.metadata.eventId === eventIdOf(id, this.#done)) {
      this.#done++;
      this.last = event;
    }
    // What the command decided then, it decided on the state before its own events.
    if (this.last) return;
    this.version = event.version;
    if (this.#types.has(event.type)) this.evolve(event);
  }
}

/** The version that the aggregate must still have for a decision to count; what was done before counts whatever it has. */
export function decidedOn(fold: Fold | CommandFold): number | undefined {
  return fold instanceof CommandFold ? undefined : fold.version;
}
