import { element, redrawOnChange, sized } from '../../page/browser/dom.js';
import { colours } from './colours.js';
import { type Range, type SpanTrack, type Track, ticks, type ValueTrack } from './timeline-model.js';

export const LABELS = 132;
const SPANS = 24;
const VALUES = 34;
const AXIS = 24;
const GAP = 6;
const FONT = '12px system-ui, sans-serif';
const PIXELS_PER_TICK = 110;

/** Longest first, so that a commit or collection is seen on top of the batch that it fell into. */
const KINDS = ['batch', 'checkpoint', 'commit', 'gc'] as const;
/** A thing that happened is never thinner than this, or it could not be seen. */
const LEAST_SPAN = 1;

const COLOURS = ['ink', 'faint', 'line', 'track', 'handler', 'engine', 'user', 'sqlite', ...KINDS] as const;
type Palette = Record<(typeof COLOURS)[number], string>;

/** Draws tracks on one time axis. */
export class TimelineView {
  readonly canvas = element('canvas', { class: 'timeline', tabindex: 0, role: 'application' });
  readonly #tracks: readonly Track[];
  range: Range;

  constructor(tracks: readonly Track[], range: Range) {
    this.#tracks = tracks;
    this.range = range;
    redrawOnChange(this.canvas, () => this.draw());
  }

  draw(): void {
    const width = this.canvas.clientWidth;
    if (width <= LABELS) return;
    const height = this.#tracks.reduce((sum, track) => sum + heightOf(track) + GAP, AXIS);
    const context = sized(this.canvas, width, height);
    const palette: Palette = colours(COLOURS);
    context.font = FONT;
    context.textBaseline = 'middle';
    let y = 0;
    for (const track of this.#tracks) {
      this.#label(context, track, y, palette);
      context.fillStyle = palette.track;
      context.fillRect(LABELS, y, width - LABELS, heightOf(track));
      if (track.kind === 'spans') this.#spans(context, track, y, width, palette);
      else this.#values(context, track, y, width, palette);
      y += heightOf(track) + GAP;
    }
    this.#axis(context, y, width, palette);
  }

  /** The instant below a point, unless it is left of the axis. */
  instantAt(x: number): number {
    const width = Math.max(1, this.canvas.clientWidth - LABELS);
    return this.range.start + ((x - LABELS) / width) * (this.range.end - this.range.start);
  }

  trackAt(y: number): Track | undefined {
    let top = 0;
    return this.#tracks.find((track) => {
      const bottom = top + heightOf(track);
      const isHere = y >= top && y < bottom;
      top = bottom + GAP;
      return isHere;
    });
  }

  #x(at: number, width: number): number {
    const { start, end } = this.range;
    return LABELS + ((at - start) / (end - start || 1)) * (width - LABELS);
  }

  #label(context: CanvasRenderingContext2D, track: Track, y: number, { ink, faint }: Palette): void {
    context.fillStyle = ink;
    const middle = y + heightOf(track) / 2;
    if (track.kind === 'spans') {
      context.fillText(track.label, 0, middle, LABELS - 10);
      return;
    }
    context.fillText(track.label, 0, middle - 8, LABELS - 10);
    context.fillStyle = faint;
    context.fillText(`up to ${track.format(track.most)}`, 0, middle + 8, LABELS - 10);
  }

  #spans(
    context: CanvasRenderingContext2D,
    track: SpanTrack,
    y: number,
    width: number,
    palette: Palette,
  ): void {
    const { start, end } = this.range;
    for (const kind of KINDS) {
      context.fillStyle = palette[kind];
      // Spans of one kind that share a pixel are drawn once: there may be many thousands.
      let drawn = LABELS;
      for (const span of track.spans) {
        if (span.kind !== kind || span.end < start || span.start > end) continue;
        const left = Math.max(drawn, this.#x(span.start, width));
        const right = Math.min(width, Math.max(this.#x(span.end, width), left + LEAST_SPAN));
        if (this.#x(span.end, width) < drawn || right <= left) continue;
        const inset = kind === 'batch' || kind === 'checkpoint' ? 0 : 5;
        context.fillRect(left, y + inset, right - left, SPANS - 2 * inset);
        drawn = right;
      }
    }
  }

  #values(
    context: CanvasRenderingContext2D,
    track: ValueTrack,
    y: number,
    width: number,
    palette: Palette,
  ): void {
    const bottom = y + VALUES;
    context.save();
    context.beginPath();
    context.rect(LABELS, y, width - LABELS, VALUES);
    context.clip();
    context.beginPath();
    context.moveTo(this.#x(track.at[0] ?? 0, width), bottom);
    let before = bottom;
    // Steps, because a reading holds until the next one.
    track.at.forEach((at, index) => {
      const x = this.#x(at, width);
      context.lineTo(x, before);
      before = bottom - ((track.values[index] ?? 0) / (track.most || 1)) * (VALUES - 2);
      context.lineTo(x, before);
    });
    context.lineTo(this.#x(track.at.at(-1) ?? 0, width), bottom);
    context.fillStyle = palette[track.colour as keyof Palette] ?? palette.engine;
    context.fill();
    context.restore();
  }

  #axis(context: CanvasRenderingContext2D, y: number, width: number, { faint, line }: Palette): void {
    context.textAlign = 'center';
    for (const at of ticks(this.range, (width - LABELS) / PIXELS_PER_TICK)) {
      const x = this.#x(at, width);
      context.fillStyle = line;
      context.fillRect(x, 0, 1, y);
      context.fillStyle = faint;
      const text = `${Number(at.toPrecision(6))} ms`;
      const half = context.measureText(text).width / 2;
      context.fillText(text, Math.min(width - half, Math.max(LABELS + half, x)), y + AXIS / 2);
    }
    context.textAlign = 'start';
  }
}

function heightOf({ kind }: Track): number {
  return kind === 'spans' ? SPANS : VALUES;
}
