import { button, element, section } from '../../page/browser/dom.js';
import type { Tooltip } from '../../page/browser/tooltip.js';
import type { PageData } from '../page-types.js';
import { asCount, asMs } from '../units.js';
import { legend } from './colours.js';
import { moved, type Range, spanAt, tracksOf, valueAt, zoomed } from './timeline-model.js';
import { LABELS, TimelineView } from './timeline-view.js';

const CLOSER = 0.5;
/** Part of what is shown that an arrow key moves by. */
const STEP = 0.2;
/** A pointer that moved less than this clicked. */
const DRAG = 4;

const HELP = 'Drag over a part to zoom in. Keys: + and − zoom, arrows move, Esc shows all.';

/** What the threads were busy with, the queues and the WAL, on one time axis. */
export function timelinePanel(data: PageData, tooltip: Tooltip): HTMLElement {
  const { duration } = data.session;
  const all: Range = { start: 0, end: duration };
  const view = new TimelineView(tracksOf(data), all);
  const show = (range: Range) => {
    view.range = range;
    view.draw();
  };
  const zoom = (factor: number) =>
    show(zoomed(view.range, factor, (view.range.start + view.range.end) / 2, duration));
  const move = (share: number) =>
    show(moved(view.range, share * (view.range.end - view.range.start), duration));
  const keys: Readonly<Record<string, () => void>> = {
    '+': () => zoom(CLOSER),
    '=': () => zoom(CLOSER),
    '-': () => zoom(1 / CLOSER),
    ArrowLeft: () => move(-STEP),
    ArrowRight: () => move(STEP),
    Escape: () => show(all),
  };
  const { canvas } = view;
  canvas.setAttribute('aria-label', `Timeline of the threads. ${HELP}`);
  canvas.addEventListener('keydown', (event) => {
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  dragToZoom(view, show);
  canvas.addEventListener('pointermove', (event) => point(view, event, tooltip));
  canvas.addEventListener('pointerleave', () => tooltip.hide());
  return section(
    'timeline',
    'Timeline',
    element(
      'div',
      { class: 'toolbar' },
      legend([
        ['batch', 'batch of handlers'],
        ['commit', 'commit'],
        ['checkpoint', 'checkpoint'],
        ['gc', 'GC'],
      ]),
      button('+', 'Zoom in', () => zoom(CLOSER)),
      button('−', 'Zoom out', () => zoom(1 / CLOSER)),
      button('All', 'Show the whole session', () => show(all)),
    ),
    canvas,
    element('p', { class: 'detail' }, HELP),
  );
}

function dragToZoom(view: TimelineView, show: (range: Range) => void): void {
  let from: number | undefined;
  view.canvas.addEventListener('pointerdown', (event) => {
    from = Math.max(LABELS, event.offsetX);
    view.canvas.setPointerCapture(event.pointerId);
  });
  view.canvas.addEventListener('pointerup', (event) => {
    const to = Math.max(LABELS, event.offsetX);
    if (from !== undefined && Math.abs(to - from) >= DRAG) {
      const [start, end] = [view.instantAt(Math.min(from, to)), view.instantAt(Math.max(from, to))];
      show({ start: Math.max(view.range.start, start), end: Math.min(view.range.end, end) });
    }
    from = undefined;
  });
}

function point(view: TimelineView, event: PointerEvent, tooltip: Tooltip): void {
  const track = view.trackAt(event.offsetY);
  if (!track || event.offsetX < LABELS) {
    tooltip.hide();
    return;
  }
  const at = view.instantAt(event.offsetX);
  const lines = [track.label];
  if (track.kind === 'values') {
    const value = valueAt(track, at);
    if (value !== undefined) lines.push(`${track.format(value)} at ${asMs(at)}`);
  } else {
    const onePixel = view.instantAt(1) - view.instantAt(0);
    const span = spanAt(track, at, onePixel);
    if (span) lines.push(`${span.kind}, ${asMs(span.end - span.start)}, from ${asMs(span.start)}`);
    if (span?.events !== undefined) lines.push(`${asCount(span.events)} events`);
  }
  tooltip.show(event.clientX, event.clientY, lines);
}
