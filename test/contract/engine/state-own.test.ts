import { defineHandlers, defineState } from 'millrace';
import { createTestEngine } from 'millrace/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { STATE_EVENTS, Stepped, Told } from '../../handlers/state-events.mjs';

/** What a handler has told of its steps, in order: `count` of each. */
async function countsOf(
  step: (state: Record<string, unknown>, n: number) => { readonly count: number; readonly state?: unknown },
  definition: { readonly initial: () => object; readonly schema?: z.ZodType },
  steps: readonly (readonly [key: string, n: number])[],
): Promise<number[]> {
  const Kept = defineState({ name: 'kept', ...definition } as { name: string; initial: () => object });
  const module = defineHandlers('own', (on) => {
    on(Stepped, { state: Kept, onFailure: 'skip' }, ({ data: { key, n } }, state, ctx) => {
      const { count, state: next } = step(state as Record<string, unknown>, n);
      ctx.emit(Told({ key, n, sum: 0, count }));
      if (n < 0) throw new Error('it fails, after it has changed its state');
      return next as object | undefined;
    });
  });
  await using engine = await createTestEngine({ events: STATE_EVENTS, handlers: [module] });
  for (const [key, n] of steps) await engine.publish(Stepped({ key, n }));
  await engine.drain();
  return engine.spy.of(Told).map(({ data }) => (data as { count: number }).count);
}

const push = (state: Record<string, unknown>, n: number) => ({ count: (state.list as number[]).push(n) });

test('Keys share nothing of what initial returns, and an event that fails has changed nothing of it.', async () => {
  const shared = { list: [] };
  const counts = await countsOf(push, { initial: () => ({ ...shared }) }, [
    ['a', 1],
    ['b', -1],
    ['c', 1],
    ['a', 2],
    ['b', 1],
  ]);
  expect(counts).toEqual([1, 1, 2, 1]);
  expect(shared.list).toEqual([]);
});

test('Keys share nothing of what their handler returned.', async () => {
  const empty = { list: [] };
  const begun = (state: Record<string, unknown>, n: number) =>
    n === 0 ? { count: 0, state: { ...empty } } : push(state, n);
  const counts = await countsOf(begun, { initial: () => ({ list: [] }) }, [
    ['a', 0],
    ['b', 0],
    ['a', 1],
    ['b', 1],
  ]);
  expect(counts).toEqual([0, 0, 1, 1]);
});

test('An object that lies in two places of a state is two objects for the next event, as after a reopening.', async () => {
  const step = (state: Record<string, unknown>, n: number) => {
    const list = state.list as { count: number }[];
    if (n === 0) state.best = list[0];
    else (list[0] as { count: number }).count += n;
    return { count: (state.best as { count: number }).count };
  };
  const initial = () => ({ list: [{ count: 1 }], best: { count: 0 } });
  expect(
    await countsOf(step, { initial }, [
      ['a', 0],
      ['a', 5],
    ]),
  ).toEqual([1, 1]);
});

test.each([
  ['flat', { n: z.number() }, { n: 0 }],
  ['with a list', { n: z.number(), list: z.array(z.number()) }, { n: 0, list: [] }],
])('A %s state that its schema froze can be changed by the next event.', async (_what, fields, first) => {
  const step = (state: Record<string, unknown>) => {
    state.n = (state.n as number) + 1;
    return { count: state.n as number };
  };
  const definition = { initial: () => ({ ...first }), schema: z.object(fields).readonly() };
  expect(
    await countsOf(step, definition, [
      ['a', 1],
      ['a', 2],
      ['a', 3],
    ]),
  ).toEqual([1, 2, 3]);
});

test('A getter and a proxy are what they gave when the state was kept.', async () => {
  let asked = 0;
  const odd = {
    list: [1],
    get n() {
      return this.list.length;
    },
  };
  const step = (state: Record<string, unknown>, n: number) => {
    if (n === 0) return { count: 0, state: odd };
    if (n === 1) return { count: state.n as number, state: new Proxy({ n: 0 }, { get: () => ++asked }) };
    (state.list as number[] | undefined)?.push(n);
    return { count: state.n as number };
  };
  const counts = await countsOf(step, { initial: () => ({}) }, [
    ['a', 0],
    ['a', 2],
    ['a', 1],
    ['a', 3],
    ['a', 3],
  ]);
  expect(counts.slice(0, 3)).toEqual([0, 1, 1]);
  expect(counts[3]).toBe(counts[4]);
});
