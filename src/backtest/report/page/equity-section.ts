import { Chart } from '../../../page/browser/chart/chart.js';
import { linePane, type Series } from '../../../page/browser/chart/lines.js';
import type { View } from '../../../page/browser/chart/view.js';
import { button, section } from '../../../page/browser/dom.js';
import { axisAmount, decimal, moment, money, percent } from '../format.js';

type Columns = Readonly<Record<string, Float64Array>>;

/** Equity and drawdown, those of the benchmark and the rolling Sharpe ratio where there are some. */
export function equitySection(columns: Columns, view: View, rollingOver: string | null): HTMLElement {
  const { time = new Float64Array(), equity = new Float64Array(), benchmark, rolling } = columns;
  const held = (values: (benchmark: Float64Array) => Float64Array): Series[] =>
    benchmark ? [{ name: 'buy and hold', values: values(benchmark), colour: 'benchmark', isThin: true }] : [];
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
    label: `Equity of the account${benchmark ? ' and of buying and holding' : ''}, drawdown${rolling ? ' and rolling Sharpe ratio' : ''} over time.`,
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
        series: [...held((values) => values), { name: 'strategy', values: equity, colour: 'accent' }],
      }),
      linePane({
        title: 'Drawdown',
        height: 96,
        format: short,
        axis: (value) => percent(value, 0),
        includes: 0,
        series: [
          ...held(drawdown),
          { name: 'strategy', values: drawdown(equity), colour: 'bad', isFilled: true },
        ],
      }),
      ...(rolling
        ? [
            linePane({
              title: `Sharpe, last ${rollingOver}`,
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
