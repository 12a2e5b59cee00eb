import { element, section } from '../../../page/browser/dom.js';
import type { SweepMetric, SweepPage } from '../page-types.js';
import { shadeOf } from './months.js';
import { median, metricText, parameterText, type SweepModel } from './sweep-model.js';

/** Values of a parameter that a map shows; of more it would be no map. */
const MOST = 60;

const WAYS = {
  median: median,
  best: (values: readonly number[]) => (values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b))),
  worst: (values: readonly number[]) =>
    values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b)),
} as const;

/** A metric over two parameters, the others taken together. */
export function heatPanel(page: SweepPage, model: SweepModel): HTMLElement {
  const varied = page.parameters.filter((name) => model.valuesOf(name).length > 1);
  const [first, second] = varied;
  if (first === undefined)
    return section(
      'heat',
      'Heat map',
      element('p', { class: 'detail' }, 'No parameter has more than one value.'),
    );
  const across = choice('across', varied, second ?? first);
  const down = choice('down', varied, first);
  const metric = choice(
    'of',
    page.metrics.map(({ label }) => label),
    page.metrics[0]?.label ?? '',
  );
  const way = choice('taken as', Object.keys(WAYS), 'median');
  const frame = element('div', {
    class: 'heat',
    tabindex: 0,
    role: 'group',
    'aria-label': 'Heat map over two parameters',
  });
  const note = element('p', { class: 'detail' });
  const draw = () => {
    const chosen =
      page.metrics.find(({ label }) => label === metric.select.value) ?? (page.metrics[0] as SweepMetric);
    const take = WAYS[way.select.value as keyof typeof WAYS] ?? median;
    frame.replaceChildren(
      mapOf(page, model, { across: across.select.value, down: down.select.value, metric: chosen, take }),
    );
    const others = page.parameters.length - new Set([across.select.value, down.select.value]).size;
    note.textContent = `Each cell is the ${way.select.value} over the runs that have both values${others > 0 ? `, whatever the other ${others === 1 ? 'parameter is' : `${others} parameters are`}` : ''}. A good region is broad: a single bright cell is more likely chance.`;
  };
  for (const { select } of [across, down, metric, way]) select.addEventListener('change', draw);
  draw();
  const controls = [metric, down, across, way].map(({ node }) => node);
  return section('heat', 'Heat map', element('div', { class: 'toolbar' }, ...controls), frame, note);
}

function choice(name: string, values: readonly string[], chosen: string) {
  const options = values.map((value) => element('option', { value, selected: value === chosen }, value));
  const select = element('select', {}, ...options);
  return { select, node: element('label', {}, name, select) };
}

interface Chosen {
  readonly across: string;
  readonly down: string;
  readonly metric: SweepMetric;
  readonly take: (values: readonly number[]) => number | null;
}

function mapOf(page: SweepPage, model: SweepModel, { across, down, metric, take }: Chosen): HTMLElement {
  const columns = model.valuesOf(across).slice(0, MOST);
  const rows = model.valuesOf(down).slice(0, MOST);
  const cells = new Map<string, number[]>();
  for (let run = 0; run < page.runs; run++) {
    const value = model.metric(metric.name, run);
    const key = `${model.parameter(down, run)}/${model.parameter(across, run)}`;
    const known = cells.get(key) ?? [];
    if (!Number.isNaN(value)) known.push(value);
    cells.set(key, known);
  }
  const value = (row: number, column: number) => take(cells.get(`${row}/${column}`) ?? []);
  const all = rows
    .flatMap((row) => columns.map((column) => value(row, column) ?? Number.NaN))
    .filter((one) => !Number.isNaN(one));
  const low = all.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = all.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const best = metric.isBetterUp ? high : low;
  const head = columns.map((column) => element('th', { scope: 'col' }, parameterText(page, across, column)));
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, parameterText(page, down, row)),
      ...columns.map((column) => cellOf(value(row, column), metric, { low, high, best })),
    ),
  );
  const corner = element('th', {}, `${down} ↓  ${across} →`);
  return element(
    'table',
    { class: 'heatmap' },
    element('thead', {}, element('tr', {}, corner, ...head)),
    element('tbody', {}, ...body),
  );
}

/** From the worst, red, over the middle to the best, green. */
function cellOf(
  value: number | null,
  metric: SweepMetric,
  { low, high, best }: { low: number; high: number; best: number },
): HTMLElement {
  const made = element('td', { class: value === best ? 'best' : '' }, metricText(metric, value));
  if (value === null || high === low) return made;
  const part = ((value - low) / (high - low)) * 2 - 1;
  made.style.background = shadeOf(metric.isBetterUp ? part : -part);
  return made;
}
