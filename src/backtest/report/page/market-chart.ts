import { type CandleSeries, candlePane } from '../../../page/browser/chart/candles.js';
import { Chart } from '../../../page/browser/chart/chart.js';
import { linePane, type Series } from '../../../page/browser/chart/lines.js';
import type { ColourName } from '../../../page/browser/chart/pane.js';
import type { View } from '../../../page/browser/chart/view.js';
import { button, section } from '../../../page/browser/dom.js';
import { legend } from '../../../page/browser/theme.js';
import { amount, axisAmount, moment } from '../format.js';
import type { PagePlot, RunPage } from '../page-types.js';
import { drawMarks } from './marks.js';

const PLOT_COLOURS: readonly ColourName[] = ['plot-2', 'plot-1', 'plot-3', 'plot-4', 'second'];

type Columns = Readonly<Record<string, Float64Array>>;

/** The charts of all markets, by the ids of their sections: the first is `market`. */
export function marketCharts(page: RunPage, columns: Columns, view: View): readonly HTMLElement[] {
  if (!page.markets?.length) return [marketChart(page, columns, view) ?? []].flat();
  return page.markets.flatMap(({ name, fills, stops }, at) => {
    const own = Object.fromEntries(
      ['open', 'high', 'low', 'close', 'volume'].map((column) => [column, columns[`${column}:${at}`]]),
    );
    const trades = page.trades.filter(({ market }) => market === name);
    const plots = page.plots.filter(({ market }) => (market === undefined ? at === 0 : market === name));
    const shown = { ...columns, ...(own as Columns) };
    return marketChart({ ...page, fills, stops, trades, plots }, shown, view, { name, at }) ?? [];
  });
}

/** Candles with fills, stops and the strategy's own lines; undefined where the report has no candles. */
function marketChart(
  page: RunPage,
  columns: Columns,
  view: View,
  { name, at }: { readonly name?: string; readonly at: number } = { at: 0 },
): HTMLElement | undefined {
  const end = at === 0 ? '' : `-${at + 1}`;
  const candles = candlesIn(columns);
  const own = plotsOf(page.plots, columns, 'own');
  if (!candles && own.length === 0) return undefined;
  const overlays = plotsOf(page.plots, columns, 'price');
  const price = priceFormat(columns.close);
  let isLog = false;
  const log = button('Log scale', 'Equal factors take equal heights', () => {
    isLog = !isLog;
    log.setAttribute('aria-pressed', String(isLog));
    chart.redraw();
  });
  log.setAttribute('aria-pressed', 'false');
  const chart = new Chart({
    id: `market-chart${end}`,
    label: `Candles of ${name ?? 'the market'} with the fills of the strategy, its stops and what it recorded.`,
    time: columns.time ?? new Float64Array(),
    view,
    moment,
    controls: [
      log,
      legend([
        ['up', 'bought'],
        ['down', 'sold'],
        ['second', 'stop'],
      ]),
    ],
    panes: [
      ...(candles
        ? [
            candlePane({
              title: 'Price',
              height: 380,
              candles,
              overlays,
              format: price,
              axis: axisAmount,
              isLogarithmic: () => isLog,
              marks: (context, area) => drawMarks(context, area, page),
            }),
          ]
        : []),
      ...own.map((series) =>
        linePane({
          title: series.name,
          height: 90,
          format: amount,
          axis: axisAmount,
          series: [{ ...series, isThin: true }],
        }),
      ),
    ],
  });
  return section(`market${end}`, `${name ?? 'Market'}, fills and plots`, chart.node);
}

function candlesIn(columns: Columns): CandleSeries | undefined {
  const { open, high, low, close, volume } = columns;
  if (!open || !high || !low || !close) return undefined;
  const hasVolume = volume?.some((value) => value > 0);
  return { open, high, low, close, ...(hasVolume && volume && { volume }) };
}

function plotsOf(plots: readonly PagePlot[], columns: Columns, pane: PagePlot['pane']): Series[] {
  return plots
    .filter((plot) => plot.pane === pane)
    .map(({ name, column }, index) => ({
      name,
      values: columns[column] ?? new Float64Array(),
      colour: PLOT_COLOURS[index % PLOT_COLOURS.length] ?? 'plot-1',
      isThin: true,
    }));
}

/** As many digits as the prices have, so that an axis does not jump. */
function priceFormat(close: Float64Array | undefined): (value: number) => string {
  const sample = Array.from(
    { length: 50 },
    (_, index) => close?.[Math.floor((index * (close.length - 1)) / 49)] ?? 0,
  );
  const digits = Math.min(8, Math.max(...sample.map((value) => (String(value).split('.')[1] ?? '').length)));
  const few = Math.max(...sample) >= 1000 ? Math.min(2, digits) : digits;
  return (value) =>
    value
      .toLocaleString('en-US', { minimumFractionDigits: few, maximumFractionDigits: few })
      .replace('-', '−');
}
