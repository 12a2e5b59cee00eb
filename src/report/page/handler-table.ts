import { button, element, section } from '../../page/browser/dom.js';
import type { HandlerRow } from '../summary.js';
import { asBytes, asCount, asNumber, asShare } from '../units.js';
import type { Links } from './verdict-panel.js';

interface Column {
  readonly heading: string;
  readonly title: string;
  readonly value: (row: HandlerRow) => string | number | null;
  readonly text: (row: HandlerRow) => string;
  /** Whether a bar behind the number shows its part of the column's largest. */
  readonly hasBar?: boolean;
}

/** The CPU time by samples, or by the always-on accounting where nothing was sampled. */
const timeOf = ({ cpuMs, busyMs }: HandlerRow) => cpuMs ?? busyMs;

const NAMES = 2;
const COLUMNS: readonly Column[] = [
  column('handler', 'Module and event type', (row) => row.handler, String),
  column('thread', 'Thread that it ran on', (row) => row.thread, String),
  {
    ...column('CPU ms', 'Milliseconds by samples, garbage collection included', timeOf, asNumber),
    hasBar: true,
  },
  column('of thread', 'Share of the thread’s working time', (row) => row.threadShare, asShare),
  column('of all', 'Share of all threads’ working time', (row) => row.totalShare, asShare),
  column('events', 'Events handled', (row) => row.events, asCount),
  column('µs/event', 'CPU time of one event', (row) => row.microsPerEvent, asNumber),
  { ...column('allocated', 'Bytes allocated, collected or not', (row) => row.bytes, asBytes), hasBar: true },
  column('per event', 'Bytes allocated by one event', (row) => row.bytesPerEvent, asBytes),
  column('GC ms', 'Garbage collection that began while it ran', (row) => row.gcMs, asNumber),
  column('GC share', 'Garbage collection’s share of its own time', (row) => row.gcShare, asShare),
];

function column<Value extends string | number | null>(
  heading: string,
  title: string,
  value: (row: HandlerRow) => Value,
  text: (value: Value) => string,
): Column {
  return { heading, title, value, text: (row) => text(value(row)) };
}

/** Handler × thread, sorted by any column. */
export function handlerTable(rows: readonly HandlerRow[], links: Links): HTMLElement {
  const body = element('tbody');
  const headings = COLUMNS.map(({ heading, title }, index) =>
    element(
      'th',
      { scope: 'col', class: index < NAMES ? 'name' : 'number' },
      button(heading, title, () => sort(index)),
    ),
  );
  let sorted = -1;
  let down = true;

  /** Sorts by a column, largest number or first name on top; once more turns it round. */
  function sort(index: number): void {
    down = sorted === index ? !down : index >= NAMES;
    sorted = index;
    const { value } = COLUMNS[index] as Column;
    const order = [...rows].sort((a, b) => (down ? -1 : 1) * compare(value(a), value(b)));
    body.replaceChildren(...order.map((row) => rowOf(row, rows, links)));
    headings.forEach((heading, at) => {
      heading.setAttribute('aria-sort', at !== index ? 'none' : down ? 'descending' : 'ascending');
    });
  }

  sort(NAMES);
  const table = element(
    'table',
    { id: 'handlers-table' },
    element('thead', {}, element('tr', {}, ...headings)),
    body,
  );
  const scroll = element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Table of handlers' },
    table,
  );
  const empty = element('p', { class: 'detail' }, 'No handler ran during the profile.');
  return section('handlers', 'Handlers', rows.length > 0 ? scroll : empty);
}

/** What is not known is less than anything. */
function compare(a: string | number | null, b: string | number | null): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return Number(a ?? Number.NEGATIVE_INFINITY) - Number(b ?? Number.NEGATIVE_INFINITY) || 0;
}

function rowOf(row: HandlerRow, rows: readonly HandlerRow[], links: Links): HTMLElement {
  const cells = COLUMNS.slice(NAMES).map(({ text, value, hasBar }) => {
    const cell = element('td', { class: 'number' }, text(row));
    if (hasBar)
      addBar(cell, Number(value(row) ?? 0), Math.max(...rows.map((other) => Number(value(other) ?? 0))));
    return cell;
  });
  return element(
    'tr',
    {},
    element(
      'th',
      { scope: 'row', class: 'name' },
      button(row.handler, 'Search for it in the flame graph', () => links.searchFor(row.handler)),
    ),
    element(
      'td',
      { class: 'name' },
      button(row.thread, 'Show this thread’s flame graph', () => links.showThread(row.thread)),
    ),
    ...cells,
  );
}

function addBar(cell: HTMLElement, value: number, most: number): void {
  const share = most > 0 ? Math.round((value / most) * 100) : 0;
  cell.style.background = `linear-gradient(to left, var(--bar) ${share}%, transparent ${share}%)`;
}
