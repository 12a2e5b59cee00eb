import { InputError } from '../../faces/errors.js';
import { packColumn, packDrawn } from '../../page/columns.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';
import { checkRows } from '../given.js';
import type { StoredWalkForward } from '../stored/stored-walk.js';
import type { WalkForwardWindow } from '../sweep/walk-forward-types.js';
import { change, count, decimal, moment, percent } from './format.js';
import type { Card, PageWindow, WalkPage } from './page-types.js';
import { plain } from './run-facts.js';
import { checkSameCandles } from './same-candles.js';

/** What the page of a walk-forward shows. @throws InputError for one without windows, and for other candles than its own. */
export function walkPage(result: StoredWalkForward, candles: Candles | Markets | undefined): WalkPage {
  checkRows('writeReport', 'result.windows', result.windows);
  checkSameCandles(candles, result.dataHash);
  const { windows, equity, fingerprint } = result;
  const [first] = windows;
  const last = windows.at(-1);
  if (!first || !last) throw new InputError('A report of a walk-forward needs at least one window.');
  return {
    kind: 'walk',
    title: 'Walk-forward',
    subtitle: `${windows.length} window${windows.length === 1 ? '' : 's'} · chosen from ${moment(first.trainStart)} on, tried from ${moment(first.testStart)} to ${moment(last.testEnd)}`,
    cards: cardsOf(result),
    notes: notesOf(result),
    facts: [
      {
        heading: 'Identity',
        facts: [
          ['fingerprint', fingerprint],
          ['hash of the candles', result.dataHash],
        ],
      },
    ],
    windows: windows.map((window, index) => windowOf(window, index, equity.time)),
    columns: { time: packColumn(equity.time), equity: packDrawn(equity.equity) },
  };
}

function windowOf(window: WalkForwardWindow, index: number, time: Float64Array): PageWindow {
  const { trainStart, trainEnd, testStart, testEnd, parameters, inSample, outOfSample } = window;
  const from = time.findIndex((at) => at >= testStart);
  return {
    number: index + 1,
    train: `${moment(trainStart)} to ${moment(trainEnd)}`,
    test: `${moment(testStart)} to ${moment(testEnd)}`,
    from: Math.max(0, from),
    to: Math.max(
      0,
      time.findLastIndex((at) => at <= testEnd),
    ),
    parameters: plain(parameters),
    trainReturn: inSample.totalReturn,
    trainSharpe: inSample.sharpe,
    testReturn: outOfSample.totalReturn,
    testSharpe: outOfSample.sharpe,
    testDrawdown: outOfSample.maxDrawdown,
    trades: outOfSample.trades,
  };
}

function cardsOf({ windows, statistics, efficiency }: StoredWalkForward): readonly Card[] {
  const { totalReturn, annualReturn, sharpe, maxDrawdown } = statistics;
  const won = windows.filter(({ outOfSample }) => outOfSample.totalReturn > 0).length;
  const trades = windows.reduce((sum, { outOfSample }) => sum + outOfSample.trades, 0);
  const tone: Card['tone'] = totalReturn > 0 ? 'good' : totalReturn < 0 ? 'bad' : 'plain';
  return [
    {
      label: 'Return, out of sample',
      value: change(totalReturn, 1),
      note: 'all second parts together',
      tone,
    },
    { label: 'Per year', value: change(annualReturn, 1), note: 'compound growth', tone: 'plain' },
    { label: 'Sharpe', value: decimal(sharpe), note: 'annualised', tone: 'plain' },
    {
      label: 'Deepest drawdown',
      value: percent(-maxDrawdown, 1),
      note: `${count(trades)} trades`,
      tone: 'plain',
    },
    { label: 'Windows won', value: `${won} of ${windows.length}`, note: 'out of sample', tone: 'plain' },
    { label: 'Efficiency', value: percent(efficiency, 0), note: 'of the return in sample', tone: 'plain' },
  ];
}

function notesOf({ interrupted, endedBy, efficiency }: StoredWalkForward): readonly string[] {
  const notes = [
    'Parameters were chosen on the first part of each window and tried on the second, which they could not have known. The curve is that of the second parts, one after the other.',
  ];
  if (efficiency !== null && efficiency < 0.5) {
    notes.push(
      `Out of sample the parameters earned ${percent(efficiency, 0)} of what they had earned in sample: less than half is the usual sign of parameters that fit the past.`,
    );
  }
  if (endedBy !== null) notes.push(`There are fewer windows than were asked for. ${endedBy}`);
  if (interrupted) notes.push('It was interrupted before the last window.');
  return notes;
}
