import { expect, test } from 'vitest';
import type { TimerFiring } from '../../../dist/src/engine/timers/timer-firing.js';
import type { TimerKeeper } from '../../../dist/src/engine/timers/timer-keeper.js';
import { WallTimers } from '../../../dist/src/engine/timers/wall-timers.js';
import { NODE_TIME } from '../../../dist/src/kernel/time.js';
import { compareTimers, type TimerTicket } from '../../../dist/src/store/timer.js';

const ticket = (key: number, name: string, at: number): TimerTicket => ({
  ...{ key, name, at },
  ...{ position: key, number: 0, type: 1 },
});

test('While a log recovers, a timer waits behind an earlier one of its key, though the key has nothing left to do.', () => {
  const tickets = [ticket(1, 'early', 10), ticket(1, 'late', 20), ticket(2, 'other', 20)];
  const fired: string[] = [];
  const busy = new Set(['k1']);
  let now = 15;
  const keeper = {
    isIdle: false,
    get next() {
      return tickets[0]?.at;
    },
    due: (by: number) => ((tickets[0]?.at ?? Number.POSITIVE_INFINITY) <= by ? tickets.shift() : undefined),
    putBack: (back: TimerTicket) => {
      tickets.push(back);
      tickets.sort(compareTimers);
    },
    keyNameOf: ({ key }: TimerTicket) => `k${key}`,
  };
  const timers = new WallTimers({
    keeper: keeper as unknown as TimerKeeper,
    firing: { fire: ({ name }: TimerTicket) => fired.push(name) } as unknown as TimerFiring,
    time: { ...NODE_TIME, now: () => now, alarm: () => undefined, clear: () => {} },
    hasRoom: () => true,
    isBusy: (key) => busy.has(key),
    wake: () => {},
  });
  timers.advance();
  expect(fired).toEqual([]);
  // Its own events are handled; those of other keys are not.
  busy.clear();
  now = 25;
  timers.advance();
  expect(fired).toEqual(['other']);
  timers.recovered();
  expect(fired).toEqual(['other', 'early', 'late']);
});
