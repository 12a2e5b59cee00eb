import { View } from '../../../page/browser/chart/view.js';
import { type Column, dataTable } from '../../../page/browser/data-table.js';
import { section } from '../../../page/browser/dom.js';
import { change, count, decimal, percent } from '../format.js';
import type { PageWindow, WalkPage } from '../page-types.js';
import { equitySection } from './equity-section.js';
import { cardsOf, factsOf, headerOf, notesOf } from './frame.js';

/** The page of a walk-forward. */
export function walkSections(page: WalkPage, columns: Readonly<Record<string, Float64Array>>): HTMLElement[] {
  const view = new View(columns.time?.length ?? 0);
  const table = dataTable({
    id: 'windows-table',
    label: 'Table of windows',
    rows: page.windows,
    columns: COLUMNS,
    sortedBy: { column: 0, down: false },
    press: {
      title: 'Show its second part in the chart',
      act: ({ from, to }) => {
        view.jump(from, to);
        document.getElementById('equity')?.scrollIntoView({ block: 'start' });
      },
    },
  });
  return [
    headerOf(page, [
      ['equity', 'Equity'],
      ['windows', 'Windows'],
      ['facts', 'Identity'],
    ]),
    cardsOf(page.cards),
    notesOf(page.notes),
    equitySection(columns, view, null),
    section('windows', 'Windows', table),
    factsOf(page.facts),
  ];
}

function text(heading: string, title: string, value: (row: PageWindow) => string): Column<PageWindow> {
  return { heading, title, value, text: value };
}

function number(
  heading: string,
  title: string,
  value: (row: PageWindow) => number | null,
  shown: (value: number | null) => string,
): Column<PageWindow> {
  return { heading, title, value, text: (row) => shown(value(row)) };
}

const COLUMNS: readonly Column<PageWindow>[] = [
  number(
    '#',
    'In the order of time',
    (row) => row.number,
    (value) => count(value ?? 0),
  ),
  text('chosen on', 'First part, in sample', (row) => row.train),
  text('tried on', 'Second part, out of sample', (row) => row.test),
  text('parameters', 'The best of the first part', (row) => row.parameters),
  number(
    'return in',
    'In sample',
    (row) => row.trainReturn,
    (value) => change(value, 1),
  ),
  number(
    'Sharpe in',
    'In sample',
    (row) => row.trainSharpe,
    (value) => decimal(value),
  ),
  {
    ...number(
      'return out',
      'Out of sample',
      (row) => row.testReturn,
      (value) => change(value, 1),
    ),
    mark: (row) => (row.testReturn > 0 ? 'good' : row.testReturn < 0 ? 'bad' : ''),
  },
  number(
    'Sharpe out',
    'Out of sample',
    (row) => row.testSharpe,
    (value) => decimal(value),
  ),
  number(
    'drawdown out',
    'Deepest, out of sample',
    (row) => row.testDrawdown,
    (value) => percent(value, 1),
  ),
  number(
    'trades out',
    'Out of sample',
    (row) => row.trades,
    (value) => count(value ?? 0),
  ),
];
