import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failureOf } from '../../support/testing/failure.js';

/** The page's examples are the files in this folder, which run as tests like all others. */
const folder = new URL('./page/', import.meta.url);
const page = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8');
const blocks = new Map(
  [...page.matchAll(/```ts title=(\S+)\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [name, text]),
);

test('every code block of docs/testing.md is a file here, and every file is on the page', () => {
  expect([...blocks.keys()].sort()).toEqual(readdirSync(folder).sort());
});

test.each([...blocks])('%s is on the page as it runs', (name, text) => {
  expect(text).toBe(readFileSync(new URL(name, folder), 'utf8'));
});

test('a failed assertion says what the page says', async () => {
  const shown = /```text title=failure\n([\s\S]*?)```/.exec(page)?.[1];
  const { events, OrderFlagged, OrderPlaced, risk } = await import('./page/orders.js');
  const { specify } = await import('millrace/testing');
  const wrong = specify(risk, { events, now: 5000 })
    .when(OrderPlaced({ order_id: 'o1', customer: 'ada', amount: 2500 }))
    .thenEmits(OrderFlagged({ order_id: 'o1', reason: 'amount 1000', flagged_at: 5000 }));
  expect(`${await failureOf(() => wrong)}\n`).toBe(shown);
});
