import { button, element, section } from '../../page/browser/dom.js';
import type { Tooltip } from '../../page/browser/tooltip.js';
import type { PageData } from '../page-types.js';
import { ROOMS } from '../summary.js';
import { asBytes, asMs, asShare } from '../units.js';
import { legend, ROOM_NAMES } from './colours.js';
import { type FlameNode, mergeGraphs, search } from './flame-model.js';
import { describeNode, FlameView } from './flame-view.js';

type Kind = 'cpu' | 'heap';

const ALL = 'all threads';
const KINDS: readonly (readonly [Kind, string])[] = [
  ['cpu', 'CPU'],
  ['heap', 'Allocations'],
];

/** The flame graph with its switches: which threads, time or allocations, search. */
export class FlamePanel {
  readonly node: HTMLElement;
  readonly #data: PageData;
  readonly #view: FlameView;
  readonly #threads = element('select', { 'aria-label': 'Threads of the flame graph' });
  readonly #kinds: readonly HTMLButtonElement[];
  readonly #query = element('input', {
    type: 'search',
    placeholder: 'Search function, file or handler',
    'aria-label': 'Search the flame graph',
  });
  readonly #matched = element('output', { class: 'matched' });
  readonly #detail = element('p', { id: 'flame-detail', class: 'detail', 'aria-live': 'polite' });
  #kind: Kind = 'cpu';
  #root: FlameNode | undefined;

  constructor(data: PageData, tooltip: Tooltip) {
    this.#data = data;
    this.#view = new FlameView(
      tooltip,
      (node) => this.#describe(node),
      (node) => this.#detail.replaceChildren(this.#describe(node).join(' · ')),
    );
    this.#kinds = KINDS.map(([kind, label]) => button(label, `Show ${label}`, () => this.#pick(kind)));
    this.#threads.append(
      ...[ALL, ...data.graphs.map(({ thread }) => thread)].map((name) => new Option(name)),
    );
    this.#threads.addEventListener('change', () => this.#show());
    this.#query.addEventListener('input', () => this.#search());
    const hasTime = data.graphs.some(({ cpu }) => cpu !== undefined);
    this.#kind = hasTime ? 'cpu' : 'heap';
    this.node = section(
      'flame',
      'Where it goes',
      this.#toolbar(),
      this.#colours(),
      this.#frame(),
      this.#detail,
    );
    this.#show();
  }

  /** Shows one thread, as a click on it elsewhere asks for. */
  showThread(name: string): void {
    this.#threads.value = name;
    this.#show();
    this.node.scrollIntoView({ block: 'start' });
  }

  /** Searches for a handler, as a click on it elsewhere asks for. */
  searchFor(text: string): void {
    this.#query.value = text;
    this.#search();
    this.node.scrollIntoView({ block: 'start' });
  }

  #toolbar(): HTMLElement {
    const kinds = element(
      'div',
      { class: 'switch', role: 'group', 'aria-label': 'What to show' },
      ...this.#kinds,
    );
    const reset = button('Reset', 'Zoom out and clear the search', () => {
      this.#query.value = '';
      this.#search();
      this.#view.reset();
    });
    return element('div', { class: 'toolbar' }, kinds, this.#threads, this.#query, this.#matched, reset);
  }

  #colours(): HTMLElement {
    return legend(ROOMS.filter((room) => room !== 'idle').map((room) => [room, ROOM_NAMES[room]]));
  }

  #frame(): HTMLElement {
    return element('div', { class: 'flame-frame' }, this.#view.canvas);
  }

  #pick(kind: Kind): void {
    this.#kind = kind;
    this.#show();
  }

  #show(): void {
    const { graphs } = this.#data;
    const chosen = graphs.filter(
      ({ thread }) => this.#threads.value === ALL || thread === this.#threads.value,
    );
    const own = chosen.map((graph) => graph[this.#kind]).filter((graph) => graph !== undefined);
    this.#kinds.forEach((made, index) => {
      made.setAttribute('aria-pressed', String(KINDS[index]?.[0] === this.#kind));
    });
    this.#root = mergeGraphs(this.#data, own);
    this.#view.show(this.#root);
    this.#search();
    const what =
      this.#kind === 'cpu' ? 'of working time; idle time is left out' : 'allocated, collected or not';
    this.#detail.replaceChildren(
      this.#root.total > 0
        ? `${this.#format(this.#root.total)} ${what}. Click a box to zoom; Esc or Reset goes back.`
        : 'Nothing was recorded of this.',
    );
  }

  #search(): void {
    if (!this.#root) return;
    const { nodes, share } = search(this.#root, this.#query.value);
    this.#view.highlight(nodes);
    this.#matched.value = this.#query.value.trim() === '' ? '' : `${asShare(share)} matched`;
  }

  #describe(node: FlameNode): string[] {
    return describeNode(node, this.#root ?? node, (value) => this.#format(value));
  }

  #format(value: number): string {
    return this.#kind === 'cpu' ? asMs(value) : asBytes(value);
  }
}
