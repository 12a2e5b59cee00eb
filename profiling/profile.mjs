// Millrace's own profiler on the workload, on threads: npm run profile [-- --seconds N --out DIR --threads N]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Orders that the workload handles in a second, more or less: it must last longer than the profile. */
const ORDERS_PER_SECOND = 60_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    out: { type: 'string', default: 'profile/millrace' },
    threads: { type: 'string', default: '2' },
  },
});
const path = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));
const events = String(Number(values.seconds) * ORDERS_PER_SECOND);
const { status } = spawnSync(
  process.execPath,
  [
    path('../dist/src/cli/millrace.js'),
    ...['profile', '--seconds', values.seconds, '--out', values.out, '--'],
    ...[process.execPath, path('workload.mjs'), '--threads', values.threads, '--events', events],
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
