import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Engine } from 'millrace';
import { describe, test } from 'vitest';
import { collect } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';
import { withPlainBytes } from '../../support/round-trip-values.js';
import { tempStore } from '../../support/temp-folder.js';
import { Anything } from './modules/payloads.mjs';

const events = [Anything];

const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text !== '__proto__'),
  fc.constantFrom('a', 'b', 'c', '0', '1', '42', '', 'constructor', 'toString', 'length'),
);

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.maxSafeInteger(),
  // -0 is stored as 0, as JSON would; round-trip.test.ts says so.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
);

const { payload } = fc.letrec((tie) => ({
  payload: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('payload'), { maxLength: 6 }),
    fc.dictionary(key, tie('payload'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

/** Publishes the payloads and returns where they begin. */
async function publishAll(engine: Engine, payloads: readonly unknown[]): Promise<number> {
  const { firstPosition } = await engine.publishMany(payloads.map((data) => Anything(data)));
  return firstPosition;
}

async function expectRead(engine: Engine, fromPosition: number, payloads: readonly unknown[]): Promise<void> {
  const read = (await collect(engine, { fromPosition })).map(({ data }) => data);
  // Not toStrictEqual, which takes a field named 'constructor' for the object's class.
  deepStrictEqual(withPlainBytes(read), payloads);
}

describe('any plain data comes back as it was', () => {
  const payloads = fc.array(payload, { minLength: 1, maxLength: 30 });

  test('from memory', async () => {
    const property = fc.asyncProperty(payloads, async (data) => {
      const engine = await openForTests({ events });
      await expectRead(engine, await publishAll(engine, data), data);
      await engine.close();
    });
    await checkProperty(property, { runs: 150 });
  });

  test('from a file that was closed and opened again', async () => {
    const store = tempStore();
    const property = fc.asyncProperty(payloads, async (data) => {
      const writing = await openForTests({ events, store, durability: 'os' });
      const from = await publishAll(writing, data);
      await writing.close();
      const reading = await openForTests({ events, store });
      await expectRead(reading, from, data).finally(() => reading.close());
    });
    await checkProperty(property, { runs: 25 });
  });
});
