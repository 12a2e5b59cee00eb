import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Verdict, writeReport } from 'millrace/profile';
import { describe, expect, test } from 'vitest';
import {
  engine,
  GC,
  handler,
  IDLE,
  lane,
  type PlantedThread,
  plant,
  type Sample,
  user,
} from '../../../support/report-plant.js';

const slow = handler('risk', 'order.placed');
const quick = handler('audit', 'order.closed');
const run = engine('callHandlers');
const pack = ['pack', 'file:///app/node_modules/msgpackr/pack.js', 1] as const;

const ZOD = ['parse', 'file:///app/node_modules/zod/parse.js', 1] as const;

/** A thread that works on the samples and idles for the rest of the second. */
function working(thread: Omit<PlantedThread, 'cpu'>, samples: readonly Sample[]): PlantedThread {
  const busy = samples.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
  return { ...thread, cpu: [...samples, [[IDLE], 1000 - busy]] };
}

const dispatcher = (ms: number, samples: readonly Sample[] = [[[engine('publish')], ms]]) =>
  working({ name: 'dispatcher', role: 'dispatcher' }, samples);
const writer = (ms: number) => working({ name: 'writer', role: 'writer' }, [[[engine('commit')], ms]]);
const busyLane = (number: number, samples: readonly Sample[]) => working(lane(number, []), samples);

/** Two handlers that take about the same. */
const even = (ms: number): Sample[] => [
  [[run, slow], ms * 0.35],
  [[run, quick], ms * 0.35],
  [[run], ms * 0.3],
];

async function verdicts(
  threads: readonly PlantedThread[],
  session: Readonly<Record<string, unknown>> = {},
): Promise<readonly Verdict[]> {
  return (await writeReport(plant(threads, session))).verdicts;
}

const causes = (list: readonly Verdict[]) => list.map(({ cause }) => cause);

describe('each cause, planted', () => {
  test('one handler dominates: named, with its thread, share and time per event', async () => {
    const samples: Sample[] = [
      [[run, slow, user('score')], 700],
      [[run, quick], 50],
    ];
    const handled = [{ lane: 0, type: 'order.placed', events: 1000, busy: 700 }];
    const list = await verdicts(
      [dispatcher(100), busyLane(0, samples), busyLane(1, even(200)), writer(100)],
      {
        handled,
      },
    );
    expect(list[0]).toMatchObject({
      cause: 'handler-dominates',
      handler: 'risk/order.placed',
      thread: 'lane-0',
      value: (700 + 70) / 950,
    });
    expect(list[0]?.sentence).toContain('takes 81 % of the lanes’ working time, 770 µs per event');
    expect(list[0]?.advice).toContain('risk/order.placed');
  });

  test('what the engine takes for a handler is not the handler’s: emitting is a cause of its own', async () => {
    const samples: Sample[] = [
      [[run, slow, user('loop')], 100],
      [[run, slow, user('loop'), engine('emit')], 100],
      [[run, slow, user('loop'), engine('emit'), ZOD], 300],
      [[run], 400],
    ];
    const threads = [dispatcher(100), busyLane(0, samples), writer(100)];
    const list = await verdicts(threads, { settings: { validate: 'publish' } });
    expect(causes(list)).toEqual(['lanes-bound', 'emit-bound']);
    expect(list[1]).toMatchObject({
      value: 400 / 900,
      handler: 'risk/order.placed',
      sentence:
        'What handlers emit takes 44 % of the lanes’ working time (validation by schemas: 33 %); most of that is for risk/order.placed.',
      advice: expect.stringContaining('Set validate to off'),
    });
    const off = await verdicts(threads, { settings: { validate: 'off' } });
    expect(off[1]?.advice).toBe('Emit fewer events, or smaller ones.');
    const both = await verdicts([
      dispatcher(100),
      busyLane(0, [
        [[run, slow], 500],
        [[run, slow, engine('emit')], 100],
      ]),
      writer(100),
    ]);
    expect(both[0]?.sentence).toContain('83 % of the lanes’ working time.');
    expect(both[0]?.sentence).toContain('what it emits takes another 17 %');
  });

  test('without samples of its thread a handler’s time is said to have its emitted events in it', async () => {
    const handled = [{ lane: 0, type: 'order.placed', events: 1000, busy: 700 }];
    const { cpu: _, ...unsampled } = lane(0, []);
    const threads = [dispatcher(100), { ...unsampled, active: 800 }, writer(100)];
    const list = await verdicts(threads, { handled });
    expect(list.find(({ cause }) => cause === 'handler-dominates')?.sentence).toContain(
      'no CPU samples tell',
    );
  });

  test('a handler also dominates when it takes more than all others, and the engine the rest', async () => {
    const samples: Sample[] = [
      [[run, slow], 210],
      [[run, quick], 50],
      [[run], 440],
    ];
    const list = await verdicts([dispatcher(100), busyLane(0, samples), writer(100)]);
    expect(list[0]).toMatchObject({ cause: 'handler-dominates', value: 0.3 });
    expect(list[0]?.sentence).toContain(
      '30 % of the lanes’ working time, more than all other handlers together',
    );
  });

  test.each([
    ['most events', [0.4, 0.3], true],
    ['fewer, but many more than the next', [0.2, 0.1], true],
    ['about as many as the next', [0.2, 0.19], false],
    ['nearly none', [0.02, 0.001], false],
  ] as const)('uneven lanes and a key with %s', async (_what, shares, isNamed) => {
    const hotKeys = shares.map((share, index) => ({ key: `key-${index}`, share }));
    const threads = [dispatcher(100), busyLane(0, even(950)), busyLane(1, even(100)), writer(100)];
    const skew = (await verdicts(threads, { hotKeys })).find(({ cause }) => cause === 'lane-skew');
    expect(skew?.sentence.includes('"key-0"')).toBe(isNamed);
    expect(skew?.advice.includes('partitionKey')).toBe(isNamed);
  });

  test('one lane is busy with a hot key', async () => {
    const list = await verdicts(
      [dispatcher(100), busyLane(0, even(950)), busyLane(1, even(100)), writer(100)],
      {
        hotKeys: [{ key: 'order-7', share: 0.8 }],
      },
    );
    expect(list[0]).toMatchObject({ cause: 'lane-skew', thread: 'lane-0' });
    expect(list[0]?.value).toBeCloseTo(0.85, 6);
    expect(list[0]?.sentence).toContain('Key "order-7" has 80 % of all events');
    expect(list[0]?.advice).toContain('partitionKey');
  });

  test('the main thread is bound; without threads the advice is to have some', async () => {
    const threaded = await verdicts([dispatcher(980), busyLane(0, even(300)), writer(100)]);
    expect(threaded[0]).toMatchObject({ cause: 'main-bound', thread: 'dispatcher', value: 0.98 });
    expect(threaded[0]?.advice).toContain('publishMany');
    const inline = await verdicts([dispatcher(980), writer(100)], { settings: { threads: 0 } });
    expect(inline[0]).toMatchObject({ cause: 'main-bound' });
    expect(inline[0]?.advice).toContain('threads');
    const nothingHandled = { published: 9, durable: 9, handled: 0, failed: 0, laneDeaths: 0 };
    const bare = await verdicts([dispatcher(980)], { settings: { threads: 0 }, counts: nothingHandled });
    expect(bare[0]?.advice).not.toContain('threads');
  });

  test.each<[string, readonly Sample[], object, RegExp, RegExp]>([
    [
      'its own code',
      [[[user('work')], 900]],
      {},
      /^Move the heavy part of your own code.*100 %/,
      /validate|ubscriber/,
    ],
    ['validation', [[[engine('publish'), ZOD], 900]], {}, /^Set validate to off.*100 %/, /own code/],
    [
      'validation that is off',
      [[[engine('publish'), ZOD], 900]],
      { validate: 'off' },
      /^Publish more/,
      /validate/,
    ],
    [
      'the engine alone',
      [[[engine('publish')], 900]],
      {},
      /^Publish more events at once/,
      /own code|validate/,
    ],
  ])('the main thread is bound by %s: the advice is about that', async (_what, samples, settings, has, lacks) => {
    const list = await verdicts([dispatcher(900, samples), busyLane(0, even(300)), writer(100)], {
      settings,
    });
    const { advice = '' } = list.find(({ cause }) => cause === 'main-bound') ?? {};
    expect(advice).toMatch(has);
    expect(advice).not.toMatch(lacks);
  });

  test('who publishes many at once already is not told to', async () => {
    const spans = [{ thread: 'writer', kind: 'commit', start: 0, end: 1, events: 2000 }];
    const main = await verdicts([dispatcher(900), busyLane(0, even(300)), writer(100)], { spans });
    expect(main[0]?.advice).toBe(
      'It is the engine’s own work: make events smaller, or publish fewer of them.',
    );
    const disk = await verdicts([dispatcher(100), writer(900)], { spans });
    expect(disk[0]?.advice).toMatch(/durability to os.*faster disk/);
    const os = await verdicts([dispatcher(100), writer(900)], { spans, settings: { durability: 'os' } });
    expect(os[0]?.advice).toMatch(/^Make payloads smaller/);
  });

  test('collections on the main thread and the writer: no setting of lanes is advised', async () => {
    const collecting: Sample[] = [
      [[engine('publish')], 500],
      [[GC], 300],
    ];
    const list = await verdicts([
      dispatcher(800, collecting),
      working({ name: 'writer', role: 'writer' }, collecting),
      busyLane(0, even(300)),
    ]);
    const found = list.filter(({ cause }) => cause === 'gc-bound');
    expect(found.map(({ thread }) => thread).sort()).toEqual(['dispatcher', 'writer']);
    for (const { advice, sentence } of found) {
      expect(advice).not.toContain('resourceLimits');
      expect(sentence).not.toContain('handler');
    }
  });

  test('the writer is bound by commits that wait for the disk, though it burns nothing', async () => {
    const spans = Array.from({ length: 9 }, (_, index) => ({
      ...{ thread: 'writer', kind: 'commit', events: 10 },
      start: index * 100,
      end: index * 100 + 100,
    }));
    const list = await verdicts([dispatcher(200), busyLane(0, even(200)), writer(100)], { spans });
    expect(list[0]).toMatchObject({ cause: 'writer-bound', thread: 'writer', value: 0.9 });
    expect(list[0]?.sentence).toContain('commits take 90 % of the time (durability disk)');
    expect(list[0]?.advice).toContain('durability');
  });

  test('garbage collection binds a lane, and who allocates is named', async () => {
    const samples: Sample[] = [
      [[run, slow], 250],
      [[GC], 200],
      [[run, quick], 250],
      [[GC], 150],
    ];
    const allocations: Sample[] = [[[run, quick], 50_000_000]];
    const handled = [{ lane: 0, type: 'order.closed', events: 1000, busy: 300 }];
    const list = await verdicts(
      [dispatcher(100), { ...busyLane(0, samples), heap: allocations }, writer(100)],
      { handled },
    );
    const found = list.find(({ cause }) => cause === 'gc-bound');
    expect(found).toMatchObject({ thread: 'lane-0', handler: 'audit/order.closed' });
    expect(found?.value).toBeCloseTo(350 / 850, 6);
    expect(found?.sentence).toContain('48.8 KiB per event');
    expect(found?.sentence).toContain('100 % of what the thread allocates');
    expect(found?.advice).toContain('resourceLimits');
  });

  test('encoding and copying bind a thread', async () => {
    const samples: Sample[] = [
      [[engine('prepare'), pack], 250],
      [[engine('send'), ['postMessage', '', -1]], 150],
      [[engine('send')], 200],
    ];
    const list = await verdicts([dispatcher(600, samples), busyLane(0, even(300)), writer(100)]);
    expect(list[0]).toMatchObject({ cause: 'clone-bound', thread: 'dispatcher' });
    expect(list[0]?.value).toBeCloseTo(400 / 600, 6);
    expect(list[0]?.advice).toContain('payloads smaller');
    const spans = [1, 3].map((events) => ({ thread: 'lane-0', kind: 'batch', start: 0, end: 1, events }));
    const small = await verdicts([dispatcher(600, samples), busyLane(0, even(300)), writer(100)], { spans });
    expect(small[0]?.advice).toContain('publishMany): a lane got only 2.0 events in a message');
  });

  test('all lanes are bound: more threads where there are cores, cheaper handlers where not', async () => {
    const threads = [dispatcher(100), busyLane(0, even(950)), busyLane(1, even(900)), writer(100)];
    const list = await verdicts(threads);
    expect(causes(list)).toContain('lanes-bound');
    expect(list.find(({ cause }) => cause === 'lanes-bound')).toMatchObject({
      value: 0.9,
      sentence: 'Both lanes are bound: the least busy works 90 % of the time.',
      advice: expect.stringContaining('Raise threads from 2 towards 3'),
    });
    const small = await verdicts(threads, { cores: 2 });
    expect(small.find(({ cause }) => cause === 'lanes-bound')?.advice).toContain(
      'more threads will not help: make the handlers cheaper',
    );
    const busy = [dispatcher(100), busyLane(0, [[[run], 900]]), writer(100)];
    expect((await verdicts(busy, { cores: 1 }))[0]?.advice).toMatch(/1 core, so .* the engine’s/);
  });

  test('handlers wait: the engine is full, but nobody works', async () => {
    const queues = [{ at: 10, inFlight: 990, maxInFlight: 1000, waiting: 3, lanes: [400, 400], walBytes: 0 }];
    const list = await verdicts([dispatcher(100), busyLane(0, even(50)), writer(50)], { queues });
    expect(list[0]).toMatchObject({ cause: 'handlers-wait', value: 0.99 });
    expect(list[0]?.advice).toContain('concurrency');
    const threads = [dispatcher(100), busyLane(0, even(50)), writer(50)];
    const oneKey = await verdicts(threads, { queues, hotKeys: [{ key: 'a', share: 0.95 }] });
    expect(oneKey[0]?.advice).toMatch(/finer partitionKey: key "a" has 95 %/);
    const failing = { published: 9, durable: 9, handled: 9, failed: 4, laneDeaths: 0 };
    expect((await verdicts(threads, { queues, counts: failing }))[0]?.advice).toMatch(/^4 attempts failed/);
  });

  test('nothing is bound: you are idle, and that alone', async () => {
    const list = await verdicts([dispatcher(100), busyLane(0, even(50)), writer(20)]);
    expect(causes(list)).toEqual(['idle']);
    expect(list[0]?.sentence).toBe(
      'Nothing is bound: you are idle; the busiest thread, dispatcher, works 10 % of the time.',
    );
  });

  test('busy, but nothing stands out', async () => {
    const list = await verdicts([
      dispatcher(600),
      busyLane(0, even(600)),
      busyLane(1, even(550)),
      writer(300),
    ]);
    expect(causes(list)).toEqual(['balanced']);
  });

  test('a session of nothing has a verdict too', async () => {
    expect(causes(await verdicts([], { duration: 0, queues: [] }))).toEqual(['idle']);
  });
});

test('summary.md names the settings that decide, and leaves out what an older profile does not have', async () => {
  const text = async (settings: object) => {
    const directory = plant([dispatcher(100)], { settings });
    await writeReport(directory);
    return readFileSync(join(directory, 'summary.md'), 'utf8');
  };
  expect(await text({ deterministic: true, dispatch: 'accepted', validate: 'off' })).toContain(
    'durability disk, dispatch accepted, validate off, deterministic true.',
  );
  expect(await text({})).toContain('durability disk.');
});

test('the weightiest comes first, and summary.md begins with it', async () => {
  const directory = plant([
    dispatcher(780),
    busyLane(0, [[[run, slow], 990]]),
    busyLane(1, [[[run, slow], 980]]),
    writer(100),
  ]);
  const { verdicts: list } = await writeReport(directory);
  expect(causes(list)).toEqual(['handler-dominates', 'main-bound', 'lanes-bound']);
  const weights = list.map(({ weight }) => weight);
  expect(weights).toEqual([...weights].sort((a, b) => b - a));
  const lines = readFileSync(join(directory, 'summary.md'), 'utf8').split('\n');
  expect(lines[2]).toMatch(/^\*\*Handler risk\/order\.placed dominates: it takes 100 %/);
  expect(lines[4]).toMatch(/^- The main thread is bound: it works 78 %/);
});
