import { existsSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Engine, openEngine } from 'millrace';
import type { ProfileOptions } from 'millrace/profile';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { Tried } from '../../handlers/odd-names.mjs';
import { Allocated, Burned, Counted } from '../../handlers/planted.mjs';
import { EXECUTORS } from '../../support/executors.js';
import { storeFor } from '../../support/open-test-engine.js';
import { profilePlanted } from '../../support/planted.js';
import { tempFolder } from '../../support/temp-folder.js';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

let engine: Engine;
afterEach(() => engine?.close());

async function open(threads: number, durability: 'memory' | 'os' = 'os'): Promise<Engine> {
  engine = await openEngine({
    threads,
    ...storeFor(durability),
    events: [Burned, Allocated, Counted],
    handlers: [new URL('../../handlers/planted.mjs', import.meta.url)],
    maxInFlight: 600,
  });
  return engine;
}

function read<Value>(directory: string, file: string | undefined): Value {
  return JSON.parse(readFileSync(join(directory, file ?? 'none'), 'utf8')) as Value;
}

test('a thread that cannot be sampled fails the profile, and leaves nothing running in the others', async () => {
  const { connect } = Session.prototype;
  onTestFinished(() => void Object.assign(Session.prototype, { connect }));
  await open(0);
  const directory = tempFolder();
  const refuse = () => {
    throw new Error('no permission');
  };
  Object.assign(Session.prototype, { connect: refuse });
  // The main thread is the one that is refused, and the writer has begun. Timers left behind fail the file.
  await expect(engine.profile({ seconds: 0.1, directory })).rejects.toThrow('no permission');
  Object.assign(Session.prototype, { connect });
  const { session } = await engine.profile({ seconds: 0.1, directory });
  expect(session.threads.map(({ missing }) => missing)).toEqual(session.threads.map(() => undefined));
});

describe.each(EXECUTORS)('a profile with %i threads', (threads) => {
  test('can be read whatever regular expressions, functions and scripts are called', async () => {
    engine = await openEngine({
      threads,
      durability: 'memory',
      events: [Tried],
      handlers: [new URL('../../handlers/odd-names.mjs', import.meta.url)],
    });
    const directory = tempFolder();
    let ended = false;
    const report = engine.profile({ seconds: 0.3, directory }).finally(() => {
      ended = true;
    });
    while (!ended) await engine.publish(Tried({ key: 'k' }), { until: 'handled' });
    const { session, summary } = await report;
    expect(summary.missing).toEqual([]);
    const frames = session.threads
      .filter(({ cpuProfile }) => cpuProfile !== undefined)
      .flatMap(({ cpuProfile }) => read<CpuProfile>(directory, cpuProfile).nodes)
      .map(({ callFrame }) => callFrame);
    const names = frames.map(({ functionName }) => functionName);
    expect(names).toContain('RegExp: ^(?:[\\w\\d]+\\s*)+"é\\u00e9"$');
    expect(names).toContain('say "\\w"\n\u0001 한 ","lineNumber":x');
    expect(frames.map(({ url }) => url)).toContain('C:\\odd\\names.js');
  });

  test('has every thread, by its role, and handlers by their names', async () => {
    const directory = join(tempFolder(), 'made', 'when needed');
    const report = await profilePlanted(await open(threads), { seconds: 0.6, directory });
    const { session } = report;
    const lanes = Array.from({ length: threads }, (_, lane) => `lane-${lane}`);
    const names = session.threads.map(({ name }) => name).filter((name) => name !== 'checkpointer');
    expect(names).toEqual(['dispatcher', ...lanes, 'writer']);
    expect(report.directory).toBe(directory);
    expect(read(directory, 'session.json')).toEqual(JSON.parse(JSON.stringify(session)));

    const places = threads === 0 ? ['dispatcher'] : lanes;
    const frames = new Set<string>();
    for (const { name, cpuProfile, heapProfile, memory, missing } of session.threads) {
      if (name === 'checkpointer') continue;
      expect(missing).toBeUndefined();
      const cpu = read<CpuProfile>(directory, cpuProfile);
      expectChromeShape(cpu);
      expect(read<{ head: object }>(directory, heapProfile).head).toBeTypeOf('object');
      expect(memory.length).toBeGreaterThanOrEqual(2);
      const found = cpu.nodes.filter(({ callFrame }) => callFrame.url.startsWith('millrace-handler:'));
      if (!places.includes(name)) expect(found).toEqual([]);
      for (const { callFrame } of found) frames.add(`${callFrame.functionName} ${callFrame.url}`);
    }
    expect(frames).toContain('planted·planted·burned millrace-handler:planted/planted.burned');
    expect(session.handled.map(({ type }) => type)).toContain('planted.burned');
    const events = session.handled.reduce((sum, work) => sum + work.events, 0);
    expect(events).toBeGreaterThan(0);
    expect(session.spans.some(({ kind }) => kind === 'batch')).toBe(true);
    expect(session.spans.some(({ kind }) => kind === 'commit')).toBe(true);
    for (const { start, end } of session.spans) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(session.duration);
    }
    expect(session.queues.length).toBeGreaterThan(1);
    expect(session.cores).toBe(availableParallelism());
  });

  test('ends when its signal is aborted, and handlers lose their frames', async () => {
    await open(threads, 'memory');
    const ending = new AbortController();
    const pending = engine.profile({ signal: ending.signal, directory: tempFolder(), heap: false });
    await engine.publish(Burned({ key: 'a', value: 1 }), { until: 'handled' });
    ending.abort();
    const { session, directory } = await pending;
    expect(session.counts).toMatchObject({ published: 1, handled: 1 });
    expect(existsSync(join(directory, 'dispatcher.heapprofile'))).toBe(false);
    await engine.publish(Burned({ key: 'a', value: 2 }), { until: 'handled' });
  });

  test('ends with the engine', async () => {
    await open(threads);
    const pending = engine.profile({ seconds: 3_600, directory: tempFolder() });
    await engine.publishMany(Array.from({ length: 300 }, (_, value) => Counted({ key: 'a', value })));
    await engine.close();
    const { session } = await pending;
    expect(session.counts.handled).toBe(300);
    for (const { name, missing } of session.threads) {
      if (name !== 'checkpointer') expect(missing).toBeUndefined();
    }
  });
});

function expectChromeShape(profile: CpuProfile): void {
  expect(profile.endTime).toBeGreaterThan(profile.startTime);
  expect(profile.samples.length).toBe(profile.timeDeltas.length);
  const ids = new Set(profile.nodes.map(({ id }) => id));
  expect(ids.size).toBe(profile.nodes.length);
  expect(profile.nodes[0]?.callFrame.functionName).toBe('(root)');
  for (const child of profile.nodes.flatMap(({ children = [] }) => children)) expect(ids).toContain(child);
  for (const sample of profile.samples) expect(ids).toContain(sample);
}

describe('lanes that come and go', () => {
  test('a lane that is added is profiled, and one that is taken away is said to be missing', async () => {
    await open(1, 'memory');
    const ending = new AbortController();
    const pending = engine.profile({ signal: ending.signal, directory: tempFolder() });
    await engine.publish(Counted({ key: 'a', value: 1 }), { until: 'handled' });
    await engine.setThreads(2);
    await engine.setThreads(1);
    ending.abort();
    const { session } = await pending;
    const lanes = session.threads.filter(({ role }) => role === 'lane');
    expect(lanes.map(({ name }) => name)).toEqual(['lane-0', 'lane-1']);
    expect(lanes[0]?.missing).toBeUndefined();
    expect(lanes[1]?.missing).toBe('The lane was ended meanwhile.');
  });
});

describe('what cannot be profiled', () => {
  test.each<[string, ProfileOptions]>([
    ['seconds', { seconds: -1 }],
    ['seconds', { seconds: Number.NaN }],
    ['seconds', { seconds: 3_601 }],
    ['intervalMicros', { intervalMicros: 1 }],
    ['directory', { directory: '' }],
    ['cpu', { cpu: 1 as never }],
    ['signal', { signal: {} as never }],
  ])('option %s out of its range', async (name, options) => {
    await open(0, 'memory');
    const refused = engine.profile(options);
    await expect(refused).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    await expect(refused).rejects.toThrow(name);
  });

  test('an engine that is being profiled, and one that is closed', async () => {
    await open(0, 'memory');
    const ending = new AbortController();
    const pending = engine.profile({ signal: ending.signal, directory: tempFolder() });
    const second = engine.profile({ directory: tempFolder() });
    await expect(second).rejects.toMatchObject({ code: 'MILLRACE_PROFILE_BUSY' });
    ending.abort();
    await pending;
    await engine.close();
    await expect(engine.profile({ directory: tempFolder() })).rejects.toMatchObject({
      code: 'MILLRACE_CLOSED',
    });
  });

  test('into a folder that cannot be made: nothing is sampled', async () => {
    await open(0, 'memory');
    const file = new URL(import.meta.url).pathname;
    await expect(engine.profile({ directory: join(file, 'inside') })).rejects.toMatchObject({
      code: 'MILLRACE_OUTPUT',
    });
  });
});
