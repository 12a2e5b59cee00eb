import { SqlError } from '../../kernel/errors.js';
import { READ_PAGE } from '../../limits.js';
import { consumerLags } from '../consumer-lag.js';
import { pagesFrom, storedType } from '../decode.js';
import { toDeadLetter } from '../read-dead-letter.js';
import type { RawEvent } from '../store.js';
import { countAggregates, countTypes } from './counts.js';
import { EVENT_COLUMNS, eventCells, eventRecord, isoTime, type Wanted } from './event-columns.js';
import type { SqlCells, SqlSource } from './source.js';

/** A table of the log; with parameters it is written like a function. */
export interface SqlTable {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly columns: readonly string[];
  /** What it holds, in half a line. */
  readonly about: string;
  readonly rows: (log: SqlSource, wanted: Wanted, args: readonly unknown[]) => Iterable<SqlCells>;
}

export const TABLES: readonly SqlTable[] = [
  {
    name: 'events',
    parameters: [],
    columns: EVENT_COLUMNS,
    about: 'every event, in position order',
    rows: (log, wanted) => cells(log, wanted, between(log, 1, log.last)),
  },
  {
    name: 'events_of',
    parameters: ['aggregate_id'],
    columns: EVENT_COLUMNS,
    about: 'the events of one aggregate, found by the index',
    rows: (log, wanted, [id]) => cells(log, wanted, ofAggregate(log, String(id))),
  },
  {
    name: 'events_between',
    parameters: ['first', 'last'],
    columns: EVENT_COLUMNS,
    about: 'the events from one position to another, both included',
    rows: (log, wanted, [first, last]) =>
      cells(log, wanted, between(log, position('first', first), position('last', last))),
  },
  {
    name: 'events_of_type',
    parameters: ['type'],
    columns: EVENT_COLUMNS,
    about: 'the events of one type; no others are decoded',
    rows: (log, wanted, [type]) => cells(log, wanted, ofType(log, String(type))),
  },
  {
    name: 'aggregates',
    parameters: [],
    columns: ['aggregate_id', 'events', 'first_position', 'last_position'],
    about: 'every aggregate; its version is the number of its events',
    rows: countAggregates,
  },
  {
    name: 'types',
    parameters: [],
    columns: ['type', 'type_version', 'events', 'first_position', 'last_position'],
    about: 'the event types, a row for each version of a schema',
    rows: countTypes,
  },
  {
    name: 'dead_letters',
    parameters: [],
    columns: [
      'position',
      'event_id',
      'type',
      'aggregate_id',
      'version',
      'key',
      'state',
      'attempts',
      'handler',
      'lane',
      'first_failed_at',
      'failed_at',
      'retry',
      'error_name',
      'error_code',
      'error_message',
    ],
    about: 'the events whose handlers failed for good',
    rows: deadLetters,
  },
  {
    name: 'consumers',
    parameters: [],
    columns: ['name', 'position', 'lag', 'parked', 'skipped'],
    about: 'how far each consumer is',
    rows: ({ reader, last }) =>
      consumerLags(reader, last).map(({ name, position, lag, parked, skipped }) => [
        name,
        position,
        lag,
        parked,
        skipped,
      ]),
  },
];

/** How a table is written in a statement: `events_of(aggregate_id)`. */
export function tableForm({ name, parameters }: SqlTable): string {
  return parameters.length === 0 ? name : `${name}(${parameters.join(', ')})`;
}

function* cells({ reader, run }: SqlSource, wanted: Wanted, events: Iterable<RawEvent>): Generator<SqlCells> {
  for (const raw of events) yield eventCells(eventRecord(reader, run, raw, wanted), wanted);
}

function* between({ reader, last }: SqlSource, from: number, to: number): Generator<RawEvent> {
  const end = Math.min(last, to);
  if (from > end) return;
  for (const page of pagesFrom(reader, Math.max(1, from))) {
    for (const raw of page) {
      if (raw.position > end) return;
      yield raw;
    }
  }
}

function* ofType(log: SqlSource, name: string): Generator<RawEvent> {
  for (const raw of between(log, 1, log.last)) if (storedType(log.reader, raw).name === name) yield raw;
}

function* ofAggregate({ reader, last }: SqlSource, id: string): Generator<RawEvent> {
  const aggregate = reader.findName(id)?.id;
  if (aggregate === undefined) return;
  let from = 1;
  while (true) {
    const page = reader.page({ aggregate, from, limit: READ_PAGE });
    for (const raw of page) {
      if (raw.position > last) return;
      yield raw;
    }
    const end = page.at(-1);
    if (!end) return;
    from = end.version + 1;
  }
}

function* deadLetters({ reader, run }: SqlSource): Generator<SqlCells> {
  let after = 0;
  while (true) {
    const page = reader.deadLetters({ after, limit: READ_PAGE });
    for (const record of page) {
      const letter = toDeadLetter(reader, run, record);
      const { error } = letter;
      yield [
        letter.position,
        letter.id,
        letter.type,
        letter.aggregateId,
        letter.version,
        letter.key,
        letter.state,
        letter.attempts,
        letter.handler,
        letter.lane,
        isoTime(letter.firstFailedAt),
        isoTime(letter.failedAt),
        letter.retry ? 1 : 0,
        error.name,
        (error as { readonly code?: string }).code,
        error.message,
      ];
    }
    const end = page.at(-1)?.position ?? after;
    // Nothing more; or pages of a damaged file that lead back.
    if (end <= after) return;
    after = end;
  }
}

/** A position that a statement names; what a command is given for a `?` is text. */
function position(name: string, given: unknown): number {
  const isText = typeof given === 'string' && /^\d{1,15}$/.test(given);
  const isNumber = typeof given === 'number' || typeof given === 'bigint';
  const value = isText || isNumber ? Number(given) : Number.NaN;
  if (Number.isInteger(value)) return value;
  throw new SqlError(
    `events_between: ${name} is ${JSON.stringify(String(given))}; it must be a position, as a whole number: events_between(1, 100).`,
  );
}
