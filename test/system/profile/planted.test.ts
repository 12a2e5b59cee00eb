import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from 'millrace';
import type { ProfileSession, ProfileSummary } from 'millrace/profile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Allocated, Burned, Counted } from '../../handlers/planted.mjs';
import { HOT_KEY, profilePlanted } from '../../support/planted.js';
import { tempFolder } from '../../support/temp-folder.js';

/**
 * Three handlers: one burns CPU, one allocates, one is innocent; nearly all of the burning is one key's. The margins are
 * wide, because other programs may use the machine as well.
 */
describe.each([0, 2])('a planted workload on %i threads', (threads) => {
  let summary: ProfileSummary;
  let session: ProfileSession;
  let lanes: readonly string[];

  beforeAll(async () => {
    const engine = await openEngine({
      threads,
      durability: 'memory',
      events: [Burned, Allocated, Counted],
      handlers: [new URL('../../handlers/planted.mjs', import.meta.url)],
      maxInFlight: 600,
    });
    const directory = tempFolder();
    ({ session } = await profilePlanted(engine, { seconds: 1.5, directory }));
    await engine.close();
    summary = JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8'));
    lanes = threads === 0 ? ['dispatcher'] : ['lane-0', 'lane-1'];
  });
  afterAll(() => {
    expect(summary.missing).toEqual([]);
  });

  const rowsOf = (type: string) =>
    summary.handlers.filter(({ handler }) => handler === `planted/planted.${type}`);
  const sum = (type: string, of: (row: ProfileSummary['handlers'][number]) => number) =>
    rowsOf(type).reduce((total, row) => total + of(row), 0);

  test('the table names the handler that burns, and the threads that it burns on', () => {
    expect(summary.handlers[0]?.handler).toBe('planted/planted.burned');
    expect(lanes).toContain(summary.handlers[0]?.thread);
    const burned = sum('burned', ({ cpuMs }) => cpuMs ?? 0);
    expect(burned).toBeGreaterThan(5 * sum('allocated', ({ cpuMs }) => cpuMs ?? 0));
    expect(burned).toBeGreaterThan(50 * sum('counted', ({ cpuMs }) => cpuMs ?? 0));
  });

  test('and the one that allocates, also behind its await', () => {
    const allocated = sum('allocated', ({ bytes }) => bytes ?? 0);
    expect(allocated).toBeGreaterThan(5 * sum('burned', ({ bytes }) => bytes ?? 0));
    expect(allocated).toBeGreaterThan(5 * sum('counted', ({ bytes }) => bytes ?? 0));
  });

  test('the verdict names handler and cause, with the number', () => {
    const verdict = summary.verdicts.find(({ cause }) => cause === 'handler-dominates');
    expect(verdict).toMatchObject({ handler: 'planted/planted.burned' });
    expect(verdict?.sentence).toContain('planted/planted.burned');
    const [, share] = /it takes ([\d.]+) ?% of/.exec(verdict?.sentence ?? '') ?? [];
    expect(Number(share) / 100).toBeCloseTo(verdict?.value ?? 0, 1);
    expect(lanes).toContain(verdict?.thread);
  });

  test('the hot key is known, and named where the lanes are uneven', () => {
    expect(session.hotKeys[0]?.key).toBe(HOT_KEY);
    // Its key is bound to a lane only while in flight, so whether one lane works more depends on what else the machine
    // does; that a skew is said is tested on plans (report/verdicts.test.ts).
    const skew = summary.verdicts.find(({ cause }) => cause === 'lane-skew');
    if (skew) expect(skew.sentence).toContain(HOT_KEY);
  });
});
