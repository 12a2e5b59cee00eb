import { element } from './dom.js';

/** Distance from the pointer, and from the window's edge, in pixels. */
const GAP = 14;

/** One box for the whole page that follows the pointer. */
export class Tooltip {
  readonly #box = element('div', { class: 'tooltip', hidden: true, role: 'tooltip' });

  constructor() {
    document.body.append(this.#box);
  }

  /** @param lines the first is the heading. */
  show(x: number, y: number, [heading = '', ...lines]: readonly string[]): void {
    const box = this.#box;
    box.replaceChildren(element('strong', {}, heading), ...lines.map((line) => element('div', {}, line)));
    box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = box;
    const right = x + GAP + width > window.innerWidth ? x - GAP - width : x + GAP;
    const below = y + GAP + height > window.innerHeight ? y - GAP - height : y + GAP;
    box.style.left = `${Math.max(GAP, right)}px`;
    box.style.top = `${Math.max(GAP, below)}px`;
  }

  hide(): void {
    this.#box.hidden = true;
  }
}
