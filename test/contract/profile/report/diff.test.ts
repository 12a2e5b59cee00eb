import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diffProfiles, writeReport } from 'millrace/profile';
import { describe, expect, test } from 'vitest';
import { engine, handler, IDLE, lane, plant } from '../../../support/report-plant.js';

const run = engine('callHandlers');

interface Load {
  readonly slowMs: number;
  readonly bytes?: number;
  readonly handled?: number;
  readonly events?: number;
  readonly other?: string;
}

/** Two lanes on which one handler takes `slowMs` in all, and another always the same. */
async function profiled({
  slowMs,
  bytes = 1_000,
  handled = 1_000,
  events = 1_000,
  other = 'order.closed',
}: Load): Promise<string> {
  const slow = handler('risk', 'order.placed');
  const directory = plant(
    [0, 1].map((number) =>
      lane(
        number,
        [
          [[run, slow], slowMs / 2],
          [[run, handler('audit', other)], 50],
          [[IDLE], 950 - slowMs / 2],
        ],
        [[[run, slow], bytes / 2]],
      ),
    ),
    {
      handled: [0, 1].flatMap((number) => [
        { lane: number, type: 'order.placed', events: events / 2, busy: slowMs / 2 },
        { lane: number, type: other, events: events / 2, busy: 50 },
      ]),
      counts: { published: handled, durable: handled, handled, failed: 0, laneDeaths: 0 },
    },
  );
  await writeReport(directory);
  return directory;
}

describe('two profiles', () => {
  test('what got worse, by how much, largest first', async () => {
    const before = await profiled({ slowMs: 200, bytes: 10_000 });
    const after = await profiled({ slowMs: 600, bytes: 12_500, handled: 800 });
    const { changes, regressions, text, threshold } = await diffProfiles(before, after);
    expect(threshold).toBe(0.1);
    expect(
      regressions.map(({ what, subject, change }) => [what, subject, Number(change?.toFixed(6))]),
    ).toEqual([
      ['micros-per-event', 'risk/order.placed', 2],
      ['bytes-per-event', 'risk/order.placed', 0.25],
      ['throughput', 'handled', -0.2],
    ]);
    expect(changes[0]).toMatchObject({ before: 200, after: 600, isWorse: true, isBetter: false });
    const lanes = changes.filter(({ what }) => what === 'busy-share');
    expect(lanes.map(({ subject, isWorse }) => [subject, isWorse])).toEqual([
      ['lane-0', false],
      ['lane-1', false],
    ]);
    expect(lanes[0]?.change).toBeCloseTo(0.2, 6);
    expect(text).toMatch(/^3 figures got worse by more than 10\.0 %\./);
    expect(text).toMatch(/^worse +CPU per event +risk\/order\.placed +200 µs +600 µs +\+200\.0 %$/m);
    expect(text).toMatch(/^ +busy +lane-0 +15\.0 % +35\.0 % +\+20\.0 points$/m);
  });

  test('the other way round it got better, and nothing fails', async () => {
    const before = await profiled({ slowMs: 600 });
    const after = await profiled({ slowMs: 200 });
    const { regressions, changes, text } = await diffProfiles(before, after);
    expect(regressions).toEqual([]);
    expect(changes.filter(({ isBetter }) => isBetter).map(({ subject }) => subject)).toEqual([
      'risk/order.placed',
    ]);
    expect(text).toMatch(/^Nothing got worse by more than 10\.0 %\./);
  });

  test('the threshold is the caller’s', async () => {
    const before = await profiled({ slowMs: 200 });
    const after = await profiled({ slowMs: 250 });
    expect((await diffProfiles(before, after, { threshold: 0.3 })).regressions).toEqual([]);
    expect((await diffProfiles(before, after, { threshold: 0.2 })).regressions).toHaveLength(1);
    expect((await diffProfiles(before, before, { threshold: 0 })).regressions).toEqual([]);
    for (const threshold of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1' as never]) {
      await expect(diffProfiles(before, after, { threshold })).rejects.toMatchObject({
        code: 'MILLRACE_INVALID_OPTION',
      });
    }
  });

  test('what only one of them knows, or knows too little of, comes last and is no regression', async () => {
    const before = await profiled({ slowMs: 200, other: 'old.type' });
    const after = await profiled({ slowMs: 200, other: 'new.type' });
    const { changes, regressions } = await diffProfiles(before, after);
    const unknown = changes.filter(({ change }) => change === null).map(({ subject }) => subject);
    expect(new Set(unknown)).toEqual(new Set(['audit/old.type', 'audit/new.type']));
    expect(changes.slice(-unknown.length).map(({ subject }) => subject)).toEqual(unknown);
    expect(regressions).toEqual([]);
    const few = await profiled({ slowMs: 900, events: 50 });
    const chance = await diffProfiles(before, few);
    expect(chance.regressions).toEqual([]);
  });
});

test('a handler that one profile did not sample is the same handler', async () => {
  const before = await profiled({ slowMs: 200 });
  const unsampled = plant([{ name: 'lane-0', role: 'lane', lane: 0, active: 500 }], {
    handled: [{ lane: 0, type: 'order.placed', events: 1000, busy: 300 }],
  });
  await writeReport(unsampled);
  const { changes } = await diffProfiles(before, unsampled);
  expect(
    changes.find(({ what, subject }) => what === 'micros-per-event' && subject.includes('placed')),
  ).toMatchObject({
    ...{ subject: 'risk/order.placed', before: 200, after: 300, isWorse: true },
  });
});

test('a folder without a summary: an error that says what to name', async () => {
  const good = await profiled({ slowMs: 1 });
  const bad = plant([]);
  await expect(diffProfiles(good, bad)).rejects.toMatchObject({ code: 'MILLRACE_INPUT' });
  writeFileSync(join(bad, 'summary.json'), '[]');
  await expect(diffProfiles(bad, good)).rejects.toMatchObject({ code: 'MILLRACE_INPUT' });
});
