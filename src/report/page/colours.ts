import { element } from '../../page/browser/dom.js';
import type { Room } from '../summary.js';

/** What the rooms are called on the page. */
export const ROOM_NAMES: Readonly<Record<Room, string>> = {
  handler: 'user handler',
  user: 'other user code',
  validation: 'validation',
  msgpackr: 'msgpackr',
  sqlite: 'SQLite',
  engine: 'engine',
  node: 'Node',
  program: 'native',
  gc: 'GC',
  idle: 'idle',
};

/** A colour of the style sheet, in the scheme that is on. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Several colours at once: reading one makes the browser compute styles. */
export function colours<Name extends string>(names: readonly Name[]): Record<Name, string> {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Record<Name, string>;
}

/** A list of coloured squares with what they stand for. */
export function legend(entries: readonly (readonly [colour: string, label: string])[]): HTMLElement {
  return element(
    'ul',
    { class: 'legend' },
    ...entries.map(([name, label]) => {
      const square = element('span', { class: 'square', 'aria-hidden': 'true' });
      square.style.background = `var(--${name})`;
      return element('li', {}, square, label);
    }),
  );
}
