import { defineEvent } from 'millrace';
import { AggregateRoot, defineAggregate, handleCommand, repository } from 'millrace/aggregates';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Noted } from '../../handlers/events.mjs';
import { acts } from '../../handlers/waiting.mjs';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const Counted = defineEvent('count.counted', {
  schema: z.object({ count: z.string(), by: z.number() }),
  aggregateId: ({ count }) => count,
});

/** A counter whose commands wait for what a test gives them. */
const Counter = defineAggregate('counter', {
  events: [Counted],
  initial: () => 0,
  evolve: (sum, { data }) => sum + data.by,
  commands: {
    add: (sum, by: number, ctx) => {
      ctx.emit(Counted({ count: ctx.aggregateId, by }));
      return sum + by;
    },
    addBehind: async (sum, wait: () => Promise<unknown>, ctx) => {
      await wait();
      ctx.emit(Counted({ count: ctx.aggregateId, by: 1 }));
      return sum + 1;
    },
    call: (_sum, call: () => unknown) => call(),
  },
});

const open = (options = {}) => openTestEngine({ events: [Counted], ...options });
const reason = new Error('given up');

describe.each(['memory', 'disk'] as const)('the signal of a command, %s', (durability) => {
  test('ends its waiting for others of the aggregate, and they go on in their order', async () => {
    const engine = await open(storeFor(durability));
    const gate = Promise.withResolvers<void>();
    const first = handleCommand(engine, Counter, 'a', 'addBehind', () => gate.promise);
    const leaving = new AbortController();
    const waiting = handleCommand(engine, Counter, 'a', 'add', 10, { signal: leaving.signal });
    const last = handleCommand(engine, Counter, 'a', 'add', 100);
    leaving.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    const late = handleCommand(engine, Counter, 'a', 'add', 1, { signal: leaving.signal });
    await expect(late).rejects.toBe(reason);
    gate.resolve();
    expect(await Promise.all([first, last])).toMatchObject([{ reply: 1 }, { reply: 101, version: 2 }]);
    expect(await collect(engine)).toHaveLength(2);
  });

  test('ends its deciding, lets the next one in, and what it emits then is refused', async () => {
    const engine = await open(storeFor(durability));
    const gate = Promise.withResolvers<void>();
    const leaving = new AbortController();
    const { signal } = leaving;
    const begun = Promise.withResolvers<void>();
    const wait = () => {
      begun.resolve();
      return gate.promise;
    };
    const slow = handleCommand(engine, Counter, 'a', 'addBehind', wait, { signal });
    const next = handleCommand(engine, Counter, 'a', 'add', 10);
    await begun.promise;
    leaving.abort(reason);
    await expect(slow).rejects.toBe(reason);
    expect(await next).toMatchObject({ reply: 10, version: 1 });
    gate.resolve();
    expect(await handleCommand(engine, Counter, 'a', 'add', 1)).toMatchObject({ reply: 11, version: 2 });
  });
});

test('a command that waits for another command of its engine is refused instead of waiting for itself', async () => {
  const engine = await open();
  const other = await open();
  const inside = (id: string, in_ = engine) =>
    handleCommand(engine, Counter, 'a', 'call', () => handleCommand(in_, Counter, id, 'add', 1));
  for (const id of ['a', 'b']) {
    await expect(inside(id)).rejects.toMatchObject({
      code: 'MILLRACE_WAITS_FOR_ITSELF',
      message: expect.stringContaining("inside command 'call' of aggregate 'counter'"),
    });
  }
  expect(await collect(engine)).toEqual([]);
  // Another engine's commands have turns of their own; and what a command leaves behind is no part of it.
  expect((await inside('a', other)).reply).toMatchObject({ version: 1 });
  const left = Promise.withResolvers<unknown>();
  await handleCommand(engine, Counter, 'a', 'call', () => {
    setImmediate(() => left.resolve(handleCommand(engine, Counter, 'a', 'add', 1)));
  });
  expect(await left.promise).toMatchObject({ version: 1 });
});

test('what a command emits after its end is refused, not lost', async () => {
  const engine = await open();
  const late = Promise.withResolvers<unknown>();
  const Late = defineAggregate('late', {
    events: [Counted],
    initial: () => 0,
    evolve: (sum) => sum,
    commands: {
      go: (_sum, _input: undefined, ctx) => {
        setImmediate(() => {
          try {
            ctx.emit(Counted({ count: 'a', by: 1 }));
          } catch (error) {
            late.resolve(error);
          }
        });
      },
    },
  });
  await handleCommand(engine, Late, 'a', 'go', undefined);
  expect(await late.promise).toMatchObject({ code: 'MILLRACE_EMIT_AFTER_END' });
  expect(await collect(engine)).toEqual([]);
});

test('a refusal ends the command also when the command catches it', async () => {
  const engine = await open();
  const Swallowing = defineAggregate('swallowing', {
    events: [Counted],
    initial: () => 0,
    evolve: (sum) => sum,
    commands: {
      go: (_sum, _input: undefined, ctx) => {
        try {
          ctx.refuse('never');
        } catch {
          ctx.emit(Counted({ count: 'a', by: 1 }));
        }
      },
    },
  });
  await expect(handleCommand(engine, Swallowing, 'a', 'go', undefined)).rejects.toMatchObject({
    code: 'MILLRACE_COMMAND_REFUSED',
    details: { rule: 'never' },
  });
  expect(await collect(engine)).toEqual([]);
});

test('what was said at the call holds, whatever becomes of the objects while it waits', async () => {
  const engine = await open();
  const gate = Promise.withResolvers<void>();
  const first = handleCommand(engine, Counter, 'a', 'addBehind', () => gate.promise);
  const options = { commandId: 'one', until: 'durable' as const };
  const second = handleCommand(engine, Counter, 'a', 'add', 1, options);
  options.commandId = 'two';
  gate.resolve();
  await Promise.all([first, second]);
  expect((await collect(engine)).map(({ metadata }) => metadata.eventId)).toEqual([undefined, 'one#0']);
});

test('an event is what it was when it was emitted', async () => {
  const engine = await open();
  const Reusing = defineAggregate('reusing', {
    events: [Counted],
    initial: () => 0,
    evolve: (sum) => sum,
    commands: {
      go: (_sum, _input: undefined, ctx) => {
        const data = { count: 'a', by: 1 };
        const options = { metadata: { by: 'first' } };
        ctx.emit(Counted(data, options));
        data.by = 2;
        options.metadata.by = 'second';
        ctx.emit(Counted(data, options));
        data.by = 3;
      },
    },
  });
  await handleCommand(engine, Reusing, 'a', 'go', undefined);
  expect((await collect(engine)).map(({ data, metadata }) => [data, metadata.by])).toEqual([
    [{ count: 'a', by: 1 }, 'first'],
    [{ count: 'a', by: 2 }, 'second'],
  ]);
});

test('a handler may wait for the next command of the aggregate, while the first one waits for it', async () => {
  const engine = await openTestEngine({ handlers: [handlers('waiting')] });
  const Note = defineAggregate('note', {
    events: [Noted],
    initial: () => 0,
    evolve: (count) => count + 1,
    commands: {
      take: (count, value: string, ctx) => {
        ctx.emit(Noted({ note: ctx.aggregateId, value }));
        return count + 1;
      },
    },
  });
  const replies: unknown[] = [];
  acts.set('command', async () => {
    replies.push((await handleCommand(engine, Note, 'n', 'take', 'second')).reply);
  });
  const first = await handleCommand(engine, Note, 'n', 'take', 'command', { until: 'handled' });
  expect([first.reply, ...replies]).toEqual([1, 2]);

  class Root extends AggregateRoot {
    take(value: string): void {
      this.raise(Noted({ note: this.id, value }));
    }
    protected override apply(): void {}
  }
  const roots = repository(engine, Root);
  const root = new Root('r');
  acts.set('save', async () => {
    root.take('second');
    replies.push(await roots.save(root));
  });
  root.take('save');
  expect(await roots.save(root, { until: 'handled' })).toMatchObject({ version: 1 });
  expect(replies.at(-1)).toMatchObject({ version: 2 });
  expect(root).toMatchObject({ version: 2, raised: [] });
});

test.each([
  'accepted',
  'durable',
  'handled',
] as const)('commands that wait until %s see each other, whoever waits for what', async (until) => {
  const engine = await open(storeFor('disk'));
  const add = (commandId?: string) =>
    handleCommand(engine, Counter, 'a', 'add', 1, {
      until,
      retryOnConflict: 0,
      ...(commandId !== undefined && { commandId }),
    });
  await add();
  await add();
  const [one, again] = await Promise.all([add('request'), add('request'), add()]);
  expect([one, again]).toMatchObject([
    { reply: 3, isRepeated: false },
    { reply: 3, isRepeated: true },
  ]);
  expect(await handleCommand(engine, Counter, 'a', 'add', 1)).toMatchObject({ reply: 5, version: 5 });
});
