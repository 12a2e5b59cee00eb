import { Chart } from '../../../page/browser/chart/chart.js';
import { linePane } from '../../../page/browser/chart/lines.js';
import { View } from '../../../page/browser/chart/view.js';
import { button, element, section } from '../../../page/browser/dom.js';
import { axisAmount, decimal, moment, money, percent } from '../format.js';
import type { RunPage } from '../page-types.js';
import { cardsOf, factsOf, headerOf, notesOf } from './frame.js';
import { histogramPanel } from './histogram.js';
import { marketChart } from './market-chart.js';
import { monthsPanel } from './months.js';
import { statisticsPanel } from './statistics.js';
import { logsPanel, ordersPanel, tradesPanel } from './tables.js';

type Columns = Readonly<Record<string, Float64Array>>;

/** The page of one run, from the verdict to the details. */
export function runSections(page: RunPage, columns: Columns): HTMLElement[] {
  const view = new View(columns.time?.length ?? 0);
  const market = marketChart(page, columns, view);
  const months = monthsPanel(page.months);
  const histogram = histogramPanel(page.histogram);
  const jump = (from: number, to: number) => {
    view.jump(from, to);
    document.getElementById(market ? 'market' : 'equity')?.scrollIntoView({ block: 'start' });
  };
  const parts: (readonly [string, string, HTMLElement | undefined])[] = [
    ['equity', 'Equity', equitySection(page, columns, view)],
    ['market', 'Market', market],
    ['statistics', 'Statistics', statisticsPanel(page.statistics)],
    [
      'months',
      'Months',
      months && histogram
        ? element('div', { class: 'side-by-side' }, months, histogram)
        : (months ?? histogram),
    ],
    ['trades', 'Trades', tradesPanel(page, jump)],
    ['orders', 'Orders', ordersPanel(page, jump)],
    ['logs', 'Log', logsPanel(page, jump)],
    ['facts', 'Identity', factsOf(page.facts)],
  ];
  const shown = parts.flatMap(([id, name, node]) => (node ? [{ id, name, node }] : []));
  return [
    headerOf(
      page,
      shown.map(({ id, name }) => [id, name] as const),
    ),
    cardsOf(page.cards),
    notesOf(page.notes),
    ...shown.map(({ node }) => node),
  ];
}

function equitySection(page: RunPage, columns: Columns, view: View): HTMLElement {
  const { time, equity, benchmark, rolling } = columns as Record<
    'time' | 'equity' | 'benchmark',
    Float64Array
  > &
    Columns;
  const short = (value: number) => percent(value, 1);
  let isLog = false;
  const log = button('Log scale', 'Equal factors take equal heights', () => {
    isLog = !isLog;
    log.setAttribute('aria-pressed', String(isLog));
    chart.redraw();
  });
  log.setAttribute('aria-pressed', 'false');
  const chart = new Chart({
    id: 'equity-chart',
    label: `Equity of the account and of buying and holding, drawdown${rolling ? ' and rolling Sharpe ratio' : ''} over time.`,
    time,
    view,
    moment,
    controls: [log, ...spans(time, view)],
    panes: [
      linePane({
        title: 'Equity',
        height: 260,
        format: money,
        axis: axisAmount,
        isLogarithmic: () => isLog,
        series: [
          { name: 'buy and hold', values: benchmark, colour: 'benchmark', isThin: true },
          { name: 'strategy', values: equity, colour: 'accent' },
        ],
      }),
      linePane({
        title: 'Drawdown',
        height: 96,
        format: short,
        axis: (value) => percent(value, 0),
        includes: 0,
        series: [
          { name: 'buy and hold', values: drawdown(benchmark), colour: 'benchmark', isThin: true },
          { name: 'strategy', values: drawdown(equity), colour: 'bad', isFilled: true },
        ],
      }),
      ...(rolling
        ? [
            linePane({
              title: `Sharpe, last ${page.rolling}`,
              height: 80,
              format: decimal,
              includes: 0,
              series: [{ name: 'strategy', values: rolling, colour: 'plot-1', isThin: true }],
            }),
          ]
        : []),
    ],
  });
  return section('equity', 'Equity and drawdown', chart.node);
}

/** What of the peak before is lost, 0 or less. */
function drawdown(equity: Float64Array): Float64Array {
  let peak = Number.NEGATIVE_INFINITY;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? Math.max(-1, value / peak - 1) : -1;
  });
}

const DAY_MS = 86_400_000;
const SPANS = [
  ['1 W', 7],
  ['1 M', 30],
  ['1 Y', 365],
  ['5 Y', 1826],
] as const;

/** Buttons for the last week, month, year, where the data is longer than that. */
function spans(time: Float64Array, view: View): HTMLElement[] {
  const end = time.at(-1) ?? 0;
  const days = (end - (time[0] ?? 0)) / DAY_MS;
  return SPANS.filter(([, length]) => length < days * 0.8).map(([name, length]) =>
    button(name, `Show the last ${length} days`, () => {
      const first = time.findIndex((at) => at >= end - length * DAY_MS);
      view.show(first, time.length);
    }),
  );
}
