import { element } from '../../../page/browser/dom.js';
import { unpackColumn } from '../../../page/browser/unpack.js';
import type { ReportPage } from '../page-types.js';
import { runSections } from './run-sections.js';
import { sweepSections } from './sweep-sections.js';
import { walkSections } from './walk-sections.js';

const page: ReportPage = JSON.parse(document.getElementById('data')?.textContent ?? 'null');
const main = document.getElementById('report') ?? document.body;

unpack(page)
  .then((columns) => {
    main.append(...sectionsOf(page, columns));
  })
  .catch((error: unknown) => {
    main.append(
      element(
        'section',
        {},
        `This report cannot be drawn here: ${String(error)}. A browser of 2023 or later is needed.`,
      ),
    );
  });

function sectionsOf(shown: ReportPage, columns: Readonly<Record<string, Float64Array>>): HTMLElement[] {
  switch (shown.kind) {
    case 'run':
      return runSections(shown, columns);
    case 'sweep':
      return sweepSections(shown, columns);
    case 'walk':
      return walkSections(shown, columns);
  }
}

async function unpack({ columns }: ReportPage): Promise<Readonly<Record<string, Float64Array>>> {
  const entries = Object.entries(columns).map(
    async ([name, column]) => [name, await unpackColumn(column)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
