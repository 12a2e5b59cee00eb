import { element, section, svgElement } from '../../page/browser/dom.js';
import type { MemoryReading } from '../../sampling/session.js';
import type { PageData } from '../page-types.js';
import { asBytes } from '../units.js';
import { legend } from './colours.js';

const WIDTH = 300;
const HEIGHT = 90;

/** One small chart a thread: how its heap and its external memory grew. All have one scale for time and for bytes. */
export function memoryPanel({ threads, duration }: PageData['session']): HTMLElement {
  const known = threads.filter(({ memory }) => memory.length > 1);
  const most = Math.max(1, ...known.map(({ memory }) => peakOf(memory)));
  const charts = known.map(({ name, memory }) => chart(name, memory, duration, most));
  return section(
    'memory',
    'Heap growth',
    legend([
      ['handler', 'heap'],
      ['sqlite', 'external'],
    ]),
    charts.length > 0
      ? element('div', { class: 'charts' }, ...charts)
      : element('p', { class: 'detail' }, 'No readings of memory were taken.'),
  );
}

function sizeOf({ heapUsed, external }: MemoryReading): number {
  return heapUsed + external;
}

function peakOf(memory: readonly MemoryReading[]): number {
  return Math.max(...memory.map(sizeOf));
}

function chart(name: string, memory: readonly MemoryReading[], duration: number, most: number): HTMLElement {
  const first = memory[0] as MemoryReading;
  const last = memory.at(-1) as MemoryReading;
  const grown = sizeOf(last) - sizeOf(first);
  const sizes = `${asBytes(sizeOf(first))} → ${asBytes(sizeOf(last))}`;
  const growth = `${grown < 0 ? '' : '+'}${asBytes(grown)}, peak ${asBytes(peakOf(memory))}`;
  const area = (of: (reading: MemoryReading) => number, colour: string) =>
    svgElement('polygon', { points: outline(memory, of, duration, most), fill: `var(--${colour})` });
  return element(
    'figure',
    { class: 'chart' },
    element('figcaption', {}, element('strong', {}, name), ` ${sizes} (${growth})`),
    svgElement(
      'svg',
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': `Memory of ${name}: ${sizes}, ${growth}`,
      },
      area(sizeOf, 'sqlite'),
      area(({ heapUsed }) => heapUsed, 'handler'),
    ),
  );
}

function outline(
  memory: readonly MemoryReading[],
  of: (reading: MemoryReading) => number,
  duration: number,
  most: number,
): string {
  const x = (at: number) => ((Math.min(at, duration) / (duration || 1)) * WIDTH).toFixed(1);
  const line = memory.map(
    (reading) => `${x(reading.at)},${(HEIGHT - (of(reading) / most) * HEIGHT).toFixed(1)}`,
  );
  return `${x(memory[0]?.at ?? 0)},${HEIGHT} ${line.join(' ')} ${x(memory.at(-1)?.at ?? 0)},${HEIGHT}`;
}
