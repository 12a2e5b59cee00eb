import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closeOnSignals, defineEvent, defineHandlers, defineState, openEngine } from 'millrace';
import { AggregateRoot, defineAggregate, handleCommand, repository } from 'millrace/aggregates';
import {
  checkDeterminism,
  defineStrategy,
  monteCarlo,
  parseCandles,
  readBacktest,
  readCandles,
  readSweepReport,
  runBacktest,
  sweep,
  walkForward,
  writeReport,
  writeStoreReport,
} from 'millrace/backtest';
import { createEventBus, createEventStorage, createEventSystem } from 'millrace/bus';
import { diffProfiles, findLeaks } from 'millrace/profile';
import { createPublisher } from 'millrace/publisher';
import {
  discardDeadLetters,
  exportStore,
  importStore,
  openStoreReader,
  retryDeadLetters,
  traceStory,
} from 'millrace/store';
import {
  checkDeterminism as checkHandlers,
  createTestEngine,
  EventSpy,
  specify,
  storeContract,
  waitFor,
  whenQuiescent,
} from 'millrace/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { timerName } from '../../../dist/src/lanes/timers/timer-name.js';
import { Noted } from '../../handlers/events.mjs';
import { openForTests } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const OPTION = 'MILLRACE_INVALID_OPTION';
const DEFINITION = 'MILLRACE_INVALID_DEFINITION';
const events = [Noted];
const note = Noted({ note: 'a' });
const schema = z.object({ id: z.string() });
const aggregateId = (data: { id: string }) => data.id;
const handle = () => {};
const handlers = defineHandlers('noted', (on) => on(Noted, handle));
const Count = defineState({ name: 'count', initial: () => 0 });
/** A strategy that makes an order with options. */
const ordering = (request: object) =>
  defineStrategy({ name: 'x', parameters: z.object({}), onBar: (ctx) => void ctx.buy(request) });
const strategy = ordering({});
const CSV = 'time,open,high,low,close\n2024-01-01,1,1,1,1\n';
const candles = parseCandles(CSV, 'CSV');
const csvFile = () => {
  const path = join(tempFolder(), 'candles.csv');
  writeFileSync(path, CSV);
  return path;
};

let engine: Awaited<ReturnType<typeof openForTests>>;
let consumer: Awaited<ReturnType<typeof engine.consumers.start>>;
let bus: ReturnType<typeof createEventBus>;
let storage: Awaited<ReturnType<typeof createEventStorage>>;
let reader: ReturnType<typeof openStoreReader>;
const publisher = createPublisher({ events });
const counter = { events: [Noted], initial: () => 0, evolve: (count: number) => count + 1 };
const Counter = defineAggregate('counter', { ...counter, commands: { count: (_state, _by: number) => {} } });
class Root extends AggregateRoot {
  protected override apply(): void {}
}

beforeAll(async () => {
  const store = tempStore();
  engine = await openForTests({ store });
  await engine.publish(note);
  consumer = await engine.consumers.start({ name: 'c', handle });
  reader = openStoreReader(store);
  storage = await createEventStorage({ events, threads: 0 });
  bus = createEventBus({ events, threads: 0 });
  await bus.start();
});
afterAll(async () => {
  reader.close();
  await Promise.all([bus.stop(), storage.close(), engine.close()]);
});

/** As JavaScript has it: the compiler would refuse each of these. */
type Loose = never;
type Call = (bad: Loose) => unknown;

/** The options type that a row is about, a name nearly right, what was meant, and the call. */
const CALLS: readonly (readonly [covers: string, bad: string, meant: string, call: Call])[] = [
  ['EngineOptions', 'stroe', 'store', (bad: object) => openEngine({ events, ...bad })],
  ['HealthThresholds', 'latencyMS', 'latencyMs', (bad) => openEngine({ events, health: bad })],
  ['PublishOptions', 'untill', 'until', (bad) => engine.publish(note, bad)],
  ['PublishOptions', 'untli', 'until', (bad) => engine.publishMany([note], bad)],
  ['AppendOptions', 'expectedversion', 'expectedVersion', (bad) => engine.append('a', [], bad)],
  ['DrainOptions', 'singal', 'signal', (bad) => engine.drain(bad)],
  [
    'ConsumerOptions',
    'retrys',
    'retries',
    (bad: object) => engine.consumers.start({ name: 'd', handle, ...bad }),
  ],
  ['CatchUpOptions', 'singal', 'signal', (bad) => consumer.whenCaughtUp(1, bad)],
  ['ReadOptions', 'fromPostion', 'fromPosition', (bad) => engine.read(bad)],
  ['ReadOptions', 'agregateId', 'aggregateId', (bad) => engine.read(bad).next()],
  ['FollowOptions', 'form', 'from', (bad) => engine.follow(bad)],
  ['CommandOptions', 'commandID', 'commandId', (bad) => handleCommand(engine, Counter, 'a', 'count', 1, bad)],
  ['ExecuteOptions', 'commandID', 'commandId', (bad) => engine.execute(Counter, 'a', 'count', 1, bad)],
  ['QueryOptions', 'singal', 'signal', (bad) => engine.query(Counter, 'a', () => 0, bad)],
  ['SaveOptions', 'untill', 'until', (bad) => repository(engine, Root).save(new Root('a'), bad)],
  ['load', 'singal', 'signal', (bad) => repository(engine, Root).load('a', bad)],
  ['TraceQuery', 'corelationId', 'correlationId', (bad) => engine.trace(bad)],
  ['ProfileOptions', 'directroy', 'directory', (bad) => engine.profile(bad)],
  ['SnapshotOptions', 'forced', 'force', (bad) => engine.heapSnapshots(tempFolder(), bad)],
  ['DeadLetterQuery', 'limits', 'limit', (bad) => engine.deadLetters.list(bad)],
  ['SubscriptionOptions', 'retrys', 'retries', (bad) => engine.subscribe(Noted, handle, bad)],
  ['TransformOptions', 'transfrom', 'transform', (bad) => engine.subscribeAll(handle, bad)],
  ['SubscriptionOptions', 'Priority', 'priority', (bad) => publisher.subscribePattern('note.*', handle, bad)],
  ['settled', 'sginal', 'signal', (bad) => engine.settled(bad)],
  ['removeUnused', 'olderthan', 'olderThan', (bad) => engine.removeUnused(bad)],
  ['CloseOnSignalsOptions', 'onerror', 'onError', (bad) => closeOnSignals(engine, bad)],
  ['FindLeaksOptions', 'round', 'rounds', (bad) => findLeaks(engine, handle, bad)],
  ['ScheduleOptions', 'nmae', 'name', (bad) => timerName(bad, 'noted')],
  ['PublisherOptions', 'onErorr', 'onError', (bad: object) => createPublisher({ events, ...bad })],
  ['publishAsync', 'signl', 'signal', (bad) => publisher.publishAsync(note, bad)],
  ['EventBusOptions', 'whenfull', 'whenFull', (bad: object) => createEventBus({ events, ...bad })],
  ['EventBusOptions', 'worker', 'workers', (bad: object) => createEventSystem({ events, ...bad })],
  ['BusSubscribeOptions', 'nme', 'name', (bad) => bus.subscribe(Noted, handle, bad)],
  ['PublishOptions', 'utnil', 'until', (bad) => bus.publish(note, bad)],
  ['PublishOptions', 'unti', 'until', (bad) => bus.publishBatch([note], bad)],
  ['DrainOptions', 'sigal', 'signal', (bad) => bus.drain(bad)],
  ['stop', 'signals', 'signal', (bad) => bus.stop(bad)],
  ['FailedEventQuery', 'atfer', 'after', (bad) => bus.failedEvents.list(bad)],
  ['EventStorageOptions', 'paht', 'path', (bad: object) => createEventStorage({ events, ...bad })],
  ['Abortable', 'signall', 'signal', (bad) => storage.store(note, bad)],
  ['Abortable', 'siganl', 'signal', (bad) => storage.storeMany([note], bad)],
  ['FromVersion', 'fromversion', 'fromVersion', (bad) => storage.byAggregate('a', bad)],
  ['MarkOptions', 'resutl', 'result', (bad) => storage.markProcessed('a', bad)],
  ['MarkFailedOptions', 'eror', 'error', (bad) => storage.markFailed('a', bad)],
  ['ProcessingLogQuery', 'ID', 'id', (bad) => storage.processingLog(bad)],
  ['StoreReadOptions', 'tpyes', 'types', (bad) => reader.read(bad)],
  ['DeadLetterOptions', 'affter', 'after', (bad) => reader.deadLetters(bad)],
  ['PendingCommandOptions', 'affter', 'after', (bad) => reader.commands(bad)],
  ['StoreListOptions', 'limti', 'limit', (bad) => reader.timers(bad)],
  ['StoreListOptions', 'limti', 'limit', (bad) => reader.states(bad)],
  ['ExportOptions', 'aggregateID', 'aggregateId', (bad) => exportStore('a.db', 'a.csv', bad)],
  ['ImportOptions', 'handeld', 'handled', (bad) => importStore('a.jsonl', 'b.db', bad)],
  ['TraceQuery', 'positon', 'position', (bad) => traceStory(reader, bad)],
  ['DeterminismOptions', 'gird', 'grid', (bad) => checkDeterminism(bad as never)],
  ['DeterminismOptions', 'thread', 'threads', (bad) => checkHandlers([], [note], bad)],
  ['DiffOptions', 'treshold', 'threshold', (bad) => diffProfiles('a', 'b', bad)],
  [
    'ReportOptions',
    'tilte',
    'title',
    (bad) => writeReport(join(tempFolder(), 'a.html'), runBacktest({ candles, strategy }), bad),
  ],
  ['StoredBacktestOptions', 'backtestID', 'backtestId', (bad) => readBacktest('a.db', bad)],
  ['SweepReportOptions', 'candels', 'candles', (bad) => readSweepReport('a.db', bad)],
  ['StoreReportOptions', 'sortby', 'sortBy', (bad) => writeStoreReport('a.html', 'a.db', bad)],
  ['EventOptions', 'occuredAt', 'occurredAt', (bad) => engine.publish(Noted({ note: 'a' }, bad))],
  ['EventOptions', 'metaData', 'metadata', (bad) => publisher.publish(Noted({ note: 'a' }, bad))],
  ['EventOptions', 'causationID', 'causationId', (bad) => bus.publish(Noted({ note: 'a' }, bad))],
  ['SweepOptions', 'onprogress', 'onProgress', (bad) => sweep(bad)],
  ['WalkForwardOptions', 'anchord', 'anchored', (bad) => walkForward(bad)],
  ['MonteCarloOptions', 'sead', 'seed', (bad) => monteCarlo(runBacktest({ candles, strategy }), bad)],
  ['BacktestOptions', 'symbl', 'symbol', (bad: object) => runBacktest({ candles, strategy, ...bad })],
  ['BrokerOptions', 'comission', 'commission', (bad: object) => runBacktest({ candles, strategy, ...bad })],
  ['CandleOptions', 'timeunit', 'timeUnit', (bad) => parseCandles(CSV, 'CSV', bad)],
  ['CandleOptions', 'year', 'years', (bad) => readCandles(csvFile(), bad)],
  ['TestEngineOptions', 'rtries', 'retries', (bad: object) => createTestEngine({ events, ...bad })],
  ['HandlerSpecOptions', 'sead', 'seed', (bad: object) => specify(handlers, { events, ...bad })],
  ['EventSpyOptions', 'limt', 'limit', (bad) => new EventSpy(publisher, bad)],
  ['WaitForOptions', 'form', 'from', (bad) => waitFor(engine, Noted, bad)],
  ['WaitOptions', 'timeOut', 'timeout', (bad) => whenQuiescent(engine, bad)],
  ['StoreContractOptions', 'reOpen', 'reopen', (bad) => storeContract(undefined as never, bad)],
];

const DEFINITIONS: typeof CALLS = [
  [
    'EventTypeOptions',
    'partitionkey',
    'partitionKey',
    (bad: object) => defineEvent('a.b', { schema, aggregateId, ...bad }),
  ],
  [
    'AggregateOptions',
    'evole',
    'evolve',
    (bad: object) => defineAggregate('a', { ...counter, commands: {}, ...bad }),
  ],
  ['ModuleHooks', 'onBroadCast', 'onBroadcast', (bad) => defineHandlers('h', handle, bad)],
  ['HandlerOptions', 'timeoutMS', 'timeoutMs', (bad) => defineHandlers('h', (on) => on(Noted, handle, bad))],
  [
    'StateHandlerOptions',
    'retrys',
    'retries',
    (bad: object) => defineHandlers('h', (on) => on(Noted, { state: Count, ...bad }, handle)),
  ],
  [
    'StateOptions',
    'inital',
    'initial',
    (bad: object) => defineState({ name: 's', initial: () => 0, ...bad }),
  ],
];

async function thrownBy(call: Call, options: unknown): Promise<unknown> {
  try {
    await call(options as Loose);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.each([
  [OPTION, CALLS],
  [DEFINITION, DEFINITIONS],
] as const)('a misspelt option is refused with %s and the name that was meant:', (code, calls) => {
  test.each(calls)('%s, %s for %s', async (_covers, bad, meant, call) => {
    const error = await thrownBy(call, { [bad]: 1 });
    expect(error).toMatchObject({ code, details: { option: bad } });
    expect((error as Error).message).toMatch(
      new RegExp(`has no option '${bad}'. Did you mean '${meant}'\\?$`),
    );
  });

  test.each(
    calls.filter(([, , , call]) => !String(call).includes('...bad')),
  )('%s: options that are no object are refused', async (_covers, _bad, _meant, call) => {
    for (const none of ['handled', 5, true, null]) {
      expect(await thrownBy(call, none), String(none)).toMatchObject({ code });
    }
  });
});

test.each([
  ['a Date', new Date(0)],
  ['an array', []],
  ['a Map', new Map()],
])('%s is no set of options, though it has no unknown name', (what, given) => {
  const bad = given as never;
  const refusal = expect.objectContaining({ code: OPTION, message: expect.stringContaining(what) });
  expect(() => publisher.publish(Noted({ note: 'a' }, bad))).toThrow(refusal);
  expect(() => engine.offer(Noted({ note: 'a' }, bad))).toThrow(refusal);
  expect(() => reader.read(bad).next()).toThrow(refusal);
});

test('which dead letters or failed events are meant is looked at before any is touched', async () => {
  const bad = { position: 1 } as never;
  const refusal = expect.objectContaining({ code: OPTION });
  expect(() => retryDeadLetters(tempStore(), bad)).toThrow(refusal);
  expect(() => discardDeadLetters(tempStore(), bad)).toThrow(refusal);
  await expect(bus.failedEvents.clear(bad)).rejects.toEqual(refusal);
});

test('a path that is too long for the file system has its code from each way in', async () => {
  const store = join(tempFolder(), 'x'.repeat(300));
  const refusal = expect.objectContaining({ code: 'MILLRACE_STORE_PATH' });
  await expect(openEngine({ events, store })).rejects.toEqual(refusal);
  await expect(createEventBus({ events, store }).start()).rejects.toEqual(refusal);
  await expect(createEventStorage({ events, path: store })).rejects.toEqual(refusal);
});

test('a name that is like no other is refused with those that there are', async () => {
  const refused =
    "read has no option 'zzz'. It takes: aggregateId, fromVersion, toVersion, fromPosition, toPosition, types, limit, direction, signal.";
  expect(() => engine.read({ zzz: 1 } as object)).toThrow(refused);
});

describe('a name counts wherever it comes from:', () => {
  const named = (name: string, from: object) => [name, from] as const;
  class Config {
    readonly stroe = 'x.db';
  }
  test.each([
    named('a class', new Config()),
    named('a prototype', Object.create({ stroe: 'x.db' })),
    named('an object without a prototype', Object.assign(Object.create(null), { stroe: 'x.db' })),
    named('a proxy', new Proxy({ stroe: 'x.db' }, {})),
    named('a value that is undefined', { stroe: undefined }),
    named('JSON', JSON.parse('{ "__proto__": {} }')),
  ])('%s', async (_from, config) => {
    Object.assign(config, { events });
    const opened = openEngine(config as never);
    await expect(opened).rejects.toMatchObject({ code: OPTION });
  });

  test('but what a library has put on every object was said by nobody', async () => {
    Object.defineProperty(Object.prototype, 'polluted', {
      value: 1,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    try {
      expect(await engine.publish(note, { until: 'durable' })).toMatchObject({ version: expect.any(Number) });
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted');
    }
  });

  test('and a known option of a prototype or a getter is not lost on the way', async () => {
    const store = join(tempFolder(), 'inherited.db');
    let reads = 0;
    const config = Object.create({
      get store() {
        reads++;
        return store;
      },
    });
    const stored = await openEngine(Object.assign(config, { events, threads: 0 }));
    await stored.publish(note);
    await stored.close();
    expect(reads).toBe(1);
    using written = openStoreReader(store);
    expect(written.summary().lastPosition).toBe(1);
  });
});

/** What users' compilers see, from the package's entries on. */
function declarations(): string[] {
  const dist = fileURLToPath(new URL('../../../dist/src/', import.meta.url));
  const texts = new Map<string, string>();
  const visit = (file: string): void => {
    if (texts.has(file)) return;
    const text = readFileSync(join(dist, file), 'utf8');
    texts.set(file, text);
    for (const [, path = ''] of text.matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)) {
      visit(`${normalize(join(dirname(file), path))}.d.ts`);
    }
  };
  const { exports } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  for (const { types } of Object.values<{ types?: string }>(exports)) {
    if (types) visit(types.replace('./dist/src/', ''));
  }
  return [...texts.values()];
}

/** What the package's own files say to each other, and no caller of it can. */
const INTERNAL = [
  'pointBenchmark',
  'CheckedBusOptions',
  'CheckedOptions',
  'CheckedProfileOptions',
  'CheckedReadOptions',
  'CommandQuery',
  'HistoryQuery',
  'OutputOptions',
  'OwnReadOptions',
  'PageQuery',
  'ProcessingOptions',
  'StateQuery',
  'SubscriptionHooks',
  'TimerQuery',
  'TypedQuery',
  'WriterOptions',
  'AnyOptions',
  'checkKnown',
  'CommandInput',
  'constructor',
  'end',
  'countNodes',
  'judge',
  'read',
  'renew',
  'statisticsOf',
];

test('no options of the public face are forgotten here', () => {
  const names = new Set<string>();
  for (const text of declarations()) {
    for (const [, name = ''] of text.matchAll(
      /(?:interface|type) (\w+(?:Options|Query|Thresholds|Hooks|Input|Grid|Parameters))\b/g,
    )) {
      names.add(name);
    }
    // Options that have no name of their own go by that of their method.
    for (const [, name = ''] of text.matchAll(/(\w+)\([^()]*\??: \{[^}]*\}/g)) names.add(name);
  }
  const covered = new Set([...CALLS, ...DEFINITIONS].map(([covers]) => covers));
  // Other names for parts of what is covered.
  for (const alias of ['EpochOptions', 'JournalOptions', 'SubscribeOptions', 'SubscriberOptions'])
    covered.add(alias);
  expect(names.size).toBeGreaterThan(30);
  expect([...names].filter((name) => !covered.has(name) && !INTERNAL.includes(name))).toEqual([]);
});
