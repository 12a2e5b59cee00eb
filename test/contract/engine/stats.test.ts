import { describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { EVERY_ENGINE } from '../../support/executors.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

describe.each(EVERY_ENGINE)('stats: $threads threads, $durability', ({ threads, durability }) => {
  test('count what happened, and nothing else', async () => {
    const engine = await openTestEngine({
      threads,
      ...storeFor(durability),
      handlers: [handlers('account')],
    });
    expect(engine.stats()).toMatchObject({
      state: 'open',
      accepted: 0,
      commits: 0,
      lastPosition: 0,
      threads,
    });
    await engine.publish(Noted({ note: 'a' }));
    await engine.publish(Deposited({ account: 'b', amount: 1 }), { until: 'handled' });
    await engine.drain();
    const { commits, laneTasks, ...rest } = engine.stats();
    expect(rest).toEqual({
      state: 'open',
      accepted: 4,
      durable: 4,
      handled: 4,
      emitted: 2,
      failed: 0,
      retried: 0,
      skipped: 0,
      parkedKeys: 0,
      inFlight: 0,
      subscriberErrors: 0,
      commands: { executed: 0, sent: 0, refused: 0, failed: 0, inFlight: 0, pending: 0, held: 0 },
      threads,
      lastPosition: 4,
    });
    // One for the note, one for the deposit, and one or two for each answer of a lane.
    expect(commits).toBeGreaterThanOrEqual(4);
    expect(commits).toBeLessThanOrEqual(6);
    // Each lane is opened with one task, and two events were handled; one that a busy lane has not begun may be sent to
    // the idle one besides.
    const least = Math.max(threads, 1) + 2;
    expect(laneTasks).toBeGreaterThanOrEqual(least);
    expect(laneTasks).toBeLessThanOrEqual(threads > 1 ? least + 2 : least);
  });

  test('are a copy: they do not change afterwards', async () => {
    const engine = await openTestEngine({ threads, ...storeFor(durability) });
    const before = engine.stats();
    await engine.publish(Noted({ note: 'a' }));
    expect(before.accepted).toBe(0);
    expect(engine.stats().accepted).toBe(1);
  });
});
