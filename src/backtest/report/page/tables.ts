import { type Column, dataTable } from '../../../page/browser/data-table.js';
import { element, section } from '../../../page/browser/dom.js';
import { amount, change, count, duration, moment, money, percent } from '../format.js';
import type { PageOrder, PageTrade, RunPage } from '../page-types.js';

type Jump = (from: number, to: number, market?: string) => void;

function numbers<Row>(
  heading: string,
  title: string,
  value: (row: Row) => number | null,
  text: (value: number | null) => string,
  isGain = false,
): Column<Row> {
  const tone = (row: Row) => ((value(row) ?? 0) > 0 ? 'good' : (value(row) ?? 0) < 0 ? 'bad' : '');
  return { heading, title, value, text: (row) => text(value(row)), ...(isGain && { mark: tone }) };
}

function texts<Row>(heading: string, title: string, value: (row: Row) => string): Column<Row> {
  return { heading, title, value, text: value };
}

const date = (value: number | null) => (value === null ? '' : moment(value));
const price = (value: number | null) => (value === null ? '' : amount(value));

const TRADE_COLUMNS: readonly Column<PageTrade>[] = [
  numbers(
    '#',
    'In the order of closing',
    (row) => row.number,
    (value) => count(value ?? 0),
  ),
  texts('side', 'Long or short', (row) => row.side),
  numbers('entry', 'When it was opened', (row) => row.entryTime, date),
  numbers('exit', 'When it was closed', (row) => row.exitTime, date),
  numbers('held', 'From entry to exit', (row) => row.exitTime - row.entryTime, duration),
  numbers('quantity', 'How much', (row) => row.quantity, price),
  numbers('bought at', 'Average price of the entry', (row) => row.entryPrice, price),
  numbers('closed at', 'Price of the exit', (row) => row.exitPrice, price),
  numbers('profit', 'Net of commission', (row) => row.profit, money, true),
  numbers(
    'of stake',
    'Profit as a part of what it cost',
    (row) => row.profitFraction,
    (value) => change(value),
    true,
  ),
  numbers(
    'worst',
    'Deepest below the entry while it was held',
    (row) => row.worst,
    (value) => percent(value),
  ),
  numbers(
    'best',
    'Highest above the entry while it was held',
    (row) => row.best,
    (value) => percent(value),
  ),
  texts('closed by', 'Why it was closed', (row) => row.reason.replaceAll('_', ' ')),
];

const TAG = texts<{ readonly tag: string }>('tag', 'What the strategy called it', (row) => row.tag);

const MARKET = texts<{ readonly market?: string }>('market', 'What was traded', (row) => row.market ?? '');

/** With the market last, where there are several: columns keep their places. */
function withMarket<Row extends { readonly market?: string }>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): readonly Column<Row>[] {
  return rows.some(({ market }) => market !== undefined) ? [...columns, MARKET] : columns;
}

export function tradesPanel({ trades }: RunPage, jump: Jump): HTMLElement {
  if (trades.length === 0)
    return section('trades', 'Trades', element('p', { class: 'detail' }, 'The strategy made no trade.'));
  const hasTags = trades.some(({ tag }) => tag !== '');
  const table = dataTable({
    id: 'trades-table',
    label: 'Table of trades',
    rows: trades,
    columns: withMarket(
      trades,
      hasTags
        ? [...TRADE_COLUMNS, TAG]
        : TRADE_COLUMNS.map((column) =>
            column.heading === 'bought at' ? { ...column, heading: 'opened at' } : column,
          ),
    ),
    sortedBy: { column: 0, down: false },
    selections: [1, 12],
    press: {
      title: 'Show it in the chart',
      act: ({ entryIndex, exitIndex, market }) => jump(entryIndex, exitIndex, market),
    },
  });
  return section('trades', 'Trades', table);
}

const ORDER_COLUMNS: readonly Column<PageOrder>[] = [
  numbers(
    '#',
    'In the order of making',
    (row) => row.number,
    (value) => count(value ?? 0),
  ),
  texts('kind', 'Market, limit, stop …', (row) => row.kind.replaceAll('_', ' ')),
  texts('side', 'Buy or sell', (row) => row.side),
  texts('status', 'What became of it', (row) => row.status.replaceAll('_', ' ')),
  numbers('made', 'When it was made', (row) => row.time, date),
  numbers('quantity', 'How much', (row) => row.quantity, price),
  numbers('limit', 'Limit price', (row) => row.limitPrice, price),
  numbers('stop', 'Stop, where it stood last', (row) => row.stopPrice, price),
  numbers('filled at', 'Average price', (row) => row.averagePrice, price),
  texts('reason', 'Why it was cancelled or rejected', (row) => row.reason.replaceAll('_', ' ')),
];

export function ordersPanel({ orders }: RunPage, jump: Jump): HTMLElement | undefined {
  if (orders.length === 0) return undefined;
  const table = dataTable({
    id: 'orders-table',
    label: 'Table of orders',
    rows: orders,
    columns: withMarket(
      orders,
      orders.some(({ tag }) => tag !== '') ? [...ORDER_COLUMNS, TAG] : ORDER_COLUMNS,
    ),
    sortedBy: { column: 0, down: false },
    selections: [1, 2, 3],
    press: { title: 'Show it in the chart', act: ({ index, market }) => jump(index, index, market) },
  });
  return folded('orders', `Orders (${count(orders.length)})`, table);
}

type LogRow = RunPage['logs'][number];

export function logsPanel({ logs }: RunPage, jump: Jump): HTMLElement | undefined {
  if (logs.length === 0) return undefined;
  const table = dataTable({
    id: 'logs-table',
    label: 'What the strategy logged',
    rows: logs,
    columns: [
      numbers<LogRow>('time', 'When', (row) => row.time, date),
      texts<LogRow>('text', 'What', (row) => row.text),
    ],
    press: { title: 'Show it in the chart', act: ({ index }) => jump(index, index) },
  });
  return folded('logs', `Log of the strategy (${count(logs.length)})`, table);
}

/** A part that is opened when it is wanted. */
function folded(id: string, heading: string, content: HTMLElement): HTMLElement {
  return element('section', { id }, element('details', {}, element('summary', {}, heading), content));
}
