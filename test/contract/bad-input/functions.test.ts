import { join } from 'node:path';
import { closeOnSignals, openEngine } from 'millrace';
import { defineAggregate } from 'millrace/aggregates';
import { defineStrategy, runBacktest, sweep, walkForward, writeReport } from 'millrace/backtest';
import { createEventBus, type EventBus } from 'millrace/bus';
import { defineEvent, defineHandlers } from 'millrace/define';
import { createPublisher, filtered, mapped, pipe } from 'millrace/publisher';
import { exportStore, importStore, openStoreReader, type StoreReader } from 'millrace/store';
import { createTestEngine, storeContract } from 'millrace/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Account } from '../../handlers/aggregates.mjs';
import { Noted } from '../../handlers/events.mjs';
import { makeStore } from '../../support/damaged-store.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

const OPTION = 'MILLRACE_INVALID_OPTION';
const DEFINITION = 'MILLRACE_INVALID_DEFINITION';
const events = [Noted];
const parameters = z.object({});
const event = { schema: z.object({ id: z.string() }), aggregateId: ({ id }: { id: string }) => id };
let engine: Awaited<ReturnType<typeof openEngine>>;
let bus: EventBus;
let reader: StoreReader;
let store: string;

beforeAll(async () => {
  engine = await openForTests({ durability: 'memory' });
  bus = createEventBus({ events, threads: 0 });
  store = await makeStore();
  reader = openStoreReader(store);
});
afterAll(async () => {
  reader.close();
  await bus.stop();
  await engine.close();
});

const inTemp = (name: string) => join(tempFolder(), name);

/** As JavaScript has it: the compiler would refuse each of these. */
type Call = (given: never) => unknown;

const CALLS: readonly (readonly [name: string, code: string, call: Call])[] = [
  ['engine.onNotice', OPTION, (given) => engine.onNotice(given)],
  ['engine.query, look', OPTION, (look) => engine.query(Account, 'a', look)],
  ['engine.subscribe', OPTION, (given) => engine.subscribe(Noted, given)],
  ['engine.subscribe, filter', OPTION, (filter) => engine.subscribe(Noted, () => {}, { filter })],
  ['bus.onNotice', OPTION, (given) => bus.onNotice(given)],
  ['bus.subscribe', OPTION, (given) => bus.subscribe(Noted, given)],
  ['consumers.start, handle', OPTION, (handle) => engine.consumers.start({ name: 'c', handle })],
  ['closeOnSignals, onError', OPTION, (onError) => closeOnSignals(engine, { onError })],
  ['closeOnSignals, signals', OPTION, (signals) => closeOnSignals(engine, { signals })],
  ['createPublisher, onError', OPTION, (onError) => createPublisher({ events, onError })],
  ['filtered', OPTION, (given) => filtered(given)],
  ['filtered, handler', OPTION, (given) => filtered(() => true, given)],
  ['mapped', OPTION, (given) => mapped(given)],
  ['pipe', OPTION, (given) => pipe(given, () => {})],
  ['reader.atOnce', OPTION, (given) => reader.atOnce(given)],
  ['exportStore, onProgress', OPTION, (onProgress) => exportStore(store, inTemp('out.csv'), { onProgress })],
  [
    'importStore, onProgress',
    OPTION,
    (onProgress) => importStore('in.jsonl', inTemp('new.db'), { onProgress }),
  ],
  ['sweep, onProgress', OPTION, (onProgress) => sweep({ onProgress } as never)],
  ['sweep, onResult', OPTION, (onResult) => sweep({ onResult } as never)],
  ['sweep, search', OPTION, (search) => sweep({ search } as never)],
  ['walkForward, onWindow', OPTION, (onWindow) => walkForward({ onWindow } as never)],
  ['runBacktest, emit', OPTION, (emit) => runBacktest({ emit } as never)],
  ['storeContract', OPTION, (given) => storeContract(given)],
  ['storeContract, reopen', OPTION, (reopen) => storeContract((() => {}) as never, { reopen })],
  ['defineEvent, partitionKey', DEFINITION, (partitionKey) => defineEvent('a.b', { ...event, partitionKey })],
  [
    'defineHandlers, onBroadcast',
    DEFINITION,
    (onBroadcast) => defineHandlers('h', () => {}, { onBroadcast }),
  ],
  ['defineStrategy, onBar', DEFINITION, (onBar) => defineStrategy({ name: 'x', parameters, onBar })],
  [
    'defineStrategy, onEnd',
    DEFINITION,
    (onEnd) => defineStrategy({ name: 'x', parameters, onBar: () => {}, onEnd }),
  ],
  [
    'defineAggregate, evolve',
    DEFINITION,
    (evolve) => defineAggregate('a', { events, initial: () => 0, evolve, commands: {} }),
  ],
];

describe('what is called later must be a function, and is refused by the call that brings it', () => {
  test.each(CALLS)('%s', async (_name, code, call) => {
    for (const given of [5, 'text', {}, true]) {
      const outcome = await (async () => call(given as never))().catch((error: unknown) => error);
      expect(outcome, String(given)).toMatchObject({ code });
    }
  });
});

const SWITCHES: readonly (readonly [name: string, call: Call])[] = [
  ['exportStore, force', (force) => exportStore(store, inTemp('out.csv'), { force })],
  ['importStore, handled', (handled) => importStore('in.jsonl', inTemp('new.db'), { handled })],
  ['openEngine, deterministic', (deterministic) => openEngine({ events, threads: 0, deterministic })],
  ['engine.subscribe, once', (once) => engine.subscribe(Noted, () => {}, { once })],
  ['engine.subscribe, weak', (weak) => engine.subscribe(Noted, () => {}, { weak, owner: {} })],
  ['engine.heapSnapshots, force', (force) => engine.heapSnapshots(tempFolder(), { force })],
  ['engine.profile, cpu', (cpu) => engine.profile({ cpu, seconds: 0 })],
  ['sweep, allowHuge', (allowHuge) => sweep({ allowHuge } as never)],
  ['walkForward, anchored', (anchored) => walkForward({ anchored } as never)],
  ['runBacktest, closeAtEnd', (closeAtEnd) => runBacktest({ closeAtEnd } as never)],
  ['writeReport, force', (force) => writeReport(tempFolder(), {} as never, { force })],
  ['createTestEngine, deterministic', (deterministic) => createTestEngine({ events, deterministic })],
];

describe('what is true or false is refused when it is anything else, such as a text that would count as true', () => {
  test.each(SWITCHES)('%s', async (_name, call) => {
    for (const given of ['false', 'no', 0, 1, null, {}]) {
      const outcome = await (async () => call(given as never))().catch((error: unknown) => error);
      expect(outcome, String(given)).toMatchObject({
        code: OPTION,
        message: expect.stringMatching(/true or false/),
      });
    }
  });
});
