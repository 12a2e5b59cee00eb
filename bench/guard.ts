import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCH_DIRECTORY, DATA_DIRECTORY, logProgress, prepareData } from './support/command.js';
import { alignColumns, formatFigure } from './support/print.js';
import { round } from './support/report.js';
import { Session } from './support/session.js';
import { median } from './support/statistics.js';
import { findBench, runBench } from './support/suite.js';

/** Stored ratios: bench, then ratio. Absolutes would compare machines, not commits. */
type Stored = Readonly<Record<string, Readonly<Record<string, number>>>>;

const BENCHES = ['durable', 'memory', 'publisher', 'offload', 'start'];
const STORED = join(BENCH_DIRECTORY, 'guard.json');

/** What is stored is the median of so many runs: a lucky one would be a bar that no later run reaches. */
const STORED_RUNS = 3;

/** A shared machine moves a ratio by a tenth or two; what falls by more than this was broken. */
const DROP_MAX = 0.3;

const { values } = parseArgs({
  options: { update: { type: 'boolean', default: false }, data: { type: 'string', default: DATA_DIRECTORY } },
});

/** Ratios that say what something costs: those get worse when they rise. */
const costs = new Set<string>();

prepareData(values.data);
const session = new Session('guard', values.data, logProgress);

if (values.update) {
  const runs: Stored[] = [];
  while (runs.length < STORED_RUNS) runs.push(await measure());
  writeFileSync(STORED, `${JSON.stringify(medians(runs), undefined, 2)}\n`);
  process.stdout.write(`Stored ${STORED}\n`);
} else {
  const dropped = compare(JSON.parse(readFileSync(STORED, 'utf8')) as Stored, await measure());
  if (dropped.length > 0) {
    process.stdout.write(`\nFell by more than ${DROP_MAX * 100} %: ${dropped.join(', ')}\n`);
    process.exitCode = 1;
  }
}

async function measure(): Promise<Stored> {
  const measured: Record<string, Readonly<Record<string, number>>> = {};
  for (const name of BENCHES) {
    const { ratios, targets = {} } = await runBench(findBench(name), session);
    measured[name] = ratios;
    for (const [ratio, target] of Object.entries(targets))
      if ('atMost' in target) costs.add(`${name} ${ratio}`);
  }
  return measured;
}

function medians(runs: readonly Stored[]): Stored {
  const [first = {}] = runs;
  const ofRatio = (bench: string, ratio: string) =>
    round(median(runs.map((run) => run[bench]?.[ratio] ?? Number.NaN)));
  return Object.fromEntries(
    Object.entries(first).map(([bench, ratios]) => [
      bench,
      Object.fromEntries(Object.keys(ratios).map((ratio) => [ratio, ofRatio(bench, ratio)])),
    ]),
  );
}

/** Prints all ratios beside the stored ones, and returns the names of those that fell too far. */
function compare(stored: Stored, measured: Stored): readonly string[] {
  const dropped: string[] = [];
  const rows = [['ratio', 'stored', 'now', 'change', '']];
  for (const [bench, ratios] of Object.entries(stored)) {
    for (const [ratio, before] of Object.entries(ratios)) {
      const name = `${bench} ${ratio}`;
      const now = measured[bench]?.[ratio];
      // A ratio that is not measured any more must not pass in silence.
      const change = now === undefined ? -1 : now / before - 1;
      const fell = now === undefined || (costs.has(name) ? before / now - 1 : change) < -DROP_MAX;
      if (fell) dropped.push(name);
      const percent = `${change >= 0 ? '+' : ''}${Math.round(change * 100)} %`;
      rows.push([name, formatFigure(before), formatFigure(now), percent, fell ? 'FELL' : '']);
    }
  }
  process.stdout.write(`${alignColumns(rows)}\n`);
  return dropped;
}
