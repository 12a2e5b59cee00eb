import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

/** Which rooms a room may import. `kernel`, `limits` and its own room are allowed everywhere. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  events: [],
  files: ['events'],
  publisher: ['events'],
  lanes: ['observe', 'sampling', 'threads', 'events'],
  threads: ['sampling', 'events'],
  observe: ['events'],
  page: [],
  sampling: [],
  report: ['sampling', 'page', 'files', 'events'],
  store: ['sampling', 'threads', 'events'],
  transfer: ['store', 'files', 'events'],
  consumers: ['publisher', 'lanes', 'store', 'sampling', 'threads', 'events'],
  engine: ['consumers', 'publisher', 'observe', 'report', 'sampling', 'lanes', 'store', 'files', 'events'],
  bus: ['engine', 'consumers', 'publisher', 'store', 'events'],
  faces: [
    'bus',
    'consumers',
    'engine',
    'observe',
    'report',
    'sampling',
    'publisher',
    'lanes',
    'transfer',
    'store',
    'events',
  ],
  index: ['faces', 'engine', 'observe', 'publisher', 'store', 'events'],
  otel: ['observe', 'lanes', 'events'],
  trading: ['faces'],
  aggregates: ['index', 'lanes', 'events'],
  backtest: ['trading', 'page', 'files', 'faces', 'index', 'threads', 'events'],
  testing: ['faces', 'index', 'engine', 'lanes', 'store', 'sampling', 'events'],
  cli: ['backtest', 'trading', 'faces', 'index', 'observe', 'report', 'files', 'events'],
  workers: ['backtest', 'consumers', 'lanes', 'sampling', 'store', 'threads', 'events'],
};

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** The room of a path that is relative to the root: src/lanes/runner.ts is in lanes, src/index.ts in index. */
function roomOf(path: string): string {
  const [top = '', second = ''] = path.split(sep);
  return top === 'src' ? second.replace(/\.[jt]s$/, '') : top;
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern = /(?:^|\n)\s*(?:import|export)[^;'"]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g;
  return [...text.matchAll(pattern)].flatMap((match) => match[1] ?? match[2] ?? []);
}

const files = [...filesIn('src'), ...filesIn('workers')];

describe('imports between rooms go downwards only', () => {
  it('finds files and imports at all', () => {
    expect(files.length).toBeGreaterThan(60);
    expect(importsOf(join('src', 'engine', 'hub.ts'))).toContain('../lanes/scheduler.js');
  });

  it.each(files)('%s', (file) => {
    const room = roomOf(file);
    if (file === join('src', 'limits.ts')) return expect(importsOf(file)).toEqual([]);
    const rooms = allowed[room];
    expect(rooms, `the room ${room} has no rule: add one`).toBeDefined();
    const relatives = importsOf(file).filter((name) => name.startsWith('.'));
    const targets = relatives.map((name) =>
      roomOf(relative(root, normalize(join(root, dirname(file), name)))),
    );
    const forbidden = targets.filter(
      (target) => ![room, 'kernel', 'limits'].includes(target) && !rooms?.includes(target),
    );
    expect(forbidden).toEqual([]);
  });
});

/** The files of a circle that goes through a file, along imports of any kind; undefined when there is none. */
function circleThrough(start: string, graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const before = new Map<string, string>();
  const queue = [start];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const target of graph.get(file) ?? []) {
      if (target === start) {
        const circle = [file];
        for (let one = file; one !== start; one = before.get(one) as string) circle.unshift(one);
        return circle;
      }
      if (before.has(target)) continue;
      before.set(target, file);
      queue.push(target);
    }
  }
  return undefined;
}

describe('a file', () => {
  const graph = new Map(
    files.map((file) => [
      file,
      importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => normalize(join(dirname(file), name)).replace(/\.js$/, '.ts')),
    ]),
  );

  it('imports what exists', () => {
    const targets = new Set([...graph.values()].flat());
    expect([...targets].filter((target) => !graph.has(target))).toEqual([]);
  });

  it('is in no circle of imports, of values or of types', () => {
    expect(files.flatMap((file) => circleThrough(file, graph)?.join(' -> ') ?? [])).toEqual([]);
  });

  it('reaches through no hub into another part', () => {
    const reaching = files.filter((file) =>
      /\b#?hub(\(\))?\??\.#?\w+\??\.\w/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(reaching).toEqual([]);
  });
});

const FACES = ['index', ...filesIn('src/faces').map((file) => `faces/${basename(file, '.ts')}`)];

describe('the public face', () => {
  it.each(FACES)('%s re-exports and does nothing else', (face) => {
    const text = readFileSync(join(root, `src/${face}.ts`), 'utf8').replace(/^\/\/.*$/gm, '');
    const statements = text.split(';').map((statement) => statement.trim());
    expect(statements.filter((statement) => statement !== '' && !statement.startsWith('export'))).toEqual([]);
  });

  it('has at most 50 names in its main entry', () => {
    const text = readFileSync(join(root, 'src/index.ts'), 'utf8');
    const names = [...text.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) =>
      list.split(',').filter((name) => name.trim() !== ''),
    );
    expect(text).not.toContain('export *');
    expect(names.length).toBeGreaterThan(40);
    expect(names.length).toBeLessThanOrEqual(50);
  });

  it('is all that trading and backtest import of the engine', () => {
    const packages = new Set(
      files
        .filter((file) => ['trading', 'backtest'].includes(roomOf(file)))
        .flatMap(importsOf)
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:')),
    );
    expect([...packages].sort()).toEqual([
      'csv-parse/sync',
      'hyparquet',
      'hyparquet-writer',
      'hyparquet/src/column.js',
      'zod',
    ]);
  });
});

/** What a user's compiler reads: the types of our own dependencies are not installed there. */
describe('public types', () => {
  const DIST = join(root, 'dist/src');
  const ENTRIES = [...FACES, 'backtest/index', 'trading/index', 'testing/index', 'otel/index'];

  it.each(ENTRIES)('%s needs no types of SQLite', (entry) => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(join(DIST, file), 'utf8');
      expect(text, file).not.toContain("'better-sqlite3'");
      for (const [, path = ''] of text.matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)) {
        visit(`${normalize(join(dirname(file), path))}.d.ts`);
      }
    };
    visit(`${entry}.d.ts`);
    expect(seen.size, entry).toBeGreaterThan(1);
  });
});
