import { parseArgs } from 'node:util';
import { DATA_DIRECTORY, logProgress, prepareData, saveReport } from '../../dist/support/command.js';
import { formatReport } from '../../dist/support/print.js';
import { Session } from '../../dist/support/session.js';
import { runBench } from '../../dist/support/suite.js';
import { peers } from './bench.js';

const HELP = `npm run bench:peers -- [options]

  ${peers.title}

  --full          larger loads and more repeats
  --repeats N     rounds (default 5, with --full 9)
  --json          one JSON object
  --data DIR      where stores are written (default bench/.data); must be a real disk
  --help
`;

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    repeats: { type: 'string' },
    data: { type: 'string', default: DATA_DIRECTORY },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const repeats = values.repeats === undefined ? undefined : Number(values.repeats);
  prepareData(values.data);
  const session = new Session(values.full ? 'full' : 'short', values.data, logProgress, repeats);
  const started = performance.now();
  const report = await runBench(peers, session);
  saveReport(report);
  logProgress(`${peers.name} took ${Math.round((performance.now() - started) / 1000)} s`);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${formatReport(report)}\n`);
}
