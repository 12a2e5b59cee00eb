import { ownFile } from '../events/own-files.js';
import { pageDocument } from '../page/document.js';
import type { PageData } from './page-types.js';
import { STYLE } from './style.js';

/** The report as one HTML file that needs nothing else. */
export function reportPage(data: PageData): Promise<string> {
  return pageDocument({
    title: 'Millrace profile',
    style: STYLE,
    script: ownFile('src/report/page/main.js'),
    withoutScript:
      'This report is drawn by its own script, which is switched off here. The same numbers are in summary.md.',
    data,
  });
}
