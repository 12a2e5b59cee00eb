import { getEventListeners } from 'node:events';
import { defineEvent } from 'millrace/define';
import { createPublisher, type PublishedEvent } from 'millrace/publisher';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { deferred, EVENTS, Opened } from './events.js';

const boom = new Error('boom');

/** An event whose payload has parts that a caller may go on using. */
const Measured = defineEvent('lab.measured', {
  schema: z.object({ id: z.string(), at: z.date(), values: z.any() }),
  aggregateId: ({ id }) => id,
});

/** What a caller passes, and how it goes on using it. */
function reused() {
  const values: Record<string, unknown> = { list: [1], bytes: Uint8Array.of(1), none: null };
  const data = { id: 'a', at: new Date(1), values };
  const options = { correlationId: 'first', metadata: { user: 'ada' } };
  const reuse = () => {
    data.id = 'b';
    data.at.setTime(2);
    (values.list as number[]).push(2);
    (values.bytes as Uint8Array)[0] = 2;
    options.correlationId = 'second';
    options.metadata.user = 'eve';
  };
  return { event: Measured(data, options), reuse };
}

/** What a subscriber sees of an event. */
const seen = ({ data, metadata }: PublishedEvent) => structuredClone({ data, metadata });
const PASSED = {
  data: { id: 'a', at: new Date(1), values: { list: [1], bytes: Uint8Array.of(1), none: null } },
  metadata: { user: 'ada', correlationId: 'first' },
};

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe.each([
  'publish',
  'off',
] as const)('an event that is heard after the call is what was passed: validate %s', (validate) => {
  test('in a retry', async () => {
    const publisher = createPublisher({ events: [Measured], validate });
    const heard: unknown[] = [];
    publisher.subscribe(
      Measured,
      (event) => {
        heard.push(seen(event));
        if (heard.length === 1) throw boom;
      },
      { retries: 1, retryDelayMs: 1 },
    );
    const { event, reuse } = reused();
    publisher.publish(event);
    reuse();
    await publisher.settled();
    expect(heard).toEqual([PASSED, PASSED]);
  });

  test('behind the one whose subscriber published it', () => {
    const publisher = createPublisher({ events: [Measured, ...EVENTS], validate });
    const heard: unknown[] = [];
    publisher.subscribe(Measured, (event) => heard.push(seen(event)));
    publisher.subscribe(Opened, () => {
      const { event, reuse } = reused();
      publisher.publish(event);
      reuse();
    });
    publisher.publish(Opened({ id: 'a' }));
    expect(heard).toEqual([PASSED]);
  });

  test('by subscribers that publishAsync waits for', async () => {
    const publisher = createPublisher({ events: [Measured], validate });
    const heard: unknown[] = [];
    const gate = deferred();
    publisher.subscribe(Measured, async (event) => {
      await gate.promise;
      heard.push(seen(event));
    });
    const { event, reuse } = reused();
    const published = publisher.publishAsync(event);
    reuse();
    gate.resolve();
    expect(seen(await published)).toEqual(PASSED);
    expect(heard).toEqual([PASSED]);
  });
});

describe('a signal', () => {
  test('has no listener left when the waits with it have ended', async () => {
    const publisher = createPublisher({ events: EVENTS });
    publisher.subscribe(Opened, () => Promise.resolve());
    const { signal } = new AbortController();
    for (const id of ['a', 'b', 'c']) await publisher.publishAsync(Opened({ id }), { signal });
    publisher.publish(Opened({ id: 'd' }));
    await publisher.settled({ signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('has one listener for many waits at a time, and ends them all', async () => {
    const publisher = createPublisher({ events: EVENTS });
    const gate = deferred();
    publisher.subscribe(Opened, () => gate.promise);
    const controller = new AbortController();
    const { signal } = controller;
    const waits = Array.from({ length: 20 }, () => publisher.publishAsync(Opened({ id: 'a' }), { signal }));
    const settled = publisher.settled({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort(boom);
    const outcomes = await Promise.allSettled([...waits, settled]);
    expect(outcomes).toEqual(outcomes.map(() => ({ status: 'rejected', reason: boom })));
    gate.resolve();
    await publisher.settled();
  });
});

describe('a weak owner that is gone', () => {
  /** Stands for the garbage collector: says of every owner that it is gone, once it is told to. */
  function stubCollector() {
    let gone = false;
    vi.stubGlobal(
      'WeakRef',
      class {
        readonly #owner: object;
        constructor(owner: object) {
          this.#owner = owner;
        }
        deref() {
          return gone ? undefined : this.#owner;
        }
      },
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    return { collect: () => (gone = true) };
  }

  test('is not called again by a retry that waited, whose failure is reported', async () => {
    const { collect } = stubCollector();
    const publisher = createPublisher({ events: EVENTS });
    let calls = 0;
    publisher.subscribe(
      Opened,
      () => {
        calls++;
        throw boom;
      },
      { owner: {}, weak: true, retries: 3, retryDelayMs: 30 },
    );
    const published = publisher.publishAsync(Opened({ id: 'a' }));
    published.catch(() => {});
    collect();
    await vi.runAllTimersAsync();
    expect(calls).toBe(1);
    await expect(published).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    expect(publisher.subscriberFailures).toMatchObject([{ attempts: 1 }]);
    expect(publisher.subscriptions()).toEqual([]);
  });

  test('hears nothing of an event that is being delivered', () => {
    const { collect } = stubCollector();
    const publisher = createPublisher({ events: EVENTS });
    const heard: string[] = [];
    publisher.subscribe(Opened, () => collect(), { priority: 1 });
    publisher.subscribe(Opened, () => heard.push('gone'), { owner: {}, weak: true });
    publisher.subscribe(Opened, () => heard.push('here'));
    publisher.publish(Opened({ id: 'a' }));
    expect(heard).toEqual(['here']);
  });
});
