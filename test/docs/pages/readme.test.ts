import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ROOT, runNode } from '../../support/run-script.js';
import { tempFolder } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 60_000 });

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const sources = [...readme.matchAll(/```js title=(\S+)\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => ({
  name,
  text,
}));
const output = /```text title=output\n([\s\S]*?)```/.exec(readme)?.[1];

/** A project with the quick start's files. From a packed tarball, npm and all, `.ci/quick-start.mjs` runs it. */
function project(change: (text: string) => string): string {
  const folder = tempFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/millrace'));
  symlinkSync(join(ROOT, 'node_modules/zod'), join(folder, 'node_modules/zod'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const { name, text } of sources) writeFileSync(join(folder, change(name)), change(text));
  return folder;
}

const asTypeScript = (text: string) =>
  text.replace(/(\.\/[\w.]+)\.js'/g, "$1.ts'").replace(/^([\w.]+)\.js$/, '$1.ts');

/** The rule of deterministic mode is that an aggregate has one key, so it refuses what has two. */
const deterministic = (text: string) =>
  text
    .replace('threads: 2,', 'threads: 2, deterministic: true,')
    .replace('2500 })', '2500 }, { occurredAt: 1 })');

test.each([
  ['as it is', 'main.js', (text: string) => text],
  ['as TypeScript without a build', 'main.ts', asTypeScript],
  ['in deterministic mode, because its aggregates have one key', 'main.js', deterministic],
])('the quick start runs %s', async (_how, main, change) => {
  expect(sources.map(({ name }) => name)).toEqual(['events.js', 'risk.handlers.js', 'main.js']);
  const { stdout, stderr } = await runNode([main], { cwd: project(change) });
  expect(stderr.replace(/^.*(ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('');
  expect(stdout).toBe(output);
});
