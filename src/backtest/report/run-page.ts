import { InputError } from '../../faces/errors.js';
import { packColumn, packDrawn } from '../../page/columns.js';
import type { PackedColumn } from '../../page/packed-column.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';
import type { FullStatistics } from '../figures/full-statistics.js';
import { checkObject, checkResult } from '../given.js';
import type { BacktestResult } from '../runs/result.js';
import { count, decimal, moment } from './format.js';
import { REPORT_MAX_CANDLES, REPORT_MAX_MARKETS, REPORT_MAX_ROWS } from './limits.js';
import { fillsOf, marketColumns, PRICE_COLUMNS, pageMarkets, stopsOf } from './page-markets.js';
import type { PageOrder, PageTrade, RunPage } from './page-types.js';
import { cardsOf, factsOf } from './run-facts.js';
import { runFigures } from './run-figures.js';
import { checkSameCandles } from './same-candles.js';
import { rollingSharpe } from './series.js';
import type { ShownRun } from './shown-run.js';
import { statisticGroups } from './statistic-lines.js';
import { shownFigures, storedNotes } from './stored-figures.js';

/**
 * What the page of one run shows.
 *
 * @param candles those of the run; without them the page has no chart of the market.
 * @throws InputError when the candles are not those of the run, or more than a page can hold.
 */
export function runPage(result: ShownRun, candles: Candles | Markets | undefined): RunPage {
  const { identity, equity, benchmark, settings } = result;
  checkResult('writeReport', result);
  checkObject('writeReport', 'result.identity', identity, 'that of what runBacktest returned');
  checkCandles(result, candles);
  const ofCurve = runFigures(result);
  const { run: own, benchmark: held, months, histogram } = shownFigures(ofCurve, result);
  const rolling = rollingSharpe(equity.time, equity.equity, ofCurve.run.annualisation);
  const plots = result.plots.map(({ name, pane, market }, index) => ({
    name,
    pane,
    column: `plot:${index}`,
    ...(market !== undefined && { market }),
  }));
  const columns: Record<string, PackedColumn> = {
    time: packColumn(equity.time),
    equity: packDrawn(equity.equity),
    benchmark: packDrawn(benchmark.equity),
  };
  if (candles && 'names' in candles) Object.assign(columns, marketColumns(candles));
  else if (candles) for (const name of PRICE_COLUMNS) columns[name] = packColumn(candles[name]);
  if (rolling) columns.rolling = packDrawn(rolling.values);
  for (const [index, { values }] of result.plots.entries()) columns[`plot:${index}`] = packDrawn(values);
  return {
    kind: 'run',
    title: `${identity.strategyId} on ${identity.symbol}`,
    subtitle: `${identity.timeframe} · ${moment(identity.start)} to ${moment(identity.end)} · ${count(identity.candles)} candles · orders filled at ${FILLS[settings.fill]}`,
    cards: cardsOf(own, held),
    notes: notesOf(result, own),
    statistics: statisticGroups(own, held),
    facts: factsOf(result),
    months,
    histogram,
    rolling: rolling?.text ?? null,
    trades: result.trades
      .slice(0, REPORT_MAX_ROWS)
      .map((trade): PageTrade => ({ ...trade, tag: trade.tag ?? '' })),
    orders: result.orders.slice(0, REPORT_MAX_ROWS).map(orderOf),
    logs: result.logs.slice(0, REPORT_MAX_ROWS),
    ...(identity.markets
      ? { fills: [], stops: [], markets: pageMarkets(result, candles) }
      : { fills: fillsOf(result.fills), stops: stopsOf(result.orders, equity.time) }),
    plots,
    columns,
  };
}

const FILLS: Readonly<Record<BacktestResult['settings']['fill'], string>> = {
  next_open: 'the next open',
  next_close: 'the next close',
  this_close: 'the close they were made on (optimistic)',
};

function checkCandles({ identity, equity }: ShownRun, candles: Candles | Markets | undefined): void {
  if (equity.time.length > REPORT_MAX_CANDLES) {
    throw new InputError(
      `A report of ${equity.time.length} candles is too large for a page; the limit is ${REPORT_MAX_CANDLES}. Use a coarser timeframe, or a part of the data.`,
    );
  }
  checkSameCandles(candles, identity.dataHash);
  // Of a run from a log whose curve has not all candles they cannot be drawn beside it.
  if (!candles || candles.length === equity.time.length) return;
  throw new InputError(
    `The curve of the result has ${equity.time.length} of ${candles.length} candles. Read it with readBacktest(store, { candles }).`,
  );
}

function orderOf(order: BacktestResult['orders'][number]): PageOrder {
  const { number, kind, side, status, time, index, quantity, averagePrice, limitPrice, stopPrice } = order;
  const texts = { reason: order.reason ?? '', tag: order.tag ?? '' };
  const market = order.market === undefined ? {} : { market: order.market };
  return {
    number,
    kind,
    side,
    status,
    time,
    index,
    quantity,
    averagePrice,
    limitPrice,
    stopPrice,
    ...texts,
    ...market,
  };
}

/** What the reader of the figures has to know. */
function notesOf(result: ShownRun, own: FullStatistics): readonly string[] {
  const { annualisation: factor } = own;
  const notes = [
    ...storedNotes(result),
    factor === null
      ? 'The data is too short to annualise anything.'
      : `Annualised by ${count(factor.barsPerYear)} bars a year${factor.from === 'data' ? ', as many as the data has' : `: the bars of a whole day times ${factor.daysPerYear}, since the data is shorter than 30 days`}. Deviations over n − 1, risk-free rate 0.`,
  ];
  const { markets } = result.identity;
  if (markets) {
    notes.push(
      `Buy and hold has an equal part in each of the ${markets.length} markets. A market without a candle at a time is drawn at its last close.`,
    );
    if (markets.length > REPORT_MAX_MARKETS)
      notes.push(`Charts are of the first ${REPORT_MAX_MARKETS} markets; tables and statistics are of all.`);
  }
  if (result.settings.fill === 'this_close')
    notes.push(
      'Orders are filled at the close they were made on, a price that nobody knew when they could still be given.',
    );
  if (own.trades.count > 0 && own.trades.count < 30)
    notes.push(`${own.trades.count} trades are few: their figures say little.`);
  const likely = own.probabilisticSharpe.value;
  if (likely !== null && likely < 0.95 && (own.sharpe.value ?? 0) > 0)
    notes.push(
      `That the true Sharpe ratio is above 0 has a probability of ${decimal(likely * 100, 0)} %; 95 % is the usual bar.`,
    );
  const cut = Math.max(result.trades.length, result.orders.length, result.logs.length);
  if (cut > REPORT_MAX_ROWS)
    notes.push(
      `Tables show the first ${count(REPORT_MAX_ROWS)} of ${count(cut)} rows; statistics and charts are of all.`,
    );
  return notes;
}
