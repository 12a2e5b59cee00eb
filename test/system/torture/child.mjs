import { writeSync } from 'node:fs';
import { Asked, Laid, paddingOf } from './events.mjs';
import { ask as command } from './ledger.mjs';
import { openTortured } from './open.mjs';
import { whenPacking } from './packing.mjs';

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

/** One command at a time, and what came of it. The full stop says that the kill has not cut the line off. @param {number} number */
async function tell(number) {
  const reply = await command(engine, number);
  if (reply) report(`replied ${number} ${reply.version} ${reply.position} ${reply.balance} .`);
  else report(`refused ${number} .`);
}

/** Its own numbers, of which no other client has any. @param {number} client */
async function commandForEver(client) {
  const { clients = 0 } = orders;
  for (let number = orders.firstNumber + client; number < orders.endNumber; number += clients)
    await tell(number);
}

/** Has an engine that packs nothing yet write what is to be packed. */
async function layDown() {
  const { packBehind: _, ...unpacked } = orders;
  await using before = await openTortured(unpacked);
  const first = next;
  const events = Array.from({ length: orders.cold }, () => {
    const number = next++;
    return Laid({ key: `key-${number % orders.keys}`, number, padding: paddingOf(number, orders.bytes) });
  });
  const { firstPosition, count } = await before.publishMany(events);
  report(`durable ${firstPosition} ${first} ${count}`);
}

report('opening');
if (orders.cold > 0) await layDown();
const engine = await openTortured(orders);
report('open');
const { packBehind } = orders;
if (packBehind !== undefined) whenPacking(orders.store, packBehind).then(() => report('packing'));
// What the client of a killed process was not answered it asks again, beside all else.
const commands = [
  ...(orders.again ?? []).map(tell),
  ...Array.from({ length: orders.clients ?? 0 }, (_, client) => commandForEver(client)),
];
const publishers = Array.from(
  { length: orders.publishers },
  orders.bulk > 1 ? publishInBulk : publishForEver,
);
await Promise.all([...publishers, ...commands]);
report('published');
if (orders.close) {
  await engine.close();
  report('closed');
} else {
  // Idle, so that the writer indexes, checkpoints and packs, until the parent ends it.
  setInterval(() => {}, 60_000);
}
