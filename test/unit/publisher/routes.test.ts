import { expect, test } from 'vitest';
import { SUBSCRIBER_SAMPLES_FIRST } from '../../../dist/src/limits.js';
import { Subscriptions } from '../../../dist/src/publisher/subscriptions.js';
import { topicOfPattern, topicOfType } from '../../../dist/src/publisher/topic.js';

/** Subscriptions to two types, and the lists of handlers that their events are delivered to. */
function start() {
  const subscriptions = new Subscriptions({ errored: () => {}, failed: () => {} });
  let position = 0;
  subscriptions.add(topicOfType('shop.opened'), () => {}, {});
  subscriptions.add(topicOfType('shop.closed'), () => {}, {});
  const deliver = (type: string, times = 1) => {
    for (let count = 0; count < times; count++) subscriptions.deliver({ type, position: ++position });
    return subscriptions.routeOf(type).list;
  };
  // Subscribers that are no longer young are called in another way, for which their lists are made anew.
  for (const type of ['shop.opened', 'shop.closed']) deliver(type, SUBSCRIBER_SAMPLES_FIRST);
  return { subscriptions, deliver };
}

test('the list of a type is made once, however many events it has', () => {
  const { deliver } = start();
  const list = deliver('shop.opened');
  expect(list?.subscribers).toHaveLength(1);
  expect(deliver('shop.opened', 1000)).toBe(list);
});

test('who comes or goes changes the lists of what it hears, and no other', () => {
  const { subscriptions, deliver } = start();
  const [opened, closed] = [deliver('shop.opened'), deliver('shop.closed')];
  const subscription = subscriptions.add(topicOfType('shop.opened'), () => {}, { filter: () => true });
  const longer = deliver('shop.opened');
  expect([opened?.subscribers.length, longer?.subscribers.length]).toEqual([1, 2]);
  expect(deliver('shop.closed')).toBe(closed);
  subscription.unsubscribe();
  subscription.unsubscribe();
  const shorter = deliver('shop.opened');
  expect(shorter?.subscribers).toEqual(opened?.subscribers);
  expect(deliver('shop.opened')).toBe(shorter);
  subscriptions.add(topicOfPattern('shop.*'), () => {}, { filter: () => true });
  expect([deliver('shop.opened'), deliver('shop.closed')].map((list) => list?.subscribers.length)).toEqual([
    2, 2,
  ]);
});
