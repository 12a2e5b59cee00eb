import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { MillraceError } from 'millrace';
import { type StoreReport, verifyStore } from 'millrace/store';
import { beforeAll, expect, test } from 'vitest';
import { makeStore } from '../../support/damaged-store.js';
import { checkProperty, rounds } from '../../support/property.js';
import { tempStore } from '../../support/temp-folder.js';

/** Everything that a store says. Of some columns a missing and an empty value mean the same. */
const QUERIES = [
  'SELECT * FROM meta',
  'SELECT * FROM event_types',
  'SELECT * FROM payload_shapes',
  'SELECT * FROM names',
  'SELECT * FROM segments',
  'SELECT * FROM runs',
  'SELECT * FROM run_pages',
  'SELECT mark, indexed FROM progress',
  'SELECT * FROM progress_chunks',
  'SELECT * FROM dead_letters',
];

function contents(path: string): string[] {
  const database = new Database(path, { readonly: true });
  try {
    return QUERIES.flatMap((sql) =>
      database
        .prepare(sql)
        .raw()
        .all()
        .map((row) => JSON.stringify(row)),
    );
  } finally {
    database.close();
  }
}

let whole: Buffer;
let expected: string[];
const damaged = tempStore();

beforeAll(async () => {
  const store = await makeStore();
  whole = readFileSync(store);
  expected = contents(store);
});

/** What verification says; undefined when it refuses the file with a coded error. */
function verify(path: string): StoreReport | undefined {
  try {
    return verifyStore(path);
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError);
    return undefined;
  }
}

test('a changed byte anywhere in the file is found, or nothing in the store depends on it', async () => {
  let found = 0;
  const anywhere = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  await checkProperty(
    fc.property(anywhere, ([at, change]) => {
      const bytes = Buffer.from(whole);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] as number) ^ change;
      writeFileSync(damaged, bytes);
      const report = verify(damaged);
      if (!report?.ok) found++;
      else expect(contents(damaged).find((row, number) => row !== expected[number])).toBeUndefined();
    }),
    { runs: 400 },
  );
  expect(found).toBeGreaterThan(rounds(400) / 4);
});
