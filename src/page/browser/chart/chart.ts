import { button, element, sized } from '../dom.js';
import { onTheme, palette } from '../theme.js';
import { listen } from './input.js';
import { type Area, COLOUR_NAMES, type Palette, type Pane } from './pane.js';
import { type Extent, logTicksBetween, ticksBetween, timeTicks } from './scale.js';
import type { View } from './view.js';

/** Pixels of the axes, between panes, and above each for its text. */
const AXIS_RIGHT = 66;
const AXIS_BOTTOM = 24;
const GAP = 12;
const HEADING = 20;
const FONT = '12px system-ui, -apple-system, sans-serif';
/** Part of what is shown that is left free above and below. */
const AIR = 0.06;

interface ChartOptions {
  readonly id: string;
  /** What a screen reader says. */
  readonly label: string;
  readonly time: Float64Array;
  readonly view: View;
  readonly panes: readonly Pane[];
  /** A bar's time as text. */
  readonly moment: (time: number) => string;
  readonly controls?: readonly HTMLElement[];
}

/** Panes on common bars, drawn on a canvas: a million bars are drawn in some milliseconds. */
export class Chart {
  readonly node: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #options: ChartOptions;
  #asked = false;

  constructor(options: ChartOptions) {
    this.#options = options;
    const { id, label, view, controls = [] } = options;
    this.#canvas = element('canvas', {
      id,
      class: 'chart',
      tabindex: 0,
      role: 'img',
      'aria-label': `${label} Keys: plus and minus zoom, arrows move, Home and End go to the ends, Escape shows all.`,
    });
    const hint =
      'Drag to move; click the chart and turn the wheel, or pinch, to zoom. Keys: + − ← → Home End Esc.';
    this.node = element(
      'div',
      { class: 'chart-box' },
      element(
        'div',
        { class: 'toolbar' },
        button('+', 'Zoom in', () => view.zoom(0.5)),
        button('−', 'Zoom out', () => view.zoom(2)),
        button('All', 'Show all bars', () => view.show(view.all.start, view.all.end)),
        ...controls,
      ),
      this.#canvas,
      element('p', { class: 'detail hint' }, hint),
    );
    listen(this.#canvas, view, (x) => this.#barAt(x));
    view.onChange(() => this.redraw());
    onTheme(() => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.node);
  }

  /** Draws once in the next frame, however often it is asked for. */
  redraw(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  get #plotWidth(): number {
    return Math.max(40, this.#canvas.clientWidth - AXIS_RIGHT);
  }

  #barAt(x: number): number {
    const { start, end } = this.#options.view.range;
    return start + (x / this.#plotWidth) * (end - start);
  }

  #draw(): void {
    const { panes, view, time } = this.#options;
    const width = this.#canvas.clientWidth;
    if (width === 0) return;
    const height = panes.reduce((sum, pane) => sum + pane.height + HEADING + GAP, 0) + AXIS_BOTTOM - GAP;
    const context = sized(this.#canvas, width, height);
    const colours = palette(COLOUR_NAMES);
    context.font = FONT;
    context.textBaseline = 'middle';
    const ticks = timeTicks(time, view.range.start, view.range.end, this.#plotWidth / 80);
    let top = 0;
    for (const pane of panes) {
      top += HEADING;
      const area = this.#area(pane, top, colours);
      if (area)
        this.#drawPane(
          context,
          pane,
          area,
          ticks.map(({ bar }) => bar),
        );
      this.#drawHeading(context, pane, top - HEADING / 2, colours);
      top += pane.height + GAP;
    }
    const foot = height - AXIS_BOTTOM / 2;
    context.fillStyle = colours.faint;
    context.textAlign = 'center';
    for (const { bar, text } of ticks) {
      const half = context.measureText(text).width / 2;
      context.fillText(text, Math.min(this.#plotWidth - half, Math.max(half, this.#x(bar))), foot);
    }
    this.#drawPointer(context, HEADING, height - AXIS_BOTTOM, colours);
  }

  #x(bar: number): number {
    const { start, end } = this.#options.view.range;
    return ((bar - start) / (end - start)) * this.#plotWidth;
  }

  #area(pane: Pane, top: number, colours: Palette): (Area & { readonly extent: Extent }) | undefined {
    const { range } = this.#options.view;
    const found = pane.extent(range);
    if (!found) return undefined;
    const isLog = pane.isLogarithmic?.() === true && found.low > 0;
    const place = (value: number) => (isLog ? Math.log(value) : value);
    const air = (place(found.high) - place(found.low) || Math.abs(place(found.high)) * 0.1 || 1) * AIR;
    const [low, high] = [place(found.low) - air, place(found.high) + air];
    const value = (at: number) => (isLog ? Math.exp(at) : at);
    return {
      left: 0,
      top,
      width: this.#plotWidth,
      height: pane.height,
      range,
      colours,
      extent: { low: value(low), high: value(high) },
      x: (bar) => this.#x(bar),
      y: (at) => top + pane.height * (1 - (place(at) - low) / (high - low)),
    };
  }

  #drawPane(
    context: CanvasRenderingContext2D,
    pane: Pane,
    area: Area & { readonly extent: Extent },
    bars: readonly number[],
  ): void {
    const { colours, top, height, width, extent } = area;
    const most = Math.max(3, Math.floor(height / 44));
    const ticks = (pane.isLogarithmic?.() ? logTicksBetween : ticksBetween)(extent, most);
    context.fillStyle = colours.grid;
    for (const tick of ticks) context.fillRect(0, Math.round(area.y(tick)), width, 1);
    for (const bar of bars) context.fillRect(Math.round(area.x(bar)), top, 1, height);
    context.save();
    context.beginPath();
    context.rect(0, top - 2, width, height + 4);
    context.clip();
    this.#drawMarked(context, area);
    pane.draw(context, area);
    context.restore();
    context.fillStyle = colours.faint;
    context.textAlign = 'left';
    for (const tick of ticks)
      context.fillText((pane.axis ?? pane.format)(Number(tick.toPrecision(12))), width + 8, area.y(tick));
    context.fillStyle = colours.line;
    context.fillRect(width, top, 1, height);
    context.fillRect(0, top + height, width, 1);
  }

  #drawMarked(context: CanvasRenderingContext2D, area: Area): void {
    const { marked } = this.#options.view;
    if (!marked) return;
    const from = area.x(marked.start - 0.5);
    context.fillStyle = area.colours.shade;
    context.fillRect(from, area.top, Math.max(2, area.x(marked.end + 0.5) - from), area.height);
  }

  #drawHeading(context: CanvasRenderingContext2D, pane: Pane, y: number, colours: Palette): void {
    const { view, time, moment } = this.#options;
    const bar = view.hover ?? Math.min(view.length - 1, Math.max(0, Math.floor(view.range.end)));
    context.textAlign = 'left';
    context.fillStyle = colours.ink;
    context.font = `600 ${FONT}`;
    context.fillText(pane.title, 2, y);
    let x = 2 + context.measureText(pane.title).width + 12;
    context.font = FONT;
    const isFirst = pane === this.#options.panes[0];
    const notes = [...(isFirst ? [{ text: moment(time[bar] ?? 0) }] : []), ...pane.notes(bar)];
    for (const { text, colour } of notes as readonly { text: string; colour?: keyof Palette }[]) {
      const width = context.measureText(text).width;
      if (x + width > this.#canvas.clientWidth) return;
      context.fillStyle = colours[colour ?? 'faint'];
      context.fillText(text, x, y);
      x += width + 12;
    }
  }

  #drawPointer(context: CanvasRenderingContext2D, top: number, bottom: number, colours: Palette): void {
    const { hover } = this.#options.view;
    if (hover === undefined) return;
    const x = Math.round(this.#x(hover));
    if (x < 0 || x > this.#plotWidth) return;
    context.fillStyle = colours.faint;
    context.globalAlpha = 0.55;
    for (let y = top; y < bottom; y += 6) context.fillRect(x, y, 1, 3);
    context.globalAlpha = 1;
  }
}
