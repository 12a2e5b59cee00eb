import { expect, test, vi } from 'vitest';
import { SegmentBuilder } from '../../../../dist/src/store/segments/segment-builder.js';
import type { StoredSegment } from '../../../../dist/src/store/segments/stored-segment.js';
import { LogRows } from '../../../support/log-rows.js';

test('a large event has memory of its own for as long as its segment is made, and no other is made anew', () => {
  const rows = new LogRows({ bytes: 4_000_000 });
  for (let event = 0; event < 10; event++) {
    rows.add('a', Buffer.alloc(300_000, event)).add('b', event);
  }
  const made: StoredSegment[] = [];
  const builder = new SegmentBuilder((segment) => made.push({ ...segment, body: Buffer.from(segment.body) }));
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
  for (let row = 0; row < 20; row++) builder.add(rows.slab, row, row);
  builder.flush();
  const bytes = allocate.mock.calls.reduce((sum, [size]) => sum + size, 0);
  vi.restoreAllMocks();
  expect(allocate.mock.calls.length).toBe(10);
  expect(bytes).toBeLessThan(10 * 400_000);
  expect(made).toHaveLength(20);
  made.forEach(({ count, body }, index) => {
    expect(count).toBe(1);
    expect(body.at(-1)).toBe(Math.floor(index / 2));
  });
});
