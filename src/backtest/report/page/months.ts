import { element, section } from '../../../page/browser/dom.js';
import { change } from '../format.js';
import type { MonthTable } from '../page-types.js';

const NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec', 'Year'];

/** Returns by month, the stronger the deeper; undefined where the data is too short. */
export function monthsPanel(table: MonthTable | null): HTMLElement | undefined {
  if (!table) return undefined;
  const all = table.years.flatMap(({ months }) => months.filter((value) => value !== null).map(Math.abs));
  const most = all.sort((a, b) => a - b)[Math.floor(all.length * 0.95)] ?? 1;
  const rows = table.years.map(({ year, months, total }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, String(year)),
      ...months.map((value) => cellOf(value, most)),
      cellOf(total, most * 3, 'total'),
    ),
  );
  const head = ['', ...NAMES].map((name) => element('th', { scope: 'col' }, name));
  return section(
    'months',
    'Returns by month',
    element(
      'div',
      { class: 'heat', tabindex: 0, role: 'group', 'aria-label': 'Returns by month, in percent' },
      element(
        'table',
        { class: 'months' },
        element('thead', {}, element('tr', {}, ...head)),
        element('tbody', {}, ...rows.reverse()),
      ),
    ),
  );
}

function cellOf(value: number | null, most: number, className = ''): HTMLElement {
  if (value === null || Number.isNaN(value)) return element('td', { class: className }, '');
  const made = element('td', { class: className, title: change(value) }, change(value, 1).replace(' %', ''));
  made.style.background = shadeOf(value / most);
  return made;
}

/** A colour from loss to gain: -1 to 1. */
export function shadeOf(part: number): string {
  const share = Math.round(Math.min(1, Math.abs(part)) * 58);
  return `color-mix(in srgb, var(--${part < 0 ? 'bad' : 'good'}) ${share}%, transparent)`;
}
