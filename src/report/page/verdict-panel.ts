import { button, element } from '../../page/browser/dom.js';
import type { ProfileSummary, Verdict } from '../summary.js';
import { asShare } from '../units.js';

/** What names on the page lead to. */
export interface Links {
  readonly showThread: (name: string) => void;
  readonly searchFor: (handler: string) => void;
}

/** The verdict in words, before everything else: the weightiest large, the others below. */
export function verdictPanel({ verdicts }: ProfileSummary, links: Links): HTMLElement {
  const [first, ...others] = verdicts;
  const list = others.map((verdict) => element('li', {}, ...parts(verdict, 'strong', links)));
  return element(
    'section',
    { id: 'verdict', 'aria-label': 'Verdict' },
    ...(first ? [element('div', { class: 'first' }, ...parts(first, 'h2', links))] : []),
    ...(list.length > 0 ? [element('ol', { class: 'others', start: 2 }, ...list)] : []),
  );
}

function parts(verdict: Verdict, heading: 'h2' | 'strong', { showThread, searchFor }: Links): Node[] {
  const { cause, sentence, advice, thread, handler, value } = verdict;
  return [
    element(heading, {}, sentence),
    element('p', { class: 'advice' }, element('span', { class: 'try' }, 'Try: '), advice),
    element(
      'p',
      { class: 'tags' },
      element('span', { class: 'tag' }, `${cause} ${asShare(value)}`),
      ...(handler === undefined
        ? []
        : [button(handler, 'Search for this handler in the flame graph', () => searchFor(handler))]),
      ...(thread === undefined
        ? []
        : [button(thread, 'Show this thread’s flame graph', () => showThread(thread))]),
    ),
  ];
}
