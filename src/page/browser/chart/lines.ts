import { extremesOf } from './extremes.js';
import { type Area, barsIn, type ColourName, extentOf, type Pane, union } from './pane.js';

/** A line of a pane; NaN where it has no value. */
export interface Series {
  readonly name: string;
  readonly values: Float64Array;
  readonly colour: ColourName;
  /** Whether what lies between the line and 0 is filled. */
  readonly isFilled?: boolean;
  readonly isThin?: boolean;
}

interface LineOptions {
  readonly title: string;
  readonly height: number;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly axis?: (value: number) => string;
  readonly isLogarithmic?: () => boolean;
  /** A value that is always shown, such as 0. */
  readonly includes?: number;
}

/** A pane of lines. */
export function linePane({
  title,
  height,
  series,
  format,
  axis,
  isLogarithmic,
  includes,
}: LineOptions): Pane {
  return {
    title,
    height,
    format,
    ...(axis && { axis }),
    ...(isLogarithmic && { isLogarithmic }),
    extent: (range) => {
      const fixed = includes === undefined ? undefined : { low: includes, high: includes };
      return union(fixed, ...series.map(({ values }) => extentOf(values, range)));
    },
    draw: (context, area) => {
      for (const line of series) drawLine(context, area, line);
    },
    notes: (bar) =>
      series.flatMap(({ name, values, colour }) => {
        const value = values[bar] ?? Number.NaN;
        return Number.isNaN(value)
          ? []
          : [{ text: name === title ? format(value) : `${name} ${format(value)}`, colour }];
      }),
  };
}

/**
 * Draws a line. Where several bars share a pixel their least and most are drawn, so that nothing of a million bars is
 * lost and not more than the pixels is drawn.
 */
export function drawLine(context: CanvasRenderingContext2D, area: Area, series: Series): void {
  const { values, colour, isFilled, isThin } = series;
  const [first, last] = barsIn(area.range, values.length);
  const path = new Path2D();
  let isDown = false;
  let from = 0;
  let to = 0;
  const perPixel = (area.range.end - area.range.start) / area.width;
  const step = Math.max(1, Math.floor(perPixel));
  for (let bar = first; bar <= last; bar += step) {
    const [low, high, end] = ends(values, bar, Math.min(last, bar + step - 1));
    if (Number.isNaN(end)) {
      isDown = false;
      continue;
    }
    const x = area.x(bar + (step - 1) / 2);
    if (!isDown) from = x;
    if (isDown) path.lineTo(x, area.y(high));
    else path.moveTo(x, area.y(high));
    if (step > 1) {
      path.lineTo(x, area.y(low));
      path.lineTo(x, area.y(end));
    }
    isDown = true;
    to = x;
  }
  if (isFilled && to > from) fillToZero(context, area, path, from, to, area.colours[colour]);
  context.strokeStyle = area.colours[colour];
  context.lineWidth = isThin ? 1 : 1.5;
  context.lineJoin = 'round';
  context.stroke(path);
}

function fillToZero(
  context: CanvasRenderingContext2D,
  area: Area,
  line: Path2D,
  from: number,
  to: number,
  colour: string,
): void {
  const filled = new Path2D(line);
  filled.lineTo(to, area.y(0));
  filled.lineTo(from, area.y(0));
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  context.fill(filled);
  context.globalAlpha = 1;
}

/** Least, most and last value of some bars; NaN where there is none. */
function ends(
  values: Float64Array,
  from: number,
  to: number,
): readonly [low: number, high: number, end: number] {
  let last = to;
  while (last > from && Number.isNaN(values[last])) last--;
  const { low, high } = extremesOf(values, from, last) ?? { low: Number.NaN, high: Number.NaN };
  return [low, high, values[last] as number];
}
