import type { DomainEvent } from '../events/domain-event.js';
import { EmitAfterEndError, InvalidOptionError, LaneCrashedError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { turn } from '../kernel/turn.js';

/** The next events of an aggregate that a handler reads. */
export interface HistoryQuery {
  readonly aggregateId: string;
  /** The first version that is wanted. */
  readonly fromVersion: number;
  /** The last position that the handler may see. */
  readonly until: number;
}

/** Some events of an aggregate in their order, and the version at which the next page begins, if there is one. */
export interface HistoryPage {
  readonly events: readonly DomainEvent[];
  readonly next: number | undefined;
}

/** An aggregate's events behind a position that the log's index has reached: nobody else finds them without looking through. */
export interface LogTail {
  readonly after: number;
  readonly positions: readonly number[];
}

/** The log, as a lane reads it. All of it rejects with coded errors, which are failures of the handler that asks. */
export interface LaneLog {
  /**
   * The last position that an event's handlers may see, once everything up to it is durable.
   *
   * @param reference row of the event, whose handlers are running.
   * @param position of the event; 0 when it runs ahead of its number.
   */
  reach(reference: number, position: number): Promise<number>;
  page(query: HistoryQuery): Promise<HistoryPage>;
  /** What is known in memory of an aggregate's newest events; undefined when that does not reach back to the index. */
  tail(aggregateId: string): Promise<LogTail | undefined>;
}

/** What a lane is told of the log at its opening. */
export interface HistorySetup {
  /** Whether an event is handled only when everything before it is durable. */
  readonly isDurableFirst: boolean;
  /** The file that a thread may read itself; undefined when only the main thread can read the log. */
  readonly file: string | undefined;
  /** Numbers of the stored types whose events are given as they were stored: no `upcast`, and no newer name. */
  readonly asStored: readonly number[];
}

/** The event that is being handled, for which a history is read. */
export interface Reading {
  readonly reference: number;
  readonly position: number;
  /** Only events of this key are seen; undefined: all. */
  readonly key: string | undefined;
  readonly hasEnded: () => boolean;
}

/** Reads the past of aggregates for the handlers of one lane. */
export class Histories {
  readonly #log: LaneLog | undefined;
  readonly #setup: HistorySetup;
  readonly #waits: () => void;

  /** @param waits called when an event that runs ahead of its number waits for it: the lane must answer what it has. */
  constructor(setup: HistorySetup, log: LaneLog | undefined, waits: () => void) {
    this.#setup = setup;
    this.#log = log;
    this.#waits = waits;
  }

  /** @throws InvalidOptionError at once; the rest when it is read. */
  of(aggregateId: string, reading: Reading): AsyncGenerator<DomainEvent, void, undefined> {
    if (typeof aggregateId === 'string') return this.#events(aggregateId, reading);
    throw new InvalidOptionError(
      `ctx.history: the aggregate id is ${shown(aggregateId)}; it must be a text.`,
    );
  }

  async *#events(aggregateId: string, reading: Reading): AsyncGenerator<DomainEvent, void, undefined> {
    const log = this.#log;
    if (!log) throw new LaneCrashedError('This lane was opened without a log to read.');
    const until = await this.#reach(log, reading);
    for (let fromVersion: number | undefined = 1; fromVersion !== undefined; ) {
      const page: HistoryPage = await log.page({ aggregateId, fromVersion, until });
      for (const event of page.events) {
        if (reading.key === undefined || event.key === reading.key) yield event;
      }
      fromVersion = page.next;
      // A page is read at once, and other handlers, timers and the next batch must not wait for all of them.
      if (fromVersion !== undefined) await turn();
    }
  }

  async #reach(log: LaneLog, { reference, position, hasEnded }: Reading): Promise<number> {
    if (this.#setup.isDurableFirst && position > 0) return position - 1;
    if (hasEnded()) {
      throw new EmitAfterEndError(
        'ctx.history was read after its handler had finished. Await everything before returning.',
      );
    }
    if (position === 0) this.#waits();
    return log.reach(reference, position);
  }
}
