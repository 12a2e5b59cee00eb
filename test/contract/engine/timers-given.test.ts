import { defineEvent, defineHandlers, type HandlerContext, type NewEvent } from 'millrace';
import { createTestEngine } from 'millrace/testing';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Acted, Noted, Rang, TIMER_EVENTS } from '../../handlers/timer-events.mjs';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { toldOf } from '../../support/timed-engine.js';

type Acts = Parameters<typeof Acted>[0]['acts'];

const acted = (acts: Acts, end?: string, key = 'a') =>
  Acted({ key, acts, ...(end !== undefined && { end }) });

describe('what a handler gives', () => {
  /** What becomes of an event whose handler does this. */
  async function codeOf(call: (ctx: HandlerContext, event: NewEvent) => void): Promise<string | undefined> {
    const module = defineHandlers('given', (on) => {
      on(Acted, (_event, ctx) => call(ctx, Rang({ key: 'a', name: 'x' })), { onFailure: 'skip' });
    });
    await using engine = await createTestEngine({ events: TIMER_EVENTS, handlers: [module] });
    await engine.publish(acted([]));
    await engine.drain();
    const [letter] = await engine.deadLetters.list();
    expect(await collect(engine, { types: [Rang] })).toEqual([]);
    return letter && (letter.error as { code?: string }).code;
  }

  test.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['no end of time', Number.POSITIVE_INFINITY],
    ['a time that no Date can hold', 8.64e15 + 1],
    ['a Date that is none', new Date(Number.NaN)],
    ['nothing', undefined],
    ['null', null],
    ['a text', '2026-01-01'],
    ['a big number', 5n],
    ['an empty object', {}],
    ['a delay that is NaN', { in: Number.NaN }],
    ['a delay beyond all time', { in: 8.64e15 }],
    ['a delay of an unknown unit', { in: '1 fortnight' }],
    ['a delay with a sign', { in: '-1h' }],
    ['a delay of digits without end', { in: `${'9'.repeat(400)}d` }],
    ['an object in the place of a delay', { in: {} }],
  ])('as a time: %s fails the event', async (_what, at) => {
    expect(await codeOf((ctx, event) => ctx.schedule(event, at as number))).toBe('MILLRACE_INVALID_TIMER');
  });

  test.each<[string, unknown]>([
    ['an empty text', ''],
    ['half a character', '\ud800'],
    ['a number', 5],
    ['null', null],
    ['a text of 1,025 bytes', 'x'.repeat(1025)],
  ])('as a name: %s fails the event, to schedule and to cancel', async (_what, name) => {
    const code = name === null ? undefined : 'MILLRACE_INVALID_TIMER';
    const far = { in: '1d' } as const;
    expect(await codeOf((ctx, event) => ctx.schedule(event, far, { name: name as string }))).toBe(code);
    expect(await codeOf((ctx) => ctx.cancel(name as string))).toBe('MILLRACE_INVALID_TIMER');
  });

  test.each<[string, string, (ctx: HandlerContext, event: NewEvent) => void]>([
    ['no event', 'MILLRACE_UNKNOWN_EVENT_TYPE', (ctx) => ctx.schedule({} as NewEvent, 5)],
    [
      'an event of a type that is not registered',
      'MILLRACE_UNKNOWN_EVENT_TYPE',
      (ctx) =>
        ctx.schedule(defineEvent('test.other', { schema: z.object({}), aggregateId: () => 'x' })({}), {
          in: 5,
        }),
    ],
    [
      'a payload that does not match its schema',
      'MILLRACE_SCHEMA_MISMATCH',
      (ctx) => ctx.schedule(Rang({ key: 'a', name: 5 as unknown as string }), { in: '1h' }),
    ],
    [
      'a payload that no log can keep',
      'MILLRACE_UNSUPPORTED_PAYLOAD',
      (ctx) => ctx.schedule(Rang({ key: 'a', name: 'x', acts: [() => {}] }), { in: '1h' }),
    ],
    [
      'events that are too large together',
      'MILLRACE_PAYLOAD_TOO_LARGE',
      (ctx) => {
        for (let number = 0; number < 9; number++) {
          ctx.schedule(Rang({ key: 'a', name: 'x'.repeat(2 ** 21) }), { in: '1h' }, { name: `${number}` });
        }
      },
    ],
    [
      'an option that it does not know',
      'MILLRACE_INVALID_OPTION',
      (ctx, event) => ctx.schedule(event, { in: '1h' }, { nmae: 'x' } as never),
    ],
  ])('%s fails the event', async (_what, code, call) => {
    expect(await codeOf(call)).toBe(code);
  });

  test.each<[string, Parameters<HandlerContext['schedule']>[1]]>([
    ['in three hundred years', { in: 300 * 365 * 86_400_000 }],
    ['at the end of all time', 8.64e15],
    ['at a Date', new Date(8.64e15)],
    ['in more milliseconds than a timer of Node’s takes', { in: 2 ** 31 + 5 }],
  ])('a time %s is one like any other', async (_what, at) => {
    expect(await codeOf((ctx, event) => ctx.schedule(event, at))).toBeUndefined();
  });

  test('after it has ended fails', async () => {
    let late: HandlerContext | undefined;
    const module = defineHandlers('late', (on) => {
      on(Acted, (_event, ctx) => {
        late = ctx;
      });
    });
    await using engine = await createTestEngine({ events: TIMER_EVENTS, handlers: [module] });
    await engine.publish(acted([]), { until: 'handled' });
    expect(() => late?.schedule(Rang({ key: 'a', name: 'x' }), 5)).toThrow(/ctx.schedule was called after/);
    expect(() => late?.cancel('x')).toThrow(/ctx.cancel was called after/);
  });
});

describe('time', () => {
  test('is the wall clock’s in an engine of Node’s, and far timers do not wake it early', async () => {
    const engine = await openTestEngine({ events: TIMER_EVENTS, handlers: [handlers('timers')] });
    const day = 86_400_000;
    await engine.publish(
      acted([
        { set: 'soon', in: 20 },
        { set: 'far', in: 30 * day },
        { set: 'x', in: '40d' },
      ]),
    );
    await vi.waitFor(async () => expect(await toldOf(engine)).toEqual(['soon rang']), { timeout: 10_000 });
    await engine.drain();
    expect(await collect(engine, { types: [Rang] })).toHaveLength(1);
  });

  test('is the test’s in a test engine', async () => {
    const module = defineHandlers('hours', (on) => {
      on(Acted, ({ data: { key } }, ctx) => {
        ctx.schedule(Rang({ key, name: 'hour' }), { in: '1h' });
        ctx.schedule(Rang({ key, name: 'past' }), new Date(0), { name: 'past' });
        ctx.schedule(Rang({ key, name: 'never' }), { in: '30m' }, { name: 'never' });
        ctx.cancel('never');
      });
      on(Rang, ({ data: { key, name } }, ctx) => ctx.emit(Noted({ key, what: `${name} ${ctx.now()}` })));
    });
    await using engine = await createTestEngine({ events: TIMER_EVENTS, handlers: [module], now: 1000 });
    await engine.publish(acted([]));
    await engine.drain();
    expect(engine.clock.next).toBe(3_600_000);
    engine.clock.advance(3_599_999);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['past 1000']);
    engine.clock.advance(1);
    await engine.drain();
    expect(await toldOf(engine)).toEqual(['past 1000', 'hour 3601000']);
  });
});
