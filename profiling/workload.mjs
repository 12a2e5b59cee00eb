// A representative load: orders come in, one handler scores their risk with real arithmetic, one keeps a running
// position, and every event is stored. It ends by itself, because clinic's tools need that.
//
//   node profiling/workload.mjs [--threads N] [--events N] [--memory]
//
// With --memory there is no file and so no writer thread, and with --threads 0 no lane thread: clinic's tools are
// loaded into every thread, and all write the same file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEngine } from 'millrace';
import { OrderPlaced, PositionChanged, RiskScored } from './events.mjs';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '0' },
    events: { type: 'string', default: '40000' },
    memory: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'millrace-workload-'));
try {
  await run(Number(values.threads), Number(values.events));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * @param {number} threads
 * @param {number} events
 */
async function run(threads, events) {
  const engine = await openEngine({
    ...(values.memory ? { durability: 'memory' } : { durability: 'os', store: join(folder, 'events.db') }),
    threads,
    events: [OrderPlaced, RiskScored, PositionChanged],
    handlers: [new URL('./risk.handlers.mjs', import.meta.url)],
    maxInFlight: 4_000,
  });
  const started = performance.now();
  for (let from = 0; from < events; from += 500) {
    await engine.publishMany(orders(from, Math.min(500, events - from)));
  }
  await engine.drain();
  const seconds = (performance.now() - started) / 1000;
  const { handled } = engine.stats();
  console.log(`${handled} events in ${seconds.toFixed(2)} s on ${threads || 'no'} lane threads.`);
  await engine.close();
}

/**
 * Every fourth order is of one market: a hot key.
 *
 * @param {number} from
 * @param {number} count
 */
function orders(from, count) {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    return OrderPlaced({
      market: number % 4 === 0 ? 'KRW-BTC' : `KRW-${number % 61}`,
      price: 90_000_000 + (number % 977) * 1_000,
      quantity: 0.001 * (1 + (number % 13)),
    });
  });
}
