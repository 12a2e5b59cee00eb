import { defineEvent } from 'millrace/define';
import { openStoreReader } from 'millrace/store';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { withEvent } from '../../support/segment-edit.js';
import { tempStore } from '../../support/temp-folder.js';

const Later = defineEvent('later.came', {
  schema: z.record(z.string(), z.unknown()),
  aggregateId: (data) => String(data.id),
});

test('a reader reads types, names and shapes of payloads that came after it was opened', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store });
  await first.publish(Noted({ note: 'a', value: 1 }));
  await first.close();
  using reader = openStoreReader(store);
  expect([...reader.read()]).toHaveLength(1);
  expect(() => reader.read({ types: [Later] })).toThrow(
    expect.objectContaining({ code: 'MILLRACE_UNKNOWN_EVENT_TYPE' }),
  );
  const reading = reader.read();
  const readingNoted = reader.read({ types: [Noted] });
  const second = await openTestEngine({ store, events: [Noted, Later] });
  // Shapes of one and of two bytes, names that are new to the log, and one name in both roles.
  for (const number of oneTo(80)) {
    await second.publish(Later({ id: `late-${number}`, [`field${number}`]: number }), { until: 'accepted' });
  }
  const { position } = await second.publish(Noted({ note: 'late-1', value: 2 }));
  const expected = (await collect(second)).map(({ type, aggregateId, data }) => ({
    type,
    aggregateId,
    data,
  }));
  expect([...reading]).toMatchObject(expected);
  expect([...readingNoted].map((event) => event.position)).toEqual([1, position]);
  expect([...reader.read({ types: [Later] })]).toHaveLength(80);
  expect([...reader.read({ aggregateId: 'late-7' })]).toMatchObject([{ data: { field7: 7 } }]);
  expect(reader.last(2)).toMatchObject(expected.slice(-2));
  expect(reader.summary().types).toContainEqual({ type: 'later.came', count: 80 });
  expect(reader.fingerprint()).toBe(await second.fingerprint());
  await second.close();
});

test('a type that the log does not have at all is damage, at its position', async () => {
  const store = tempStore();
  const engine = await openTestEngine({ store });
  await engine.publishMany(oneTo(5).map((value) => Noted({ note: 'a', value })));
  await engine.close();
  using reader = openStoreReader(withEvent(store, 3, (event) => Object.assign(event, { type: 99 })));
  for (const options of [{}, { types: [Noted] }, { aggregateId: 'a', types: [Noted] }]) {
    const seen: number[] = [];
    const read = () => {
      for (const { position } of reader.read(options)) seen.push(position);
    };
    expect(read).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_STORE_CORRUPT',
        message: expect.stringContaining('position 3'),
      }),
    );
    expect(seen).toEqual([1, 2]);
  }
});
