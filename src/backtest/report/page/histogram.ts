import { element, section, svgElement } from '../../../page/browser/dom.js';
import { change, count } from '../format.js';
import type { Histogram } from '../page-types.js';

const WIDTH = 520;
const HEIGHT = 250;
const FOOT = 24;

/** How often which return was; undefined where there are too few. */
export function histogramPanel(histogram: Histogram | null): HTMLElement | undefined {
  if (!histogram) return undefined;
  const { bins, per } = histogram;
  const most = Math.max(...bins.map((bin) => bin.count));
  const step = WIDTH / bins.length;
  const bars = bins.map(({ from, to, count: number }, index) => {
    const height = (number / most) * (HEIGHT - FOOT - 8);
    const bar = svgElement('rect', {
      x: index * step + 1,
      y: HEIGHT - FOOT - height,
      width: step - 2,
      height,
      class: (from + to) / 2 < 0 ? 'loss' : 'gain',
    });
    bar.append(svgElement('title', {}, `${change(from)} to ${change(to)}: ${count(number)}`));
    return bar;
  });
  const ends = [bins[0]?.from ?? 0, 0, bins.at(-1)?.to ?? 0];
  const texts = ends.map((value, index) => {
    const anchor = ['start', 'middle', 'end'][index] ?? 'middle';
    return svgElement(
      'text',
      { x: (index / 2) * WIDTH, y: HEIGHT - 6, 'text-anchor': anchor },
      index === 1 ? '0' : change(value),
    );
  });
  const base = svgElement('line', { x1: 0, x2: WIDTH, y1: HEIGHT - FOOT, y2: HEIGHT - FOOT });
  const label = `Distribution of the returns per ${per}`;
  const svg = svgElement(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'histogram', role: 'img', 'aria-label': label },
    base,
    ...bars,
    ...texts,
  );
  const note = `${count(histogram.count)} ${per}s on which the account changed; what is further out is in the outermost bars.`;
  return section(
    'histogram',
    `Returns per ${per}`,
    svg as unknown as HTMLElement,
    element('p', { class: 'detail' }, note),
  );
}
