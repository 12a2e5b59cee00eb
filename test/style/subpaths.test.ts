import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it, test, vi } from 'vitest';
import { ROOT, runNode } from '../support/run-script.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

interface Exports {
  readonly [path: string]: string | { readonly default: string };
}

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Exports };

/** Every subpath of the package that is a module, and its file. */
const SUBPATHS = new Map(
  Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [] : [[path.replace('.', 'millrace'), normalize(target.default)] as const],
  ),
);

/** What importing a file loads at once: files of ours without `dist/src/`, and packages. */
function loadsOf(entry: string): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, from, alone] of text.matchAll(
      /(?:^|\n)(?:import|export)\s(?:[^;'"]*?\sfrom\s+)?(?:'([^']+)'|"([^"]+)")/g,
    )) {
      const name = from ?? alone ?? '';
      if (name.startsWith('.')) visit(normalize(join(dirname(file), name)));
      else packages.add(name);
    }
  };
  visit(entry);
  return {
    files: [...files].map((file) => file.replace(/^dist\/(src\/)?/, '')).sort(),
    packages: [...packages].sort(),
  };
}

const loads = (subpath: string) => loadsOf(SUBPATHS.get(subpath) ?? `no ${subpath}`);
const installed = (packages: readonly string[]) => packages.filter((name) => !name.startsWith('node:'));
const roomsOf = (files: readonly string[]) => [
  ...new Set(files.map((file) => file.replace(/\.js$/, '').split('/')[0])),
];

const DEFINE = [
  'events/define-event.js',
  'events/known-options.js',
  'events/nearest.js',
  'events/upcast-steps.js',
  'faces/define.js',
  'kernel/check.js',
  'kernel/error-identity.js',
  'kernel/errors.js',
  'kernel/limits.js',
  'kernel/on-abort.js',
  'kernel/retry-rule.js',
  'kernel/thenable.js',
  'kernel/thrown.js',
  'lanes/handlers.js',
  'lanes/states/define-state.js',
  'limits.js',
];

describe('what a subpath loads', () => {
  it('is listed for each of them', () => {
    expect([...SUBPATHS.keys()].sort()).toEqual(
      [...PACKAGES.map(([subpath]) => subpath), 'millrace/testing', 'millrace/testing/vitest'].sort(),
    );
  });

  it('is sixteen files for modules with event types and handlers, and no package', () => {
    expect(loads('millrace/define')).toEqual({ files: DEFINE, packages: ['node:util'] });
  });

  it('is the error classes alone for millrace/errors', () => {
    const { files, packages } = loads('millrace/errors');
    expect(files).toEqual([
      'faces/errors.js',
      'kernel/command-errors.js',
      'kernel/error-classes.js',
      'kernel/error-identity.js',
      'kernel/errors.js',
      'kernel/limits.js',
      'kernel/thrown.js',
      'kernel/timer-errors.js',
    ]);
    expect(packages).toEqual(['node:util']);
  });

  it('is definitions and subscribers for a publisher: no store, no lanes, no threads', () => {
    const { files, packages } = loads('millrace/publisher');
    expect(packages).toEqual(['node:async_hooks', 'node:crypto', 'node:util']);
    expect(roomsOf(files)).toEqual(['events', 'faces', 'kernel', 'limits', 'publisher']);
  });

  const PACKAGES: readonly (readonly [subpath: string, ...packages: string[]])[] = [
    ['millrace', 'msgpackr/pack', 'msgpackr/unpack', 'piscina'],
    ['millrace/define'],
    ['millrace/errors'],
    ['millrace/publisher'],
    ['millrace/consumers'],
    ['millrace/aggregates'],
    ['millrace/bus', 'msgpackr/pack', 'msgpackr/unpack', 'piscina'],
    // SQLite is loaded with the first connection.
    ['millrace/store', 'msgpackr/pack', 'msgpackr/unpack'],
    ['millrace/profile'],
    ['millrace/observe'],
    ['millrace/trading', 'zod'],
    ['millrace/backtest', 'csv-parse/sync', 'msgpackr/pack', 'msgpackr/unpack', 'piscina', 'zod'],
    ['millrace/otel', '@opentelemetry/api'],
  ];

  it.each(PACKAGES)('%s: packages', (subpath, ...packages) => {
    expect(installed(loads(subpath).packages)).toEqual(packages);
  });

  it.each([
    ['millrace', ['bus', 'cli', 'backtest', 'testing', 'trading']],
    ['millrace/store', ['engine', 'bus', 'lanes', 'publisher']],
    ['millrace/profile', ['store', 'lanes', 'bus', 'publisher']],
    ['millrace/observe', ['store', 'lanes', 'bus', 'publisher']],
    ['millrace/trading', ['engine', 'store', 'bus', 'publisher']],
    ['millrace/otel', ['engine', 'store', 'bus', 'publisher']],
  ])('%s loads nothing of the rooms that it has no use for', (subpath, rooms) => {
    const loaded = roomsOf(loads(subpath).files);
    expect(rooms.filter((room) => loaded.includes(room))).toEqual([]);
  });
});

describe('a lane thread', () => {
  it('loads what runs handlers: no engine, no store, no publisher, no bus', () => {
    const loaded = loadsOf('dist/workers/lane.js');
    const { packages } = loaded;
    // The build has put into the lane's own file what handlers do not share with it; its map names the files.
    const { sources } = JSON.parse(readFileSync(join(ROOT, 'dist/workers/lane.js.map'), 'utf8')) as {
      readonly sources: readonly string[];
    };
    const inside = sources.map((source) => source.replace(/^\.\.\/src\//, ''));
    const files = [...loaded.files, ...inside].filter((file) => file !== 'lane.js').sort();
    expect(inside).toContain('lanes/runner.js');
    // Piscina's own worker has loaded its small half by then; the rest comes with the first event that is emitted.
    expect(installed(packages)).toEqual(['msgpackr/pack', 'msgpackr/unpack']);
    expect(files).not.toContain('sampling/thread-profiler.js');
    expect(files).not.toContain('observe/meters.js');
    expect(roomsOf(files)).toEqual(['events', 'kernel', 'lanes', 'limits', 'observe', 'sampling', 'workers']);
  });

  it('shares with its handlers the files of what they import, so that a class of an error is one', () => {
    const { files } = loadsOf('dist/workers/lane.js');
    const shared = ['millrace/define', 'millrace/errors', 'millrace/aggregates'].flatMap(
      (subpath) => loads(subpath).files,
    );
    expect(files.filter((file) => file !== 'workers/lane.js' && !shared.includes(file))).toEqual([]);
    expect(files).toContain('kernel/errors.js');
    expect(shared).not.toContain('lanes/runner.js');
  });
});

/** A program that says which of the heavy parts are in its process. */
const program = (lines: string) => `
  import { createRequire } from 'node:module';
  import { z } from 'zod';
  import { defineEvent } from 'millrace/define';
  const Noted = defineEvent('note.noted', { schema: z.object({ id: z.string() }), aggregateId: ({ id }) => id });
  ${lines}
  const modules = Object.keys(createRequire(import.meta.url).cache).join();
  const natives = process.report.getReport().sharedObjects.join();
  const heavy = ['piscina', 'msgpackr'].filter((name) => modules.includes('/' + name + '/'));
  if (natives.includes('/better-sqlite3/')) heavy.push('better-sqlite3');
  console.log('loaded:', heavy.join(' '));
`;

async function loadedBy(lines: string): Promise<string[]> {
  const { stdout, stderr } = await runNode(['--input-type=module', '-e', program(lines)], { cwd: ROOT });
  expect(stderr).toBe('');
  const [, heavy = ''] = /^loaded: (.*)$/m.exec(stdout) ?? [];
  return heavy.split(' ').filter((name) => name !== '');
}

describe('what a program has loaded in the end', () => {
  test('is none of SQLite, Piscina and msgpackr after a publisher has published', async () => {
    const loaded = await loadedBy(`
      const { createPublisher } = await import('millrace/publisher');
      const publisher = createPublisher({ events: [Noted] });
      publisher.subscribe(Noted, () => {});
      publisher.publish(Noted({ id: 'a' }));`);
    expect(loaded).toEqual([]);
  });

  test('is not SQLite after an engine in memory has handled an event on a thread', async () => {
    const loaded = await loadedBy(`
      const { openEngine } = await import('millrace');
      const engine = await openEngine({ events: [Noted], threads: 0 });
      await engine.publish(Noted({ id: 'a' }), { until: 'handled' });
      for await (const event of engine.read()) if (event.position !== 1) throw event;
      await engine.close();`);
    expect(loaded).not.toContain('better-sqlite3');
    expect(loaded).toContain('piscina');
  });

  test('is SQLite after an engine with a store has been read, so that its absence above means something', async () => {
    const loaded = await loadedBy(`
      const { mkdtempSync, rmSync } = await import('node:fs');
      const folder = mkdtempSync((await import('node:os')).tmpdir() + '/millrace-');
      const { openEngine } = await import('millrace');
      const engine = await openEngine({ events: [Noted], threads: 0, store: folder + '/a.db' });
      await engine.publish(Noted({ id: 'a' }));
      for await (const event of engine.read()) if (event.position !== 1) throw event;
      await engine.close();
      rmSync(folder, { recursive: true });`);
    expect(loaded).toContain('better-sqlite3');
  });
});
