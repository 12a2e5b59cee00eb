import { type EngineOptions, openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { liveThreads } from '../../support/live-threads.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const events = [Noted];
const at = { occurredAt: 0 };

/** What the store was made with, what it is opened with, and whose run the error names. */
const OTHER: readonly [string, Partial<EngineOptions>, Partial<EngineOptions>, string, string][] = [
  ['another run', { run: 'first' }, { run: 'second' }, 'first', 'second'],
  [
    'another seed',
    { deterministic: true, seed: 'first' },
    { deterministic: true, seed: 'second' },
    'first',
    'second',
  ],
  ['the default seed', { deterministic: true, seed: 'own' }, { deterministic: true }, 'own', 'millrace'],
  ['a seed instead of its run', { run: 'first' }, { deterministic: true, seed: 's' }, 'first', 's'],
];

describe('a store belongs to one run', () => {
  test.each(OTHER)('opened with %s it is refused', async (_name, made, opened, own, other) => {
    const store = tempStore();
    const first = await openTestEngine({ events, store, ...made });
    await first.publish(Noted({ note: 'a' }, at));
    await first.close();
    const error = await openEngine({ events, threads: 0, store, ...opened }).catch((thrown) => thrown);
    expect(liveThreads()).toEqual([]);
    expect(error).toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    expect(error.message).toContain(`'${own}', not '${other}'`);
    // Nothing is locked or lost.
    const again = await openTestEngine({ events, store, ...made });
    expect(await again.publish(Noted({ note: 'a' }, at))).toEqual({ position: 2, version: 2 });
  });

  test('and opens without a run, keeping its ids', async () => {
    const store = tempStore();
    const first = await openTestEngine({ events, store, run: 'mine' });
    await first.publish(Noted({ note: 'a' }));
    await first.close();
    const again = await openTestEngine({ events, store });
    const ids: string[] = [];
    for await (const { id } of again.read()) ids.push(id);
    expect(ids).toEqual(['mine/a/1']);
  });
});
