import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CHANNELS } from 'millrace/observe';
import { ATTRIBUTES } from 'millrace/otel';
import { expect, test } from 'vitest';
import { parseExposition } from '../../contract/observe/exposition.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';

/** The page's examples are the files in this folder. */
const folder = new URL('./page/', import.meta.url);
const page = readFileSync(new URL('../../../docs/observability.md', import.meta.url), 'utf8');
const blocks = new Map(
  [...page.matchAll(/```(?:js|text) title=(\S+)\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
);

test('the examples are on the page as they run, and print what it says', async () => {
  const names = readdirSync(folder).sort();
  expect([...blocks.keys()].sort()).toEqual(['output', ...names].sort());
  for (const name of names) expect(blocks.get(name)).toBe(readFileSync(new URL(name, folder), 'utf8'));
  const run = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('watch.mjs', folder))]);
  expect(run.stdout).toBe(blocks.get('output'));
});

test('the page names every metric, channel and attribute', async () => {
  const engine = await openTestEngine(storeFor('os'));
  const metrics = parseExposition(engine.metrics.prometheus()).map(({ name }) => name);
  const names = [...metrics, ...Object.values(CHANNELS), ...Object.values(ATTRIBUTES)];
  expect(names.length).toBeGreaterThan(25);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
