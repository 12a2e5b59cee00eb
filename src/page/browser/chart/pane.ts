import { extremesOf } from './extremes.js';
import type { Extent } from './scale.js';
import type { Range } from './view.js';

/** Where a pane is, and how bars and values become pixels in it. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly range: Range;
  readonly x: (bar: number) => number;
  readonly y: (value: number) => number;
  readonly colours: Palette;
}

export const COLOUR_NAMES = [
  'ink',
  'faint',
  'line',
  'grid',
  'card',
  'accent',
  'second',
  'benchmark',
  'good',
  'bad',
  'up',
  'down',
  'shade',
  'plot-1',
  'plot-2',
  'plot-3',
  'plot-4',
] as const;

export type ColourName = (typeof COLOUR_NAMES)[number];
export type Palette = Readonly<Record<ColourName, string>>;

/** A part of a text above a pane, in a colour of its own. */
export interface Note {
  readonly text: string;
  readonly colour?: ColourName;
}

/** What one part of a chart shows, under the others on the same bars. */
export interface Pane {
  /** Pixels. */
  readonly height: number;
  readonly title: string;
  readonly isLogarithmic?: () => boolean;
  /** Values of the bars that are shown; undefined where there are none. */
  readonly extent: (range: Range) => Extent | undefined;
  readonly draw: (context: CanvasRenderingContext2D, area: Area) => void;
  /** What is said of a bar above the pane. */
  readonly notes: (bar: number) => readonly Note[];
  readonly format: (value: number) => string;
  /** Values at the axis, where they are shorter than in the text above. */
  readonly axis?: (value: number) => string;
}

/** The bars that are shown, whole ones. */
export function barsIn({ start, end }: Range, length: number): readonly [first: number, last: number] {
  return [Math.max(0, Math.floor(start)), Math.min(length - 1, Math.ceil(end))];
}

/** Least and most of a series among the bars that are shown; NaN is no value. */
export function extentOf(values: Float64Array, range: Range): Extent | undefined {
  const [first, last] = barsIn(range, values.length);
  return extremesOf(values, first, last);
}

/** What goes over several extents. */
export function union(...extents: readonly (Extent | undefined)[]): Extent | undefined {
  return extents.reduce((all, next) => {
    if (!all || !next) return all ?? next;
    return { low: Math.min(all.low, next.low), high: Math.max(all.high, next.high) };
  });
}
