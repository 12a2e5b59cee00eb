import { writeSync } from 'node:fs';
import { openEngine } from 'millrace';
import { Asked, EVENTS, paddingOf } from './events.mjs';

/** The pipe to the parent. */
const REPORTS = 3;

const AGGREGATES_A_KEY = 3;

/**
 * Opens an engine, publishes, and reports each acknowledgement on file descriptor 3 before it does anything else,
 * until it is killed.
 *
 * @type {import('./plan.mjs').Orders}
 */
const orders = JSON.parse(process.argv[2] ?? '');

/** @param {string} line */
function report(line) {
  const bytes = Buffer.from(`${line}\n`);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(REPORTS, bytes, written);
    } catch (error) {
      // The pipe is full: the parent is reading it.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
    }
  }
}

let next = orders.firstNumber;

function ask() {
  const number = next++;
  const key = `key-${number % orders.keys}`;
  const aggregate = `${key}-${number % (orders.keys * AGGREGATES_A_KEY)}`;
  return Asked({ aggregate, key, number, padding: paddingOf(number, orders.bytes) });
}

/** One event at a time; some are acknowledged only when they are handled. */
async function publishForEver() {
  while (next < orders.endNumber) {
    const event = ask();
    const { number } = event.data;
    const until = number % 5 === 0 ? 'handled' : 'durable';
    const { position } = await engine.publish(event, { until });
    report(`${until} ${position} ${number} 1`);
  }
}

/** Many at a time; the acknowledgement says between which positions they lie. */
async function publishInBulk() {
  while (next < orders.endNumber) {
    const first = next;
    const events = Array.from({ length: Math.min(orders.bulk, orders.endNumber - next) }, ask);
    const { firstPosition, count } = await engine.publishMany(events);
    report(`durable ${firstPosition} ${first} ${count}`);
  }
}

report('opening');
const engine = await openEngine({
  events: EVENTS,
  store: orders.store,
  durability: orders.durability,
  threads: orders.threads,
  concurrency: orders.concurrency,
  shared: { wait: orders.wait },
  maxInFlight: orders.bulk > 1 ? 65_536 : 500,
  handlers: [new URL('./events.mjs', import.meta.url)],
});
report('open');
const publishers = Array.from(
  { length: orders.publishers },
  orders.bulk > 1 ? publishInBulk : publishForEver,
);
await Promise.all(publishers);
report('published');
if (orders.close) {
  await engine.close();
  report('closed');
} else {
  // Idle, so that the writer indexes and checkpoints, until the parent ends it.
  setInterval(() => {}, 60_000);
}
