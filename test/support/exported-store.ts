import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineEvent } from 'millrace';
import { exportStore } from 'millrace/store';
import { z } from 'zod';
import { Deposited, Noted } from '../handlers/events.mjs';
import { makeStore } from './damaged-store.js';
import { openForTests } from './open-test-engine.js';
import { VALUES } from './round-trip-values.js';
import { tempFolder } from './temp-folder.js';

const Volatile = defineEvent('note.volatile', {
  schema: z.object({ note: z.string(), at: z.number() }),
  aggregateId: (data) => data.note,
  partitionKey: () => 'one key',
  volatile: ['at'],
  version: 3,
});

/** A store, and its export as JSON lines. */
export interface ExportedStore {
  readonly store: string;
  readonly lines: readonly string[];
}

/** A store with everything that an export has to carry: every kind of value, types with versions and volatile fields. */
export async function exportedStore(): Promise<ExportedStore> {
  const store = await makeStore();
  const engine = await openForTests({ store, events: [Noted, Volatile, Deposited], handlers: [] });
  for (const [note, value] of Object.entries(VALUES)) {
    await engine.publish(Noted({ note, value }, { metadata: { value }, occurredAt: 1.5 }));
  }
  const looks = [
    { $date: 'x' },
    { $object: { $bigint: '1' } },
    { $undefined: true },
    { $other: 1 },
    [{ $bytes: '' }],
  ];
  for (const value of looks) await engine.publish(Noted({ note: 'looks like a tag', value }));
  await engine.publishMany(
    [1, 2].map((at) => Volatile({ note: 'v', at }, { causationId: 'a', correlationId: 'b' })),
  );
  await engine.close();
  const file = join(tempFolder(), 'all.jsonl');
  await exportStore(store, file);
  return { store, lines: readFileSync(file, 'utf8').trimEnd().split('\n') };
}
