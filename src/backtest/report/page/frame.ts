import { element, section } from '../../../page/browser/dom.js';
import { themeButton } from '../../../page/browser/theme.js';
import type { Card, FactGroup, ReportPage } from '../page-types.js';

/** Title, what it is of, and links to the parts. */
export function headerOf(
  { title, subtitle }: ReportPage,
  parts: readonly (readonly [id: string, name: string])[],
): HTMLElement {
  const links = parts.map(([id, name]) => element('a', { href: `#${id}` }, name));
  return element(
    'header',
    {},
    element('h1', {}, title),
    themeButton(),
    element('p', {}, subtitle),
    element('nav', { 'aria-label': 'Parts of the report' }, ...links),
  );
}

export function cardsOf(cards: readonly Card[]): HTMLElement {
  const all = cards.map(({ label, value, note, tone }) =>
    element(
      'div',
      { class: 'card' },
      element('div', { class: 'label' }, label),
      element('div', { class: `value ${tone}` }, value),
      element('div', { class: 'note' }, note),
    ),
  );
  return element(
    'div',
    { class: `cards of-${cards.length}`, role: 'group', 'aria-label': 'Figures that decide' },
    ...all,
  );
}

export function notesOf(notes: readonly string[]): HTMLElement {
  return element(
    'section',
    { class: 'notes', 'aria-label': 'What to know' },
    ...notes.map((note) => element('p', {}, note)),
  );
}

/** Parameters, rules, hashes. */
export function factsOf(groups: readonly FactGroup[]): HTMLElement {
  const columns = groups
    .filter(({ facts }) => facts.length > 0)
    .map(({ heading, facts }) =>
      element(
        'div',
        {},
        element('h3', {}, heading),
        element(
          'dl',
          {},
          ...facts.map(([label, value]) =>
            element('div', {}, element('dt', {}, label), element('dd', {}, value)),
          ),
        ),
      ),
    );
  const made = section(
    'facts',
    'Parameters, rules, identity',
    element('div', { class: 'columns' }, ...columns),
  );
  made.classList.add('facts');
  return made;
}
