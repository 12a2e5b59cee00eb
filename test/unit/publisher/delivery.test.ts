import type { Subscription } from 'millrace';
import { createPublisher } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { Closed, Created, EVENTS, Opened } from './events.js';

/** A publisher, and what its subscribers wrote. */
function start() {
  const calls: string[] = [];
  return {
    publisher: createPublisher({ events: EVENTS }),
    calls,
    note: (name: string) => () => void calls.push(name),
  };
}

/** Often enough that no subscriber is young any more: calls go another way then. */
const MANY = 20;

describe('who hears of an event', () => {
  test('those of its type, of a pattern and of all types, by priority and then in the order in which they came', () => {
    const { publisher, calls, note } = start();
    publisher.subscribeAll(note('all'));
    publisher.subscribe(Opened, note('type'));
    publisher.subscribePattern('*.opened', note('pattern'));
    publisher.subscribe(Opened, note('last'), { priority: -Infinity });
    publisher.subscribe(Opened, note('half'), { priority: 0.5 });
    publisher.subscribePattern('**', note('first'), { priority: Infinity });
    publisher.subscribe(Created, note('other'));
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toEqual(['first', 'half', 'all', 'type', 'pattern', 'last']);
  });

  test.each([
    1,
    MANY,
  ])('a subscriber that leaves during a delivery hears no more of it (after %i)', (before) => {
    const { publisher, calls, note } = start();
    let last: Subscription | undefined;
    let leaves = false;
    const first = publisher.subscribe(Opened, () => {
      if (!leaves) return;
      calls.push('first');
      first.unsubscribe();
      last?.unsubscribe();
    });
    const noted = publisher.subscribe(Opened, () => leaves && note('second')());
    last = publisher.subscribe(Opened, () => leaves && note('last')());
    for (let count = 0; count < before; count++) publisher.publish(Opened({ id: 'a' }));
    leaves = true;
    publisher.publish(Opened({ id: 'a' }));
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toEqual(['first', 'second', 'second']);
    expect([first.calls, noted.calls, last.calls]).toEqual([before + 1, before + 2, before]);
  });

  test.each([
    0,
    MANY,
  ])('a subscriber that comes during a delivery hears the next event (after %i)', (before) => {
    const { publisher, calls, note } = start();
    let comes = false;
    const comer = publisher.subscribe(Opened, () => {
      if (!comes) return;
      comer.unsubscribe();
      publisher.subscribe(Opened, note('new'), { priority: 5 });
      publisher.subscribeAll(note('new of all'), { priority: 5 });
      calls.push('came');
    });
    publisher.subscribe(Opened, () => comes && note('old')());
    for (let count = 0; count < before; count++) publisher.publish(Opened({ id: 'a' }));
    comes = true;
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toEqual(['came', 'old']);
    publisher.publish(Opened({ id: 'a' }));
    expect(calls.slice(2)).toEqual(['new', 'new of all', 'old']);
  });

  test('a subscriber that comes hears what is published later in the same delivery', () => {
    const { publisher, calls, note } = start();
    publisher.subscribe(
      Opened,
      () => {
        publisher.publish(Closed({ id: 'a' }));
        publisher.subscribe(Closed, note('closed'));
      },
      { once: true },
    );
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toEqual(['closed']);
  });

  test('one handler that is subscribed twice is called twice, and each subscription ends alone', () => {
    const { publisher, calls, note } = start();
    const handler = note('called');
    const [first, second] = [publisher.subscribe(Opened, handler), publisher.subscribe(Opened, handler)];
    publisher.publish(Opened({ id: 'a' }));
    first.unsubscribe();
    first[Symbol.dispose]();
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toHaveLength(3);
    expect([first.isActive, second.isActive]).toEqual([false, true]);
  });
});

describe('once', () => {
  test('ends a subscription with the first event that its filter lets through', () => {
    const { publisher, calls } = start();
    const subscription = publisher.subscribe(Opened, ({ data }) => void calls.push(data.id), {
      once: true,
      filter: ({ data }) => data.size > 1,
    });
    for (const size of [0, 2, 3]) publisher.publish(Opened({ id: `${size}`, size }));
    expect(calls).toEqual(['2']);
    expect(subscription).toMatchObject({ isActive: false, calls: 1 });
    expect(publisher.subscriptions()).toEqual([]);
  });

  test('has ended before the handler publishes the same again', () => {
    const { publisher, calls } = start();
    publisher.subscribe(
      Opened,
      ({ data }) => {
        calls.push(data.id);
        publisher.publish(Opened({ id: 'b' }));
      },
      { once: true },
    );
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toEqual(['a']);
  });
});

describe('a signal', () => {
  test('ends subscriptions, many of them, and is let go by those that ended before', () => {
    const { publisher, calls, note } = start();
    const controller = new AbortController();
    const { signal } = controller;
    const subscriptions = Array.from({ length: 50 }, () =>
      publisher.subscribe(Opened, note('a'), { signal }),
    );
    subscriptions[0]?.unsubscribe();
    publisher.publish(Opened({ id: 'a' }));
    controller.abort();
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toHaveLength(49);
    expect(subscriptions.some(({ isActive }) => isActive)).toBe(false);
  });

  test('that has aborted before lets nobody subscribe', () => {
    const { publisher, calls, note } = start();
    const subscription = publisher.subscribe(Opened, note('a'), { signal: AbortSignal.abort() });
    publisher.publish(Opened({ id: 'a' }));
    expect([subscription.isActive, calls]).toEqual([false, []]);
    subscription.unsubscribe();
  });
});

describe('an owner', () => {
  class Shop {
    total = 0;
    add({ data }: { data: { size: number } }) {
      this.total += data.size;
    }
  }

  test('is `this` and the second argument of the handler', () => {
    const { publisher } = start();
    const shop = new Shop();
    publisher.subscribe(Opened, shop.add, { owner: shop });
    publisher.subscribe(Opened, shop.add, { owner: shop, weak: true });
    publisher.subscribe(Opened, ({ data }, owner) => owner.add({ data }), { owner: shop, weak: true });
    const named: unknown[] = [];
    publisher.subscribe(Opened, (_event, owner) => named.push(owner), { owner: 'screen' });
    publisher.publish(Opened({ id: 'a', size: 2 }));
    expect([shop.total, named]).toEqual([6, ['screen']]);
  });

  test('ends all of its subscriptions at once, and nobody else’s', () => {
    const { publisher, calls, note } = start();
    const [shop, other] = [new Shop(), new Shop()];
    publisher.subscribe(Opened, note('shop'), { owner: shop });
    publisher.subscribeAll(note('shop'), { owner: shop, weak: true });
    publisher.subscribe(Opened, note('other'), { owner: other });
    publisher.subscribe(Opened, note('screen'), { owner: 'screen' });
    publisher.subscribe(Opened, note('screen'), { owner: 'screen' }).unsubscribe();
    expect(publisher.subscriptions().map(({ owner }) => owner)).toEqual([shop, shop, other, 'screen']);
    expect([publisher.unsubscribeOwner(shop), publisher.unsubscribeOwner(shop)]).toEqual([2, 0]);
    expect([publisher.unsubscribeOwner('screen'), publisher.unsubscribeOwner('nobody')]).toEqual([1, 0]);
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toEqual(['other']);
  });

  test('may be ended by one of its own handlers, which is its last call', () => {
    const { publisher, calls, note } = start();
    const shop = new Shop();
    publisher.subscribe(Opened, (_event, owner) => void publisher.unsubscribeOwner(owner), { owner: shop });
    publisher.subscribe(Opened, note('late'), { owner: shop });
    publisher.publish(Opened({ id: 'a' }));
    expect(calls).toEqual([]);
  });
});
