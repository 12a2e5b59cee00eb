import type { StoredTimer, TimerChange } from '../store.js';

import { type MakeStore, type StoreCheck, same, type Trial } from './trial.js';
import { openWithEvents } from './with-events.js';

/** A timer of a check. */
export function timer(key: number, name: string, at: number, position = 1, number = 0): StoredTimer {
  const event = { type: 1, occurredAt: at + 0.5, aggregateId: `a${key}`, partitionKey: '' };
  // Bytes of each kind: they are no text.
  return {
    key,
    name,
    at,
    position,
    number,
    ...event,
    data: `\u0000\u00ff${name.length}`,
    metadata: '\u0081',
  };
}

/** A change as a store is given it. */
export function timerChange(
  put: readonly StoredTimer[],
  remove: readonly (readonly [key: number, name: string])[] = [],
): TimerChange {
  return { put, remove: remove.map(([key, name]) => ({ key, name })) };
}

/** Names of the timers that a trial has, in pages of two. */
export function namesIn({ reader }: Trial): string[] {
  const names: string[] = [];
  for (let page = reader.timers({ limit: 2 }); page.length > 0; ) {
    names.push(...page.map(({ key, name }) => `${key} ${name}`));
    const after = page.at(-1);
    page = after ? reader.timers({ after, limit: 2 }) : [];
  }
  return names;
}

/** What every store must do with timers. */
export function timerChecks(make: MakeStore): StoreCheck[] {
  const open = () => openWithEvents(make);
  return [
    {
      name: 'timers come in the order of their times, then of their scheduling, page by page, and by key',
      run: async () => {
        await using trial = await open();
        same(namesIn(trial), [], 'timers before there are any');
        same(trial.reader.timersOf(1), [], 'timers of a key before there are any');
        same(trial.reader.timer(1, 'x'), undefined, 'a timer before there are any');
        const put = [
          timer(1, 'late', 900, 2),
          timer(2, 'second', 100, 3, 1),
          timer(1, 'third', 100, 4),
          timer(2, 'first', 100, 3),
          timer(3, 'past', -8.64e15, 6),
        ];
        await trial.commit({ timers: timerChange(put) });
        const sorted = ['3 past', '2 first', '2 second', '1 third', '1 late'];
        same(namesIn(trial), sorted, 'timers');
        same(
          trial.reader
            .timersOf(2)
            .map(({ name }) => name)
            .sort(),
          ['first', 'second'],
          'timers of key 2',
        );
        same(trial.reader.timer(2, 'first'), put[3], 'a timer with its event');
        same(trial.reader.timerCounts(), [{ type: 1, count: 5 }], 'timers by type');
      },
    },
    {
      name: 'a timer takes the place of the one of its key and name, and one that is removed is gone',
      run: async () => {
        await using trial = await open();
        await trial.commit({
          timers: timerChange([timer(1, 'a', 10), timer(1, 'b', 20), timer(2, 'a', 30)]),
        });
        await trial.commit({
          timers: timerChange(
            [timer(1, 'a', 40, 2)],
            [
              [1, 'b'],
              [3, 'never'],
            ],
          ),
        });
        same(namesIn(trial), ['2 a', '1 a'], 'timers');
        same(trial.reader.timer(1, 'b'), undefined, 'a removed timer');
        await trial.commit({
          timers: timerChange(
            [],
            [
              [1, 'a'],
              [2, 'a'],
            ],
          ),
        });
        same(namesIn(trial), [], 'timers when all are removed');
      },
    },
  ];
}
