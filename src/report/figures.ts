import { PROFILE_DIFF_MIN_EVENTS } from '../limits.js';
import type { ProfileChange } from './change.js';
import type { HandlerRow, ProfileSummary } from './summary.js';

/** A number of a profile that can be compared with another's. */
export interface Figure {
  readonly what: ProfileChange['what'];
  readonly subject: string;
  readonly value: number | null;
}

const MICROS_PER_MS = 1000;

/**
 * The figures of a profile, by what they are of.
 *
 * @param fullNames full names of handlers, from `namesOf` of both profiles.
 */
export function figuresOf(
  { handlers: rows, threads, throughput }: ProfileSummary,
  fullNames: ReadonlyMap<string, string>,
): ReadonlyMap<string, Figure> {
  const handlers = rows.map((row) => ({ ...row, handler: fullNames.get(row.handler) ?? row.handler }));
  const names = [...new Set(handlers.map(({ handler }) => handler))];
  const figures: Figure[] = [
    { what: 'throughput', subject: 'handled', value: throughput.handled },
    ...names.flatMap((name) => handlerFigures(name, handlers)),
    ...threads.map(
      ({ name, busyShare }): Figure => ({ what: 'busy-share', subject: name, value: busyShare }),
    ),
  ];
  return new Map(figures.map((figure) => [JSON.stringify([figure.what, figure.subject]), figure]));
}

/**
 * Full names by event type: a handler that was too quick to be sampled in one of the profiles bears its type alone
 * there. A type that several handlers have is left out, because nobody knows which of them it was.
 */
export function namesOf(...summaries: readonly ProfileSummary[]): ReadonlyMap<string, string> {
  const names = new Map<string, Set<string>>();
  for (const { module, type, handler } of summaries.flatMap(({ handlers }) => handlers)) {
    if (module !== null) names.set(type, (names.get(type) ?? new Set()).add(handler));
  }
  return new Map(
    [...names].flatMap(([type, [name = type, ...others]]) => (others.length === 0 ? [[type, name]] : [])),
  );
}

/** A handler on all threads together: which lane took an event is chance. */
function handlerFigures(subject: string, handlers: readonly HandlerRow[]): Figure[] {
  const rows = handlers.filter(({ handler }) => handler === subject);
  const micros = perEvent(rows, ({ cpuMs, busyMs }) => (cpuMs ?? busyMs) * MICROS_PER_MS);
  return [
    { what: 'micros-per-event', subject, value: micros },
    { what: 'bytes-per-event', subject, value: perEvent(rows, ({ bytes }) => bytes) },
  ];
}

/** Over the threads that know the amount; null when too few events are behind it. */
function perEvent(rows: readonly HandlerRow[], amountOf: (row: HandlerRow) => number | null): number | null {
  let amount = 0;
  let events = 0;
  for (const row of rows) {
    const own = amountOf(row);
    if (own === null) continue;
    amount += own;
    events += row.events;
  }
  return events >= PROFILE_DIFF_MIN_EVENTS ? amount / events : null;
}
