import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeReport } from 'millrace/profile';
import { expect, test } from 'vitest';
import { REPORT_MAX_READINGS, REPORT_MAX_STRETCHES } from '../../../../dist/src/limits.js';
import { cpuProfile, engine, GC, handler, IDLE, lane, plant, user } from '../../../support/report-plant.js';

const burn = handler('risk', 'order.placed');
const run = engine('callHandlers');

interface Speedscope {
  readonly $schema: string;
  readonly name: string;
  readonly activeProfileIndex: number;
  readonly shared: {
    readonly frames: readonly { name: string; file?: string; line?: number; col?: number }[];
  };
  readonly profiles: readonly {
    readonly type: string;
    readonly name: string;
    readonly unit: string;
    readonly startValue: number;
    readonly endValue: number;
    readonly samples: readonly (readonly number[])[];
    readonly weights: readonly number[];
  }[];
}

interface TraceEvent {
  readonly ph: 'M' | 'X' | 'C';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, unknown>>;
}

async function written<Value>(directory: string, file: string): Promise<Value> {
  await writeReport(directory);
  return JSON.parse(readFileSync(join(directory, file), 'utf8')) as Value;
}

test('speedscope: all threads in one file, stacks from the root, weights that sum up', async () => {
  const directory = plant([
    { name: 'dispatcher', role: 'dispatcher', cpu: [[[engine('publish')], 40]] },
    lane(
      0,
      [
        [[run, burn, user('score')], 10],
        [[run, burn, user('score')], 5],
        [[GC], 2],
        [[IDLE], 23],
      ],
      [
        [[run, burn], 700],
        [[run, burn, user('score')], 300],
      ],
    ),
  ]);
  const file = await written<Speedscope>(directory, 'threads.speedscope.json');
  expect(file.$schema).toBe('https://www.speedscope.app/file-format-schema.json');
  expect(file.activeProfileIndex).toBe(0);
  expect(file.profiles.map(({ name, unit }) => [name, unit])).toEqual([
    ['dispatcher', 'microseconds'],
    ['lane-0', 'microseconds'],
    ['lane-0 allocations', 'bytes'],
  ]);
  for (const { type, startValue, endValue, samples, weights } of file.profiles) {
    expect(type).toBe('sampled');
    expect(samples).toHaveLength(weights.length);
    expect(endValue - startValue).toBeCloseTo(
      weights.reduce((sum, weight) => sum + weight, 0),
      6,
    );
    for (const index of samples.flat()) expect(file.shared.frames[index]?.name).toBeTypeOf('string');
    for (const weight of weights) expect(weight).toBeGreaterThan(0);
  }
  const names = file.profiles.map(({ samples }) =>
    samples.map((stack) => stack.map((index) => file.shared.frames[index]?.name)),
  );
  const call = ['callHandlers', 'risk·order.placed', 'score'];
  // Two samples of the same stack are one stretch, and collection lies on what ran before it.
  expect(names[1]).toEqual([call, [...call, '(garbage collector)'], ['(idle)']]);
  expect(file.profiles[1]?.weights).toEqual([15_000, 2_000, 23_000]);
  expect(names[2]).toEqual([call.slice(0, 2), call]);
  expect(file.profiles[2]?.weights).toEqual([700, 300]);
  const score = file.shared.frames.find(({ name }) => name === 'score');
  expect(score).toEqual({ name: 'score', file: 'file:///app/handlers.mjs', line: 11, col: 4 });
});

test('speedscope: a thread with more stretches than the file can hold is summed up, and nothing is lost', async () => {
  const directory = plant([lane(0, [[[run, burn], 1]])]);
  const profile = cpuProfile([
    [[run, burn], 1],
    [[run], 1],
  ]);
  const { samples } = profile;
  profile.samples = Array.from({ length: REPORT_MAX_STRETCHES + 10 }, (_, index) => samples[index % 2] ?? 0);
  profile.timeDeltas = profile.samples.map((_, index) => (index === 0 ? 0 : 1000));
  profile.endTime = profile.startTime + profile.samples.length * 1000;
  writeFileSync(join(directory, 'lane-0.cpuprofile'), JSON.stringify(profile));
  const { profiles } = await written<Speedscope>(directory, 'threads.speedscope.json');
  expect(profiles.map(({ name }) => name)).toEqual(['lane-0, summed up']);
  const half = (profile.samples.length / 2) * 1000;
  expect(profiles[0]?.weights).toEqual([half, half]);
});

test('a page has a bounded number of memory readings, and the last is among them', async () => {
  const memory = Array.from({ length: 3_001 }, (_, at) => ({ at, heapUsed: at, external: 0 }));
  const directory = plant([]);
  const path = join(directory, 'session.json');
  const session = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...session, threads: [{ name: 'writer', role: 'writer', memory }] }));
  await writeReport(directory);
  const page = readFileSync(join(directory, 'report.html'), 'utf8');
  const [, data = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page) ?? [];
  const shown = JSON.parse(data).session.threads[0].memory;
  expect(shown.length).toBeLessThanOrEqual(REPORT_MAX_READINGS + 1);
  expect(shown[0]).toEqual(memory[0]);
  expect(shown.at(-1)).toEqual(memory.at(-1));
});

test('Chrome’s trace: threads by name, spans that nest, counters, microseconds', async () => {
  const directory = plant(
    [
      { name: 'dispatcher', role: 'dispatcher' },
      { name: 'writer', role: 'writer' },
    ],
    {
      spans: [
        { thread: 'writer', kind: 'commit', start: 10, end: 20, events: 7 },
        { thread: 'writer', kind: 'gc', start: 12, end: 13 },
        // Crosses the end of the commit: Perfetto would show it wrongly on the same track.
        { thread: 'writer', kind: 'checkpoint', start: 15, end: 30 },
        { thread: 'writer', kind: 'commit', start: 40, end: 50, events: 1 },
      ],
    },
  );
  const { traceEvents } = await written<{ traceEvents: TraceEvent[] }>(directory, 'timeline.trace.json');
  for (const event of traceEvents) {
    expect([event.pid, event.tid].every(Number.isInteger)).toBe(true);
    if (event.ph === 'M') continue;
    expect(event.ts).toBeGreaterThanOrEqual(0);
    if (event.ph === 'X') expect(event.dur).toBeGreaterThanOrEqual(0);
    else for (const value of Object.values(event.args)) expect(value).toBeTypeOf('number');
  }
  const tids = new Map(
    traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args.name]),
  );
  expect([...tids.values()]).toEqual(['dispatcher', 'writer', 'writer (2)']);
  const spans = traceEvents.filter(({ ph }) => ph === 'X');
  expect(spans.map(({ name, tid, ts, dur, args }) => [name, tids.get(tid), ts, dur, args])).toEqual([
    ['commit', 'writer', 10_000, 10_000, { events: 7 }],
    ['gc', 'writer', 12_000, 1_000, {}],
    ['commit', 'writer', 40_000, 10_000, { events: 1 }],
    ['checkpoint', 'writer (2)', 15_000, 15_000, {}],
  ]);
  const counters = traceEvents.filter(({ ph }) => ph === 'C');
  expect(counters.find(({ name }) => name === 'in flight')).toMatchObject({
    ts: 10_000,
    args: { events: 100 },
  });
  expect(counters.find(({ name }) => name === 'lane queues')?.args).toEqual({ 'lane-0': 50, 'lane-1': 50 });
  expect(counters.find(({ name }) => name === 'WAL')?.args).toEqual({ bytes: 4096 });
  expect(counters.filter(({ name }) => name === 'memory of writer')).toHaveLength(2);
});

const HOSTILE = '</script><script>window.broken = 1</script><img src=x onerror="window.broken=2">';
const NAMES = [
  HOSTILE,
  `"quoted" 'twice' \`thrice\` \${x}`,
  'Größe.日本語.🚀\u2028\u202e',
  '| [a](javascript:b) |\n# c',
];

test('hostile names: the page holds them as data, and summary.md as text', async () => {
  const threads = NAMES.map((name, index) => lane(index, [[[handler(name, name), [name, name, 1]], 900]]));
  const handled = NAMES.map((type, index) => ({ lane: index, type, events: 10, busy: 10 }));
  const hotKeys = NAMES.map((key) => ({ key, share: 0.2 }));
  const directory = plant(threads, { handled, hotKeys, cpu: HOSTILE });
  const summary = await writeReport(directory);
  expect(summary.handlers.map(({ type }) => type).sort()).toEqual([...NAMES].sort());

  const page = readFileSync(join(directory, 'report.html'), 'utf8');
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  expect(page).not.toContain('<img');
  const [, data = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page) ?? [];
  expect(data).not.toContain('<');
  expect(JSON.parse(data).handlers).toEqual(NAMES.map((name) => `${name}/${name}`));

  const text = readFileSync(join(directory, 'summary.md'), 'utf8');
  expect(text).not.toMatch(/(?<!\\)<(script|img)/);
  expect(text).not.toMatch(/(?<!\\)\]\(/);
  expect(text.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
});

test('the page asks nobody for anything', async () => {
  const directory = plant([lane(0, [[[run, burn], 10]])]);
  await writeReport(directory);
  const page = readFileSync(join(directory, 'report.html'), 'utf8');
  expect(page).toContain("default-src 'none'");
  expect(page.match(/\b(?:src|href)\s*=\s*["'](?!data:)/g)).toBeNull();
  expect(page).not.toMatch(/@import|url\(|fetch\(|XMLHttpRequest|import\(/);
});
