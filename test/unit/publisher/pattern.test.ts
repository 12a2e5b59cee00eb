import { InvalidOptionError, UnknownEventTypeError } from 'millrace/errors';
import { createPublisher } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../dist/src/publisher/pattern.js';
import { Closed, Created, EVENTS, Opened, Sold } from './events.js';

const CASES: readonly [string, string, boolean][] = [
  ['shop.opened', 'shop.opened', true],
  ['shop.opened', 'shop.opened.twice', false],
  ['shop.*', 'shop.opened', true],
  ['shop.*', 'shop.till.sold', false],
  ['shop.*', 'workshop.opened', false],
  ['*.created', 'user.created', true],
  ['*.created', 'user.account.created', false],
  ['*', 'user.created', false],
  ['*.*', 'user.created', true],
  ['trading.order_*', 'trading.order_placed', true],
  ['trading.order_*', 'trading.order_', true],
  ['trading.order_*', 'trading.position_opened', false],
  ['trading.*_*ed', 'trading.order_placed', true],
  ['trading.*_*ed', 'trading.order_place', false],
  ['**', 'user.created', true],
  ['shop.**', 'shop.opened', true],
  ['shop.**', 'shop.till.sold', true],
  ['shop.**', 'shop', false],
  ['**.sold', 'shop.till.sold', true],
  ['**.till.**', 'shop.till.sold', true],
  ['**.till.**', 'till.sold', false],
  ['a.**.b.**.c', 'a.x.b.b.y.c', true],
  ['a.**.b.**.c', 'a.b.c', false],
  ['a.**.b.**.c', 'a.x.b.c', false],
];

describe('a pattern', () => {
  test.each(CASES)('%s on %s: %s', (pattern, name, expected) => {
    expect(compilePattern(pattern)(name)).toBe(expected);
  });

  test.each([
    '',
    '.',
    'shop.',
    '.shop',
    'shop..till',
    'shop.***',
    'shop.a**',
    'Shop.*',
    'shop .*',
    'shop.?',
    `${'a'.repeat(256)}.*`,
    5 as unknown as string,
  ])("'%s' is refused", (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(InvalidOptionError);
  });

  test('takes no longer than its length times that of the name, however many stars it has', () => {
    const matches = compilePattern(`${'*a'.repeat(100)}.b`);
    const segments = compilePattern(`${'**.a.'.repeat(20)}c`);
    expect(matches(`${'a'.repeat(20_000)}c.b`)).toBe(false);
    expect(segments(`${'a.'.repeat(5000)}b`)).toBe(false);
  });

  test('subscribes to the types whose names it matches', () => {
    const publisher = createPublisher({ events: EVENTS });
    const heard: string[] = [];
    publisher.subscribePattern('shop.*', ({ type }) => heard.push(`shop.*: ${type}`));
    publisher.subscribePattern('shop.**', ({ type }) => heard.push(`shop.**: ${type}`), { priority: 1 });
    publisher.subscribePattern('*.created', ({ type }) => heard.push(`*.created: ${type}`));
    for (const eventType of [Opened, Sold, Created, Closed]) publisher.publish(eventType({ id: 'a' }));
    expect(heard).toEqual([
      'shop.**: shop.opened',
      'shop.*: shop.opened',
      'shop.**: shop.till.sold',
      '*.created: user.created',
      'shop.**: shop.closed',
      'shop.*: shop.closed',
    ]);
  });

  test('that matches no type is a mistake', () => {
    const publisher = createPublisher({ events: EVENTS });
    expect(() => publisher.subscribePattern('shp.*', () => {})).toThrow(UnknownEventTypeError);
    expect(publisher.subscriptions()).toEqual([]);
  });
});
