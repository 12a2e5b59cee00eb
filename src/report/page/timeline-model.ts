import type { ProfiledSpan } from '../../sampling/session.js';
import type { PageData } from '../page-types.js';
import { asBytes, asCount } from '../units.js';

/** A thread's row: what it was busy with. */
export interface SpanTrack {
  readonly kind: 'spans';
  readonly label: string;
  readonly spans: readonly ProfiledSpan[];
}

/** A row with values over time. */
export interface ValueTrack {
  readonly kind: 'values';
  readonly label: string;
  readonly at: readonly number[];
  readonly values: readonly number[];
  readonly most: number;
  readonly colour: string;
  readonly format: (value: number) => string;
}

export type Track = SpanTrack | ValueTrack;

/** The part of the session that is shown, in milliseconds. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Shortest part that can be zoomed to: finer than any span that a millisecond clock notes. */
const LEAST_RANGE = 0.5;

/** Threads first, then the queues, then the WAL: all share one time axis. */
export function tracksOf({ session, spans }: PageData): Track[] {
  const { queues, threads, settings } = session;
  const at = queues.map((reading) => reading.at);
  const values = (label: string, of: readonly number[], colour: string, format = asCount): ValueTrack => ({
    kind: 'values',
    label,
    at,
    values: of,
    colour,
    most: Math.max(0, ...of),
    format,
  });
  const threadTracks = threads.map(
    ({ name }): Track => ({
      kind: 'spans',
      label: name,
      spans: spans.filter(({ thread }) => thread === name),
    }),
  );
  if (queues.length === 0) return threadTracks;
  const lanes = Math.max(0, ...queues.map((reading) => reading.lanes.length));
  const laneTracks = Array.from({ length: lanes }, (_, lane) =>
    values(
      `${settings.threads === 0 ? 'inline lane' : `lane-${lane}`} queue`,
      queues.map((reading) => reading.lanes[lane] ?? 0),
      'engine',
    ),
  );
  return [
    ...threadTracks,
    values(
      'in flight',
      queues.map(({ inFlight }) => inFlight),
      'handler',
    ),
    ...laneTracks,
    values(
      'publishers waiting',
      queues.map(({ waiting }) => waiting),
      'user',
    ),
    // In memory there is none.
    ...(settings.durability === 'memory'
      ? []
      : [
          values(
            'WAL',
            queues.map(({ walBytes }) => walBytes),
            'sqlite',
            asBytes,
          ),
        ]),
  ];
}

/** The range with its length changed around an instant, inside the session. */
export function zoomed(range: Range, factor: number, around: number, duration: number): Range {
  const length = Math.min(duration, Math.max(LEAST_RANGE, (range.end - range.start) * factor));
  const share = (around - range.start) / (range.end - range.start || 1);
  return inside(around - share * length, length, duration);
}

export function moved(range: Range, by: number, duration: number): Range {
  return inside(range.start + by, range.end - range.start, duration);
}

function inside(start: number, length: number, duration: number): Range {
  const from = Math.min(Math.max(0, start), Math.max(0, duration - length));
  return { start: from, end: from + length };
}

/** Instants for the axis: round numbers, at most about `count` of them. */
export function ticks({ start, end }: Range, count: number): number[] {
  const rough = Math.max((end - start) / Math.max(1, count), Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(start / step);
  const last = Math.floor(end / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

/** The shortest span at an instant, because it lies on top of the longer ones. */
export function spanAt({ spans }: SpanTrack, at: number, tolerance: number): ProfiledSpan | undefined {
  let best: ProfiledSpan | undefined;
  for (const span of spans) {
    if (at < span.start - tolerance || at > span.end + tolerance) continue;
    if (!best || span.end - span.start < best.end - best.start) best = span;
  }
  return best;
}

/** The last value that was read by then. */
export function valueAt({ at, values }: ValueTrack, instant: number): number | undefined {
  let found: number | undefined;
  for (let index = 0; index < at.length && (at[index] ?? 0) <= instant; index++) found = values[index];
  return found;
}
