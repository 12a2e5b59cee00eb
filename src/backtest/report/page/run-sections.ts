import { View } from '../../../page/browser/chart/view.js';
import { element } from '../../../page/browser/dom.js';
import type { RunPage } from '../page-types.js';
import { equitySection } from './equity-section.js';
import { cardsOf, factsOf, headerOf, notesOf } from './frame.js';
import { histogramPanel } from './histogram.js';
import { marketCharts } from './market-chart.js';
import { monthsPanel } from './months.js';
import { statisticsPanel } from './statistics.js';
import { logsPanel, ordersPanel, tradesPanel } from './tables.js';

type Columns = Readonly<Record<string, Float64Array>>;

/** The page of one run, from the verdict to the details. */
export function runSections(page: RunPage, columns: Columns): HTMLElement[] {
  const view = new View(columns.time?.length ?? 0);
  const [market, ...others] = marketCharts(page, columns, view);
  const months = monthsPanel(page.months);
  const histogram = histogramPanel(page.histogram);
  const charts = [market, ...others];
  const jump = (from: number, to: number, name?: string) => {
    view.jump(from, to);
    const at = page.markets?.findIndex((one) => one.name === name) ?? 0;
    document.getElementById((charts[at] ?? market)?.id ?? 'equity')?.scrollIntoView({ block: 'start' });
  };
  const parts: (readonly [string, string, HTMLElement | undefined])[] = [
    ['equity', 'Equity', equitySection(columns, view, page.rolling)],
    ['market', page.markets?.[0]?.name ?? 'Market', market],
    ...others.map((chart, at) => [chart.id, page.markets?.[at + 1]?.name ?? '', chart] as const),
    ['statistics', 'Statistics', statisticsPanel(page.statistics)],
    [
      'months',
      'Months',
      months && histogram
        ? element('div', { class: 'side-by-side' }, months, histogram)
        : (months ?? histogram),
    ],
    ['trades', 'Trades', tradesPanel(page, jump)],
    ['orders', 'Orders', ordersPanel(page, jump)],
    ['logs', 'Log', logsPanel(page, jump)],
    ['facts', 'Identity', factsOf(page.facts)],
  ];
  const shown = parts.flatMap(([id, name, node]) => (node ? [{ id, name, node }] : []));
  return [
    headerOf(
      page,
      shown.map(({ id, name }) => [id, name] as const),
    ),
    cardsOf(page.cards),
    notesOf(page.notes),
    ...shown.map(({ node }) => node),
  ];
}
