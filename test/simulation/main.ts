import { parseArgs } from 'node:util';
import { MUTATIONS } from './mutations.js';
import { describeFailure, search } from './search.js';

const HELP = `npm run simulate -- [options]

Lives whole lives of an engine in a simulated world, with every fault there is, and checks each against a model. Then it
tells the same events twice in deterministic mode, calm and wild, and compares the two logs.

  --seeds N       how many lives (1000)
  --first N       the first seed (1)
  --trace N       lines of the trace that are shown of a failure (60)
  --mutations     puts in one known bug after the other, and says after how many lives each is found
  --help          print this text
`;

/** Lives after which a planted bug counts as not found. */
const MUTATION_SEEDS = 2000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      first: { type: 'string', default: '1' },
      trace: { type: 'string', default: '60' },
      mutations: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [first, seeds, trace] = [values.first, values.seeds, values.trace].map(Number) as [
    number,
    number,
    number,
  ];
  return values.mutations ? mutations(first) : lives(first, seeds, trace);
}

async function lives(first: number, seeds: number, trace: number): Promise<number> {
  const began = performance.now();
  const { steps, counts, failure } = await search(first, seeds, 'both', (done) => {
    if (process.stderr.isTTY && done % 100 === 0) process.stderr.write(`\r${done} of ${seeds} lives`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r');
  if (failure) {
    process.stdout.write(`${describeFailure(failure, trace)}\n`);
    return 1;
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`${seeds} lives from seed ${first}, ${steps} steps, ${seconds} s: nothing wrong.\n`);
  process.stdout.write(`${JSON.stringify(counts)}\n`);
  return 0;
}

async function mutations(first: number): Promise<number> {
  let missed = 0;
  for (const { name, part, apply } of MUTATIONS) {
    const undo = apply();
    const { lives: needed, failure } = await search(first, MUTATION_SEEDS, part ?? 'life');
    undo();
    if (!failure) missed++;
    const found = failure ? `found in life ${needed}: ${failure.error.message}` : 'NOT FOUND';
    process.stdout.write(`${name}: ${found}\n`);
  }
  return missed === 0 ? 0 : 1;
}

process.exitCode = await main();
