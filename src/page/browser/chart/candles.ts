import { extremesOf } from './extremes.js';
import { drawLine, type Series } from './lines.js';
import { type Area, barsIn, extentOf, type Pane, union } from './pane.js';
import type { Range } from './view.js';

export interface CandleSeries {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume?: Float64Array;
}

interface CandleOptions {
  readonly title: string;
  readonly height: number;
  readonly candles: CandleSeries;
  /** Lines over the candles. */
  readonly overlays: readonly Series[];
  readonly format: (value: number) => string;
  readonly axis: (value: number) => string;
  readonly isLogarithmic: () => boolean;
  /** Draws what belongs over the candles: fills, stops, trades. */
  readonly marks: (context: CanvasRenderingContext2D, area: Area) => void;
}

/** Part of the pane's height that volumes have at its foot. */
const VOLUME_SHARE = 0.16;

/** A pane of candles; of more bars than pixels each column shows what its bars did together. */
export function candlePane(options: CandleOptions): Pane {
  const { candles, overlays, format } = options;
  const { open, high, low, close, volume } = candles;
  return {
    title: options.title,
    height: options.height,
    format,
    axis: options.axis,
    isLogarithmic: options.isLogarithmic,
    extent: (range: Range) =>
      union(
        extentOf(high, range),
        extentOf(low, range),
        ...overlays.map(({ values }) => extentOf(values, range)),
      ),
    draw: (context, area) => {
      if (volume) drawVolume(context, area, volume);
      drawCandles(context, area, candles);
      for (const line of overlays) drawLine(context, area, line);
      options.marks(context, area);
    },
    notes: (bar) => [
      ...(
        [
          ['O', open],
          ['H', high],
          ['L', low],
          ['C', close],
        ] as const
      ).map(([name, values]) => ({
        text: `${name} ${format(values[bar] ?? Number.NaN)}`,
        colour: (close[bar] ?? 0) >= (open[bar] ?? 0) ? ('up' as const) : ('down' as const),
      })),
      ...(volume ? [{ text: `V ${compact(volume[bar] ?? 0)}` }] : []),
      ...overlays.flatMap(({ name, values, colour }) =>
        Number.isNaN(values[bar] ?? Number.NaN)
          ? []
          : [{ text: `${name} ${format(values[bar] as number)}`, colour }],
      ),
    ],
  };
}

function drawCandles(context: CanvasRenderingContext2D, area: Area, candles: CandleSeries): void {
  const { open, high, low, close } = candles;
  const [first, last] = barsIn(area.range, close.length);
  const pixels = area.width / (area.range.end - area.range.start);
  const step = Math.max(1, Math.round(1.5 / pixels));
  const body = Math.max(1, Math.min(14, Math.floor(pixels * step * 0.7)));
  const paths = { up: new Path2D(), down: new Path2D() };
  for (let from = first - (first % step); from <= last; from += step) {
    const to = Math.min(close.length - 1, from + step - 1);
    const top = extremesOf(high, from, to)?.high ?? Number.NaN;
    const bottom = extremesOf(low, from, to)?.low ?? Number.NaN;
    const [begin, end] = [open[from] as number, close[to] as number];
    const path = end >= begin ? paths.up : paths.down;
    const x = Math.round(area.x(from + (step - 1) / 2));
    const [y1, y2] = [area.y(top), area.y(bottom)];
    path.rect(x, y1, 1, Math.max(1, y2 - y1));
    if (body < 3) continue;
    const [b1, b2] = [area.y(Math.max(begin, end)), area.y(Math.min(begin, end))];
    path.rect(x - Math.floor(body / 2), b1, body, Math.max(1, b2 - b1));
  }
  for (const name of ['up', 'down'] as const) {
    context.fillStyle = area.colours[name];
    context.fill(paths[name]);
  }
}

function drawVolume(context: CanvasRenderingContext2D, area: Area, volume: Float64Array): void {
  const most = extentOf(volume, area.range)?.high ?? 0;
  if (!(most > 0)) return;
  const [first, last] = barsIn(area.range, volume.length);
  const pixels = area.width / (area.range.end - area.range.start);
  const step = Math.max(1, Math.round(1.5 / pixels));
  const width = Math.max(1, Math.floor(pixels * step * 0.7));
  const path = new Path2D();
  for (let from = first - (first % step); from <= last; from += step) {
    const largest = extremesOf(volume, from, Math.min(volume.length - 1, from + step - 1))?.high ?? 0;
    const height = (largest / most) * area.height * VOLUME_SHARE;
    path.rect(
      Math.round(area.x(from + (step - 1) / 2)) - Math.floor(width / 2),
      area.top + area.height - height,
      width,
      height,
    );
  }
  context.fillStyle = area.colours.benchmark;
  context.globalAlpha = 0.28;
  context.fill(path);
  context.globalAlpha = 1;
}

/** 1234567 as `1.23M`. */
function compact(value: number): string {
  return value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 2 });
}
