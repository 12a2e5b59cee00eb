import Database from 'better-sqlite3';
import { openStoreReader } from 'millrace/store';
import { Unpackr } from 'msgpackr';
import { expect, test } from 'vitest';
import { STATE_EVENTS, Stepped } from '../../handlers/state-events.mjs';
import { handlers, openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

// A reader of the states in docs/reference/file-format.md, written from that page: nothing of src/store is used to read.

function payloadOf(bytes: Buffer, shapes: readonly string[][]): unknown {
  const unpackr = new Unpackr({ useRecords: false });
  const [byte = 0, second = 0] = bytes;
  if (byte < 0x40 || byte > 0x7f) return unpackr.unpack(bytes);
  const isShort = byte - 0x40 < 32;
  const shape = isShort ? byte - 0x40 : 32 + (byte & 0x1f) + (second << 5);
  const values = unpackr.unpackMultiple(bytes.subarray(isShort ? 1 : 2)) as unknown[];
  return Object.fromEntries((shapes[shape] as string[]).map((key, index) => [key, values[index]]));
}

function readStates(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    const all = (sql: string) => database.prepare(sql).raw().all() as unknown[][];
    const shapes = all('SELECT keys FROM payload_shapes ORDER BY id').map(([keys]) =>
      JSON.parse(String(keys)),
    );
    const types = new Map(
      all('SELECT id, name, version FROM state_types').map(([id, ...rest]) => [id, rest]),
    );
    return all('SELECT slot, position, value FROM states ORDER BY slot').map(([slot, position, value]) => {
      const [name, version] = types.get(Number(slot) % 4096) ?? [];
      return [Math.floor(Number(slot) / 4096), name, version, position, payloadOf(value as Buffer, shapes)];
    });
  } finally {
    database.close();
  }
}

test('states are read by the page of the file’s format alone', async () => {
  const store = tempStore();
  const engine = await openForTests({ events: STATE_EVENTS, handlers: [handlers('stateful')], store });
  for (let n = 1; n <= 30; n++) await engine.publish(Stepped({ key: `k${n % 3}`, n }), { until: 'handled' });
  await engine.close();
  using reader = openStoreReader(store);
  const expected = [...reader.states()].map(({ name, version, position, value }) => [
    name,
    version,
    position,
    value,
  ]);
  expect(expected).toHaveLength(6);
  expect(readStates(store).map((row) => (row as unknown[]).slice(1))).toEqual(expected);
});
