import { createPublisher, filtered, mapped, pipe } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { EVENTS, Opened } from './events.js';

/** Sizes that a publisher's events have. */
const SIZES = [1, 2, 3, 4];

function start() {
  const heard: unknown[] = [];
  const publisher = createPublisher({ events: EVENTS });
  return {
    publisher,
    heard,
    publishAll: () => SIZES.map((size) => publisher.publish(Opened({ id: 'a', size }))),
  };
}

describe('a subscriber with', () => {
  test('filter and transform as options gets what the transform makes of events that pass', () => {
    const { publisher, heard, publishAll } = start();
    publisher.subscribe(Opened, (size: number) => heard.push(size), {
      filter: ({ data }) => data.size % 2 === 0,
      transform: ({ data }) => data.size * 10,
    });
    publisher.subscribeAll((type: string) => heard.push(type), {
      filter: ({ position }) => position === 1,
      transform: ({ type }) => type,
    });
    publisher.subscribePattern('shop.*', (nothing: undefined) => heard.push(nothing), {
      filter: ({ position }) => position === 1,
      transform: () => undefined,
    });
    publishAll();
    expect(heard).toEqual(['shop.opened', undefined, 20, 40]);
  });

  test('filtered and mapped gets the same', () => {
    const { publisher, heard, publishAll } = start();
    publisher.subscribe(
      Opened,
      filtered(
        ({ data }) => data.size > 2,
        mapped(
          ({ data }) => data.size * 10,
          (size: number) => heard.push(size),
        ),
      ),
    );
    publishAll();
    expect(heard).toEqual([30, 40]);
  });

  test('pipe gets what its steps make, in their order', () => {
    const { publisher, heard, publishAll } = start();
    publisher.subscribe(
      Opened,
      pipe(
        filtered(({ data }) => data.size > 1),
        mapped(({ data }) => data.size + 1),
        filtered((size) => size < 5),
        mapped((size) => `${size}`),
        (text) => heard.push(text),
      ),
    );
    publishAll();
    expect(heard).toEqual(['3', '4']);
  });
});

describe('composed handlers', () => {
  test('pass on their owner, further arguments and results', async () => {
    const { publisher, publishAll } = start();
    const owner = { sizes: [] as number[] };
    publisher.subscribe(
      Opened,
      pipe(
        mapped(({ data }) => data.size),
        function (this: typeof owner, size: number, same: typeof owner) {
          this.sizes.push(size);
          same.sizes.push(-size);
          return size === 3 ? Promise.reject(new Error('three')) : undefined;
        },
      ),
      { owner },
    );
    publishAll();
    await publisher.settled();
    expect(owner.sizes).toEqual([1, -1, 2, -2, 3, -3, 4, -4]);
    expect(publisher.subscriberFailures.map(({ event }) => event.position)).toEqual([3]);
  });

  test('are functions like any other', () => {
    const half = filtered(
      (size: number) => size % 2 === 0,
      mapped(
        (size: number) => size / 2,
        (size: number, unit: string) => `${size} ${unit}`,
      ),
    );
    expect([half(8, 'kg'), half(7, 'kg')]).toEqual(['4 kg', undefined]);
  });
});
