import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HandlerRow, type ProfileSummary, writeReport } from 'millrace/profile';
import { describe, expect, test } from 'vitest';
import {
  cpuProfile,
  engine,
  GC,
  handler,
  IDLE,
  lane,
  node,
  PROGRAM,
  plant,
  type Sample,
  user,
} from '../../../support/report-plant.js';

const burn = handler('risk', 'order.placed');
const calm = handler('audit', 'order.closed');
const run = engine('callHandlers');

function row({ handlers }: ProfileSummary, name: string, thread = 'lane-0'): HandlerRow {
  const found = handlers.find((candidate) => candidate.handler === name && candidate.thread === thread);
  if (!found) throw new Error(`No row of ${name} on ${thread}.`);
  return found;
}

async function report(samples: readonly Sample[], heap: readonly Sample[] = []): Promise<ProfileSummary> {
  const handled = [{ lane: 0, type: 'order.placed', events: 1000, busy: 500 }];
  return writeReport(plant([lane(0, samples, heap)], { handled }));
}

describe('numbers that are known', () => {
  test('a handler on a thread: time, share, per event, bytes, garbage collection', async () => {
    const summary = await report(
      [
        [[run, burn], 100],
        [[run, burn, user('score')], 500],
        [[GC], 50],
        [[run], 50],
        [[IDLE], 250],
        [[PROGRAM], 50],
      ],
      [
        [[run, burn], 1_000],
        [[run, burn, user('score')], 9_000],
        [[run], 10_000],
      ],
    );
    expect(row(summary, 'risk/order.placed')).toEqual({
      handler: 'risk/order.placed',
      module: 'risk',
      type: 'order.placed',
      thread: 'lane-0',
      cpuMs: 650,
      threadShare: 650 / 750,
      totalShare: 650 / 750,
      events: 1000,
      microsPerEvent: 650,
      bytes: 10_000,
      bytesPerEvent: 10,
      gcMs: 50,
      gcShare: 50 / 650,
      busyMs: 500,
      engineMs: 0,
      validationMs: 0,
    });
    expect(summary.threads[0]).toMatchObject({
      name: 'lane-0',
      role: 'lane',
      source: 'samples',
      busyShare: 0.75,
      cpuMs: 750,
      idleMs: 250,
      gcMs: 50,
      rooms: { handler: 600, engine: 50, gc: 50, idle: 250, program: 50, user: 0 },
      allocatedBytes: 20_000,
      grownBytes: 2_500_000,
    });
    expect(summary.throughput).toEqual({ published: 1000, durable: 1000, handled: 1000 });
  });

  test('rooms: msgpackr, SQLite, Node, validation, other user code', async () => {
    const dist = new URL('../../../../dist/', import.meta.url);
    const store = new URL('src/store/insert.js', dist).href;
    const writer = new URL('workers/writer.js', dist).href;
    const { threads } = await report([
      [[['pack', 'file:///app/node_modules/msgpackr/pack.js', 1]], 10],
      [
        [
          ['insert', store, 1],
          ['run', '', -1],
        ],
        15,
      ],
      [
        [
          ['insert', writer, 1],
          ['run', '', -1],
        ],
        5,
      ],
      [[['pragma', 'file:///app/node_modules/better-sqlite3/lib/methods/pragma.js', 1]], 40],
      [[node('tick')], 80],
      [[user('main')], 160],
      [[['parse', 'file:///app/node_modules/zod/parse.js', 1]], 320],
    ]);
    expect(threads[0]?.rooms).toMatchObject({
      ...{ msgpackr: 10, sqlite: 60, node: 80, user: 160, validation: 320, handler: 0 },
    });
  });

  test('what a user calls of the engine’s packages is the user’s, and what the engine calls is not', async () => {
    const pack = ['pack', 'file:///app/node_modules/msgpackr/pack.js', 1] as const;
    const zod = ['parse', 'file:///app/node_modules/zod/parse.js', 1] as const;
    const own = ['pack', 'file:///app/node_modules/millrace/node_modules/msgpackr/pack.js', 1] as const;
    const { threads } = await report([
      [[user('main'), pack, own], 1],
      [[user('main'), zod], 2],
      [[engine('emit'), zod, user('refine')], 4],
      [[engine('emit'), zod, ['', '', -1]], 8],
      [[engine('emit'), own], 16],
      [[run, burn, pack], 32],
    ]);
    expect(threads[0]?.rooms).toMatchObject({ user: 7, validation: 8, msgpackr: 16, handler: 32 });
  });

  test('what the engine does for a handler is told apart from its own code, validation by itself', async () => {
    const zod = ['parse', 'file:///app/node_modules/zod/parse.js', 1] as const;
    const summary = await report([
      [[run], 100],
      [[run, burn, user('loop')], 10],
      [[run, burn, zod], 1],
      [[run, burn, user('loop'), engine('emit')], 20],
      [[run, burn, user('loop'), engine('emit'), zod, user('refine')], 40],
      [[run, burn, user('loop'), engine('emit'), zod], 80],
      [[GC], 5],
    ]);
    expect(row(summary, 'risk/order.placed')).toMatchObject({ cpuMs: 156, engineMs: 145, validationMs: 125 });
  });

  test('time never goes back, whatever the deltas say', async () => {
    const directory = plant([lane(0, [[[run, burn], 1]])]);
    const profile = cpuProfile([
      [[run, burn], 10],
      [[run, calm], 10],
      [[run, burn], 10],
      [[IDLE], 10],
    ]);
    profile.timeDeltas = [0, 20, -5, 15];
    writeFileSync(join(directory, 'lane-0.cpuprofile'), JSON.stringify(profile));
    const summary = await writeReport(directory);
    expect(summary.threads[0]?.cpuMs).toBeCloseTo(0.03, 9);
    expect(row(summary, 'risk/order.placed').cpuMs).toBeCloseTo(0.03, 9);
  });
});

describe('whose a sample is', () => {
  test('the nearest handler’s', async () => {
    const summary = await report([[[run, burn, user('a'), calm, user('b')], 30]]);
    expect(summary.handlers.map(({ handler: name, cpuMs }) => [name, cpuMs])).toEqual([
      ['audit/order.closed', 30],
      ['risk/order.placed', 0],
    ]);
  });

  test('after an await: the function that the handler called, at the root or below Node’s own frames', async () => {
    const inner = user('(anonymous)', 44);
    const summary = await report([
      [[run, burn, inner], 10],
      [[inner, user('helper')], 70],
      [[node('processTicksAndRejections'), inner], 20],
    ]);
    expect(row(summary, 'risk/order.placed').cpuMs).toBe(100);
    expect(summary.threads[0]?.unattributedMs).toBe(0);
  });

  test('after an await in a function of several handlers: shared out as it was below each', async () => {
    const shared = user('load', 60);
    const summary = await report([
      [[run, burn, shared], 30],
      [[run, calm, shared], 10],
      [[shared], 100],
    ]);
    expect(row(summary, 'risk/order.placed').cpuMs).toBeCloseTo(30 + 75, 6);
    expect(row(summary, 'audit/order.closed').cpuMs).toBeCloseTo(10 + 25, 6);
  });

  test('nobody’s, when the function was never seen below a handler, or is called by other code', async () => {
    const inner = user('inner', 44);
    const summary = await report([
      [[run, burn, inner], 10],
      [[user('unknown', 99)], 40],
      [[run, user('wrapper', 98), inner], 50],
    ]);
    expect(row(summary, 'risk/order.placed').cpuMs).toBe(10);
    expect(summary.threads[0]?.unattributedMs).toBe(90);
  });

  test('allocations after an await follow the same rule', async () => {
    const inner = user('inner', 44);
    const summary = await report([[[run, burn, inner], 10]], [[[inner], 5_000]]);
    expect(row(summary, 'risk/order.placed').bytes).toBe(5_000);
  });
});

describe('garbage collection', () => {
  test('is of what ran before, also when it takes several samples', async () => {
    const summary = await report([
      [[run, burn], 10],
      [[GC], 1],
      [[GC], 2],
      [[run, calm], 10],
      [[GC], 4],
      [[run], 10],
      [[GC], 8],
    ]);
    expect(row(summary, 'risk/order.placed')).toMatchObject({ cpuMs: 13, gcMs: 3 });
    expect(row(summary, 'audit/order.closed')).toMatchObject({ cpuMs: 14, gcMs: 4 });
    expect(summary.threads[0]?.gcMs).toBe(15);
  });

  test('after idle time is nobody’s, and idle time stays idle', async () => {
    const summary = await report([
      [[run, burn], 10],
      [[IDLE], 100],
      [[GC], 5],
    ]);
    expect(row(summary, 'risk/order.placed').gcMs).toBe(0);
    expect(summary.threads[0]).toMatchObject({ gcMs: 5, idleMs: 100, cpuMs: 15 });
  });
});

describe('what is not there', () => {
  test('a thread’s reason, and profiles that are damaged or gone, are named; the rest is reported', async () => {
    const directory = plant([
      lane(0, [[[run, burn], 10]], [[[run, burn], 10]]),
      { name: 'lane-1', role: 'lane', lane: 1, missing: 'The lane was ended meanwhile.', active: 250 },
      lane(2, [[[run, burn], 10]]),
    ]);
    writeFileSync(join(directory, 'lane-0.heapprofile'), '{"head":');
    writeFileSync(join(directory, 'lane-2.cpuprofile'), '{"nodes":[{"id":1}],"startTime":0,"endTime":1}');
    const summary = await writeReport(directory);
    expect(summary.missing).toEqual([
      { thread: 'lane-0', reason: expect.stringMatching(/^lane-0\.heapprofile cannot be read: /) },
      { thread: 'lane-1', reason: 'The lane was ended meanwhile.' },
      { thread: 'lane-2', reason: expect.stringMatching(/^lane-2\.cpuprofile cannot be read: /) },
    ]);
    expect(row(summary, 'risk/order.placed')).toMatchObject({ cpuMs: 10, bytes: null, bytesPerEvent: null });
    expect(summary.threads[1]).toMatchObject({ source: 'event-loop', busyShare: 0.25, rooms: null });
  });

  test('no session: an error that says what to do', async () => {
    const directory = plant([]);
    writeFileSync(join(directory, 'session.json'), '{"version":2}');
    await expect(writeReport(directory)).rejects.toMatchObject({ code: 'MILLRACE_INPUT' });
    await expect(writeReport(join(directory, 'none'))).rejects.toMatchObject({ code: 'MILLRACE_INPUT' });
  });

  test('handlers without samples have their accounted time, under their type', async () => {
    const handled = [{ lane: 0, type: 'order.placed', events: 100, busy: 50 }];
    const { handlers } = await writeReport(
      plant([{ name: 'lane-0', role: 'lane', lane: 0, active: 80 }], { handled }),
    );
    expect(handlers).toMatchObject([
      { handler: 'order.placed', module: null, cpuMs: null, busyMs: 50, microsPerEvent: 500 },
    ]);
  });

  test('lines that are not there: -1, also as Node 22 writes it', async () => {
    const directory = plant([lane(0, [[[run, burn], 10]])]);
    const profile = cpuProfile([[[['native', 'node:native', 4_294_967_295]], 10]]);
    writeFileSync(join(directory, 'lane-0.cpuprofile'), JSON.stringify(profile));
    await writeReport(directory);
    const speedscope = JSON.parse(readFileSync(join(directory, 'threads.speedscope.json'), 'utf8'));
    expect(speedscope.shared.frames).toEqual([{ name: 'native', file: 'node:native' }]);
  });
});
