import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { verifyStore } from 'millrace/store';
import { expect, test } from 'vitest';
import { Writer } from '../../../dist/src/store/writer.js';
import { LogRows, ROW_TYPE } from '../../support/log-rows.js';
import { checkProperty } from '../../support/property.js';
import { tempStore } from '../../support/temp-folder.js';

const COMMITS = 20;
const BLOCK = 4096;

/** A store as a killed process leaves it, with everything but its tables in the WAL. Commit n has n events. */
function killedStore(): { file: Buffer; wal: Buffer } {
  const path = tempStore();
  const rows = new LogRows();
  const writer = new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
  writer.addSlab(rows.slab.id, rows.slab.memory);
  for (let commit = 1; commit <= COMMITS; commit++) {
    for (let event = 0; event < commit; event++) rows.add(`a${event}`, 'x'.repeat(100));
    const segments = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    writer.commit([{ segments, progress: undefined, shapes: [] }]);
  }
  const files = { file: readFileSync(path), wal: readFileSync(`${path}-wal`) };
  writer.close();
  return files;
}

/** How many events the first so many commits have. */
const eventsOf = (commits: number) => (commits * (commits + 1)) / 2;

test('a WAL that is cut or blotted anywhere leaves whole transactions, and a store that is whole', async () => {
  const { file, wal } = killedStore();
  const whole = new Set(Array.from({ length: COMMITS + 1 }, (_, commits) => eventsOf(commits)));
  const seen = new Set<number>();
  await checkProperty(
    fc.property(fc.nat({ max: wal.length }), fc.boolean(), (at, cut) => {
      const path = tempStore();
      const torn = Buffer.from(wal);
      if (!cut) torn.fill(0, at, Math.min(at + BLOCK, torn.length));
      writeFileSync(path, file);
      writeFileSync(`${path}-wal`, cut ? torn.subarray(0, at) : torn);
      const { problems, events } = verifyStore(path);
      expect(problems).toEqual([]);
      expect(whole).toContain(events);
      seen.add(events);
    }),
    { runs: 100 },
  );
  expect(seen.size).toBeGreaterThan(10);
});
