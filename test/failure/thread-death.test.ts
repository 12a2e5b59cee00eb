import { expect, test } from 'vitest';
import { Deposited, Stopping } from '../handlers/events.mjs';
import { collect, oneTo } from '../support/collect.js';
import { liveThreads } from '../support/live-threads.js';
import { handlers, openTestEngine } from '../support/open-test-engine.js';
import { tempStore } from '../support/temp-folder.js';

test.each([
  1, 2,
])('a lane thread that dies fails the engine; nothing is lost, nothing twice: %i', async (threads) => {
  const store = tempStore();
  const engine = await openTestEngine({
    threads,
    store,
    durability: 'os',
    handlers: [handlers('account'), handlers('crash')],
  });
  const deposits = oneTo(200).map((amount) => Deposited({ account: `a${amount % 5}`, amount }));
  await engine.publishMany([
    ...deposits.slice(0, 100),
    Stopping({ id: 'x', number: 1 }),
    ...deposits.slice(100),
  ]);
  await expect(engine.drain()).rejects.toMatchObject({
    code: 'MILLRACE_FAILED',
    cause: { code: 'MILLRACE_LANE_CRASHED' },
  });
  await expect(engine.close()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  expect(liveThreads()).toEqual([]);

  // Without the module that kills, what was not finished is handled; what was finished is not handled again.
  const reopened = await openTestEngine({
    threads,
    store,
    durability: 'os',
    handlers: [handlers('account')],
  });
  await reopened.drain();
  const audits = await collect(reopened, { types: ['audit.recorded'] });
  const amounts = audits.map(({ data }) => (data as { amount: number }).amount);
  expect(amounts.sort((a, b) => a - b)).toEqual(oneTo(200));
});
