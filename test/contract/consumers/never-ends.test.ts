import type { Engine } from 'millrace';
import type { Consumer } from 'millrace/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { Latch, startHearing } from '../../support/heard.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';

/** A consumer whose handler looks at no signal, under a clock that only the test moves. */
async function stuck(engine: Engine) {
  const begun = new Latch();
  const end = new Latch();
  const { consumer } = await startHearing(engine, {
    handle: async () => {
      begun.open();
      await end.opened;
    },
  });
  await engine.publish(Noted({ note: 'n' }));
  await begun.opened;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  return { consumer, end };
}

describe.each(['memory', 'os'] as const)('a handler that ignores its signal: %s', (durability) => {
  test('closing the engine waits for it for 10 s, then closes everything and says whose it is', async () => {
    const options = storeFor(durability);
    const engine = await openTestEngine(options);
    const { end } = await stuck(engine);
    const closed = engine.close();
    const refused = expect(closed).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_TIMEOUT',
      details: { consumer: 'c', inFlight: 1 },
      message: expect.stringContaining("Consumer 'c'"),
    });
    await vi.advanceTimersByTimeAsync(9_999);
    expect(engine.stats().state).toBe('closing');
    await vi.advanceTimersByTimeAsync(1);
    await refused;
    expect(engine.stats().state).toBe('closed');
    vi.useRealTimers();
    end.open();
    if (durability === 'memory') return;
    const again = await openTestEngine(options);
    expect(again.consumers.list()).toMatchObject([{ name: 'c', position: 0, lag: 1 }]);
  });

  test.each<[string, (consumer: Consumer, engine: Engine) => Promise<void>, string]>([
    ['pause()', (consumer) => consumer.pause(), 'paused'],
    ['replay()', (consumer) => consumer.replay(1), 'running'],
    ['stop()', (consumer) => consumer.stop(), 'stopped'],
    ['remove()', (_, engine) => engine.consumers.remove('c'), 'stopped'],
  ])('%s waits for it no longer, and nothing else begins before it has ended', async (_what, call, state) => {
    const engine = await openTestEngine(storeFor(durability));
    const { consumer, end } = await stuck(engine);
    const refused = expect(call(consumer, engine)).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_TIMEOUT',
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await refused;
    vi.useRealTimers();
    expect(consumer.status()).toMatchObject({ state, inFlight: 1, position: 0 });
    if (state === 'stopped') {
      await expect(startHearing(engine)).rejects.toMatchObject({
        code: 'MILLRACE_CONSUMER_RUNNING',
        message: expect.stringContaining('has not ended'),
      });
    } else if (state === 'paused') consumer.resume();
    end.open();
    await expect.poll(() => consumer.status().inFlight).toBe(0);
    const next = state === 'stopped' ? await startHearing(engine) : { consumer };
    await next.consumer.whenCaughtUp();
    expect(next.consumer.status()).toMatchObject({ state: 'running', position: 1, lag: 0 });
  });
});
