import { beforeAll, describe, expect, test } from 'vitest';
import { tempStore } from '../../support/temp-folder.js';
import { checkAcknowledged, checkFinished, readLog } from '../torture/check.mjs';
import { ask, checkPrefix, makeSample, openSample, type Sample, TOGETHER, writeStore } from './sample.js';

/** A disk writes whole sectors; everything else of a write may be missing after a power cut. */
const SECTOR = 512;
/** Size of a page, and of what some disks write at once. */
const BLOCK = 4096;

let sample: Sample;
let store: string;

beforeAll(async () => {
  sample = await makeSample(4);
  store = tempStore();
});

/** The last positions of a store whose WAL is changed in each of these ways. */
function lastPositions(wals: Iterable<Buffer>): number[] {
  return Array.from(wals, (wal) => {
    writeStore(store, { ...sample, wal });
    return checkPrefix(store).lastPosition;
  });
}

function* cutEvery(bytes: number): Generator<Buffer> {
  for (let end = 0; end < sample.wal.length; end += bytes) yield sample.wal.subarray(0, end);
  yield sample.wal;
}

describe('a WAL that a power cut tore', () => {
  test('at any sector leaves whole transactions, and more of the WAL never leaves fewer', () => {
    const positions = lastPositions(cutEvery(SECTOR));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(positions[0]).toBe(sample.without);
    expect(positions.at(-1)).toBe(sample.last);
    // One for the append, and at least one each for the answers and the files.
    expect(new Set(positions).size).toBeGreaterThan(4 * TOGETHER);
  });

  test('in any block, which is now zero, leaves the transactions before it', () => {
    const blocks = Array.from({ length: Math.floor(sample.wal.length / BLOCK) }, (_, block) => {
      const wal = Buffer.from(sample.wal);
      return wal.fill(0, block * BLOCK, (block + 1) * BLOCK);
    });
    const positions = lastPositions(blocks);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(positions[0]).toBe(sample.without);
    expect(positions.at(-1)).toBeLessThan(sample.last);
    expect(new Set(positions).size).toBeGreaterThan(TOGETHER);
  });

  test('or lost altogether leaves an older state', () => {
    writeStore(store, { database: sample.database });
    expect(checkPrefix(store).lastPosition).toBe(sample.without);
  });
});

describe('an engine that opens a store with a torn WAL', () => {
  test('finishes what is left, once and in order, and goes on', async () => {
    const wals = [...cutEvery(SECTOR)];
    for (let cut = 0; cut < wals.length; cut += Math.floor(wals.length / 20)) {
      writeStore(store, { ...sample, wal: wals[cut] as Buffer });
      const before = readLog(store);
      const engine = await openSample(store);
      await engine.drain();
      await ask(engine, store, 3000, 1);
      await engine.close();
      const after = checkPrefix(store);
      checkFinished(after);
      checkAcknowledged(
        after,
        Array.from(before.asked, ([number, position]) => ({ number, position, count: 1, handled: true })),
      );
      expect(after.asked.size).toBe(before.asked.size + TOGETHER);
    }
  });
});
