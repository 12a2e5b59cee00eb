import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rounds, SEED } from '../../support/property.js';
import { tempFolder } from '../../support/temp-folder.js';
import { canTrace } from './kill.mjs';
import { Victim } from './loop.mjs';
import { type Round, randomFrom } from './plan.mjs';

/** Calls that are looked at of the hundreds that there are; MILLRACE_CRASH_POINTS=all looks at each. */
const POINTS = rounds(10);

/** A store is created, some events are published one by one and handled, and the engine is closed. */
const ORDERS: Round['orders'] = {
  durability: 'disk',
  threads: 1,
  publishers: 1,
  bulk: 1,
  bytes: 40,
  keys: 31,
  concurrency: 1,
  wait: 0,
  cold: 0,
  events: 4,
  close: true,
};

/** Kills a process that creates a store as it is about to make its n-th change of a file, and opens the store. */
async function crashAt(call: number): Promise<boolean> {
  const victim = new Victim(join(tempFolder(), 'events.db'));
  const round = { style: 'calls', orders: ORDERS, recover: true };
  try {
    const { killed } = await victim.kill({ ...round, ending: { call } });
    // Again, on what is there now: recovered, continued, closed.
    await victim.kill({ ...round, ending: { call: call + 1 } });
    await victim.recover(ORDERS);
    return killed;
  } catch (error) {
    throw new Error(`Killed at change ${call}: ${(error as Error).message}`, { cause: error });
  }
}

test('a process may be killed at any change of a file, also while it creates the store', async (context) => {
  if (!canTrace()) context.skip('strace is not installed, or not allowed to trace.');
  if (process.env.MILLRACE_CRASH_POINTS === 'all') {
    let call = 1;
    while (await crashAt(call)) call++;
    expect(call).toBeGreaterThan(POINTS);
    return;
  }
  // The first calls create the store, the later ones write events, and the last ones close it.
  const random = randomFrom(SEED);
  for (let point = 0; point < POINTS; point++) await crashAt(1 + Math.floor(random() ** 2 * 120));
}, 600_000);
