import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputOptions, rolldown } from 'rolldown';
import { describe, expect, test, vi } from 'vitest';
import { ROOT, runNode } from '../../support/run-script.js';
import { tempFolder } from '../../support/temp-folder.js';

// The whole package is bundled, and processes are started, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const entry = (name: string) => fileURLToPath(new URL(`../../../dist/src/${name}.js`, import.meta.url));

const PROGRAM = `
import { defineEvent, openEngine } from '${entry('index')}';
import { createEventBus } from '${entry('faces/bus')}';
import { createPublisher } from '${entry('faces/publisher')}';
import { z } from 'zod';

const Noted = defineEvent('note.noted', { schema: z.object({ note: z.string() }), aggregateId: ({ note }) => note });
const events = [Noted];

async function main() {
  const publisher = createPublisher({ events });
  publisher.subscribe(Noted, ({ data }) => console.log('published', data.note));
  publisher.publish(Noted({ note: 'a' }));

  const engine = await openEngine({ events, threads: 0 });
  console.log('in memory', JSON.stringify(await engine.publish(Noted({ note: 'b' }))));
  await engine.close();

  const bus = createEventBus({ events, threads: 0 });
  bus.subscribe(Noted, ({ data }) => console.log('heard', data.note));
  await bus.start();
  await bus.publish(Noted({ note: 'c' }), { until: 'handled' });
  await bus.stop();

  const handlers = [new URL('file:///none.mjs')];
  for (const wish of [{ store: 'bundled.db', threads: 0 }, { threads: 1, handlers }]) {
    await openEngine({ events, ...wish }).catch((error) => console.log(error.code, error.message));
  }
}
void main();
`;

/** A program with the whole package in one file. */
async function bundle(
  folder: string,
  file: string,
  output: OutputOptions,
  address?: string,
): Promise<string> {
  const input = join(folder, 'program.mjs');
  writeFileSync(input, PROGRAM);
  const bundled = await rolldown({
    input,
    platform: 'node',
    logLevel: 'silent',
    external: ['better-sqlite3', '@opentelemetry/api'],
    resolve: { modules: [join(ROOT, 'node_modules')] },
    // esbuild leaves a module of CommonJS form without an address.
    ...(address !== undefined && { transform: { define: { 'import.meta.url': address } } }),
  });
  try {
    const path = join(folder, file);
    await bundled.write({ ...output, file: path });
    return path;
  } finally {
    await bundled.close();
  }
}

describe('a program that has the package bundled into it', () => {
  test.each<[string, string, OutputOptions, string?]>([
    ['an ES module', 'bundle.mjs', { format: 'esm', codeSplitting: false }],
    ['CommonJS', 'bundle.cjs', { format: 'cjs', codeSplitting: false }],
    ['CommonJS without import.meta.url', 'bundle.cjs', { format: 'cjs', codeSplitting: false }, 'undefined'],
  ])('as %s works in memory, and is told what to do where a thread is needed', async (_form, file, output, address) => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(ROOT, 'node_modules/better-sqlite3'), join(folder, 'node_modules/better-sqlite3'));
    const { stdout, stderr } = await runNode([await bundle(folder, file, output, address)], { cwd: folder });
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 3)).toEqual(['published a', 'in memory {"position":1,"version":1}', 'heard c']);
    expect(lines[3]).toMatch(/^MILLRACE_BUNDLED .*workers\/writer\.js .*leave millrace out of the bundle/);
    expect(lines[4]).toMatch(/^MILLRACE_BUNDLED .*workers\/lane\.js .*leave millrace out of the bundle/);
  });
});
