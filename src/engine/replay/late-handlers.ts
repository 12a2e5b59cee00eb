import type { ConsumerLink } from '../../consumers/link.js';
import { ConsumerRecord } from '../../consumers/record.js';
import { Saving } from '../../consumers/saving.js';
import type { ConsumerStatus } from '../../consumers/status.js';
import { TooManyConsumersError } from '../../kernel/errors.js';
import type { Time } from '../../kernel/time.js';
import type { HandledType } from '../../lanes/protocol.js';
import { type ConsumerFailureRecord, isLate, lateEnd, lateName } from '../../store/consumer.js';
import { MAX_CONSUMERS } from '../../store/limits.js';
import type { Progress } from '../../store/progress.js';
import type { EventReader } from '../../store/store.js';

/** What late handlers need of the engine. */
export interface LateParts {
  readonly consumerLink: ConsumerLink;
  readonly time: Time;
  readonly hub: { flush(): void; flushed(): Promise<void> };
  /** Which events the lanes have finished. */
  readonly progress: Progress;
}

/** Modules that ask for old events of a type, whose name of today comes first. */
export interface LateRule extends Pick<HandledType, 'late'> {
  readonly names: readonly string[];
}

/** A module's handlers of one type that asked for old events, and what they are done with of those. */
interface Late {
  readonly module: string;
  readonly type: string;
  /** Where the log ended when they were met first: what came later is handled as ever. */
  readonly last: number;
  readonly record: ConsumerRecord;
}

/**
 * The handlers that ask for events of before they were there (`on(Type, handle, { from })`). To the log each is a
 * consumer with a progress of its own, which ends where the log ended when the handler was met first. An event that is
 * finished but for one of them is unfinished: it is read, held, fed, parked and resumed like any other, and only calls
 * those handlers. Its end is noted in the transaction of what it emitted.
 */
export class LateHandlers {
  readonly #parts: LateParts;
  readonly #saving: Saving;
  #all: Late[] = [];
  /** Those with events left. */
  #left: Late[] = [];
  /** Rows on their way that are for some handlers only, by reference. */
  readonly #rows = new Map<number, readonly Late[]>();

  constructor(parts: LateParts) {
    this.#parts = parts;
    this.#saving = new Saving(() => parts);
  }

  /**
   * Meets the handlers, before anything is taken in: whose name the log does not know yet begins here. What no lane has
   * finished by now is not old: it is handled by all handlers of its type.
   *
   * @param last where the log ends. @throws TooManyConsumersError, StoreCorruptError
   */
  begin(rules: readonly LateRule[], last: number, reader: EventReader): void {
    const wanted = rules.flatMap(({ names, late }) => late.map((one) => ({ names, ...one })));
    if (wanted.length === 0) return;
    const known = reader.consumers();
    for (const { names, module, from } of wanted) {
      const [type = ''] = names;
      if (this.#all.some((one) => one.type === type && one.module === module)) continue;
      const stored = known.find(({ name }) => names.some((each) => isLate(name, each, module)));
      const record = stored
        ? new ConsumerRecord(stored)
        : this.#meet(lateName(type, module, last), from, last);
      this.#all.push({ type, module, last: lateEnd(record.name) ?? last, record });
    }
    const names = new Set([...known.map(({ name }) => name), ...this.#all.map(({ record }) => record.name)]);
    if (names.size > MAX_CONSUMERS) {
      throw new TooManyConsumersError(
        `The log would have ${names.size} consumers, and may have ${MAX_CONSUMERS}: each handler with 'from' is one. Remove some that are not used any more: engine.consumers.list(), remove(name).`,
        { details: { limit: MAX_CONSUMERS } },
      );
    }
    this.#look();
  }

  /** What each is at, as consumers of the log. */
  get statuses(): readonly ConsumerStatus[] {
    return this.#all.map(({ record, last }) => ({
      name: record.name,
      state: 'running',
      position: Math.min(record.mark, last),
      lag: Math.max(0, last - record.done),
      parkedKeys: 0,
      failures: record.failures.length,
      ...{ handled: 0, failed: 0, retried: 0, skipped: 0, inFlight: 0 },
    }));
  }

  /** The first position from `from` on that one of them is not done with; infinity when there is none. */
  nextUndone(from: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { record, last } of this.#left) {
      const next = record.nextUndone(from);
      if (next <= last) first = Math.min(first, next);
    }
    return first;
  }

  /** Whether a finished event of the log is left to one of them. To those of other types it counts as done. */
  isLeft(type: string | undefined, position: number): boolean {
    let isLeft = false;
    let passed = 0;
    for (const late of this.#left) {
      if (position > late.last || late.record.isDone(position)) continue;
      if (late.type === type) isLeft = true;
      else {
        late.record.finish(position);
        passed++;
        this.#saving.note(late.record);
      }
    }
    if (passed > 0) this.#look();
    return isLeft;
  }

  /**
   * A finished event is on its way again: to those that it is left to alone, or, when a skipped one is tried again, to
   * those that skipped it. When there are none, to all handlers of its type.
   */
  fed(reference: number, type: string, position: number, wasSkipped: boolean): void {
    if (this.#all.length === 0) return;
    const those = this.#all.filter(({ type: own, last, record }) => {
      if (own !== type || position > last) return false;
      return wasSkipped ? record.failure(position) !== undefined : !record.isDone(position);
    });
    if (those.length > 0) this.#rows.set(reference, those);
  }

  /** Which modules alone are called, by index of the rows. */
  onlyOf(rows: Uint32Array): ReadonlyMap<number, readonly string[]> | undefined {
    if (this.#rows.size === 0) return undefined;
    const only = new Map<number, readonly string[]>();
    rows.forEach((reference, index) => {
      const those = this.#rows.get(reference);
      if (those)
        only.set(
          index,
          those.map(({ module }) => module),
        );
    });
    return only.size === 0 ? undefined : only;
  }

  /** The event of a row is handled. */
  finished(reference: number, position: number): void {
    if (this.#rows.size === 0) return;
    for (const late of this.#leave(reference)) this.#finish(late, position);
    this.#look();
  }

  /** It is skipped: should it be tried again, then by the same handlers. */
  skipped(reference: number, letter: Omit<ConsumerFailureRecord, 'state'>): void {
    if (this.#rows.size === 0) return;
    for (const late of this.#leave(reference)) {
      this.#finish(late, letter.position);
      late.record.fail({ ...letter, state: 'skipped' });
    }
    this.#look();
  }

  /** A row has left the memory; its event stays unfinished. */
  released(reference: number): void {
    if (this.#rows.size > 0) this.#rows.delete(reference);
  }

  /** Somebody gave an event up. */
  discard(position: number): void {
    for (const late of this.#all) {
      if (position <= late.last) this.#finish(late, position);
    }
    this.#look();
  }

  /** Events up to the end of what is old are no concern of a module. */
  passOver(module: string, positions: readonly number[]): void {
    for (const { record, last } of this.#all.filter((late) => late.module === module)) {
      for (const position of positions) if (position <= last) record.finish(position);
      this.#saving.note(record);
    }
    this.#look();
  }

  stop(): void {
    this.#saving.end();
  }

  #meet(name: string, from: number, last: number): ConsumerRecord {
    const record = ConsumerRecord.begin(name, Math.min(from - 1, last));
    const { progress } = this.#parts;
    for (let position = progress.nextUnfinished(1); position <= last; ) {
      record.finish(position);
      position = progress.nextUnfinished(position + 1);
    }
    // It goes along with the first commit, whatever that is: nothing new is durable before it.
    this.#saving.note(record);
    return record;
  }

  #leave(reference: number): readonly Late[] {
    const those = this.#rows.get(reference) ?? [];
    this.#rows.delete(reference);
    return those;
  }

  #finish({ record }: Late, position: number): void {
    if (record.failure(position)) record.clear(position);
    record.finish(position);
    // Sends nothing: what the event emitted, and what is noted of it besides, goes into the same commit.
    this.#saving.note(record);
  }

  #look(): void {
    this.#left = this.#all.filter(({ record, last }) => record.nextUndone(1) <= last);
  }
}
