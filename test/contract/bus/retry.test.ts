import type { DomainEvent } from 'millrace';
import type { BusNotice, EventBus } from 'millrace/bus';
import { describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { tempStore } from '../../support/temp-folder.js';
import { BACKENDS, makeBus, openSystem, startBus } from './support.js';

const HANDLED = { until: 'handled' } as const;
const note = (name: string, value?: number) => Noted({ note: name, value });

/** A subscriber that fails as often as it is told, then succeeds. */
function failing(times: number) {
  let calls = 0;
  return () => {
    if (++calls <= times) throw Object.assign(new RangeError(`call ${calls}`), { code: 'E_CALL' });
  };
}

describe.each(BACKENDS)('a subscriber that fails: $backend', ({ store }) => {
  test.each(['throws', 'rejects'])('and then succeeds, counts as processed (%s)', async (how) => {
    const attempts: number[] = [];
    const bus = await startBus(store(), (own) => {
      own.subscribe(
        Noted,
        (_event, { attempt }) => {
          attempts.push(attempt);
          if (attempt === 3) return;
          if (how === 'throws') throw new Error('not yet');
          return Promise.reject(new Error('not yet'));
        },
        { retries: 3, retryDelayMs: 1 },
      );
    });
    await bus.publish(note('a'), HANDLED);
    expect(attempts).toEqual([1, 2, 3]);
    expect(bus.statistics()).toMatchObject({ processed: 1, failed: 0, retried: 2, queueSize: 0 });
    expect(await bus.failedEvents.list()).toEqual([]);
  });

  test('to the end is listed with what was thrown, and its key goes on', async () => {
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, failing(3), { retries: 2, retryDelayMs: 1, name: 'ledger' });
    });
    const outcomes = await Promise.allSettled([
      bus.publish(note('a'), HANDLED),
      bus.publish(note('a'), HANDLED),
    ]);
    expect(outcomes).toMatchObject([
      {
        status: 'rejected',
        reason: {
          code: 'MILLRACE_HANDLER_FAILED',
          details: { type: 'note.noted', position: 1, handler: 'ledger', attempts: 3 },
          cause: { name: 'RangeError', code: 'E_CALL', message: 'call 3' },
        },
      },
      { status: 'fulfilled', value: { position: 2 } },
    ]);
    const failed = await bus.failedEvents.list();
    expect(failed).toMatchObject([
      {
        position: 1,
        type: 'note.noted',
        aggregateId: 'a',
        version: 1,
        source: 'subscriber',
        handler: 'ledger',
        attempts: 3,
        error: { name: 'RangeError', code: 'E_CALL', message: 'call 3' },
      },
    ]);
    expect(failed[0]?.id).toMatch(/\/a\/1$/);
    expect(failed[0]?.failedAt).toBeGreaterThanOrEqual(failed[0]?.firstFailedAt ?? Number.NaN);
    expect(bus.statistics()).toMatchObject({ published: 2, processed: 1, failed: 1, retried: 2 });
  });

  test('is reported, and keeps no other from hearing the event once', async () => {
    const notices: BusNotice[] = [];
    const heard: DomainEvent[] = [];
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, failing(2), { retries: 1, retryDelayMs: 1, name: 'first', priority: 1 });
      own.subscribe(Noted, failing(9), { name: 'second' });
      own.subscribe(Noted, (event) => heard.push(event), { name: 'third', priority: -1 });
      own.onNotice(() => {
        throw new Error('a listener that fails');
      });
      own.onNotice((notice) => notices.push(notice));
    });
    await bus.publish(note('a')).then(() => bus.drain());
    expect(heard).toHaveLength(1);
    expect(notices).toMatchObject([
      {
        kind: 'failed-event',
        event: { handler: 'second, first', attempts: 2, error: { message: 'call 1' } },
      },
    ]);
    expect(bus.statistics()).toMatchObject({ processed: 0, failed: 1 });
  });

  test('is not called again before its own pause is over, however short those of others are', async () => {
    const calls: string[] = [];
    const bus = await startBus(store(), (own) => {
      for (const [name, retryDelayMs] of [
        ['short', 1],
        ['long', 3_600_000],
        ['second short', 1],
      ] as const) {
        own.subscribe(
          Noted,
          () => {
            calls.push(name);
            throw new Error('not yet');
          },
          { name, retries: 1, retryDelayMs },
        );
      }
    });
    // Its pause is longer than the short ones: what waits for those is called before it ends.
    bus.subscribe(Deposited, failing(1), { retries: 1, retryDelayMs: 20, jitter: 0 });
    await bus.publish(note('a'));
    await bus.publish(Deposited({ account: 'other', amount: 1 }), HANDLED);
    expect(calls).toEqual(['short', 'long', 'second short']);
  });

  test('has retries of its own: those of another on the same event use up none of them', async () => {
    const attempts: string[] = [];
    const bus = await startBus(store(), (own) => {
      for (const [name, retries] of [
        ['one', 1],
        ['three', 3],
        ['none', 0],
      ] as const) {
        own.subscribe(
          Noted,
          (_event, { attempt }) => {
            attempts.push(`${name} ${attempt}`);
            throw new Error(`${name} failed`);
          },
          { name, retries, retryDelayMs: 1 },
        );
      }
    });
    await expect(bus.publish(note('a'), HANDLED)).rejects.toMatchObject({ details: { attempts: 4 } });
    expect(attempts).toEqual(['one 1', 'three 1', 'none 1', 'one 2', 'three 2', 'three 3', 'three 4']);
    expect(await bus.failedEvents.list()).toMatchObject([
      { handler: 'none, one, three', attempts: 4, error: { message: 'none failed' } },
    ]);
    expect(bus.statistics()).toMatchObject({ failed: 1, retried: 4 });
  });

  test('may be unsubscribed while its retry waits', async () => {
    let calls = 0;
    const ids: string[] = [];
    const bus = await startBus(store(), (own) => {
      const fail = () => {
        calls++;
        own.unsubscribe(ids[0] as string);
        throw new Error('never again');
      };
      ids.push(own.subscribe(Noted, fail, { retries: 5, retryDelayMs: 1 }));
    });
    await bus.publish(note('a'), HANDLED);
    expect(calls).toBe(1);
    expect(bus.statistics()).toMatchObject({ processed: 1, failed: 0 });
  });

  test('whatever it throws, the bus goes on', async () => {
    const thrown = [null, undefined, 'only text', 5n, Symbol('s'), { a: 1 }];
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, ({ data }) => {
        throw thrown[data.value as number];
      });
    });
    await bus.publishBatch(thrown.map((_, index) => note('a', index)));
    await bus.drain();
    const failed = await bus.failedEvents.list();
    expect(failed.map(({ error }) => error instanceof Error)).toEqual(thrown.map(() => true));
    expect(failed[2]?.error.message).toBe('only text');
  });

  test('is not called again for an event that was cleared', async () => {
    const bus = await startBus(store(), (own) => own.subscribe(Noted, failing(3)));
    await bus.publishBatch([note('a'), note('b'), note('c')]);
    await bus.drain();
    expect(await bus.failedEvents.clear([2, 7])).toBe(1);
    expect((await bus.failedEvents.list()).map(({ position }) => position)).toEqual([1, 3]);
    expect((await bus.failedEvents.list({ after: 1, limit: 1 })).map(({ position }) => position)).toEqual([
      3,
    ]);
    expect(await bus.failedEvents.clear()).toBe(2);
    expect(await bus.failedEvents.list()).toEqual([]);
    await expect(bus.failedEvents.retry(1)).rejects.toMatchObject({ code: 'MILLRACE_DEAD_LETTER_NOT_FOUND' });
  });

  test('tries a failed event again when told to, alone', async () => {
    const others: DomainEvent[] = [];
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, failing(3), { name: 'ledger' });
      own.subscribe(Noted, (event) => others.push(event));
    });
    await bus.publish(note('a'), HANDLED).catch(() => {});
    const again = bus.failedEvents.retry(1);
    await expect(again).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    const [twice] = await bus.failedEvents.list();
    expect(twice).toMatchObject({ position: 1, attempts: 2, handler: 'ledger' });
    await expect(bus.failedEvents.retry(1)).rejects.toThrow('call 3');
    await bus.failedEvents.retry(1);
    expect(await bus.failedEvents.list()).toEqual([]);
    expect(others).toHaveLength(1);
    expect(bus.statistics()).toMatchObject({ processed: 1, queueSize: 0 });
  });

  test('two retries of one failed event at a time are one', async () => {
    let calls = 0;
    const bus = await startBus(store(), (own) => {
      own.subscribe(Noted, () => {
        if (++calls === 1) throw new Error('first');
      });
    });
    await bus.publish(note('a'), HANDLED).catch(() => {});
    const outcomes = await Promise.allSettled([bus.failedEvents.retry(1), bus.failedEvents.retry(1)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(calls).toBe(2);
  });

  test('nobody of the old name: a retry says so', async () => {
    let id = '';
    const bus = await startBus(store(), (own) => {
      id = own.subscribe(Noted, failing(1), { name: 'gone' });
    });
    await bus.publish(note('a'), HANDLED).catch(() => {});
    bus.unsubscribe(id);
    await expect(bus.failedEvents.retry(1)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    expect(await bus.failedEvents.list()).toHaveLength(1);
  });

  test.each([{ limit: 0 }, { limit: 513 }, { after: -1 }])('a list of %o is refused', async (query) => {
    const bus = await startBus(store());
    await expect(bus.failedEvents.list(query)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });
});

test('failed events survive a restart, and can be tried again by name then', async () => {
  const store = tempStore();
  const bus = await startBus({ store }, (own) => own.subscribe('**', failing(9), { name: 'ledger' }));
  await bus.publishBatch([note('a'), Deposited({ account: 'b', amount: 1 })]);
  await bus.stop();

  const heard: DomainEvent[] = [];
  const healed = await startBus({ store }, (own: EventBus) => {
    own.subscribe('**', (event) => heard.push(event), { name: 'ledger' });
  });
  await healed.drain();
  expect(heard).toEqual([]);
  const failed = await healed.failedEvents.list();
  expect(failed).toMatchObject([
    { position: 1, type: 'note.noted', attempts: 1, error: { message: 'call 1', code: 'E_CALL' } },
    { position: 2, type: 'account.deposited', attempts: 1, error: { message: 'call 2' } },
  ]);
  await healed.failedEvents.retry(2);
  expect(heard).toMatchObject([{ position: 2, data: { account: 'b', amount: 1 } }]);
  await healed.stop();

  const last = makeBus({ store });
  await last.start();
  expect((await last.failedEvents.list()).map(({ position }) => position)).toEqual([1]);
});

describe.each(BACKENDS)('a failed event of several subscribers, one of which is gone: $backend', ({
  store,
}) => {
  /** Two subscribers that fail until they are healed, the second of which ends its subscription. */
  async function oneIsGone() {
    const heard: string[] = [];
    const state = { isDown: true };
    const subscribe = (own: EventBus, name: string) =>
      own.subscribe(
        Noted,
        () => {
          if (state.isDown) throw new Error(`${name} is down`);
          heard.push(name);
        },
        { name },
      );
    const bus = await startBus(store());
    subscribe(bus, 'a');
    const second = subscribe(bus, 'b');
    await expect(bus.publish(note('n'), HANDLED)).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    bus.unsubscribe(second);
    return { bus, heard, state, subscribeAgain: () => subscribe(bus, 'b') };
  }

  test('stays failed under its name, and is tried again when there is one of that name', async () => {
    const { bus, heard, state, subscribeAgain } = await oneIsGone();
    state.isDown = false;
    await bus.failedEvents.retry(1);
    expect(heard).toEqual(['a']);
    expect(await bus.failedEvents.list()).toMatchObject([{ position: 1, handler: 'b', attempts: 1 }]);
    expect(bus.statistics()).toMatchObject({ processed: 0, failed: 1 });
    await expect(bus.failedEvents.retry(1)).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
      message: expect.stringContaining("'note.noted'"),
    });
    subscribeAgain();
    await bus.failedEvents.retry(1);
    expect(heard).toEqual(['a', 'b']);
    expect(await bus.failedEvents.list()).toEqual([]);
    expect(bus.statistics()).toMatchObject({ processed: 1 });
  });

  test('stays failed under both names when the other one fails again', async () => {
    const { bus, state } = await oneIsGone();
    await expect(bus.failedEvents.retry(1)).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    expect(await bus.failedEvents.list()).toMatchObject([
      { handler: 'a, b', attempts: 2, error: { message: 'a is down' } },
    ]);
    state.isDown = false;
    await bus.failedEvents.retry(1);
    expect(await bus.failedEvents.list()).toMatchObject([{ handler: 'b' }]);
    expect(await bus.failedEvents.clear()).toBe(1);
    expect(bus.engine.consumers.list()).toMatchObject([{ failures: 0 }]);
  });
});

test('each try of each subscriber is in the processing log', async () => {
  const system = await openSystem();
  system.bus.subscribe(Noted, failing(1), { retries: 1, retryDelayMs: 1, name: 'ledger' });
  system.bus.subscribe(Noted, function audit() {}, { priority: -1 });
  await system.start();
  await system.bus.publish(note('a'), HANDLED);
  const log = await system.storage.processingLog();
  expect(log).toMatchObject([
    {
      number: 1,
      position: 1,
      handler: 'ledger',
      attempt: 1,
      outcome: 'failed',
      error: { message: 'call 1' },
    },
    { number: 2, position: 1, handler: 'audit', attempt: 1, outcome: 'done' },
    { number: 3, position: 1, handler: 'ledger', attempt: 2, outcome: 'done' },
  ]);
  expect(log.every(({ milliseconds = -1, processedAt }) => milliseconds >= 0 && processedAt > 0)).toBe(true);
});
