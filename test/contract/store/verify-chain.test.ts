import { type StoreReport, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { beginCheck, endCheck, mixBytes, typeHash, viewOf } from '../../../dist/src/store/checksum.js';
import { makeStore, oneRow, oneValue, withSql } from '../../support/damaged-store.js';
import { openTestEngine } from '../../support/open-test-engine.js';

let store: string;
let last: number;

beforeAll(async () => {
  store = await makeStore();
  last = verifyStore(store).events;
});

const kinds = ({ problems }: StoreReport) => problems.map(({ kind }) => kind);

describe('the chain of checksums', () => {
  const batches = () => Number(oneValue(store, 'SELECT count(*) FROM batches'));
  const nth = (index: number) => `(SELECT last FROM batches ORDER BY last LIMIT 1 OFFSET ${index})`;
  const lastOf = (index: number) =>
    Number(oneValue(store, `SELECT last FROM batches ORDER BY last LIMIT 1 OFFSET ${index}`));

  test('has a row a transaction', () => {
    expect(batches()).toBeGreaterThan(6);
  });

  test.each([0, 2, 5])('does without none: row %i removed', (index) => {
    const first = index === 0 ? 1 : lastOf(index - 1) + 1;
    const report = verifyStore(withSql(store, `DELETE FROM batches WHERE last = ${nth(index)}`));
    expect(report).toMatchObject({
      ok: false,
      firstBadPosition: first,
      problems: [{ kind: 'batch', position: first }],
    });
  });

  test('does without none: the last row removed', () => {
    const index = batches() - 1;
    const report = verifyStore(withSql(store, `DELETE FROM batches WHERE last = ${nth(index)}`));
    expect(report).toMatchObject({ ok: false, firstBadPosition: lastOf(index - 1) + 1 });
    expect(kinds(report)).toContain('batch');
  });

  test.each(['chain', 'names', 'shapes'])('notices another number of %s', (column) => {
    const report = verifyStore(
      withSql(store, `UPDATE batches SET ${column} = ${column} + 1 WHERE last = ${nth(3)}`),
    );
    const position = lastOf(2) + 1;
    expect(report).toMatchObject({ ok: false, firstBadPosition: position });
    expect(report.problems[0]).toMatchObject({ kind: 'batch', position });
  });

  test('blames one row alone for a changed link', () => {
    const report = verifyStore(withSql(store, `UPDATE batches SET chain = 5 WHERE last = ${nth(3)}`));
    expect(report.problems).toHaveLength(1);
  });

  test('notices rows that change places', () => {
    // Each row keeps its link and its range, and takes the checks of the other.
    const sql = `UPDATE batches SET checks = (SELECT checks FROM batches AS other WHERE other.last = ${nth(1)})
      WHERE last = ${nth(3)}`;
    expect(verifyStore(withSql(store, sql))).toMatchObject({ ok: false, firstBadPosition: lastOf(2) + 1 });
  });

  /** Sets the check of the first event of a batch. */
  const setCheck = (check: string, index: number) =>
    `UPDATE batches SET checks = CAST(${check} || substr(checks, 5) AS BLOB) WHERE last = ${nth(index)}`;

  test('notices a check that was changed: its event is reported', () => {
    const position = lastOf(2) + 1;
    const path = withSql(store, setCheck('zeroblob(4)', 3));
    expect(verifyStore(path).problems).toMatchObject([{ kind: 'event', position }]);
  });

  test('notices a forged event with a check of its own', () => {
    const position = lastOf(2) + 1;
    const path = withSql(store, `UPDATE events SET occurred_at = 5 WHERE position = ${position}`);
    const [type, aggregate, version, data] = oneRow(
      path,
      `SELECT type, aggregate, version, data FROM events WHERE position = ${position}`,
    ) as [number, number, number, Buffer];
    const hash = typeHash(type, 'note.noted', 1);
    const columns = beginCheck(hash, aggregate, aggregate, version, 5, 0);
    const check = Buffer.alloc(4);
    check.writeUInt32LE(
      endCheck(mixBytes(mixBytes(columns, viewOf(data), 0, data.length), viewOf(data), 0, 0)),
    );
    const forged = withSql(path, setCheck(`x'${check.toString('hex')}'`, 3));
    expect(verifyStore(forged).problems).toMatchObject([{ kind: 'batch', position }]);
  });

  test('notices a log that lost its end', async () => {
    const path = withSql(store, `DELETE FROM events WHERE position > ${last - 3}`);
    expect(verifyStore(path)).toMatchObject({ ok: false, firstBadPosition: last - 2 });
    await expect(openTestEngine({ store: path })).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
  });
});
