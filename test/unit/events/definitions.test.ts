import { defineEvent, defineHandlers, type ModuleHooks } from 'millrace/define';
import { InvalidDefinitionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Noted } from '../../handlers/events.mjs';

const define = defineEvent as unknown as (name: unknown, options?: unknown) => { version: number };
const handle = defineHandlers as unknown as (name: unknown, register?: unknown) => { name: string };
const OPTIONS = { schema: z.any(), aggregateId: () => 'a' };

describe('defineEvent refuses', () => {
  test.each([
    ['no name', undefined],
    ['an empty name', ''],
    ['a number', 7],
    ['a name without a dot', 'ordered'],
    ['capitals', 'shop.orderPlaced'],
    ['a space', 'shop.order placed'],
    ['a dash', 'shop.order-placed'],
    ['a dot at the end', 'shop.'],
    ['a dot at the beginning', '.placed'],
    ['two dots', 'shop..placed'],
    ['a digit first', '1shop.placed'],
    ['a line break at the end', 'shop.placed\n'],
  ])('%s as name', (_what, name) => {
    expect(() => define(name, OPTIONS)).toThrow(InvalidDefinitionError);
  });

  test.each<[string, unknown]>([
    ['no options', undefined],
    ['no schema', { aggregateId: OPTIONS.aggregateId }],
    ['a schema that is none', { ...OPTIONS, schema: { type: 'object' } }],
    ['no aggregateId', { schema: OPTIONS.schema }],
    ['an aggregateId that is no function', { ...OPTIONS, aggregateId: 'id' }],
    ['a partitionKey that is no function', { ...OPTIONS, partitionKey: 'key' }],
    ['an upcast that is no function', { ...OPTIONS, upcast: {} }],
    ['version 0', { ...OPTIONS, version: 0 }],
    ['version 1.5', { ...OPTIONS, version: 1.5 }],
    ['version 65,536', { ...OPTIONS, version: 65_536 }],
    ["version '1'", { ...OPTIONS, version: '1' }],
    ['aliases that are no array', { ...OPTIONS, aliases: 'old.name' }],
    ['volatile that is no array', { ...OPTIONS, volatile: 'wall' }],
  ])('%s', (_what, options) => {
    expect(() => define('shop.placed', options)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_INVALID_DEFINITION' }),
    );
    // The same name with good options is taken, so it was the options.
    expect(define('shop.placed', OPTIONS).version).toBe(1);
  });
});

test.each(['a.b', 'shop.order_placed', 'shop.eu.order_placed', 'x1.y2'])('defineEvent takes %s', (name) => {
  expect(define(name, { ...OPTIONS, version: 65_535 }).version).toBe(65_535);
});

describe('defineHandlers refuses', () => {
  const hooked = (hooks: unknown) => defineHandlers('risk', () => {}, hooks as ModuleHooks);
  const on = (type: unknown, handler: unknown, options?: unknown) => () =>
    handle('risk', (add: (...given: unknown[]) => void) => add(type, handler, options));

  test.each<[string, () => unknown]>([
    ['no name', () => handle(undefined, () => {})],
    ['an empty name', () => handle('', () => {})],
    ['no function', () => handle('risk')],
    ['an event type that is none', on('note.noted', () => {})],
    ['no event type', on(undefined, () => {})],
    ['a handler that is no function', on(Noted, 'handler')],
    ['retries -1', on(Noted, () => {}, { retries: -1 })],
    ['retries 1.5', on(Noted, () => {}, { retries: 1.5 })],
    ['retries 101', on(Noted, () => {}, { retries: 101 })],
    ["onFailure 'ignore'", on(Noted, () => {}, { onFailure: 'ignore' })],
    ['onBroadcast that is no function', () => hooked({ onBroadcast: 'heard' })],
    ['onBroadcast null', () => hooked({ onBroadcast: null })],
  ])('%s', (_what, call) => {
    expect(call).toThrow(InvalidDefinitionError);
  });

  const DAY = 86_400_000;
  const WRONG = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10', null, DAY + 1];

  test.each([
    'retries',
    'retryDelayMs',
    'maxRetryDelayMs',
    'timeoutMs',
  ])('%s outside its range, by name', (name) => {
    for (const value of WRONG) {
      expect(
        on(Noted, () => {}, { [name]: value }),
        `${name} ${value}`,
      ).toThrow(
        expect.objectContaining({
          code: 'MILLRACE_INVALID_DEFINITION',
          message: expect.stringContaining(`'risk', note.noted: ${name} is ${value}`),
        }),
      );
    }
  });

  test.each<[string, Record<string, unknown>]>([
    ['timeoutMs 0', { timeoutMs: 0 }],
    ['maxRetryDelayMs below retryDelayMs', { retryDelayMs: 100, maxRetryDelayMs: 99 }],
    ['jitter -0.1', { jitter: -0.1 }],
    ['jitter 1.1', { jitter: 1.1 }],
    ['jitter NaN', { jitter: Number.NaN }],
    ["jitter 'none'", { jitter: 'none' }],
    ["jitter '0.5'", { jitter: '0.5' }],
    ['jitter null', { jitter: null }],
    ['onFailure null', { onFailure: null }],
    ["onFailure 'toString'", { onFailure: 'toString' }],
  ])('%s', (_what, options) => {
    expect(on(Noted, () => {}, options)).toThrow(InvalidDefinitionError);
  });

  test('nothing that is documented', () => {
    const call = on(Noted, () => {}, { retries: 100, onFailure: 'stop' });
    expect(call()).toMatchObject({ name: 'risk' });
    for (const options of [
      { retryDelayMs: 0, maxRetryDelayMs: 0, jitter: 0 },
      { retryDelayMs: DAY, jitter: 1 },
      { maxRetryDelayMs: DAY, timeoutMs: DAY },
      { timeoutMs: 1, onFailure: 'skip' },
    ]) {
      expect(on(Noted, () => {}, options)()).toMatchObject({ entries: [options] });
    }
    const onBroadcast = () => {};
    expect(hooked({ onBroadcast })).toMatchObject({ hooks: { onBroadcast } });
    expect(hooked({})).toMatchObject({ hooks: {} });
  });
});
