import type { Area } from '../../../page/browser/chart/pane.js';
import type { RunPage } from '../page-types.js';

/** Marks beyond this many in what is shown are left to those of their pixels; lines are not drawn at all. */
const MOST_LINES = 400;
const SIZE = 6;

/** Trades as lines from entry to exit, stops, and fills as triangles: up below the candle for a buy, down for a sell. */
export function drawMarks(context: CanvasRenderingContext2D, area: Area, page: RunPage): void {
  drawStops(context, area, page.stops);
  drawTrades(context, area, page.trades);
  drawFills(context, area, page.fills);
}

function drawStops(context: CanvasRenderingContext2D, area: Area, stops: RunPage['stops']): void {
  const { start, end } = area.range;
  const shown = stops.filter(([from, to]) => to >= start && from <= end);
  if (shown.length > MOST_LINES) return;
  context.strokeStyle = area.colours.second;
  context.lineWidth = 1;
  context.setLineDash([4, 3]);
  context.beginPath();
  for (const [from, to, price] of shown) {
    const y = Math.round(area.y(price)) + 0.5;
    context.moveTo(area.x(from), y);
    context.lineTo(area.x(to), y);
  }
  context.stroke();
  context.setLineDash([]);
}

function drawTrades(context: CanvasRenderingContext2D, area: Area, trades: RunPage['trades']): void {
  const { start, end } = area.range;
  const shown = trades.filter(({ entryIndex, exitIndex }) => exitIndex >= start && entryIndex <= end);
  if (shown.length > MOST_LINES) return;
  context.lineWidth = 1.5;
  context.globalAlpha = 0.75;
  for (const { entryIndex, exitIndex, entryPrice, exitPrice, profit } of shown) {
    context.strokeStyle = profit >= 0 ? area.colours.good : area.colours.bad;
    context.beginPath();
    context.moveTo(area.x(entryIndex), area.y(entryPrice));
    context.lineTo(area.x(exitIndex), area.y(exitPrice));
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawFills(context: CanvasRenderingContext2D, area: Area, fills: RunPage['fills']): void {
  const { start, end } = area.range;
  const isCrowded = fills.length > 2 * MOST_LINES && end - start > area.width;
  const size = isCrowded ? 3 : SIZE;
  // Of many fills in one pixel one is drawn for each side.
  const drawn = { buy: Number.NaN, sell: Number.NaN };
  const paths = { buy: new Path2D(), sell: new Path2D() };
  for (const [index, side, price] of fills) {
    if (index < start || index > end) continue;
    const name = side > 0 ? 'buy' : 'sell';
    const x = Math.round(area.x(index));
    if (isCrowded && drawn[name] === x) continue;
    drawn[name] = x;
    const tip = area.y(price);
    const base = tip + (side > 0 ? 1 : -1) * size * 1.7;
    paths[name].moveTo(x, tip);
    paths[name].lineTo(x - size, base);
    paths[name].lineTo(x + size, base);
    paths[name].closePath();
  }
  for (const [name, colour] of [
    ['buy', area.colours.up],
    ['sell', area.colours.down],
  ] as const) {
    context.fillStyle = colour;
    context.fill(paths[name]);
    context.strokeStyle = area.colours.card;
    context.lineWidth = 1;
    context.stroke(paths[name]);
  }
}
