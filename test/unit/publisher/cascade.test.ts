import { PublishCycleError } from 'millrace/errors';
import { createPublisher, type PublishedEvent } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { MAX_PUBLISH_CHAIN, MAX_PUBLISH_QUEUE } from '../../../dist/src/limits.js';
import { Closed, Created, EVENTS, Opened, Sold } from './events.js';

function start() {
  const errors: unknown[] = [];
  const publisher = createPublisher({ events: EVENTS, onError: (error) => errors.push(error) });
  return { publisher, errors };
}

describe('an event that a subscriber publishes', () => {
  test('has its place at once, and is heard after the one that led to it', () => {
    const { publisher } = start();
    const heard: string[] = [];
    publisher.subscribe(Opened, () => {
      const [sold, created] = [publisher.publish(Sold({ id: 'a' })), publisher.publish(Created({ id: 'b' }))];
      heard.push(`published ${sold.position} and ${created.position}`);
    });
    publisher.subscribe(Sold, () => void publisher.publish(Closed({ id: 'a' })));
    publisher.subscribeAll(({ type, position }) => heard.push(`${type} ${position}`), { priority: -1 });
    publisher.publish(Opened({ id: 'a' }));
    expect(heard).toEqual([
      'published 2 and 3',
      'shop.opened 1',
      'shop.till.sold 2',
      'user.created 3',
      'shop.closed 4',
    ]);
  });

  test('is heard before the outermost publish returns, whatever fails', () => {
    const { publisher, errors } = start();
    const heard: number[] = [];
    publisher.subscribe(Opened, ({ data }) => {
      if (data.size > 0) publisher.publish(Opened({ id: 'a', size: data.size - 1 }));
      heard.push(data.size);
      throw new Error('after publishing');
    });
    publisher.publish(Opened({ id: 'a', size: 3 }));
    expect(heard).toEqual([3, 2, 1, 0]);
    expect(errors).toHaveLength(4);
    publisher.publish(Opened({ id: 'a' }));
    expect(heard).toHaveLength(5);
  });

  test('may be published by whoever is told of a failure', () => {
    const heard: string[] = [];
    const publisher = createPublisher({
      events: EVENTS,
      onError: (_error, { type }) => void publisher.publish(Closed({ id: type })),
    });
    publisher.subscribe(Opened, () => {
      throw new Error('boom');
    });
    publisher.subscribe(Opened, ({ type }) => heard.push(type));
    publisher.subscribe(Closed, ({ type }) => heard.push(type));
    publisher.publish(Opened({ id: 'a' }));
    expect(heard).toEqual(['shop.opened', 'shop.closed']);
  });
});

describe('a cycle', () => {
  /** Subscribers that answer with the next type, for ever. */
  function cycle() {
    const { publisher, errors } = start();
    publisher.subscribe(Opened, () => void publisher.publish(Sold({ id: 'a' })));
    publisher.subscribe(Sold, () => void publisher.publish(Closed({ id: 'a' })));
    publisher.subscribe(Closed, () => void publisher.publish(Opened({ id: 'a' })));
    return { publisher, errors };
  }

  test('ends at the limit with an error that names it', () => {
    const { publisher, errors } = cycle();
    let count = 0;
    publisher.subscribeAll(() => void count++);
    publisher.publish(Opened({ id: 'a' }));
    expect(count).toBe(MAX_PUBLISH_CHAIN);
    const [error, ...others] = errors as PublishCycleError[];
    expect(others).toEqual([]);
    expect(error).toBeInstanceOf(PublishCycleError);
    expect(error?.code).toBe('MILLRACE_PUBLISH_CYCLE');
    expect(error?.message).toContain('shop.opened → shop.till.sold → shop.closed → shop.opened');
    const chain = error?.details.chain as string[];
    expect(chain).toHaveLength(MAX_PUBLISH_CHAIN + 1);
    expect(chain.slice(0, 4)).toEqual(['shop.opened', 'shop.till.sold', 'shop.closed', 'shop.opened']);
  });

  test('costs no position, leaves nothing behind, and may be met again', () => {
    const { publisher, errors } = cycle();
    publisher.publish(Opened({ id: 'a' }));
    expect(publisher.publish(Created({ id: 'a' })).position).toBe(MAX_PUBLISH_CHAIN + 1);
    publisher.publish(Opened({ id: 'a' }));
    expect(errors).toHaveLength(2);
  });

  test('is not tried again', async () => {
    const { publisher, errors } = start();
    let calls = 0;
    publisher.subscribe(
      Opened,
      () => {
        calls++;
        publisher.publish(Opened({ id: 'a' }));
      },
      { retries: 5, retryDelayMs: 0 },
    );
    publisher.publish(Opened({ id: 'a' }));
    await publisher.settled();
    expect([calls, errors.length]).toEqual([MAX_PUBLISH_CHAIN, 1]);
  });

  test('is one, too, when its events are published by retries', async () => {
    const { publisher } = start();
    const heard: number[] = [];
    const tried = new Set<number>();
    publisher.subscribe(
      Opened,
      ({ position }) => {
        if (!tried.has(position)) {
          tried.add(position);
          throw new Error('first try');
        }
        heard.push(position);
        publisher.publish(Opened({ id: 'a' }));
      },
      { retries: 1, retryDelayMs: 0, jitter: 0 },
    );
    publisher.publish(Opened({ id: 'a' }));
    await publisher.settled();
    expect(heard).toHaveLength(MAX_PUBLISH_CHAIN);
    expect(publisher.subscriberFailures.at(-1)?.error.cause).toBeInstanceOf(PublishCycleError);
  });

  test('is one, too, when an async subscriber publishes before it waits', async () => {
    const { publisher, errors } = start();
    publisher.subscribe(Opened, async () => void publisher.publish(Opened({ id: 'a' })));
    publisher.publish(Opened({ id: 'a' }));
    await publisher.settled();
    expect(errors).toEqual([expect.any(PublishCycleError)]);
  });

  test('over two publishers is found by the first', () => {
    const [first, second] = [start(), start()];
    first.publisher.subscribe(Opened, () => void second.publisher.publish(Opened({ id: 'a' })));
    second.publisher.subscribe(Opened, () => void first.publisher.publish(Opened({ id: 'a' })));
    first.publisher.publish(Opened({ id: 'a' }));
    expect(second.errors).toEqual([expect.any(PublishCycleError)]);
  });
});

test('so many events may wait to be delivered, and no more', () => {
  const { publisher } = start();
  let refused: unknown;
  let accepted = 0;
  let heard = 0;
  publisher.subscribe(Opened, () => {
    try {
      while (true) {
        publisher.publish(Closed({ id: 'a' }));
        accepted++;
      }
    } catch (error) {
      refused = error;
    }
  });
  publisher.subscribe(Closed, (_event: PublishedEvent) => void heard++);
  publisher.publish(Opened({ id: 'a' }));
  expect(refused).toBeInstanceOf(PublishCycleError);
  expect(refused).toMatchObject({ details: { chain: ['shop.opened', 'shop.closed'] } });
  expect([accepted, heard]).toEqual([MAX_PUBLISH_QUEUE, MAX_PUBLISH_QUEUE]);
});
