import { type Column, dataTable } from '../../../page/browser/data-table.js';
import { element, section } from '../../../page/browser/dom.js';
import type { SweepPage } from '../page-types.js';
import { cardsOf, factsOf, headerOf, notesOf } from './frame.js';
import { heatPanel } from './heat-map.js';
import { metricText, parameterText, SweepModel } from './sweep-model.js';

/** The page of a sweep. */
export function sweepSections(
  page: SweepPage,
  columns: Readonly<Record<string, Float64Array>>,
): HTMLElement[] {
  const model = new SweepModel(page, columns);
  return [
    headerOf(page, [
      ['ranking', 'Ranking'],
      ['heat', 'Heat map'],
      ['facts', 'Identity'],
    ]),
    cardsOf(page.cards),
    notesOf(page.notes),
    rankingPanel(page, model),
    heatPanel(page, model),
    factsOf(page.facts),
  ];
}

function rankingPanel(page: SweepPage, model: SweepModel): HTMLElement {
  const rows = Array.from({ length: page.runs }, (_, run) => run);
  const columns: Column<number>[] = [
    ...page.parameters.map((name): Column<number> => {
      const text = (run: number) => parameterText(page, name, model.parameter(name, run));
      const isText = page.texts[name] !== undefined;
      return {
        heading: name,
        title: `Parameter ${name}`,
        text,
        value: isText ? text : (run) => model.parameter(name, run),
      };
    }),
    ...page.metrics.map((metric): Column<number> => {
      const value = (run: number) => {
        const found = model.metric(metric.name, run);
        return Number.isNaN(found) ? null : found;
      };
      return {
        heading: metric.label.toLowerCase(),
        title: metric.label,
        value,
        text: (run) => metricText(metric, value(run)),
      };
    }),
    {
      heading: 'neighbours',
      title:
        'Median total return of the runs that differ in one parameter by one step: far below the run’s own, it stands on a peak that chance may have made',
      value: (run) => model.neighbours(run),
      text: (run) => {
        const value = model.neighbours(run);
        const metric = page.metrics[0];
        return metric ? metricText(metric, value) : '';
      },
    },
  ];
  const table = dataTable({
    id: 'ranking-table',
    label: 'Ranking of the runs',
    rows,
    columns,
    sortedBy: { column: page.parameters.length, down: true },
  });
  const held = page.metrics.flatMap((metric) => {
    const value = page.benchmark[metric.name];
    return value === null || value === undefined
      ? []
      : [`${metric.label.toLowerCase()} ${metricText(metric, value)}`];
  });
  const note =
    held.length > 0 ? [element('p', { class: 'detail' }, `Buying and holding: ${held.join(', ')}.`)] : [];
  return section('ranking', 'Ranking', table, ...note);
}
