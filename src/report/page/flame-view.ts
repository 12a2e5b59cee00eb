import { element, redrawOnChange, sized } from '../../page/browser/dom.js';
import type { Tooltip } from '../../page/browser/tooltip.js';
import { ROOMS } from '../summary.js';
import { colours, ROOM_NAMES } from './colours.js';
import { type Box, type FlameNode, layOut } from './flame-model.js';

const ROW = 20;
const LEAST_WIDTH = 0.6;
/** Pixels below which a box bears no text. */
const LEAST_TEXT = 34;
const FONT = '12px system-ui, sans-serif';
const MIN_ROWS = 8;

/** Draws one flame graph, the root on top, and lets it be zoomed by pointer and keys. */
export class FlameView {
  readonly canvas = element('canvas', {
    class: 'flame',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': 'flame graph',
    'aria-label':
      'Flame graph. Arrow keys move between functions, Enter zooms to the one that is marked, Escape goes back to all.',
    'aria-describedby': 'flame-detail',
  });
  readonly #tooltip: Tooltip;
  readonly #describe: (node: FlameNode) => readonly string[];
  readonly #marked: (node: FlameNode) => void;
  #root: FlameNode | undefined;
  #focus: FlameNode | undefined;
  #mark: FlameNode | undefined;
  #found: ReadonlySet<FlameNode> = new Set();
  #boxes: readonly Box[] = [];

  /**
   * @param describe the lines of a box's tooltip.
   * @param marked hears which box is marked.
   */
  constructor(
    tooltip: Tooltip,
    describe: (node: FlameNode) => readonly string[],
    marked: (node: FlameNode) => void,
  ) {
    this.#tooltip = tooltip;
    this.#describe = describe;
    this.#marked = marked;
    this.canvas.addEventListener('pointermove', (event) => this.#point(event));
    this.canvas.addEventListener('pointerleave', () => tooltip.hide());
    this.canvas.addEventListener('click', (event) => this.#zoomTo(this.#at(event)));
    this.canvas.addEventListener('keydown', (event) => this.#press(event));
    redrawOnChange(this.canvas, () => this.#draw());
  }

  show(root: FlameNode): void {
    this.#root = root;
    this.#focus = root;
    this.#mark = undefined;
    this.#draw();
  }

  highlight(found: ReadonlySet<FlameNode>): void {
    this.#found = found;
    this.#draw();
  }

  reset(): void {
    this.#zoomTo(this.#root);
  }

  #zoomTo(node: FlameNode | undefined): void {
    if (!node) return;
    this.#focus = node;
    this.#setMark(node);
  }

  #setMark(node: FlameNode): void {
    this.#mark = node;
    this.#marked(node);
    this.#draw();
  }

  #point(event: PointerEvent): void {
    const node = this.#at(event);
    if (node) this.#tooltip.show(event.clientX, event.clientY, this.#describe(node));
    else this.#tooltip.hide();
  }

  #at({ offsetX, offsetY }: MouseEvent): FlameNode | undefined {
    const row = Math.floor(offsetY / ROW);
    return this.#boxes.find(({ node, x, width }) => node.depth === row && offsetX >= x && offsetX < x + width)
      ?.node;
  }

  #press(event: KeyboardEvent): void {
    const next = this.#byKey(event.key);
    if (next === undefined) return;
    event.preventDefault();
    if (event.key === 'Enter' || event.key === 'Escape') this.#zoomTo(next);
    else this.#setMark(next);
  }

  /** The box that a key leads to from the one that is marked. */
  #byKey(key: string): FlameNode | undefined {
    const from = this.#mark ?? this.#focus;
    if (!from) return undefined;
    const siblings = from.parent?.children ?? [from];
    const place = siblings.indexOf(from);
    switch (key) {
      case 'ArrowDown':
        return from.children[0] ?? from;
      case 'ArrowUp':
        return from.parent ?? from;
      case 'ArrowLeft':
        return siblings[place - 1] ?? from;
      case 'ArrowRight':
        return siblings[place + 1] ?? from;
      case 'Enter':
        return from;
      case 'Escape':
        return this.#root;
      default:
        return undefined;
    }
  }

  #draw(): void {
    const { canvas } = this;
    const width = canvas.clientWidth;
    if (!this.#focus || width === 0) return;
    this.#boxes = layOut(this.#focus, width, LEAST_WIDTH);
    const rows = this.#boxes.reduce((most, { node }) => Math.max(most, node.depth + 1), MIN_ROWS);
    const context = sized(canvas, width, rows * ROW);
    context.font = FONT;
    context.textBaseline = 'middle';
    const palette = colours([...ROOMS, 'box-text', 'ink', 'found', 'card', 'total']);
    for (const box of this.#boxes) {
      const room = box.node.parent ? palette[box.node.room] : palette.total;
      this.#drawBox(context, box, room, palette['box-text'], palette.found);
    }
    const marked = this.#boxes.find(({ node }) => node === this.#mark);
    if (!marked) return;
    context.strokeStyle = palette.ink;
    context.lineWidth = 2;
    context.strokeRect(marked.x + 1, marked.node.depth * ROW + 1, Math.max(2, marked.width - 2), ROW - 3);
  }

  #drawBox(
    context: CanvasRenderingContext2D,
    { node, x, width }: Box,
    room: string,
    ink: string,
    found: string,
  ): void {
    const y = node.depth * ROW;
    const isFound = this.#found.has(node);
    // What was not searched for steps back; what lies above the zoomed box too.
    context.globalAlpha =
      this.#found.size > 0 && !isFound ? 0.35 : node.depth < (this.#focus?.depth ?? 0) ? 0.55 : 1;
    context.fillStyle = isFound ? found : room;
    context.fillRect(x, y, Math.max(0.5, width - 1), ROW - 1);
    context.globalAlpha = 1;
    if (width < LEAST_TEXT) return;
    context.fillStyle = ink;
    context.fillText(fitting(context, node.name, width - 9), x + 4, y + ROW / 2);
  }
}

/** As much of a text as fits. */
function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low > 1 ? `${text.slice(0, low)}…` : '';
}

/** What a box says of itself, whatever the unit. */
export function describeNode(node: FlameNode, root: FlameNode, format: (value: number) => string): string[] {
  const share = (value: number) => `${((value / (root.total || 1)) * 100).toFixed(1)} %`;
  return [
    node.name,
    ...(node.place === '' ? [] : [node.place]),
    ...(node.parent ? [ROOM_NAMES[node.room]] : []),
    ...(node.handler === undefined ? [] : [`runs for ${node.handler}`]),
    `total ${format(node.total)}, ${share(node.total)}`,
    `self ${format(node.self)}, ${share(node.self)}`,
  ];
}
