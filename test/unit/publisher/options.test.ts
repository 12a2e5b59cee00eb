import { InvalidOptionError, TooManySubscriptionsError, UnknownEventTypeError } from 'millrace/errors';
import { createPublisher } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { MAX_SUBSCRIPTIONS } from '../../../dist/src/limits.js';
import { Deposited } from '../../handlers/events.mjs';
import { EVENTS, Opened } from './events.js';

describe('a subscription is refused', () => {
  test.each<[string, object]>([
    ['priority', { priority: Number.NaN }],
    ['priority', { priority: '5' }],
    ['filter', { filter: true }],
    ['transform', { transform: 'data' }],
    ['owner', { owner: '' }],
    ['owner', { owner: 5 }],
    ['owner', { owner: null }],
    ['owner', { weak: true }],
    ['owner', { weak: true, owner: 'by name' }],
    ['retries', { retries: -1 }],
    ['retries', { retries: 101 }],
    ['retries', { retries: 1.5 }],
    ['retryDelayMs', { retryDelayMs: -1 }],
    ['retryDelayMs', { retryDelayMs: 86_400_001 }],
    ['maxRetryDelayMs', { retryDelayMs: 10, maxRetryDelayMs: 9 }],
    ['maxRetryDelayMs', { maxRetryDelayMs: 86_400_001 }],
    ['jitter', { jitter: 1.1 }],
    ['jitter', { jitter: Number.NaN }],
  ])('for its %s: %j', (name, options) => {
    const publisher = createPublisher({ events: EVENTS });
    const subscribe = () => publisher.subscribe(Opened, () => {}, options);
    expect(subscribe).toThrow(InvalidOptionError);
    expect(subscribe).toThrow(new RegExp(`(option|subscribe:) ${name} `));
    expect(publisher.subscriptions()).toEqual([]);
  });

  test('when there are too many, and the message says what to do', () => {
    const publisher = createPublisher({ events: EVENTS });
    const handler = () => {};
    for (let count = 0; count < MAX_SUBSCRIPTIONS; count++) publisher.subscribe(Opened, handler);
    const subscribe = () => publisher.subscribe(Opened, handler);
    expect(subscribe).toThrow(TooManySubscriptionsError);
    expect(subscribe).toThrow('removeUnused');
    publisher.subscriptions()[0]?.unsubscribe();
    expect(subscribe().isActive).toBe(true);
  });

  test('without a handler, or for a type that there is not', () => {
    const publisher = createPublisher({ events: EVENTS });
    expect(() => publisher.subscribe(Opened, undefined as unknown as () => void)).toThrow(InvalidOptionError);
    expect(() => publisher.subscribe(Deposited as unknown as typeof Opened, () => {})).toThrow(
      UnknownEventTypeError,
    );
    expect(() => publisher.subscribe('shop.opened' as unknown as typeof Opened, () => {})).toThrow(
      UnknownEventTypeError,
    );
  });
});
