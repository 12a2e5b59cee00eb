import { HandlerError } from 'millrace/errors';
import { createPublisher, type PublishedEvent, type SubscriberFailure } from 'millrace/publisher';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_SUBSCRIBER_FAILURES, MAX_SUBSCRIBER_RETRIES } from '../../../dist/src/limits.js';
import { Closed, deferred, EVENTS, essence, Opened } from './events.js';

const boom = new Error('boom');

/** Throws so many times, then writes down what it gets. */
function failing(times: number) {
  const heard: number[] = [];
  const handler = ({ position }: PublishedEvent): void => {
    heard.push(position);
    if (heard.length <= times) throw boom;
  };
  return { heard, handler };
}

function start() {
  const failures: SubscriberFailure<PublishedEvent>[] = [];
  const publisher = createPublisher({
    events: EVENTS,
    onError: (error, event, failure) => {
      expect([failure.error.cause, failure.event]).toEqual([error, event]);
      failures.push(failure);
    },
  });
  return { publisher, failures };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a subscriber that fails', () => {
  test('is reported with what it failed on, and hears the next event', () => {
    const { publisher, failures } = start();
    const { handler, heard } = failing(1);
    publisher.subscribe(Opened, handler);
    const event = publisher.publish(Opened({ id: 'a' }));
    publisher.publish(Opened({ id: 'b' }));
    expect(heard).toEqual([1, 2]);
    expect(failures.map(essence)).toEqual([
      { subscription: 1, topic: 'shop.opened', position: 1, attempts: 1, cause: boom },
    ]);
    expect(failures[0]?.event).toBe(event);
    expect(failures[0]?.error).toBeInstanceOf(HandlerError);
    expect(failures[0]?.error.message).toBe(
      "Subscriber 1 of 'shop.opened' failed on 'shop.opened' at position 1, after 1 try: boom",
    );
    expect(publisher.subscriberFailures).toEqual(failures);
    expect(publisher.errors).toBe(1);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'only text'],
    ['something that looks like a promise', Object.fromEntries([['then', 5]])],
  ])('may throw %s', (_what, thrown) => {
    const { publisher, failures } = start();
    publisher.subscribe(Opened, () => {
      throw thrown;
    });
    publisher.publish(Opened({ id: 'a' }));
    expect(failures.map(essence)).toMatchObject([{ cause: thrown }]);
  });

  test('may return what only looks like a promise', async () => {
    const { publisher, failures } = start();
    publisher.subscribe(Opened, () => Object.fromEntries([['then', 5]]));
    publisher.subscribe(Opened, () =>
      Object.defineProperty({}, 'then', {
        get: () => {
          throw boom;
        },
      }),
    );
    publisher.subscribe(Opened, () => null);
    publisher.publish(Opened({ id: 'a' }));
    await publisher.settled();
    expect(failures.map(essence)).toMatchObject([{ subscription: 2, cause: boom }]);
  });

  test.each(['filter', 'transform'] as const)('in its %s touches no other', (what) => {
    const { publisher, failures } = start();
    const heard: number[] = [];
    const throws = () => {
      throw boom;
    };
    publisher.subscribe(Opened, () => heard.push(0), { [what]: throws, priority: 1 });
    publisher.subscribe(Opened, ({ position }) => heard.push(position));
    publisher.publish(Opened({ id: 'a' }));
    expect([heard, failures.length, publisher.errors]).toEqual([[1], 1, 1]);
  });

  test('makes no harm when whoever is told of it throws, too', async () => {
    const publisher = createPublisher({
      events: EVENTS,
      onError: () => {
        throw new Error('worse');
      },
    });
    const { heard, handler } = failing(0);
    publisher.subscribe(Opened, failing(1).handler);
    publisher.subscribe(Opened, () => Promise.reject(boom));
    publisher.subscribe(Opened, handler);
    publisher.publish(Opened({ id: 'a' }));
    await publisher.settled();
    expect([heard, publisher.errors, publisher.subscriberFailures.length]).toEqual([[1], 4, 2]);
  });

  test('is kept in a list that forgets the oldest', () => {
    const { publisher } = start();
    publisher.subscribe(Opened, () => {
      throw boom;
    });
    for (let count = 0; count < 2 * MAX_SUBSCRIBER_FAILURES + 5; count++)
      publisher.publish(Opened({ id: 'a' }));
    const positions = publisher.subscriberFailures.map(({ event }) => event.position);
    expect(positions).toHaveLength(MAX_SUBSCRIBER_FAILURES);
    expect([positions[0], positions.at(-1)]).toEqual([
      MAX_SUBSCRIBER_FAILURES + 6,
      2 * MAX_SUBSCRIBER_FAILURES + 5,
    ]);
  });
});

describe('retries', () => {
  test('wait in a list with a limit; beyond it a failure is one at once', async () => {
    const { publisher, failures } = start();
    const subscription = publisher.subscribe(
      Opened,
      () => {
        throw boom;
      },
      { retries: 1, retryDelayMs: 60_000 },
    );
    for (let count = 0; count < MAX_SUBSCRIBER_RETRIES; count++) publisher.publish(Opened({ id: 'a' }));
    expect(failures).toEqual([]);
    publisher.publish(Opened({ id: 'a' }));
    expect(failures.map(essence)).toMatchObject([{ position: MAX_SUBSCRIBER_RETRIES + 1, attempts: 1 }]);
    subscription.unsubscribe();
    expect(failures).toHaveLength(MAX_SUBSCRIBER_RETRIES + 1);
  });

  test('come after pauses that double up to the longest, and are reported when they are used up', async () => {
    const { publisher, failures } = start();
    const times: number[] = [];
    const begin = Date.now();
    const fail = () => {
      times.push(Date.now() - begin);
      throw boom;
    };
    const rule = { retries: 4, retryDelayMs: 100, maxRetryDelayMs: 300, jitter: 0 };
    const subscription = publisher.subscribe(Opened, fail, rule);
    publisher.publish(Opened({ id: 'a' }));
    await vi.runAllTimersAsync();
    expect(times).toEqual([0, 100, 300, 600, 900]);
    expect(failures.map(essence)).toMatchObject([{ attempts: 5, position: 1 }]);
    expect(subscription).toMatchObject({ calls: 5, errors: 5, isActive: true });
    expect(publisher.errors).toBe(5);
  });

  test('are shortened by chance, within the jitter', async () => {
    const { publisher } = start();
    const begin = Date.now();
    const times: number[] = [];
    for (let count = 0; count < 50; count++) {
      const { handler } = failing(1);
      publisher.subscribe(
        Opened,
        (event) => {
          times.push(Date.now() - begin);
          handler(event);
        },
        { retries: 1, retryDelayMs: 1000, jitter: 0.5 },
      );
    }
    publisher.publish(Opened({ id: 'a' }));
    await vi.runAllTimersAsync();
    const retried = times.slice(50);
    expect(retried).toHaveLength(50);
    expect(Math.min(...retried)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...retried)).toBeLessThanOrEqual(1000);
    expect(new Set(retried).size).toBeGreaterThan(1);
  });

  test('are only of the subscriber that failed; others, and later events, do not wait', async () => {
    const { publisher, failures } = start();
    const { handler, heard } = failing(2);
    const others: number[] = [];
    publisher.subscribe(Opened, handler, { retries: 3, retryDelayMs: 10 });
    publisher.subscribe(Opened, ({ position }) => others.push(position));
    for (const id of ['a', 'b', 'c']) publisher.publish(Opened({ id }));
    expect([heard, others]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    await vi.runAllTimersAsync();
    expect(heard.slice(3).sort()).toEqual([1, 2]);
    expect(others).toHaveLength(3);
    expect(failures).toEqual([]);
  });

  test('are made of rejections, too, and of a transform, but not of a filter', async () => {
    const { publisher, failures } = start();
    const [rejected, transformed, filtered] = [failing(1), failing(1), failing(9)];
    const rule = { retries: 2, retryDelayMs: 5 };
    publisher.subscribe(Opened, async (event) => rejected.handler(event), rule);
    publisher.subscribe(Opened, (_value: undefined) => {}, {
      ...rule,
      transform: (event) => void transformed.handler(event),
    });
    publisher.subscribe(Opened, () => {}, {
      ...rule,
      filter: (event) => filtered.handler(event) === undefined,
    });
    publisher.publish(Opened({ id: 'a' }));
    await vi.runAllTimersAsync();
    expect([rejected.heard, transformed.heard, filtered.heard]).toEqual([[1, 1], [1, 1], [1]]);
    expect(failures.map(essence)).toMatchObject([{ subscription: 3, attempts: 1 }]);
  });

  test('of a subscription of one event still run, and nothing else of it', async () => {
    const { publisher, failures } = start();
    const [heals, fails] = [failing(1), failing(9)];
    const options = { once: true, retries: 2, retryDelayMs: 5 };
    publisher.subscribe(Opened, heals.handler, options);
    publisher.subscribe(Opened, fails.handler, options);
    for (const id of ['a', 'b']) publisher.publish(Opened({ id }));
    await vi.runAllTimersAsync();
    expect([heals.heard, fails.heard]).toEqual([
      [1, 1],
      [1, 1, 1],
    ]);
    expect(failures.map(essence)).toMatchObject([{ subscription: 2, attempts: 3 }]);
  });

  test.each([
    ['unsubscribing', false],
    ['clearing', true],
  ])('are given up by %s, and reported', async (_how, clears) => {
    const { publisher, failures } = start();
    const { handler, heard } = failing(9);
    const subscription = publisher.subscribe(Opened, handler, { retries: 9, retryDelayMs: 50 });
    publisher.publish(Opened({ id: 'a' }));
    publisher.publish(Opened({ id: 'b' }));
    if (clears) publisher.clear();
    else subscription.unsubscribe();
    expect(failures.map(essence)).toMatchObject([
      { position: 1, attempts: 1, cause: boom },
      { position: 2, attempts: 1, cause: boom },
    ]);
    await publisher.settled();
    await vi.runAllTimersAsync();
    expect(heard).toEqual([1, 2]);
  });

  test('are not begun for a subscriber that left while its promise was pending', async () => {
    const { publisher, failures } = start();
    const { promise, reject } = deferred();
    const subscription = publisher.subscribe(Opened, () => promise, { retries: 9 });
    publisher.publish(Opened({ id: 'a' }));
    subscription.unsubscribe();
    reject(boom);
    await publisher.settled();
    expect(failures.map(essence)).toMatchObject([{ attempts: 1, cause: boom }]);
  });

  test('may unsubscribe, publish and fail anew', async () => {
    const { publisher, failures } = start();
    const heard: string[] = [];
    let tries = 0;
    const subscription = publisher.subscribe(
      Opened,
      () => {
        if (++tries > 1) {
          publisher.publish(Closed({ id: 'a' }));
          heard.push('published');
          subscription.unsubscribe();
        }
        throw boom;
      },
      { retries: 9, retryDelayMs: 5 },
    );
    publisher.subscribe(Closed, () => heard.push('closed'));
    publisher.publish(Opened({ id: 'a' }));
    await vi.runAllTimersAsync();
    expect(heard).toEqual(['published', 'closed']);
    expect(failures.map(essence)).toMatchObject([{ attempts: 2 }]);
  });
});
