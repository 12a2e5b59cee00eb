import type { ConsumerLink } from '../../consumers/link.js';
import { ConsumerRecord } from '../../consumers/record.js';
import { Saving } from '../../consumers/saving.js';
import type { ConsumerStatus } from '../../consumers/status.js';
import { isStorable } from '../../kernel/check.js';
import { HandlerNotGivenError, InvalidDefinitionError, TooManyConsumersError } from '../../kernel/errors.js';
import type { Time } from '../../kernel/time.js';
import type { CalledHandlers, HandledType } from '../../lanes/protocol.js';
import { MAX_NAME_BYTES } from '../../limits.js';
import { isLate, lateEnd, lateModule, lateName } from '../../store/consumer.js';
import { LANES, type LetterCount, type SettledLetter } from '../../store/dead-letter.js';
import { MAX_CONSUMERS } from '../../store/limits.js';
import type { Progress } from '../../store/progress.js';
import type { EventReader } from '../../store/store.js';
import type { Parking } from '../failures/parking.js';
import { LateHandler, newRecord } from './late-handler.js';
import { callOf, type FedEvent, type RowCall } from './row-calls.js';

/** What late handlers need of the engine. */
export interface LateParts {
  readonly consumerLink: ConsumerLink;
  readonly time: Time;
  readonly hub: { readonly failure: Error | undefined; flush(): void; flushed(): Promise<void> };
  /** Which events the lanes have finished. */
  readonly progress: Progress;
  readonly parking: Parking;
  readonly store: { readonly reader: EventReader };
}

/** Modules that ask for old events of a type, whose name of today comes first. */
export interface LateRule extends Pick<HandledType, 'late'> {
  readonly names: readonly string[];
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
  #all: LateHandler[] = [];
  /** Those with events left. */
  #left: LateHandler[] = [];
  /** Consumers of the log that are such handlers, whether they are here or not. */
  readonly #known = new Set<string>();
  /** Records of those that are not here, while something of them is given up. */
  readonly #absent = new Map<string, ConsumerRecord>();
  /** Dead letters that each of them has. */
  readonly #letters = new Map<string, number>();
  /** Rows on their way that are not for every handler of their type, by reference. */
  readonly #rows = new Map<number, RowCall>();

  constructor(parts: LateParts) {
    this.#parts = parts;
    this.#saving = new Saving(() => parts);
  }

  /**
   * Meets the handlers, before anything is taken in: whose name the log does not know yet begins here.
   *
   * @param last where the log ends. @throws TooManyConsumersError, StoreCorruptError
   */
  begin(rules: readonly LateRule[], last: number, letters: ReadonlyMap<string, LetterCount>): void {
    const wanted = rules.flatMap(({ names, late }) => late.map((one) => ({ names, ...one })));
    if (wanted.length === 0 && letters.size === 0) return;
    for (const [owner, { parked, skipped }] of letters) this.#letters.set(owner, parked + skipped);
    const known = this.#parts.store.reader.consumers();
    for (const { name } of known) if (lateEnd(name) !== undefined) this.#known.add(name);
    for (const { names, module, from } of wanted) {
      const [type = ''] = names;
      if (this.#all.some((one) => one.type === type && one.module === module)) continue;
      const stored = known.find(({ name }) => names.some((each) => isLate(name, each, module)));
      const record = stored ? new ConsumerRecord(stored) : this.#meet(type, module, from, last);
      this.#all.push(new LateHandler(type, module, lateEnd(record.name) ?? last, record));
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
    if (this.#all.length === 0) return [];
    const letters = this.lettersOf();
    return this.#all.map((late) => late.status(letters(late.record.name), this.#parts.hub.failure));
  }

  /** Counts the dead letters of such a consumer, whether its handlers are here or not. */
  lettersOf(): (name: string) => LetterCount {
    const parkedKeys = this.#parts.parking.keysByOwner();
    return (name) => {
      const parked = parkedKeys.get(name) ?? 0;
      return { parked, skipped: Math.max(0, (this.#letters.get(name) ?? 0) - parked) };
    };
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

  /** Whether an event of the log is left to one of them. To those of other types it counts as done. */
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

  /** Whether somebody whose dead letter it is, and who is here, is not done with its event. */
  isOpen({ position, owners }: SettledLetter): boolean {
    if (owners.includes(LANES) && !this.#parts.progress.isFinished(position)) return true;
    return this.#all.some(({ record }) => owners.includes(record.name) && !record.isDone(position));
  }

  /** Whether somebody is here whose dead letter it is. */
  hasOwner({ owners }: SettledLetter): boolean {
    return owners.includes(LANES) || this.#all.some(({ record }) => owners.includes(record.name));
  }

  /** Whose dead letter it is, and who is not here; one whose consumer was removed has no part in it any more. */
  missing({ owners }: SettledLetter): string | undefined {
    return owners.find(
      (owner) => this.#known.has(owner) && !this.#all.some(({ record }) => record.name === owner),
    );
  }

  /** @throws HandlerNotGivenError when somebody is not here whose dead letter it is. */
  requireOwners(letter: SettledLetter): void {
    const consumer = this.missing(letter);
    if (consumer === undefined) return;
    const { position } = letter;
    const module = lateModule(consumer);
    throw new HandlerNotGivenError(
      `The dead letter at position ${position} is of the module '${module}', which this engine does not have, or not with 'from'. Open it with that module to retry the letter, or discard it.`,
      { details: { position, module, consumer } },
    );
  }

  /** An event of the log is on its way again. */
  fed(reference: number, event: FedEvent): void {
    if (this.#all.length === 0 && !event.letter) return;
    const ofType = this.#all.filter(({ type }) => type === event.type);
    const call = callOf(event, ofType);
    if (!call) return;
    this.#rows.set(reference, call);
    for (const late of call.late) late.inFlight++;
  }

  /** Whom a row is for; undefined: for all handlers of its type. */
  callOf(reference: number): RowCall | undefined {
    return this.#rows.size === 0 ? undefined : this.#rows.get(reference);
  }

  /** The handlers that have a row's event as an old one, when the lanes have had it before; undefined: it is new. */
  asOld(reference: number): readonly LateHandler[] | undefined {
    const call = this.callOf(reference);
    return call?.lanes === false ? call.late : undefined;
  }

  /** Which handlers alone are called, by index of the rows. */
  onlyOf(rows: Uint32Array): ReadonlyMap<number, CalledHandlers> | undefined {
    if (this.#rows.size === 0) return undefined;
    const only = new Map<number, CalledHandlers>();
    rows.forEach((reference, index) => {
      const call = this.#rows.get(reference);
      if (call) only.set(index, call.called);
    });
    return only.size === 0 ? undefined : only;
  }

  /** A try of a row's event has failed. */
  tried(reference: number, outcome: 'again' | 'skipped' | 'given up'): void {
    for (const late of this.callOf(reference)?.late ?? []) {
      late.failed++;
      if (outcome === 'again') late.retried++;
      if (outcome === 'skipped') late.skipped++;
    }
  }

  /** The event of a row is handled, or skipped. Returns whom it was for. */
  finished(reference: number, position: number): RowCall | undefined {
    const call = this.released(reference);
    if (!call) return undefined;
    for (const late of call.late) {
      late.ended++;
      this.#finish(late.record, position);
    }
    this.#look();
    return call;
  }

  /** A row has left the memory. Returns whom it was for. */
  released(reference: number): RowCall | undefined {
    const call = this.callOf(reference);
    if (!call) return undefined;
    this.#rows.delete(reference);
    for (const late of call.late) late.inFlight--;
    return call;
  }

  /** The event of a row is a dead letter. Returns whose. */
  buried(reference: number, before: SettledLetter | undefined): readonly string[] {
    const call = this.callOf(reference);
    if (!call) return [LANES];
    const names = call.late.map(({ record }) => record.name);
    for (const name of names) if (!before?.owners.includes(name)) this.#count(name, 1);
    return (call.lanes ? [LANES, ...names] : names).sort();
  }

  /** A dead letter is one no more. */
  raised({ owners }: SettledLetter): void {
    for (const owner of owners) if (this.#letters.has(owner)) this.#count(owner, -1);
  }

  /** Somebody gave a dead letter up: to those whose it is its event counts as done, whether they are here or not. */
  discard(letter: SettledLetter): void {
    for (const owner of letter.owners) {
      const record =
        this.#all.find((late) => late.record.name === owner)?.record ?? this.#absentRecord(owner);
      if (record) this.#finish(record, letter.position);
    }
    this.raised(letter);
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

  /** The log has forgotten a consumer. */
  forget(name: string): void {
    this.#known.delete(name);
    this.#absent.delete(name);
  }

  stop(): void {
    this.#saving.end();
  }

  #meet(type: string, module: string, from: number, last: number): ConsumerRecord {
    const name = lateName(type, module, last);
    if (!isStorable(name, MAX_NAME_BYTES)) {
      throw new InvalidDefinitionError(
        `Handlers '${module}' ask for old events of '${type}', and are a consumer of the log for that, whose name would be longer than ${MAX_NAME_BYTES} bytes. Shorten the module's name.`,
        { details: { module, type } },
      );
    }
    const record = newRecord(name, from, last, this.#parts.progress);
    this.#known.add(record.name);
    // It goes along with the first commit, whatever that is: nothing new is durable before it.
    this.#saving.note(record);
    return record;
  }

  #absentRecord(name: string): ConsumerRecord | undefined {
    if (!this.#known.has(name)) return undefined;
    const kept = this.#absent.get(name);
    if (kept) return kept;
    const [stored] = this.#parts.store.reader.consumers(name);
    const record = stored && new ConsumerRecord(stored);
    if (record) this.#absent.set(name, record);
    return record;
  }

  #finish(record: ConsumerRecord, position: number): void {
    record.finish(position);
    // Sends nothing: what the event emitted, and what is noted of it besides, goes into the same commit. When there is
    // nothing of that, a commit is made for it, as for what the lanes have finished.
    this.#saving.note(record);
    this.#parts.consumerLink.due();
  }

  #count(name: string, more: number): void {
    this.#letters.set(name, Math.max(0, (this.#letters.get(name) ?? 0) + more));
  }

  #look(): void {
    this.#left = this.#all.filter((late) => !late.isDone);
  }
}
