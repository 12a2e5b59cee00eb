import type { View } from './view.js';

/** Part of what is shown that an arrow key moves by. */
const STEP = 0.15;
const CLOSER = 0.7;

/** Moves and zooms a view by mouse, finger, wheel and keys. The wheel turns the page until the chart was clicked. */
export function listen(canvas: HTMLCanvasElement, view: View, barAt: (x: number) => number): void {
  const width = () => view.range.end - view.range.start;
  const perPixel = () => barAt(1) - barAt(0);
  const keys: Readonly<Record<string, () => void>> = {
    '+': () => view.zoom(CLOSER),
    '=': () => view.zoom(CLOSER),
    '-': () => view.zoom(1 / CLOSER),
    ArrowLeft: () => view.move(-STEP * width()),
    ArrowRight: () => view.move(STEP * width()),
    Home: () => view.show(view.all.start, view.all.start + width()),
    End: () => view.show(view.all.end - width(), view.all.end),
    Escape: () => {
      view.marked = undefined;
      view.show(view.all.start, view.all.end);
    },
  };
  canvas.addEventListener('keydown', (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  });
  canvas.addEventListener(
    'wheel',
    (event) => {
      const isOurs = document.activeElement === canvas || event.ctrlKey;
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        view.move(event.deltaX * perPixel());
      } else if (isOurs) {
        event.preventDefault();
        view.zoom(
          Math.exp(Math.sign(event.deltaY) * Math.min(60, Math.abs(event.deltaY)) * 0.004),
          barAt(event.offsetX),
        );
      }
    },
    { passive: false },
  );
  listenToPointers(canvas, view, barAt);
}

function listenToPointers(canvas: HTMLCanvasElement, view: View, barAt: (x: number) => number): void {
  const down = new Map<number, number>();
  const spread = () => {
    const [a = 0, b = 0] = [...down.values()];
    return { distance: Math.abs(a - b), middle: (a + b) / 2 };
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event.offsetX);
  });
  canvas.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId);
    if (before === undefined) {
      view.point(barAt(event.offsetX));
      return;
    }
    const was = spread();
    down.set(event.pointerId, event.offsetX);
    if (down.size === 1) {
      view.move(barAt(before) - barAt(event.offsetX));
      return;
    }
    const is = spread();
    if (was.distance > 8 && is.distance > 8) view.zoom(was.distance / is.distance, barAt(is.middle));
  });
  for (const type of ['pointerup', 'pointercancel'] as const) {
    canvas.addEventListener(type, (event) => {
      down.delete(event.pointerId);
      view.point(barAt(event.offsetX));
    });
  }
  canvas.addEventListener('pointerleave', () => view.point(undefined));
  canvas.addEventListener('dblclick', (event) => view.zoom(0.5, barAt(event.offsetX)));
}
