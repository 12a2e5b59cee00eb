import { openEngine } from 'millrace';
import { expect, it } from 'vitest';
import { ALL_EVENTS, Deposited } from '../../handlers/events.mjs';

// Batches are sized by measured work: on a machine that is busy with something else they may be small once.
it('1,000 events through one pool and the 2,000 they emit cost a few dozen tasks, not 3,000', {
  retry: 3,
}, async () => {
  await using engine = await openEngine({
    threads: 2,
    events: ALL_EVENTS,
    handlers: [new URL('../../handlers/account.mjs', import.meta.url)],
  });
  const before = engine.stats().laneTasks;
  const events = Array.from({ length: 1000 }, (_, n) =>
    Deposited({ account: `account-${n % 50}`, amount: n + 1 }),
  );
  await engine.publishMany(events);
  await engine.drain();
  const { handled, laneTasks } = engine.stats();
  expect(handled).toBe(3000);
  expect(laneTasks - before).toBeGreaterThan(0);
  expect(laneTasks - before).toBeLessThanOrEqual(96);
});
