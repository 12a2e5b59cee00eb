/** Bars that are shown, from one to before another; fractions are parts of bars. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Fewest bars that fill a chart. */
const LEAST = 12;

/** Space behind the last bar, as a part of what is shown. */
const MARGIN = 0.02;

/** What several charts show together: a range of bars, the bar under the pointer, and one that is marked. */
export class View {
  readonly length: number;
  range: Range;
  /** The bar that is pointed at. */
  hover: number | undefined;
  /** Bars that are marked, such as those of a trade. */
  marked: Range | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(length: number) {
    this.length = length;
    this.range = this.all;
  }

  get all(): Range {
    return { start: -0.5, end: this.length - 0.5 + Math.max(0.5, this.length * MARGIN) };
  }

  onChange(redraw: () => void): void {
    this.#listeners.add(redraw);
  }

  /** Shows a range, moved and widened into what there is. */
  show(start: number, end: number): void {
    const { all } = this;
    const width = Math.min(all.end - all.start, Math.max(Math.min(LEAST, this.length + 1), end - start));
    const middle = (start + end) / 2;
    const from = Math.min(Math.max(all.start, middle - width / 2), all.end - width);
    this.range = { start: from, end: from + width };
    this.#tell();
  }

  /** @param factor below 1 to come closer. @param at the bar that stays where it is. */
  zoom(factor: number, at = (this.range.start + this.range.end) / 2): void {
    const { start, end } = this.range;
    this.show(at - (at - start) * factor, at + (end - at) * factor);
  }

  move(bars: number): void {
    this.show(this.range.start + bars, this.range.end + bars);
  }

  point(bar: number | undefined): void {
    const known = bar === undefined ? undefined : Math.min(this.length - 1, Math.max(0, Math.round(bar)));
    if (known === this.hover) return;
    this.hover = known;
    this.#tell();
  }

  /** Marks bars and shows them with what is around. */
  jump(from: number, to: number): void {
    const around = Math.max(20, (to - from) * 0.8);
    this.marked = { start: from, end: to };
    this.hover = to;
    this.show(from - around, to + around);
  }

  #tell(): void {
    for (const redraw of this.#listeners) redraw();
  }
}
