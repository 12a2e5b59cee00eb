import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { apiPage } from './api-page.mjs';
import { errorsAmong, errorsPage } from './errors-page.mjs';
import { exportsOf } from './exports.mjs';
import { limitsPage } from './limits-page.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIST = join(ROOT, 'dist/src');

/** Each subpath and what it is for. The first page that has a name describes it. */
const SUBPATHS = /** @type {const} */ ([
  [
    'millrace/define',
    'What modules with event types and handlers import. Each lane thread loads it, so it is small.',
  ],
  ['millrace', 'Opening an engine, publishing, reading, and everything that an engine has.'],
  [
    'millrace/consumers',
    'Types of consumers: named, durable cursors over the log. `engine.consumers` starts them.',
  ],
  ['millrace/aggregates', 'Aggregates that take commands, as deciders and as classes, on the main thread.'],
  ['millrace/publisher', 'Subscribers on the main thread, without an engine.'],
  ['millrace/bus', 'The event bus, the event storage, and both as one system.'],
  [
    'millrace/store',
    'Store files without an engine: read, trace and verify them, and edit their dead letters.',
  ],
  ['millrace/observe', 'Metrics, traces as text, and the names of diagnostics channels.'],
  ['millrace/profile', 'Profiles of an engine, their report, and how two of them differ.'],
  ['millrace/otel', 'OpenTelemetry.'],
  [
    'millrace/testing',
    'The test engine, the spy, specifications of handlers, matchers, and the contract of a store.',
  ],
  ['millrace/testing/vitest', 'The matchers with their types for Vitest.'],
  [
    'millrace/trading',
    '43 event types of trading. Their fields are in [trading-events.md](../trading-events.md).',
  ],
  ['millrace/backtest', 'Backtests: strategies, runs, sweeps, candles, figures and reports.'],
  [
    'millrace/errors',
    'The error classes. [errors.md](errors.md) says what each means and what to do about it.',
  ],
]);

/** Pages that are not made from the code. */
export const HAND_WRITTEN = /** @type {readonly string[]} */ (['file-format.md']);

/** @param {string} subpath */
const pageOf = (subpath) => `${subpath.replaceAll('/', '-')}.md`;

/**
 * Every page of docs/reference by its file name. Needs the built package.
 *
 * @returns {Promise<ReadonlyMap<string, string>>}
 */
export async function referencePages() {
  /** @type {Map<string, string>} */
  const pages = new Map();
  /** @type {Map<string, string>} */
  const described = new Map();
  const entries = publicEntries();
  for (const [subpath, about] of SUBPATHS) {
    const names = entries.get(subpath);
    if (!names) throw new Error(`package.json exports no ${subpath}.`);
    pages.set(pageOf(subpath), apiPage(subpath, about, names, described));
    for (const name of names.keys()) if (!described.has(name)) described.set(name, pageOf(subpath));
  }
  pages.set('errors.md', errorsPage(await allErrors(entries)));
  pages.set('limits.md', await limitsPage(DIST, limitFiles()));
  pages.set('README.md', index());
  return pages;
}

/**
 * Every public name of every subpath.
 *
 * @returns {ReadonlyMap<string, ReadonlyMap<string, import('./exports.mjs').PublicName>>}
 */
export function publicEntries() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return new Map(
    Object.entries(exports).flatMap(([path, target]) => {
      if (typeof target === 'string') return [];
      const file = target.default.replace(/^\.\/dist\/src\//, '').replace(/\.js$/, '');
      return [[path.replace('.', 'millrace'), exportsOf(DIST, file)]];
    }),
  );
}

/** @param {ReturnType<typeof publicEntries>} entries */
async function allErrors(entries) {
  const found = [];
  for (const [subpath, file] of [
    ['millrace/errors', 'faces/errors.js'],
    ['millrace/backtest', 'backtest/index.js'],
  ]) {
    const built = await import(pathToFileURL(join(DIST, file ?? '')).href);
    found.push(...errorsAmong(entries.get(subpath ?? '')?.values() ?? [], built));
  }
  return found;
}

function limitFiles() {
  const rooms = globSync('**/limits.js', { cwd: DIST }).filter((file) => file !== 'limits.js');
  return ['limits.js', ...rooms.sort()];
}

function index() {
  const rows = SUBPATHS.map(([subpath, about]) => `| [\`${subpath}\`](${pageOf(subpath)}) | ${about} |`);
  return `${[
    '# Reference',
    'Made from the code by `npm run reference`; a test keeps it up to date. To learn Millrace, begin with the [README](../../README.md).',
    ['| import | for |', '| --- | --- |', ...rows].join('\n'),
    '- [errors.md](errors.md): every error by its code, what it means, and what to do\n- [limits.md](limits.md): every limit with its value and reason\n- [file-format.md](file-format.md): how a store file is built, for readers in other languages; written by hand',
  ].join('\n\n')}\n`;
}
