import { existsSync } from 'node:fs';
import { defineEvent, type EngineOptions, openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Noted } from '../../handlers/events.mjs';
import { liveThreads } from '../../support/live-threads.js';
import { tempStore } from '../../support/temp-folder.js';

const OPTION = 'MILLRACE_INVALID_OPTION';
const DEFINITION = 'MILLRACE_INVALID_DEFINITION';

const alias = (name: string, ...aliases: string[]) =>
  defineEvent(name, { schema: z.any(), aggregateId: () => 'a', aliases });

/** Options as JavaScript may give them, the code, what the message names. */
const BAD: readonly [string, Record<string, unknown> | undefined, string, string][] = [
  ['no options', undefined, OPTION, "'events'"],
  ['events missing', { events: undefined }, OPTION, "'events'"],
  ['events that are no array', { events: Noted }, OPTION, "'events'"],
  ['events with a hole', { events: [undefined] }, DEFINITION, 'defineEvent'],
  ['an event instead of an event type', { events: [Noted({ note: 'a' })] }, DEFINITION, 'defineEvent'],
  ['an event type twice', { events: [Noted, Noted] }, DEFINITION, "'note.noted'"],
  ['two types of one name', { events: [alias('a.b'), alias('a.b')] }, DEFINITION, "'a.b'"],
  ['an alias that is a type', { events: [alias('a.b', 'c.d'), alias('c.d')] }, DEFINITION, "'c.d'"],
  ['one alias of two types', { events: [alias('a.b', 'x.y'), alias('c.d', 'x.y')] }, DEFINITION, "'x.y'"],
  ['an alias that is its own type', { events: [alias('a.b', 'a.b')] }, DEFINITION, "'a.b'"],
  ['threads -1', { threads: -1 }, OPTION, 'threads is -1'],
  ['threads 1.5', { threads: 1.5 }, OPTION, 'threads is 1.5'],
  ['threads NaN', { threads: Number.NaN }, OPTION, 'threads is NaN'],
  ['threads 257', { threads: 257 }, OPTION, 'from 0 to 256'],
  ["threads '2'", { threads: '2' }, OPTION, 'threads'],
  ['concurrency 0', { concurrency: 0 }, OPTION, 'concurrency is 0'],
  ['concurrency 1025', { concurrency: 1025 }, OPTION, 'concurrency is 1025'],
  ['maxInFlight 0', { maxInFlight: 0 }, OPTION, 'maxInFlight is 0'],
  ['maxInFlight Infinity', { maxInFlight: Number.POSITIVE_INFINITY }, OPTION, 'maxInFlight'],
  ['maxInFlightBytes 1', { maxInFlightBytes: 1 }, OPTION, 'maxInFlightBytes is 1'],
  ["durability 'ssd'", { durability: 'ssd' }, OPTION, 'memory, os, disk'],
  ["durability 'disk' without store", { durability: 'disk' }, OPTION, "pass 'store'"],
  ["durability 'os' without store", { durability: 'os' }, OPTION, "pass 'store'"],
  ["durability 'memory' with store", { durability: 'memory', store: 'x.db' }, OPTION, "leave out 'store'"],
  ["store ''", { store: '' }, OPTION, 'path of a file'],
  ['store null', { store: null }, OPTION, 'path of a file'],
  ['a store that is a URL', { store: new URL('file:///x.db') }, OPTION, 'path of a file'],
  ["dispatch 'later'", { dispatch: 'later' }, OPTION, 'durable, accepted'],
  ["validate 'read'", { validate: 'read' }, OPTION, 'publish, off'],
  ['a function as handler module', { handlers: [() => {}] }, OPTION, 'not a URL'],
  ['a relative path as handler module', { handlers: ['./risk.js'] }, OPTION, 'not a URL'],
  ['handlers that are no array', { handlers: new URL('file:///risk.js') }, OPTION, 'handlers'],
  ['resourceLimits of an unknown name', { resourceLimits: { maxHeapMb: 10 } }, OPTION, 'maxHeapMb is 10'],
  ['resourceLimits 0', { resourceLimits: { stackSizeMb: 0 } }, OPTION, 'stackSizeMb is 0'],
  ['resourceLimits -1', { resourceLimits: { maxOldGenerationSizeMb: -1 } }, OPTION, 'SizeMb is -1'],
  ['resourceLimits NaN', { resourceLimits: { codeRangeSizeMb: Number.NaN } }, OPTION, 'SizeMb is NaN'],
  ["resourceLimits '64'", { resourceLimits: { maxOldGenerationSizeMb: '64' } }, OPTION, 'SizeMb is 64'],
  ['resourceLimits that are a number', { resourceLimits: 64 }, OPTION, 'resourceLimits'],
  ['resourceLimits null', { resourceLimits: null }, OPTION, 'resourceLimits'],
  ['memoryBytes 0', { memoryBytes: 0 }, OPTION, 'memoryBytes is 0'],
  ['memoryBytes beyond the limit', { memoryBytes: 2 ** 28 + 1 }, OPTION, 'memoryBytes is 268435457'],
  ["memoryBytes '9'", { memoryBytes: '9' }, OPTION, 'memoryBytes is'],
  ['shared with a function', { shared: { now: () => 1 } }, OPTION, 'SharedArrayBuffers'],
  ['shared with a symbol', { shared: { name: Symbol('s') } }, OPTION, 'shared'],
];

describe('openEngine refuses', () => {
  test.each(BAD)('%s', async (_name, bad, code, named) => {
    const options = bad && { events: [Noted], threads: 0, ...bad };
    const opened = await openEngine(options as unknown as EngineOptions).catch((thrown) => thrown);
    expect(liveThreads()).toEqual([]);
    expect(opened).toBeInstanceOf(Error);
    expect(opened).toMatchObject({ code });
    expect(opened.message).toContain(named);
  });

  test.each([
    ['a run that is no string', { run: 5 }],
    ['a run that is longer than a store takes', { run: 'r'.repeat(1025) }],
    ['a seed that is longer than a store takes', { seed: '€'.repeat(342), deterministic: true }],
    ['shared that is no object', { shared: 5 }],
    ['shared that is null', { shared: null }],
    ['shared that is a list', { shared: [1] }],
    ['a seed that is no string', { seed: 5, deterministic: true }],
  ])('%s, before it makes a store', async (_name, bad) => {
    const store = tempStore();
    const options = { events: [Noted], threads: 0, store, ...bad } as unknown as EngineOptions;
    await expect(openEngine(options)).rejects.toMatchObject({ code: OPTION });
    expect(existsSync(store)).toBe(false);
  });
});

test.each<[string, Partial<EngineOptions>]>([
  ['threads 0', { threads: 0 }],
  ['resourceLimits', { resourceLimits: { maxOldGenerationSizeMb: 64, stackSizeMb: 4 } }],
  ['resourceLimits of nothing', { resourceLimits: {} }],
  ['concurrency 1024', { concurrency: 1024 }],
  ['maxInFlight 1', { maxInFlight: 1 }],
  ['memoryBytes 1', { memoryBytes: 1 }],
  ['shared with a SharedArrayBuffer', { shared: { cells: new SharedArrayBuffer(8) } }],
])('openEngine takes %s', async (_name, good) => {
  const engine = await openEngine({ events: [Noted], threads: 0, ...good });
  expect(await engine.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
  await engine.close();
});
