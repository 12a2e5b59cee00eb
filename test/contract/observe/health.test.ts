import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Notice } from 'millrace';
import { NOTICE_CHANNEL } from 'millrace/observe';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type HealthFacts, HealthWatch } from '../../../dist/src/engine/watch/health.js';
import { Notices } from '../../../dist/src/engine/watch/notices.js';
import { NODE_TIME } from '../../../dist/src/kernel/time.js';
import { HEALTH_CHECK_MS, HEALTH_WINDOW_MS } from '../../../dist/src/limits.js';
import { Deposited, Parking } from '../../handlers/events.mjs';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

const WELL: HealthFacts = {
  failure: undefined,
  parkedKeys: 0,
  full: 0,
  openLanes: 1,
  failed: 0,
  handled: 0,
  latencySum: 0,
  latencyCount: 0,
  walBytes: 0,
};

/** A watch over facts that a test changes, and what it has told. */
function watchOver(thresholds: { errorRate?: number; latencyMs?: number; walBytes?: number } = {}) {
  let facts = WELL;
  const told: Notice[] = [];
  const notices = new Notices(() => {});
  notices.add((notice) => told.push(notice));
  const all = { errorRate: 0.05, latencyMs: 1000, walBytes: 1000, stalledMs: 30_000, ...thresholds };
  const watch = new HealthWatch(all, () => facts, notices, NODE_TIME);
  const change = (changed: Partial<HealthFacts>) => {
    facts = { ...facts, ...changed };
  };
  return { watch, change, statuses: () => told.map((notice) => ('status' in notice ? notice.status : '')) };
}

describe('health', () => {
  test.each<[string, Partial<HealthFacts>, Partial<HealthFacts>, RegExp]>([
    ['tries that fail', { failed: 5, handled: 95 }, { failed: 6, handled: 94 }, /^6\.0 % of handlers' tries/],
    [
      'latency',
      { latencySum: 2000, latencyCount: 2 },
      { latencySum: 2002, latencyCount: 2 },
      /^Events take 1001 ms/,
    ],
    ['the write-ahead log', { walBytes: 1000 }, { walBytes: 1001 }, /^The write-ahead log/],
    ['fill', { full: 0.79 }, { full: 0.8 }, /^The engine is 80 % full/],
    ['parked keys', { parkedKeys: 0 }, { parkedKeys: 1 }, /^1 key is parked/],
    ['lanes', { openLanes: 1 }, { openLanes: 0 }, /^No lane takes work/],
  ])('is DEGRADED above the threshold of %s, and not at it', (_what, at, above, reason) => {
    const { watch, change } = watchOver();
    change(at);
    expect(watch.current).toEqual({ status: 'HEALTHY', reasons: [] });
    change(above);
    expect(watch.current).toEqual({ status: 'DEGRADED', reasons: [expect.stringMatching(reason)] });
  });

  test('goes by the thresholds that were given', () => {
    const { watch, change } = watchOver({ errorRate: 0.5, latencyMs: 5, walBytes: 10 });
    change({ failed: 1, handled: 2, latencySum: 6, latencyCount: 1, walBytes: 11 });
    expect(watch.current.reasons).toEqual([
      expect.stringMatching(/^Events take 6 ms/),
      expect.stringMatching(/^The write-ahead log/),
    ]);
  });

  test('is UNHEALTHY when most tries fail, or the engine has failed', () => {
    const { watch, change } = watchOver();
    change({ failed: 1, handled: 1 });
    expect(watch.current.status).toBe('DEGRADED');
    change({ failed: 2 });
    expect(watch.current.status).toBe('UNHEALTHY');
    change({ failed: 0, failure: new Error('the disk is gone') });
    expect(watch.current).toEqual({ status: 'UNHEALTHY', reasons: ['the disk is gone'] });
  });
});

describe('the watch', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
  });

  test('tells of each change once, also of the one back', () => {
    const { watch, change, statuses } = watchOver();
    watch.tell();
    change({ parkedKeys: 1 });
    watch.tell();
    watch.tell();
    change({ parkedKeys: 2 });
    watch.tell();
    change({ failure: new Error('gone') });
    watch.tell();
    change(WELL);
    watch.tell();
    expect(statuses()).toEqual(['DEGRADED', 'UNHEALTHY', 'HEALTHY']);
  });

  test('looks once a second, also at what came last', () => {
    const { watch, change, statuses } = watchOver();
    watch.check(0);
    change({ full: 1 });
    watch.check(0);
    vi.advanceTimersByTime(HEALTH_CHECK_MS - 1);
    watch.check(0);
    expect(statuses()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(statuses()).toEqual(['DEGRADED']);
  });

  test('looks at once when keys are parked or freed', () => {
    const { watch, change, statuses } = watchOver();
    watch.check(0);
    for (const parkedKeys of [1, 0]) {
      change({ parkedKeys });
      watch.check(parkedKeys);
    }
    expect(statuses()).toEqual(['DEGRADED', 'HEALTHY']);
  });

  test('forgets failures that are older than the window, and says so though nothing happens', () => {
    const { watch, change, statuses } = watchOver();
    watch.check(0);
    change({ failed: 10, handled: 10, latencySum: 1e6, latencyCount: 10 });
    watch.check(0);
    vi.advanceTimersByTime(HEALTH_CHECK_MS);
    expect(statuses()).toEqual(['DEGRADED']);
    vi.advanceTimersByTime(HEALTH_WINDOW_MS - 2 * HEALTH_CHECK_MS);
    expect(watch.current.status).toBe('DEGRADED');
    vi.advanceTimersByTime(3 * HEALTH_CHECK_MS);
    expect(watch.current).toEqual({ status: 'HEALTHY', reasons: [] });
    expect(statuses()).toEqual(['DEGRADED', 'HEALTHY']);
    expect(vi.getTimerCount(), 'an idle engine in good health runs nothing').toBe(0);
  });

  test('does not count what happened before a long silence', () => {
    const { watch, change } = watchOver();
    watch.check(0);
    // Just within the threshold, so that nobody had a reason to look again.
    change({ failed: 5, handled: 95 });
    watch.check(0);
    vi.advanceTimersByTime(10 * HEALTH_WINDOW_MS);
    change({ failed: 6, handled: 98 });
    expect(watch.current.reasons).toEqual([expect.stringMatching(/^25\.0 %/)]);
  });

  test('goes on after a recovery, and has no timer when it has ended', () => {
    const { watch, change, statuses } = watchOver();
    watch.check(0);
    change({ failure: new Error('gone') });
    watch.tell();
    watch.end();
    watch.check(0);
    expect(vi.getTimerCount()).toBe(0);
    const next = watchOver();
    next.watch.follow(watch);
    expect([...statuses(), ...next.statuses()]).toEqual(['UNHEALTHY', 'HEALTHY']);
  });
});

test('an engine in memory looks at no file', async () => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'memory-wal'), 'larger than the threshold');
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  const engine = await openTestEngine({ durability: 'memory', health: { walBytes: 1 } });
  expect(engine.health()).toEqual({ status: 'HEALTHY', reasons: [] });
});

test('an engine tells its listeners and the diagnostics channel', async () => {
  const engine = await openTestEngine({ durability: 'memory', handlers: [handlers('failing')] });
  const told: Notice[] = [];
  const heard: unknown[] = [];
  const hear = (notice: unknown) => heard.push(notice);
  subscribe(NOTICE_CHANNEL, hear);
  onTestFinished(() => void unsubscribe(NOTICE_CHANNEL, hear));
  const changed = new Promise<void>((resolve) => {
    engine.onNotice((notice) => {
      told.push(notice);
      if (notice.kind === 'health') resolve();
    });
  });
  expect(engine.health()).toEqual({ status: 'HEALTHY', reasons: [] });
  await engine.publish(Parking({ id: 'p', number: 1, failures: 1000 }));
  await engine.drain();
  await changed;
  expect(told.find(({ kind }) => kind === 'health')).toMatchObject({
    from: 'HEALTHY',
    status: engine.health().status,
  });
  expect(engine.health().reasons).toContainEqual(expect.stringMatching(/^1 key is parked/));
  expect(heard).toEqual(told);
});

test('an engine is judged by its own thresholds', async () => {
  const engine = await openTestEngine({
    durability: 'memory',
    handlers: [handlers('account')],
    health: { latencyMs: 0 },
  });
  await engine.publish(Deposited({ account: 'a', amount: 1 }), { until: 'handled' });
  expect(engine.health()).toEqual({
    status: 'DEGRADED',
    reasons: [expect.stringMatching(/^Events take \d+ ms/)],
  });
});

test.each([
  { errorRate: 1.5 },
  { errorRate: Number.NaN },
  { latencyMs: -1 },
  { walBytes: -1 },
])('thresholds %j are refused', async (health) => {
  const [name] = Object.keys(health);
  await expect(openTestEngine({ health })).rejects.toMatchObject({
    code: 'MILLRACE_INVALID_OPTION',
    message: expect.stringContaining(`Option health.${name} is`),
  });
});
