import { type StoreReport, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { beginCheck, endCheck, mixBytes, typeHash, viewOf } from '../../../dist/src/store/checksum.js';
import { makeStore, withSql } from '../../support/damaged-store.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { segmentEnds, withEvents } from '../../support/segment-edit.js';

let store: string;
let last: number;
let ends: { readonly first: number; readonly last: number }[];

beforeAll(async () => {
  store = await makeStore();
  last = verifyStore(store).events;
  ends = segmentEnds(store);
});

const kinds = ({ problems }: StoreReport) => problems.map(({ kind }) => kind);
const firstOf = (index: number) => ends[index]?.first as number;

describe('the chain of segments', () => {
  test('has one for each transaction of a few events', () => {
    expect(ends.length).toBeGreaterThan(6);
  });

  test.each([0, 2, 5])('does without none: segment %i removed', (index) => {
    const report = verifyStore(withSql(store, `DELETE FROM segments WHERE first = ${firstOf(index)}`));
    expect(report).toMatchObject({ ok: false, firstBadPosition: firstOf(index) });
    expect(kinds(report)).toContain('position');
  });

  test('does without none: the last one removed', async () => {
    const path = withSql(store, `DELETE FROM segments WHERE first = ${firstOf(ends.length - 1)}`);
    expect(verifyStore(path).ok).toBe(false);
    await expect(openTestEngine({ store: path })).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
  });

  test.each([
    'count',
    'names',
    'shapes',
    'chain',
    'bytes',
    'packed',
    'checksum',
  ])('notices another number of %s', (column) => {
    const sql = `UPDATE segments SET ${column} = ${column} + 1 WHERE first = ${firstOf(3)}`;
    expect(verifyStore(withSql(store, sql))).toMatchObject({ ok: false, firstBadPosition: firstOf(3) });
  });

  test('notices another list of types', () => {
    const sql = `UPDATE segments SET types = x'7f' WHERE first = ${firstOf(3)}`;
    const report = verifyStore(withSql(store, sql));
    expect(report.problems).toMatchObject([{ kind: 'segment', position: firstOf(3) }]);
  });

  test('notices events that change places, each with its own check', () => {
    const [position, other] = [firstOf(3) + 1, firstOf(3) + 2];
    const path = withEvents(store, (event, all) => {
      if (event.position !== position) return;
      const second = all[other - 1];
      if (!second) return;
      const { position: _, ...first } = { ...event };
      const { position: __, ...next } = { ...second };
      Object.assign(event, next);
      Object.assign(second, first);
    });
    expect(verifyStore(path).ok).toBe(false);
  });

  test('notices a check that was changed: its event is reported', () => {
    const position = firstOf(3);
    const path = withEvents(store, (event) => {
      if (event.position === position) event.check = 0;
    });
    expect(verifyStore(path)).toMatchObject({ firstBadPosition: position });
    expect(verifyStore(path).problems[0]).toMatchObject({ kind: 'event', position });
  });

  test('notices a forged event with a check of its own, when what follows is not forged too', () => {
    const position = firstOf(3) + 1;
    let chain: number | undefined;
    const path = withEvents(store, (event) => {
      if (event.position !== position) return;
      const { type, aggregate, version, data } = event;
      event.occurredAt = 5;
      const columns = beginCheck(typeHash(type, 'note.noted', 1), aggregate, aggregate, version, 5, 0);
      const payload = mixBytes(columns, viewOf(data), 0, data.length);
      event.check = endCheck(mixBytes(payload, viewOf(data), 0, 0));
      chain = event.check;
    });
    expect(chain).toBeDefined();
    // The forger has left the later segments as they were.
    const forged = withSql(
      path,
      `ATTACH '${store}' AS old; DELETE FROM segments WHERE first > ${firstOf(3)};
       INSERT INTO segments SELECT * FROM old.segments WHERE first > ${firstOf(3)}`,
    );
    expect(verifyStore(forged).problems).toMatchObject([{ kind: 'segment', position: firstOf(4) }]);
  });

  test('notices a log that lost its end', async () => {
    const path = withEvents(store, ({ position }) => position <= last - 3);
    expect(verifyStore(path).ok).toBe(false);
    await expect(openTestEngine({ store: path })).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
  });
});
