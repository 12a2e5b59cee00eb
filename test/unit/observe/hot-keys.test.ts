import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOT_KEYS_TRACKED } from '../../../dist/src/limits.js';
import { HotKeys } from '../../../dist/src/observe/hot-keys.js';
import { checkProperty } from '../../support/property.js';

const looks = fc.array(
  fc.record({ key: fc.integer({ min: 0, max: 199 }).map(String), events: fc.integer({ min: 1, max: 50 }) }),
  { minLength: 1, maxLength: 600 },
);

test('an estimate is never too low, too high by at most its error, and no hot key is missed', () =>
  checkProperty(
    fc.property(looks, (list) => {
      const hotKeys = new HotKeys();
      const exact = new Map<string, number>();
      for (const { key, events } of list) {
        hotKeys.saw(key, events);
        exact.set(key, (exact.get(key) ?? 0) + events);
      }
      const total = list.reduce((sum, { events }) => sum + events, 0);
      const found = hotKeys.top(Number.POSITIVE_INFINITY);
      expect(found.length).toBe(Math.min(exact.size, HOT_KEYS_TRACKED));
      expect(found.reduce((sum, { events }) => sum + events, 0)).toBe(total);
      for (const { key, events, error } of found) {
        expect(events).toBeGreaterThanOrEqual(exact.get(key) ?? Number.NaN);
        expect(events - error).toBeLessThanOrEqual(exact.get(key) ?? Number.NaN);
      }
      const keys = found.map(({ key }) => key);
      const hot = [...exact].filter(([, events]) => events > total / HOT_KEYS_TRACKED);
      expect(keys).toEqual(expect.arrayContaining(hot.map(([key]) => key)));
    }),
    { runs: 200 },
  ));

test('the surest ones come first, and no more than asked for', () => {
  const hotKeys = new HotKeys();
  for (let key = 0; key < HOT_KEYS_TRACKED; key++) hotKeys.saw(`k${key}`, 10 + key);
  // Takes the place of k0, whose count it cannot tell from its own.
  hotKeys.saw('late', 100);
  expect(hotKeys.top(3)).toEqual([
    { key: 'late', events: 110, error: 10 },
    { key: `k${HOT_KEYS_TRACKED - 1}`, events: 9 + HOT_KEYS_TRACKED, error: 0 },
    { key: `k${HOT_KEYS_TRACKED - 2}`, events: 8 + HOT_KEYS_TRACKED, error: 0 },
  ]);
});
