import { expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { millrace } from '../../support/millrace.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const store = tempStore();

test('millrace read gives the events between two positions, from either end', async () => {
  await using engine = await openForTests({ store, durability: 'os' });
  await engine.publishMany(
    oneTo(10).map((value) => Noted({ note: value % 2 === 0 ? 'even' : 'odd', value })),
  );
  const positions = async (...args: string[]) => {
    const { code, stdout } = await millrace('read', store, '--json', ...args);
    expect(code).toBe(0);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { position: number }).position);
  };
  expect(await positions('--from', '3', '--until', '5')).toEqual([3, 4, 5]);
  expect(await positions('--backwards', '--limit', '3')).toEqual([10, 9, 8]);
  expect(await positions('--aggregate', 'even', '--from', '3', '--until', '8')).toEqual([4, 6, 8]);
  expect(await positions('--aggregate', 'odd', '--backwards', '--limit', '2')).toEqual([9, 7]);
  for (const name of ['--from', '--until', '--limit']) {
    const { code, stderr } = await millrace('read', store, name, '0');
    expect(code).toBe(2);
    expect(stderr).toContain(name);
  }
});
