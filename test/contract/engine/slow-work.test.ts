import { setImmediate as turn } from 'node:timers/promises';
import type { DomainEvent, EngineOptions } from 'millrace';
import { describe, expect, test } from 'vitest';
import { CELLS, Task, TaskDone } from '../../handlers/overlap.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { EXECUTORS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

type Waits = 'awaits' | 'blocks' | 'not';
type More = Partial<Omit<Parameters<typeof Task>[0], 'key' | 'number' | 'waits'>>;

/** An engine whose handlers wait for what the test has seen, and not for the clock. */
async function openOverlapping(options: Partial<EngineOptions>) {
  const cells = new Int32Array(new SharedArrayBuffer(4 * Object.keys(CELLS).length));
  const engine = await openTestEngine({
    events: [Task, TaskDone],
    handlers: [handlers('overlap')],
    shared: { cells },
    ...options,
  });
  /** Publishes an event, and counts its answer. */
  const publish = async (key: string, number: number, waits: Waits, more: More = {}): Promise<void> => {
    await engine.publish(Task({ key, number, waits, ...more }), { until: 'handled' });
    Atomics.add(cells, CELLS.answered, 1);
  };
  const at = (cell: keyof typeof CELLS) => Atomics.load(cells, CELLS[cell]);
  const release = () => Atomics.store(cells, CELLS.released, 1);
  const until = async (cell: keyof typeof CELLS, least: number): Promise<void> => {
    while (at(cell) < least) await turn();
  };
  /** Numbers of what was done, in order, by key. */
  const done = async (): Promise<Map<string, number[]>> => {
    const byKey = new Map<string, number[]>();
    for (const event of await collect(engine, { types: [TaskDone.type] })) {
      const { key, number } = (event as DomainEvent<{ key: string; number: number }>).data;
      byKey.set(key, [...(byKey.get(key) ?? []), number]);
    }
    return byKey;
  };
  return { engine, publish, at, until, release, done };
}

/** Events of other keys. A slow one ends when all of them are answered: if it holds up one of them, never. */
const OTHERS = 200;

describe.each(EXECUTORS)('a handler that waits holds up its own key alone: %i threads', (threads) => {
  test('all others are answered meanwhile, those that came before it and those behind', async () => {
    const { publish, at } = await openOverlapping({ threads, concurrency: 64 });
    const half = (name: string) => oneTo(OTHERS / 2).map((count) => publish(`${name}${count}`, 1, 'awaits'));
    await Promise.all([
      ...half('before'),
      publish('slow', 1, 'awaits', { until: OTHERS }),
      publish('slow', 2, 'not'),
      ...half('behind'),
    ]);
    expect(at('answered')).toBe(OTHERS + 2);
  });

  test('one that does not end at all is no different, nor are many events behind it', async () => {
    const { engine, publish, at, until, release, done } = await openOverlapping({ threads, concurrency: 64 });
    const held = oneTo(300).map((count) =>
      publish('slow', count, count === 1 ? 'awaits' : 'not', { cell: 'released', until: 1 }),
    );
    const others = oneTo(2000).map((count) =>
      publish(`k${count % 400}`, count, count % 2 ? 'not' : 'awaits'),
    );
    await until('answered', 2000);
    expect(engine.stats()).toMatchObject({ inFlight: 300 });
    expect(at('answered')).toBe(2000);
    release();
    await Promise.all([...held, ...others]);
    const order = await done();
    expect(order.get('slow')).toEqual(oneTo(300));
    for (const [key, numbers] of order) expect(numbers, key).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test('a failed event is tried again while another key waits', async () => {
    const { publish, at } = await openOverlapping({ threads, concurrency: 4 });
    await Promise.all([
      publish('slow', 1, 'awaits', { until: 3 }),
      publish('bad', 1, 'not', { fails: true }),
      publish('bad', 2, 'awaits', { fails: true }),
      publish('bad', 3, 'not'),
    ]);
    expect(at('answered')).toBe(4);
  });
});

describe.each([0, 1])('as many handlers overlap as may: %i threads', (threads) => {
  test('64 of 400 that come at once, and never more', async () => {
    const { publish, at } = await openOverlapping({ threads, concurrency: 64 });
    const together = { cell: 'most', until: 64 } as const;
    await Promise.all(oneTo(400).map((count) => publish(`k${count}`, 1, 'awaits', together)));
    expect(at('most')).toBe(64);
  });

  test('ten that come one by one', async () => {
    const { publish, at, until } = await openOverlapping({ threads, concurrency: 64 });
    const published: Promise<void>[] = [];
    for (const count of oneTo(10)) {
      published.push(publish(`k${count}`, 1, 'awaits', { cell: 'most', until: 10 }));
      await until('begun', count);
    }
    await Promise.all(published);
    expect(at('most')).toBe(10);
  });
});

test.each([
  1, 64,
])('an idle lane is given what a stuck one has not begun: concurrency %i', async (concurrency) => {
  const { publish, until, at, done } = await openOverlapping({ threads: 2, concurrency });
  const stuck = publish('slow', 1, 'blocks', { until: OTHERS });
  await until('begun', 1);
  const others = oneTo(OTHERS).map((count) => publish(`k${count % 50}`, count, 'not'));
  const behind = publish('slow', 2, 'not');
  await Promise.all([stuck, ...others, behind]);
  // What was given back has run once.
  expect(at('begun')).toBe(OTHERS + 2);
  for (const [key, numbers] of await done()) expect(numbers, key).toEqual(numbers.toSorted((a, b) => a - b));
});

test('an idle lane is given what another one may not begin yet', async () => {
  const { publish, until, at, release } = await openOverlapping({ threads: 2, concurrency: 1 });
  const slow = publish('slow', 1, 'awaits', { cell: 'released', until: 1 });
  await until('begun', 1);
  const others = oneTo(OTHERS).map((count) => publish(`k${count}`, 1, 'awaits'));
  await until('answered', OTHERS);
  release();
  await Promise.all([slow, ...others]);
  expect(at('begun')).toBe(OTHERS + 1);
});
