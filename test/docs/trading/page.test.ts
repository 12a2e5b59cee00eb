import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allTradingEvents, EventTypes } from 'millrace/trading';
import { expect, test } from 'vitest';
import { eventReference } from './page.js';

const PAGE = fileURLToPath(new URL('../../../docs/trading-events.md', import.meta.url));
const MARKER = '<!-- From here on the page is made from the definitions. -->\n\n';

/**
 * The upper part of docs/trading-events.md is written by hand, the part below the marker by page.ts. After a
 * change of an event, `npm test -- test/docs/trading/page.test.ts -u` writes it anew.
 */
test('the page of the events is up to date', async () => {
  const parts = readFileSync(PAGE, 'utf8').split(MARKER);
  expect(parts).toHaveLength(2);
  await expect(parts[0] + MARKER + eventReference()).toMatchFileSnapshot(PAGE);
});

test('it has a section for each event', () => {
  const page = eventReference();
  for (const [index, name] of Object.keys(EventTypes).entries()) {
    expect(page).toContain(`\n### ${index + 1}. ${name}\n\n\`${allTradingEvents[index]?.type}\``);
  }
});
