import { types } from 'node:util';
import { didYouMean } from '../events/nearest.js';
import { namesOfTypes, type TypeOrName } from '../events/type-names.js';
import { InvalidOptionError, UnknownEventTypeError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { READ_PAGE } from '../limits.js';
import { pagesFrom, storedType } from '../store/decode.js';
import { type EventRecord, eventRecord } from '../store/sql/event-columns.js';
import type { SqliteReader } from '../store/sqlite-reader.js';
import type { RawEvent } from '../store/store.js';
import type { EventSelection } from './event-selection.js';

/** The events of a selection, one by one. */
export class Selection {
  readonly #reader: SqliteReader;
  readonly #run: string;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #aggregateId: string | undefined;
  readonly #positions: readonly [from: number, until: number];
  readonly #times: readonly [from: number, until: number];

  /** @throws InvalidOptionError; UnknownEventTypeError when the log has no such type. */
  constructor(reader: SqliteReader, run: string, last: number, selection: EventSelection) {
    const { aggregateId, from, until } = selection;
    this.#reader = reader;
    this.#run = run;
    this.#types = selection.types && knownTypes(reader, selection.types);
    if (aggregateId !== undefined && typeof aggregateId !== 'string') {
      throw new InvalidOptionError(`export: aggregateId is ${shown(aggregateId)}; it must be a text.`);
    }
    this.#aggregateId = aggregateId;
    const [fromPosition, fromTime] = border('from', from, 1, Number.NEGATIVE_INFINITY);
    const [untilPosition, untilTime] = border('until', until, last, Number.POSITIVE_INFINITY);
    this.#positions = [fromPosition, Math.min(last, untilPosition)];
    this.#times = [fromTime, untilTime];
  }

  /** Positions that are looked at, for telling how far it is. */
  get first(): number {
    return this.#positions[0];
  }

  get last(): number {
    return this.#positions[1];
  }

  /** @throws StoreCorruptError */
  *records(): Generator<EventRecord> {
    const [first, last] = this.#positions;
    const [earliest, latest] = this.#times;
    for (const raw of this.#raw()) {
      if (raw.position > last) return;
      if (raw.position < first || raw.occurredAt < earliest || raw.occurredAt > latest) continue;
      if (this.#types && !this.#types.has(storedType(this.#reader, raw).name)) continue;
      yield eventRecord(this.#reader, this.#run, raw);
    }
  }

  *#raw(): Generator<RawEvent> {
    if (this.#aggregateId === undefined) {
      for (const page of pagesFrom(this.#reader, this.first)) yield* page;
      return;
    }
    const aggregate = this.#reader.findName(this.#aggregateId)?.id;
    if (aggregate === undefined) return;
    for (let from = 1; ; ) {
      const page = this.#reader.page({ aggregate, from, limit: READ_PAGE });
      yield* page;
      const end = page.at(-1);
      if (!end) return;
      from = end.version + 1;
    }
  }
}

function border(
  name: string,
  given: number | Date | undefined,
  position: number,
  time: number,
): readonly [position: number, time: number] {
  if (given === undefined) return [position, time];
  if (types.isDate(given) && !Number.isNaN(given.getTime())) return [position, given.getTime()];
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 1) return [given, time];
  throw new InvalidOptionError(
    `export: ${name} is ${shown(given)}; it must be a position from 1, or a time as a Date.`,
  );
}

/** A name that the log has never heard of is a typing error: exporting nothing would say that nothing happened. */
function knownTypes(reader: SqliteReader, given: readonly TypeOrName[]): ReadonlySet<string> {
  const stored = [...new Set([...reader.types.values()].map(({ name }) => name))];
  const wanted = namesOfTypes('export', given);
  for (const names of wanted) {
    if (names.some((name) => stored.includes(name))) continue;
    const [name = ''] = names;
    throw new UnknownEventTypeError(
      `Store ${reader.path} knows no event type '${name}'. ${didYouMean(name, stored, 'It knows')}`,
      { details: { type: name } },
    );
  }
  return new Set(wanted.flat());
}
