import { button, element } from './dom.js';

/** A column of a table. */
export interface Column<Row> {
  readonly heading: string;
  /** What it means, for whoever rests on it. */
  readonly title: string;
  /** What it is sorted by; null comes last. */
  readonly value: (row: Row) => number | string | null;
  readonly text: (row: Row) => string;
  /** Class of a cell, for one. */
  readonly mark?: (row: Row) => string;
}

interface TableOptions<Row> {
  readonly id: string;
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** Column that it is sorted by at first. Without one the rows stay in their order. */
  readonly sortedBy?: { readonly column: number; readonly down: boolean };
  /** What the first cell does when it is pressed. */
  readonly press?: { readonly title: string; readonly act: (row: Row) => void };
  /** Selections above the table, each of the values that a column has. */
  readonly selections?: readonly number[];
}

/** Rows that are made at a time: a browser lays out some thousands slowly. */
const PAGE = 100;

/** A table that is sorted by its headings and filtered by what is typed; of many rows a page at a time is made. */
export function dataTable<Row>(options: TableOptions<Row>): HTMLElement {
  const { id, label, rows, columns, press } = options;
  const isNumber = columns.map((column) => hasNumbers(rows, column));
  const body = element('tbody');
  const count = element('span', { class: 'matched', role: 'status' });
  const more = button('Show more', 'Show more rows', () => extend());
  let { column: sorted = -1, down = false } = options.sortedBy ?? {};
  let shown = PAGE;
  let order: readonly Row[] = rows;
  const filters: ((row: Row) => boolean)[] = [];

  const headings = columns.map(({ heading, title }, index) =>
    element(
      'th',
      { scope: 'col', class: isNumber[index] ? 'number' : 'name' },
      button(heading, title, () => sort(index)),
    ),
  );

  /** Sorts by a column, largest number or first name on top; once more turns it round. */
  function sort(index: number): void {
    down = sorted === index ? !down : isNumber[index] === true;
    sorted = index;
    draw();
  }

  function draw(): void {
    const taken = rows.filter((row) => filters.every((takes) => takes(row)));
    const value = columns[sorted]?.value;
    order = value ? taken.sort((a, b) => compare(value(a), value(b), down)) : taken;
    headings.forEach((heading, at) => {
      heading.setAttribute('aria-sort', at !== sorted ? 'none' : down ? 'descending' : 'ascending');
    });
    shown = PAGE;
    body.replaceChildren(...order.slice(0, shown).map((row) => rowOf(row, columns, isNumber, press)));
    tell();
  }

  function extend(): void {
    body.append(...order.slice(shown, shown + PAGE).map((row) => rowOf(row, columns, isNumber, press)));
    shown += PAGE;
    tell();
  }

  function tell(): void {
    more.hidden = shown >= order.length;
    const all = rows.length.toLocaleString('en-US');
    count.textContent =
      order.length === rows.length ? `${all} rows` : `${order.length.toLocaleString('en-US')} of ${all} rows`;
  }

  const search = searchField(label, columns, draw, filters);
  const selections = (options.selections ?? []).flatMap((index) =>
    selection(rows, columns[index], draw, filters),
  );
  draw();
  const table = element('table', { id }, element('thead', {}, element('tr', {}, ...headings)), body);
  return element(
    'div',
    { class: 'data-table' },
    element('div', { class: 'toolbar' }, search, ...selections, count),
    element('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': label }, table),
    more,
  );
}

/** Whether the first values of a column are numbers, or missing. */
function hasNumbers<Row>(rows: readonly Row[], { value }: Column<Row>): boolean {
  return rows.slice(0, 20).every((row) => typeof value(row) !== 'string');
}

function rowOf<Row>(
  row: Row,
  columns: readonly Column<Row>[],
  isNumber: readonly boolean[],
  press: TableOptions<Row>['press'],
): HTMLElement {
  const cells = columns.map(({ text, mark }, index) => {
    const extra = mark ? ` ${mark(row)}` : '';
    const inner = index === 0 && press ? button(text(row), press.title, () => press.act(row)) : text(row);
    return element('td', { class: `${isNumber[index] ? 'number' : 'name'}${extra}` }, inner);
  });
  return element('tr', {}, ...cells);
}

/** A field whose text some column of a row must have. */
function searchField<Row>(
  label: string,
  columns: readonly Column<Row>[],
  draw: () => void,
  filters: ((row: Row) => boolean)[],
): HTMLInputElement {
  const search = element('input', { type: 'search', placeholder: 'Filter', 'aria-label': `Filter ${label}` });
  search.addEventListener('input', draw);
  filters.push((row) => {
    const wanted = search.value.trim().toLowerCase();
    return wanted === '' || columns.some(({ text }) => text(row).toLowerCase().includes(wanted));
  });
  return search;
}

/** A choice among the values of a column, where there are several. */
function selection<Row>(
  rows: readonly Row[],
  column: Column<Row> | undefined,
  draw: () => void,
  filters: ((row: Row) => boolean)[],
): HTMLElement[] {
  const values = [...new Set(rows.map((row) => column?.text(row) ?? ''))].sort();
  if (!column || values.length < 2) return [];
  const all = element('option', { value: '' }, `${column.heading}: all`);
  const select = element(
    'select',
    { 'aria-label': column.heading },
    all,
    ...values.map((value) => element('option', { value }, value)),
  );
  select.addEventListener('change', draw);
  filters.push((row) => select.value === '' || column.text(row) === select.value);
  return [select];
}

function compare(a: number | string | null, b: number | string | null, down: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order =
    typeof a === 'string' && typeof b === 'string' ? (a < b ? -1 : a > b ? 1 : 0) : Number(a) - Number(b);
  return down ? -order : order;
}
