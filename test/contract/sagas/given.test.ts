import { defineHandlers, type HandlerContext } from 'millrace/define';
import { createTestEngine } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { Asked, Box, Elsewhere, SAGA_EVENTS } from '../../handlers/saga-box.mjs';
import { oneTo } from '../../support/collect.js';
import { asked, boxesOf } from '../../support/sagas.js';

type Execute = (aggregate: unknown, id: unknown, command: unknown, input: unknown) => void;

/** What a handler that calls `ctx.execute` so fails with, and an engine in which nothing must have come of it. */
async function failureOf(call: (execute: Execute, ctx: HandlerContext) => void) {
  let thrown: unknown;
  const handlers = defineHandlers('given', (on) => {
    on(
      Asked,
      (_event, ctx) => {
        ctx.execute(Box, 'kept', 'add', { to: 'kept', n: 1, what: 'add', path: '', next: [] });
        try {
          call((ctx.execute as Execute).bind(ctx), ctx);
        } catch (error) {
          thrown = error;
          throw error;
        }
      },
      { onFailure: 'skip' },
    );
  });
  await using engine = await createTestEngine({
    events: SAGA_EVENTS,
    aggregates: [Box],
    handlers: [handlers],
  });
  await engine.publish(asked('k', []), { until: 'handled' }).catch(() => {});
  await engine.drain();
  const { executed, sent } = engine.stats().commands;
  return { thrown, executed, sent, boxes: await boxesOf(engine) };
}

const add = { to: 'a', n: 1 };

describe('ctx.execute refuses at once, and its event fails', () => {
  test.each<readonly [string, readonly [unknown, unknown, unknown, unknown], string]>([
    ['no aggregate', [{}, 'a', 'add', add], 'MILLRACE_UNKNOWN_AGGREGATE'],
    ['nothing', [undefined, 'a', 'add', add], 'MILLRACE_UNKNOWN_AGGREGATE'],
    ['an aggregate on no lane', [Elsewhere, 'a', 'add', add], 'MILLRACE_UNKNOWN_AGGREGATE'],
    ['a command that there is not', [Box, 'a', 'ad', add], 'MILLRACE_UNKNOWN_COMMAND'],
    ['a command that is none', [Box, 'a', Symbol('add'), add], 'MILLRACE_UNKNOWN_COMMAND'],
    ['an inherited name', [Box, 'a', 'toString', add], 'MILLRACE_UNKNOWN_COMMAND'],
    ['an empty id', [Box, '', 'add', add], 'MILLRACE_INVALID_NAME'],
    ['an id that is no text', [Box, 5, 'add', add], 'MILLRACE_INVALID_NAME'],
    ['half a character', [Box, 'a\ud800', 'add', add], 'MILLRACE_INVALID_NAME'],
    ['an id that is too long', [Box, 'a'.repeat(1025), 'add', add], 'MILLRACE_INVALID_NAME'],
    ['an input that does not fit', [Box, 'a', 'add', { to: 5 }], 'MILLRACE_SCHEMA_MISMATCH'],
    ['no plain data', [Box, 'a', 'add', { ...add, next: [() => {}] }], 'MILLRACE_UNSUPPORTED_PAYLOAD'],
  ])('%s', async (_what, given, code) => {
    const { thrown, executed, sent, boxes } = await failureOf((execute) => execute(...given));
    expect(thrown).toMatchObject({ code });
    expect({ executed, sent, boxes }).toEqual({ executed: 0, sent: 0, boxes: {} });
  });

  test('more commands than one event may send', async () => {
    const { thrown, sent } = await failureOf((execute) => {
      for (const _ of oneTo(1000)) execute(Box, 'a', 'none', add);
    });
    expect(thrown).toMatchObject({ code: 'MILLRACE_TOO_MANY_COMMANDS', details: { limit: 1000 } });
    expect(sent).toBe(0);
  });

  test('inputs that take too much together', async () => {
    const path = 'x'.repeat(6 * 2 ** 20);
    const { thrown } = await failureOf((execute) => {
      for (const _ of oneTo(3)) execute(Box, 'a', 'none', { ...add, path });
    });
    expect(thrown).toMatchObject({ code: 'MILLRACE_PAYLOAD_TOO_LARGE' });
  });

  test('what is sent when the handler has ended', async () => {
    const kept: HandlerContext[] = [];
    await failureOf((_execute, ctx) => {
      kept.push(ctx);
    });
    const [late] = kept as [HandlerContext];
    const send = () => (late.execute as Execute).call(late, Box, 'a', 'add', add);
    expect(send).toThrow(expect.objectContaining({ code: 'MILLRACE_EMIT_AFTER_END' }));
  });
});

test('an input is sent as it is at the call, and as its schema gives it', async () => {
  const input = { to: 'a', n: 1 };
  const handlers = defineHandlers('given', (on) => {
    on(Asked, (_event, ctx) => {
      (ctx.execute as Execute)(Box, 'a', 'add', input);
      input.n = 2;
    });
  });
  await using engine = await createTestEngine({
    events: SAGA_EVENTS,
    aggregates: [Box],
    handlers: [handlers],
  });
  await engine.publish(asked('k', []));
  await engine.drain();
  expect(await boxesOf(engine)).toEqual({ a: [1] });
});

test('a call is typed from the definition', () => {
  const typed = (ctx: HandlerContext) => {
    // @ts-expect-error: there is no such command.
    ctx.execute(Box, 'a', 'ad', add);
    // @ts-expect-error: it takes no number.
    ctx.execute(Box, 'a', 'add', 5);
    // @ts-expect-error: an id is a text.
    ctx.execute(Elsewhere, 5, 'add', { to: 'a', n: 1, what: 'add', path: '', next: [] });
  };
  expect(typed).toBeTypeOf('function');
});
