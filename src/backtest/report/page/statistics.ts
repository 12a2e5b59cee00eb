import { element, section } from '../../../page/browser/dom.js';
import type { StatisticGroup } from '../page-types.js';

/** All statistics in groups, those of the benchmark beside them. */
export function statisticsPanel(groups: readonly StatisticGroup[]): HTMLElement {
  const tables = groups.map(({ heading, lines }) => {
    const hasBenchmark = lines.some(({ benchmark }) => benchmark !== '');
    const head = ['th', 'th', ...(hasBenchmark ? ['th'] : [])].map((_, index) =>
      element(
        'th',
        { scope: 'col', class: index === 0 ? 'name' : 'number' },
        [heading, 'strategy', 'buy and hold'][index] ?? '',
      ),
    );
    const rows = lines.map(({ label, title, value, benchmark }) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row', title }, label),
        element('td', { class: 'number' }, value),
        ...(hasBenchmark ? [element('td', { class: 'number' }, benchmark)] : []),
      ),
    );
    return element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...rows),
    );
  });
  const made = section('statistics', 'Statistics', element('div', { class: 'columns' }, ...tables));
  made.classList.add('statistics');
  return made;
}
