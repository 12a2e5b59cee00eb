import { defineEvent, type EventTypeOptions, openEngine } from 'millrace';
import { createPublisher } from 'millrace/publisher';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { Noted } from '../../handlers/events.mjs';
import { handlers } from '../../support/open-test-engine.js';

const schema = z.object({ id: z.string() });
type Options = EventTypeOptions<typeof schema>;
const boom = new RangeError('boom');
const fail = (): never => {
  throw boom;
};
const rejecting = (async () => fail()) as never;

const CASES: readonly [string, Partial<Options>, string, unknown][] = [
  ['a schema that throws', { schema: schema.refine(fail) as never }, 'schema', boom],
  ['a schema that is async', { schema: schema.refine(async () => true) as never }, 'schema', undefined],
  ['a safeParse that returns a promise', { schema: { safeParse: rejecting } as never }, 'schema', undefined],
  [
    'a safeParse that returns nothing',
    { schema: { safeParse: () => undefined } as never },
    'schema',
    undefined,
  ],
  ['an aggregateId that throws', { aggregateId: fail }, 'aggregateId', boom],
  ['an aggregateId that rejects', { aggregateId: rejecting }, 'aggregateId', undefined],
  ['a partitionKey that throws', { partitionKey: fail }, 'partitionKey', boom],
  ['a partitionKey that rejects', { partitionKey: rejecting }, 'partitionKey', undefined],
];

describe.each(CASES)('%s', (_name, options, name, cause) => {
  const Bad = defineEvent('user.bad', { schema, aggregateId: ({ id }) => id, ...options });
  const expected = {
    code: 'MILLRACE_EVENT_FUNCTION',
    message: expect.stringContaining(`'user.bad': its function ${name}`),
    details: { type: 'user.bad', function: name },
    ...(cause !== undefined && { cause }),
  };

  test('is named by a coded error, and the next event is published', async () => {
    const engine = await openEngine({ events: [Bad, Noted], threads: 0 });
    onTestFinished(() => engine.close());
    await expect(engine.publish(Bad({ id: 'a' }))).rejects.toMatchObject(expected);
    await expect(engine.publishMany([Bad({ id: 'a' })])).rejects.toMatchObject(expected);
    await expect(engine.append('a', [Bad({ id: 'a' })])).rejects.toMatchObject(expected);
    expect(() => engine.offer(Bad({ id: 'a' }))).toThrow(expect.objectContaining({ code: expected.code }));
    expect(await engine.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
  });
});

test('a publisher says the same of a schema', () => {
  const Bad = defineEvent('user.bad', { schema: schema.refine(fail), aggregateId: ({ id }) => id });
  const publisher = createPublisher({ events: [Bad] });
  expect(() => publisher.publish(Bad({ id: 'a' }))).toThrow(
    expect.objectContaining({ code: 'MILLRACE_EVENT_FUNCTION', cause: boom }),
  );
});

test.each([
  '2',
  1.5,
  -1,
  Number.NaN,
  null,
  2n,
  Symbol('2'),
])('append refuses %s as an expected version', async (expectedVersion) => {
  const engine = await openEngine({ events: [Noted], threads: 0, handlers: [handlers('throwing')] });
  onTestFinished(() => engine.close());
  const appended = engine.append('a', [Noted({ note: 'a' })], { expectedVersion: expectedVersion as never });
  await expect(appended).rejects.toMatchObject({
    code: 'MILLRACE_INVALID_OPTION',
    message: expect.stringContaining('expectedVersion'),
  });
  expect(engine.stats().accepted).toBe(0);
});

test('an async filter lets nothing through, and says why', async () => {
  const publisher = createPublisher({ events: [Noted] });
  const heard: unknown[] = [];
  publisher.subscribe(Noted, (event) => heard.push(event), { filter: rejecting });
  publisher.publish(Noted({ note: 'a' }));
  expect(heard).toEqual([]);
  expect(publisher.subscriberFailures).toMatchObject([
    { error: { cause: { code: 'MILLRACE_INVALID_OPTION' } } },
  ]);
});
