import type { Engine } from 'millrace';
import { type HandlerError, PayloadTooLargeError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../support/collect.js';
import { openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { Anything, Emitting } from './modules/payloads.mjs';

const MIB = 1024 * 1024;
const PAYLOADS = new URL('./modules/payloads.mjs', import.meta.url);

/** Text of that many bytes that is not the same all over, so that a shifted copy shows. */
function text(bytes: number): string {
  const line = Array.from({ length: 997 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
}

describe.each(['memory', 'os'] as const)('large payloads, %s', (durability) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ events: [Anything], ...storeFor(durability) });
  });
  afterAll(() => engine.close());

  test.each<[string, () => Parameters<typeof Anything>]>([
    ['a string above 16 MiB', () => [{ text: 'x'.repeat(16 * MIB) }]],
    ['bytes above 16 MiB', () => [new Uint8Array(16 * MIB)]],
    ['many small values', () => [Array.from({ length: 2 * MIB }, (_, index) => index + 0.5)]],
    ['payload and metadata together', () => [text(9 * MIB), { metadata: { extra: text(9 * MIB) } }]],
  ])('%s: refused', async (_name, make) => {
    const before = engine.stats();
    const error = await engine.publish(Anything(...make())).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(PayloadTooLargeError);
    expect(error).toMatchObject({ code: 'MILLRACE_PAYLOAD_TOO_LARGE', details: { type: Anything.type } });
    expect(engine.stats()).toEqual(before);
  });

  test('below the limit they come back, with small events around them', async () => {
    const large = { text: text(5 * MIB) };
    const bytes = new Uint8Array(5 * MIB).map((_, index) => index * 7);
    const receipts = [];
    for (const data of ['before', large, 'between', bytes, text(16 * MIB - 5), 'after']) {
      receipts.push((await engine.publish(Anything(data))).position);
    }
    expect(receipts).toEqual([1, 2, 3, 4, 5, 6]);
    const read = (await collect(engine)).map(({ data }) => data);
    expect(read.filter((_, index) => index % 2 === 0 && index < 4)).toEqual(['before', 'between']);
    expect((read[1] as typeof large).text === large.text).toBe(true);
    expect(Buffer.compare(read[3] as Uint8Array, bytes)).toBe(0);
    expect(read[4] === text(16 * MIB - 5)).toBe(true);
    expect(read[5]).toBe('after');
  });
});

describe.each([0, 2])('large emitted payloads, %i threads', (threads) => {
  const options = { events: [Anything, Emitting], threads, handlers: [PAYLOADS] };

  test('above the limit the handler fails with the coded error as cause', async () => {
    const engine = await openTestEngine(options);
    const error = (await engine
      .publish(Emitting({ payload: '17 MiB' }), { until: 'handled' })
      .catch((thrown) => thrown)) as HandlerError;
    expect(error.cause).toBeInstanceOf(PayloadTooLargeError);
    expect(engine.stats().emitted).toBe(0);
  });

  test('below the limit they are stored', async () => {
    const engine = await openTestEngine(options);
    await engine.publish(Emitting({ payload: '5 MiB' }), { until: 'handled' });
    const [, emitted] = await collect(engine);
    expect(emitted?.data === 'x'.repeat(5 * MIB)).toBe(true);
  });
});
