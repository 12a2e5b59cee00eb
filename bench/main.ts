import { parseArgs } from 'node:util';
import { DATA_DIRECTORY, logProgress, prepareData, saveReport } from './support/command.js';
import { writePlots } from './support/plots.js';
import { formatReport } from './support/print.js';
import { Session } from './support/session.js';
import { BENCHES, findBench, runBench } from './support/suite.js';
import { writeTables } from './support/tables.js';

const HELP = `npm run bench -- [name …] [options]

  ${BENCHES.map(({ name, title }) => `${name.padEnd(10)} ${title}`).join('\n  ')}

  --full          larger loads and more repeats; takes hours where the short mode takes minutes
  --repeats N     rounds of each comparison (default 5, with --full 9)
  --json          one JSON object a bench, one a line
  --data DIR      where stores are written (default bench/.data); must be a real disk
  --plots         draw docs/plots/*.svg from the last results, and run nothing
  --tables        fill the tables of docs/performance.md from the last results, and run nothing
  --help
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    repeats: { type: 'string' },
    data: { type: 'string', default: DATA_DIRECTORY },
    plots: { type: 'boolean', default: false },
    tables: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else if (values.plots || values.tables) {
  if (values.plots) for (const path of writePlots()) logProgress(`drew ${path}`);
  if (values.tables) logProgress(`filled ${writeTables().join(', ') || 'nothing'}`);
} else {
  const benches = positionals.length > 0 ? positionals.map(findBench) : BENCHES;
  const repeats = values.repeats === undefined ? undefined : Number(values.repeats);
  if (repeats !== undefined && !(Number.isInteger(repeats) && repeats > 0)) {
    throw new Error(`--repeats is '${values.repeats}'; it must be a whole number from 1.`);
  }
  prepareData(values.data);
  const session = new Session(values.full ? 'full' : 'short', values.data, logProgress, repeats);
  for (const bench of benches) {
    const started = performance.now();
    logProgress(`${bench.name}: ${bench.title}`);
    const report = await runBench(bench, session);
    saveReport(report);
    logProgress(`${bench.name} took ${Math.round((performance.now() - started) / 1000)} s`);
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${formatReport(report)}\n`);
  }
}
