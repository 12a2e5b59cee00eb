import type { Engine } from 'millrace';
import { type HandlerError, UnsupportedPayloadError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';
import { Anything, BAD_PAYLOADS, BAD_VALUES, Emitting, nested } from './modules/payloads.mjs';

const PAYLOADS = new URL('./modules/payloads.mjs', import.meta.url);

/** Where in a bad value the bad thing is. */
function within(name: string, separator = ''): string {
  return name === 'a toJSON method' ? `${separator}toJSON` : '';
}

describe('a payload that is not data', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ events: [Anything] });
  });
  afterAll(() => engine.close());

  test.each(Object.entries(BAD_PAYLOADS))('%s is refused', async (name, make) => {
    const before = engine.stats();
    const error = await engine.publish(Anything(make())).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UnsupportedPayloadError);
    expect(error).toMatchObject({ code: 'MILLRACE_UNSUPPORTED_PAYLOAD', details: { type: Anything.type } });
    if (name in BAD_VALUES) expect(error.details.path).toBe(`list.1.field${within(name, '.')}`);
    expect(engine.stats()).toEqual(before);
  });

  test.each(Object.entries(BAD_VALUES))('%s as the whole payload is refused', async (name, make) => {
    const error = await engine.publish(Anything(make())).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'MILLRACE_UNSUPPORTED_PAYLOAD', details: { path: within(name) } });
  });

  test('in the metadata is refused too', async () => {
    const event = Anything(1, { metadata: { trace: () => 1 } });
    await expect(engine.publish(event)).rejects.toMatchObject({
      code: 'MILLRACE_UNSUPPORTED_PAYLOAD',
      details: { path: 'u.trace' },
    });
  });

  test('with 64 levels is just not too deep, and the engine takes it after all these', async () => {
    const { position } = await engine.publish(Anything(nested(64)));
    expect((await collect(engine, { fromPosition: position }))[0]?.data).toEqual(nested(64));
  });
});

describe.each([0, 2])('a handler that emits what is not data, %i threads', (threads) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ events: [Anything, Emitting], threads, handlers: [PAYLOADS] });
  });
  afterAll(() => engine.close());

  test('fails with the coded error as cause, and nothing of it is stored', async () => {
    const error = (await engine
      .publish(Emitting({ payload: 'a Map' }), { until: 'handled' })
      .catch((thrown) => thrown)) as HandlerError;
    expect(error.code).toBe('MILLRACE_HANDLER_FAILED');
    expect(error.cause).toBeInstanceOf(UnsupportedPayloadError);
    expect(error.cause).toMatchObject({ details: { type: Anything.type, path: 'list.1.field' } });
    expect((await collect(engine)).map(({ type }) => type)).toEqual([Emitting.type]);
  });
});
