import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { BACKENDS, deferred, HANDLED, makeBus, note, settle, startBus } from './support.js';

describe.each(BACKENDS)('a subscriber that takes too long: $backend', ({ store }) => {
  test('is told by its signal, and fails when it does not listen; its key and its worker go on', async () => {
    const signals: AbortSignal[] = [];
    const late: unknown[] = [];
    const ended = deferred();
    const bus = await startBus({ ...store(), workers: 1 }, (own) => {
      own.subscribe(
        Noted,
        async ({ data }, ctx) => {
          if (data.value !== 1) return;
          signals.push(ctx.signal);
          await ended.promise;
          await ctx.publish(note('late', 1)).catch((error: unknown) => late.push(error));
        },
        { timeoutMs: 1, name: 'ledger' },
      );
    });
    const outcomes = await Promise.allSettled([
      bus.publish(note('a', 1), HANDLED),
      bus.publish(note('a', 2), HANDLED),
    ]);
    const cause = { code: 'MILLRACE_HANDLER_TIMEOUT', details: { handler: 'ledger', timeoutMs: 1 } };
    expect(outcomes).toMatchObject([{ status: 'rejected', reason: { cause } }, { status: 'fulfilled' }]);
    expect(signals[0]?.reason).toMatchObject({ code: 'MILLRACE_HANDLER_TIMEOUT' });
    expect(await bus.failedEvents.list()).toMatchObject([{ position: 1, error: cause }]);
    ended.resolve();
    await settle();
    expect(late).toMatchObject([{ code: 'MILLRACE_HANDLER_TIMEOUT' }]);
    expect(bus.statistics()).toMatchObject({ published: 2 });
  });

  test('fails with what it throws when its signal aborts, and is tried again', async () => {
    const attempts: number[] = [];
    const bus = await startBus({ ...store(), subscriberTimeoutMs: 1 }, (own) => {
      own.subscribe(
        Noted,
        async (_event, { attempt, signal }) => {
          attempts.push(attempt);
          if (attempt === 1) await new Promise((_, reject) => signal.addEventListener('abort', reject));
        },
        { retries: 1, retryDelayMs: 1 },
      );
    });
    await bus.publish(note('a', 1), HANDLED);
    expect(attempts).toEqual([1, 2]);
  });

  test('and ends in time has a signal that stays silent', async () => {
    const signals: AbortSignal[] = [];
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, async (_event, { signal }) => void signals.push(signal), { timeoutMs: 5 });
      own.subscribe(
        Noted,
        (_event, { attempt }) => {
          if (attempt === 1) throw new Error('later than the time of the other');
        },
        { retries: 1, retryDelayMs: 30, jitter: 0 },
      );
    });
    await bus.publish(note('a', 1), HANDLED);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  test('has its signal aborted when the bus stops without waiting for it', async () => {
    const began = deferred<AbortSignal>();
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, async (_event, { signal }) => {
        began.resolve(signal);
        await new Promise(() => {});
      });
    });
    await bus.publish(note('a', 1));
    const signal = await began.promise;
    await bus.stop({ signal: AbortSignal.abort() });
    expect(signal.reason).toMatchObject({ code: 'MILLRACE_CLOSED' });
  });

  test.each([{ timeoutMs: 0 }, { timeoutMs: 86_400_001 }])('%o is refused', async (options) => {
    const bus = makeBus(store());
    const refused = expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' });
    expect(() => bus.subscribe(Noted, () => {}, options)).toThrow(refused);
    expect(() => makeBus({ subscriberTimeoutMs: options.timeoutMs })).toThrow(refused);
  });
});
