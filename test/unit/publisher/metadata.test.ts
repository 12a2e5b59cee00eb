import { InvalidOptionError } from 'millrace/errors';
import { createPublisher } from 'millrace/publisher';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SUBSCRIBER_SAMPLE_EVERY } from '../../../dist/src/limits.js';
import { Closed, Created, EVENTS, Opened } from './events.js';

const START = Date.UTC(2024, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Publishes, after everything that shares a reading of the clock with earlier events. */
async function later(milliseconds: number, publish: () => unknown): Promise<void> {
  await Promise.resolve();
  vi.advanceTimersByTime(milliseconds);
  publish();
}

describe('a subscription', () => {
  test('says what it is and how it does', async () => {
    const publisher = createPublisher({ events: EVENTS });
    const owner = {};
    const subscription = publisher.subscribePattern(
      'shop.*',
      ({ data }) => {
        if (data.id === 'bad') throw new Error('bad');
      },
      { priority: 3, owner, filter: ({ data }) => data.size === 0 },
    );
    expect(subscription).toMatchObject({
      id: 1,
      topic: 'shop.*',
      priority: 3,
      owner,
      isActive: true,
      registeredAt: START,
      calls: 0,
      errors: 0,
      lastCalledAt: undefined,
      meanMicros: undefined,
    });
    await later(50, () => publisher.publish(Opened({ id: 'bad' })));
    await later(50, () => publisher.publish(Closed({ id: 'good' })));
    await later(50, () => publisher.publish(Closed({ id: 'filtered', size: 1 })));
    expect(subscription).toMatchObject({ calls: 2, errors: 1, lastCalledAt: START + 100 });
    expect(subscription.meanMicros).toBeGreaterThanOrEqual(0);
    subscription.unsubscribe();
    expect(subscription).toMatchObject({ isActive: false, calls: 2, errors: 1, lastCalledAt: START + 100 });
    expect(subscription.owner).toBeUndefined();
  });

  test('has a number of its own, and a topic', () => {
    const publisher = createPublisher({ events: EVENTS });
    const all = [
      publisher.subscribe(Opened, () => {}),
      publisher.subscribeAll(() => {}),
      publisher.subscribe(Opened, () => {}, { once: true }),
    ];
    expect(publisher.subscriptions()).toEqual(all);
    expect(all.map(({ id, topic }) => `${id} ${topic}`)).toEqual(['1 shop.opened', '2 **', '3 shop.opened']);
    all[1]?.unsubscribe();
    publisher.publish(Opened({ id: 'a' }));
    expect(publisher.subscriptions()).toEqual([all[0]]);
  });

  test.each(['plain', 'filtered'])('counts every call, measured or not (%s)', (kind) => {
    const publisher = createPublisher({ events: EVENTS });
    let calls = 0;
    const options = kind === 'plain' ? {} : { filter: () => true };
    publisher.subscribe(Opened, () => {});
    for (let count = 0; count < 7; count++) publisher.publish(Opened({ id: 'a' }));
    const subscriptions = [
      publisher.subscribe(Opened, () => calls++, options),
      publisher.subscribeAll(() => {}, options),
      publisher.subscribePattern('shop.*', () => {}, options),
    ];
    for (let count = 0; count < 2 * SUBSCRIBER_SAMPLE_EVERY; count++) publisher.publish(Opened({ id: 'a' }));
    publisher.publish(Closed({ id: 'a' }));
    publisher.publish(Created({ id: 'a' }));
    const counts = subscriptions.map(({ calls }) => calls);
    expect(calls).toBe(2 * SUBSCRIBER_SAMPLE_EVERY);
    expect(counts).toEqual([calls, calls + 2, calls + 1]);
    for (const subscription of subscriptions) subscription.unsubscribe();
    publisher.publish(Opened({ id: 'a' }));
    expect(subscriptions.map(({ calls }) => calls)).toEqual(counts);
  });

  test('is measured until its promise is settled', async () => {
    vi.useRealTimers();
    const publisher = createPublisher({ events: EVENTS });
    const subscription = publisher.subscribe(Opened, () => new Promise((resolve) => setImmediate(resolve)));
    publisher.publish(Opened({ id: 'a' }));
    expect([subscription.calls, subscription.meanMicros]).toEqual([1, undefined]);
    await publisher.settled();
    expect(subscription.meanMicros).toBeGreaterThan(0);
  });
});

describe('removeUnused', () => {
  test('ends what was not called for so long, and returns it', async () => {
    const publisher = createPublisher({ events: EVENTS });
    const used = publisher.subscribe(Opened, () => {});
    const unused = publisher.subscribe(Closed, () => {});
    const filtered = publisher.subscribe(Opened, () => {}, { filter: () => false });
    const all = publisher.subscribeAll(() => {}, { filter: () => true });
    await later(1000, () => publisher.publish(Opened({ id: 'a' })));
    const young = publisher.subscribe(Created, () => {});
    expect(publisher.removeUnused({ olderThan: 1001 })).toEqual([]);
    expect(publisher.removeUnused({ olderThan: 1000 })).toEqual([unused, filtered]);
    expect(publisher.subscriptions()).toEqual([used, all, young]);
    vi.advanceTimersByTime(5000);
    expect(publisher.removeUnused({ olderThan: Number.POSITIVE_INFINITY })).toEqual([]);
    expect(publisher.removeUnused({ olderThan: 0 })).toEqual([used, all, young]);
    expect(publisher.removeUnused({ olderThan: 0 })).toEqual([]);
  });

  test('a wall clock that is set on ends nobody, and one that is set back keeps nobody', async () => {
    const publisher = createPublisher({ events: EVENTS });
    const used = publisher.subscribe(Opened, () => {});
    const filtered = publisher.subscribe(Opened, () => {}, { filter: () => true });
    const unused = publisher.subscribe(Closed, () => {});
    publisher.publish(Opened({ id: 'a' }));
    vi.setSystemTime(START + 3_600_000);
    expect(publisher.removeUnused({ olderThan: 60_000 })).toEqual([]);
    vi.setSystemTime(START - 3_600_000);
    await later(1000, () => publisher.publish(Opened({ id: 'a' })));
    expect(publisher.removeUnused({ olderThan: 1000 })).toEqual([unused]);
    expect(publisher.subscriptions()).toEqual([used, filtered]);
  });

  test.each([-1, Number.NaN, undefined as unknown as number])('refuses %s', (olderThan) => {
    const publisher = createPublisher({ events: EVENTS });
    expect(() => publisher.removeUnused({ olderThan })).toThrow(InvalidOptionError);
  });
});

test('a publisher that is disposed has no subscriptions left', () => {
  const heard: string[] = [];
  const publisher = createPublisher({ events: EVENTS });
  {
    using disposed = publisher;
    disposed.subscribeAll(({ type }) => heard.push(type));
    disposed.publish(Opened({ id: 'a' }));
  }
  publisher.publish(Opened({ id: 'a' }));
  expect([heard, publisher.subscriptions()]).toEqual([['shop.opened'], []]);
});
