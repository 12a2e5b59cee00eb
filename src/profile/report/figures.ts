import { PROFILE_DIFF_MIN_EVENTS } from '../../limits.js';
import type { ProfileChange } from './diff.js';
import type { HandlerRow, ProfileSummary } from './summary.js';

/** A number of a profile that can be compared with another's. */
export interface Figure {
  readonly what: ProfileChange['what'];
  readonly subject: string;
  readonly value: number | null;
}

const MICROS_PER_MS = 1000;

/** The figures of a profile, by what they are of. */
export function figuresOf({ handlers, threads, throughput }: ProfileSummary): ReadonlyMap<string, Figure> {
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
