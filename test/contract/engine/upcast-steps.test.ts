import { defineEvent } from 'millrace';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const aggregateId = ({ id }: { readonly id: string }) => id;

const V1 = defineEvent('user.named', { schema: z.object({ id: z.string(), name: z.string() }), aggregateId });
const V2 = defineEvent('user.named', {
  version: 2,
  schema: z.object({ id: z.string(), first: z.string(), last: z.string() }),
  aggregateId,
  upcast: { 1: split },
});
const V3 = defineEvent('user.named', {
  version: 3,
  schema: z.object({ id: z.string(), full: z.string(), length: z.number() }),
  aggregateId,
  upcast: {
    1: split,
    2: ({ id, first, last }: { id: string; first: string; last: string }) => ({
      id,
      full: `${last}, ${first}`,
      length: first.length + last.length,
    }),
  },
});

function split({ id, name }: { id: string; name: string }) {
  const [first = '', last = ''] = name.split(' ');
  if (name === 'bad') throw new Error('no two names');
  return { id, first, last };
}

test('an event goes through the step of each version from its own on', async () => {
  const store = tempStore();
  const stages = [
    [V1, V1({ id: 'a', name: 'Ada Lovelace' })],
    [V2, V2({ id: 'b', first: 'Alan', last: 'Turing' })],
    [V3, V3({ id: 'c', full: 'Hopper, Grace', length: 11 })],
    [V1, V1({ id: 'd', name: 'bad' })],
  ] as const;
  for (const [type, event] of stages) {
    await using engine = await openTestEngine({ store, durability: 'os', events: [type] });
    await engine.publish(event);
  }
  const engine = await openTestEngine({ store, durability: 'os', events: [V3] });
  const events = await collect(engine, { toPosition: 3 });
  expect(events.map(({ data }) => data)).toEqual([
    { id: 'a', full: 'Lovelace, Ada', length: 11 },
    { id: 'b', full: 'Turing, Alan', length: 10 },
    { id: 'c', full: 'Hopper, Grace', length: 11 },
  ]);
  await expect(collect(engine)).rejects.toMatchObject({
    code: 'MILLRACE_UPCAST',
    message: expect.stringContaining("'user.named' at position 4 was stored with version 1"),
  });
});

test('who follows the log hears of an event without a form of today, with a name as without', async () => {
  const store = tempStore();
  for (const [type, event] of [
    [V1, V1({ id: 'd', name: 'bad' })],
    [V2, V2({ id: 'b', first: 'Alan', last: 'Turing' })],
  ] as const) {
    await using engine = await openTestEngine({ store, durability: 'os', events: [type] });
    await engine.publish(event);
  }
  const engine = await openTestEngine({ store, durability: 'os', events: [V3] });
  const failed = { code: 'MILLRACE_UPCAST', details: { position: 1 } };
  const nameless = engine.follow();
  await expect(nameless.next()).rejects.toMatchObject(failed);
  expect(await nameless.next()).toMatchObject({ value: { position: 2 } });
  // It would have it done: so it stops there.
  for (let again = 0; again < 2; again++) {
    const named = engine.follow({ name: 'reader' });
    await expect(named.next()).rejects.toMatchObject(failed);
    expect(await named.next()).toEqual({ value: undefined, done: true });
  }
});

describe('steps that', () => {
  const define = (version: number, upcast: unknown) => () =>
    defineEvent('a.b', {
      version,
      schema: z.object({ id: z.string() }),
      aggregateId,
      upcast: upcast as never,
    });
  const step = (data: unknown) => data;
  test.each<[string, number, unknown, string]>([
    ['leave one out', 3, { 2: step }, 'no step from version 1 to 2'],
    ['leave the last one out', 3, { 1: step }, 'no step from version 2 to 3'],
    ['go beyond the version', 2, { 1: step, 2: step }, 'they are 1 to 1'],
    ['there can be none of', 1, { 1: step }, 'there is none'],
    ['have no version for a name', 2, { one: step }, 'from version one'],
    ['are no functions', 2, { 1: 'later' }, 'upcast[1] must be a function'],
    ['are a list', 2, [step], 'must be a function, or one per older version'],
    ['are a text', 2, 'later', 'must be a function, or one per older version'],
  ])('%s are refused when they are defined', (_name, version, upcast, words) => {
    expect(define(version, upcast)).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_INVALID_DEFINITION',
        message: expect.stringContaining(words),
      }),
    );
  });
});
