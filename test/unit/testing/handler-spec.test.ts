import { defineHandlers } from 'millrace/define';
import { like, specify } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { STATE_EVENTS, Stepped, Told } from '../../handlers/state-events.mjs';
import { failureOf } from '../../support/testing/failure.js';
import { Flagged, Paid, Placed, payments, placed, risk, SHOP_EVENTS } from '../../support/testing/shop.js';

const spec = specify(risk, { events: SHOP_EVENTS, now: 1000, random: [0.5] });

describe('thenEmits', () => {
  test('passes for exactly these events, and gives the outcome', async () => {
    const outcome = await spec
      .when(placed('o1', 500))
      .thenEmits(Flagged({ order: 'o1', reason: 'amount 500', at: 1000, chance: 0.5 }));
    expect(outcome).toMatchObject({ attempts: 1, failed: false, thrown: undefined });
    expect(outcome.event).toMatchObject({ type: 'shop.placed', position: 1, occurredAt: 1000 });
    expect(outcome.emitted.map(({ id, metadata }) => [id, metadata.causationId])).toEqual([
      ['test/flag-o1/1', 'test/o1/1'],
    ]);
    await spec.when(placed('o1', 500)).thenEmits(like(Flagged, { order: 'o1' }));
    await spec.when(placed('o1', 500)).thenEmits(Flagged);
    await spec.when(placed('o1', 5)).thenEmitsNothing();
  });

  test('fails and shows what was emitted', async () => {
    const wrong = spec.when(placed('o1', 500));
    expect(
      await failureOf(() =>
        wrong.thenEmits(Flagged({ order: 'o1', reason: 'amount 7', at: 1, chance: 0.5 })),
      ),
    ).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected 1 event to be emitted by #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 500, tags: [] }; emitted were 1.
        - shop.flagged { order: 'o1', reason: 'amount 7', at: 1, chance: 0.5 }
        + #2 shop.flagged flag-o1 v1 { order: 'o1', reason: 'amount 500', at: 1000, chance: 0.5 }
            data.reason: expected 'amount 7', got 'amount 500'
            data.at: expected 1, got 1000"
    `);
    expect(await failureOf(() => wrong.thenEmitsNothing())).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected no event to be emitted by #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 500, tags: [] }; emitted were 1.
        + #2 shop.flagged flag-o1 v1 { order: 'o1', reason: 'amount 500', at: 1000, chance: 0.5 }"
    `);
    expect(await failureOf(() => spec.when(placed('o1', 5)).thenEmits(Flagged))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected 1 event to be emitted by #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 5, tags: [] }; emitted were 0.
        - shop.flagged"
    `);
  });

  test('fails when the handlers throw, and has it as its cause', async () => {
    const throwing = spec.when(placed('o1', -1));
    expect(await failureOf(() => throwing.thenEmitsNothing())).toMatchInlineSnapshot(
      `"MILLRACE_TEST_ASSERTION: Expected no event to be emitted by #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: -1, tags: [] }; its handlers threw, on try 1, RangeError: amount -1 is below 0."`,
    );
    await expect(throwing.thenEmits(Flagged)).rejects.toMatchObject({ cause: expect.any(RangeError) });
  });

  test('is of the event alone: what it emits is not handled in turn', async () => {
    const chain = defineHandlers('chain', (on) => {
      on(Placed, ({ data: { order } }, ctx) => {
        ctx.emit(Paid({ order }));
        ctx.emit(Paid({ order, tries: 1 }));
      });
      on(Paid, ({ data: { order, tries } }, ctx) => {
        ctx.emit(Flagged({ order, reason: `${tries}`, at: 0, chance: 0 }));
      });
    });
    await specify(chain, { events: SHOP_EVENTS })
      .when(placed('o1', 1))
      .thenEmits(Paid, like(Paid, { tries: 1 }));
  });
});

describe('thenThrows', () => {
  test('passes for an error of a class, with a text or code, or that matches a pattern', async () => {
    const throwing = spec.when(placed('o1', -1));
    await throwing.thenThrows();
    await throwing.thenThrows(RangeError);
    await throwing.thenThrows('is below 0');
    const { thrown } = await throwing.thenThrows(/^amount -1/);
    expect(thrown).toBeInstanceOf(RangeError);
    const outcome = await specify(payments, { events: SHOP_EVENTS })
      .when(Paid({ order: 'o1', tries: 3 }))
      .thenThrows('E_BANK');
    expect(outcome).toMatchObject({ failed: true, attempts: 3, emitted: [] });
  });

  test('fails for other errors and for none', async () => {
    const throwing = spec.when(placed('o1', -1));
    expect(await failureOf(() => throwing.thenThrows(TypeError))).toMatchInlineSnapshot(
      `"MILLRACE_TEST_ASSERTION: Expected the handlers of #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: -1, tags: [] } to throw an error of class TypeError; they threw RangeError: amount -1 is below 0."`,
    );
    expect(await failureOf(() => throwing.thenThrows('above'))).toMatchInlineSnapshot(
      `"MILLRACE_TEST_ASSERTION: Expected the handlers of #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: -1, tags: [] } to throw an error with 'above'; they threw RangeError: amount -1 is below 0."`,
    );
    expect(await failureOf(() => throwing.thenThrows(/above/g))).toMatchInlineSnapshot(
      `"MILLRACE_TEST_ASSERTION: Expected the handlers of #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: -1, tags: [] } to throw an error that matches /above/g; they threw RangeError: amount -1 is below 0."`,
    );
    expect(await failureOf(() => spec.when(placed('o1', 5)).thenThrows())).toMatchInlineSnapshot(
      `"MILLRACE_TEST_ASSERTION: Expected the handlers of #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 5, tags: [] } to throw; they succeeded and emitted nothing."`,
    );
    expect(await failureOf(() => spec.when(placed('o1', 500)).thenThrows())).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected the handlers of #1 shop.placed o1 v1 { order: 'o1', customer: 'ann', amount: 500, tags: [] } to throw; they succeeded and emitted:
        #2 shop.flagged flag-o1 v1 { order: 'o1', reason: 'amount 500', at: 1000, chance: 0.5 }"
    `);
  });

  test('takes whatever is thrown', async () => {
    const thrower = (thrown: unknown) =>
      specify(
        defineHandlers('thrower', (on) => {
          on(Placed, () => {
            throw thrown;
          });
        }),
        { events: SHOP_EVENTS },
      ).when(placed('o1', 1));
    await thrower('only text').thenThrows('text');
    await thrower({ code: 5 }).thenThrows('code: 5');
    const { thrown, failed } = await thrower(undefined).thenThrows();
    expect([thrown, failed]).toEqual([undefined, true]);
    expect(await failureOf(() => thrower(null).thenEmitsNothing())).toContain('threw, on try 1, null.');
  });

  test('looks at what comes after all retries', async () => {
    const paid = specify(payments, { events: SHOP_EVENTS });
    const outcome = await paid
      .when(Paid({ order: 'o1', tries: 2 }))
      .thenEmits(like(Flagged, { reason: 'paid on try 3' }));
    expect(outcome).toMatchObject({ attempts: 3, failed: false, thrown: undefined });
  });

  test.each(['park', 'skip', 'stop'] as const)('with the policy %s', async (onFailure) => {
    const module = defineHandlers('policy', (on) => {
      on(
        Placed,
        (_event, ctx) => {
          ctx.emit(Paid({ order: 'taken back' }));
          throw new TypeError('no');
        },
        { onFailure },
      );
    });
    const { emitted } = await specify(module, { events: SHOP_EVENTS })
      .when(placed('o1', 1))
      .thenThrows(TypeError);
    expect(emitted).toEqual([]);
  });

  test('is for what goes wrong with emitting, too', async () => {
    const emits = (event: Parameters<Parameters<Parameters<typeof defineHandlers>[1]>[0]>[1]) =>
      specify(
        defineHandlers('emits', (on) => on(Placed, event)),
        { events: [Placed, Paid] },
      ).when(placed('o1', 1));
    await emits((_event, ctx) => ctx.emit(Paid({ order: 1 } as never))).thenThrows(
      'MILLRACE_SCHEMA_MISMATCH',
    );
    await emits((_event, ctx) => ctx.emit(Flagged({ order: 'o1', reason: '', at: 0, chance: 0 }))).thenThrows(
      'MILLRACE_UNKNOWN_EVENT_TYPE',
    );
  });
});

describe('given', () => {
  test('events are handled before, in order, and what they lead to', async () => {
    const versions: string[] = [];
    const module = defineHandlers('notes', (on) => {
      on(Placed, ({ data: { order }, version }, ctx) => {
        versions.push(`placed ${order} v${version}`);
        ctx.emit(Paid({ order }));
      });
      on(Paid, ({ data: { order }, version }) => void versions.push(`paid ${order} v${version}`));
    });
    const { event } = await specify(module, { events: SHOP_EVENTS })
      .given(placed('o1', 1), placed('o2', 1))
      .given(placed('o1', 2))
      .when(Paid({ order: 'o1' }))
      .thenEmitsNothing();
    expect(event).toMatchObject({ version: 5, position: 7 });
    expect(versions.filter((one) => one.startsWith('placed'))).toEqual([
      'placed o1 v1',
      'placed o2 v1',
      'placed o1 v3',
    ]);
    expect(versions.at(-1)).toBe('paid o1 v5');
  });

  test('leaves the specification as it was', async () => {
    const story = spec.given(placed('o1', 1));
    story.given(placed('o1', -1));
    const { event } = await story.when(placed('o1', 2)).outcome();
    expect(event.version).toBe(2);
    expect((await spec.when(placed('o1', 2)).outcome()).event.version).toBe(1);
  });

  test('says which event fails', async () => {
    const broken = spec.given(placed('o1', 1), placed('o2', -1)).when(placed('o3', 1));
    expect(await failureOf(() => broken.thenEmitsNothing())).toMatchInlineSnapshot(
      `"MILLRACE_TEST_ASSERTION: Given event 2, shop.placed: The handler of 'shop.placed' failed at position 2, key 'ann', after 1 try: amount -1 is below 0"`,
    );
  });
});

test('what was given is the history of its aggregates', async () => {
  const counting = defineHandlers('counting', (on) => {
    on(Placed, async (event, ctx) => {
      for await (const { type, version } of ctx.history(event.aggregateId)) {
        ctx.emit(Flagged({ order: 'o1', reason: `${type} ${version}`, at: 1, chance: 0 }));
      }
    });
  });
  await specify(counting, { events: SHOP_EVENTS })
    .given(placed('o1', 5), placed('o2', 6))
    .when(placed('o1', 7))
    .thenEmits(Flagged({ order: 'o1', reason: 'shop.placed 1', at: 1, chance: 0 }));
});

describe('a module that is given by its URL', () => {
  const events = STATE_EVENTS;
  const step = Stepped({ key: 'a', n: 1 });
  const told = (count: number) => Told({ key: 'a', n: 1, sum: count, count });

  test.each([
    'forgetful.mjs',
    'forgetful-common.cjs',
  ])('is another instance for each outcome, so that they share no Map: %s', async (name) => {
    const own = specify(new URL(`../../handlers/${name}`, import.meta.url), { events });
    for (let outcome = 0; outcome < 3; outcome++) {
      await own.when(step).thenEmits(told(1));
      await own.given(step, step).when(step).thenEmits(told(3));
    }
  });

  test('that cannot be loaded is an outcome that rejects', async () => {
    const missing = specify(new URL('file:///nowhere/to-be-found.mjs'), { events });
    expect(await failureOf(() => missing.when(step).outcome())).toMatch(/^MILLRACE_HANDLER_MODULE_NOT_FOUND/);
    expect(await failureOf(() => specify('no url' as never, { events }))).toMatch(/^MILLRACE_INVALID_OPTION/);
  });
});

describe('what can be no specification', () => {
  test('an event that nobody handles', async () => {
    expect(await failureOf(() => spec.when(Paid({ order: 'o1' })).thenEmitsNothing())).toMatchInlineSnapshot(
      `"MILLRACE_TEST_ASSERTION: Handlers 'risk' do not handle shop.paid, so nothing could come of it. They handle: shop.placed."`,
    );
    expect(await failureOf(() => spec.when(undefined as never).outcome())).toMatch(
      /^MILLRACE_TEST_ASSERTION/,
    );
  });

  test('an event that cannot be published', async () => {
    const bad = spec.when(Placed({ order: '', customer: 'ann', amount: 500 }));
    expect(await failureOf(() => bad.thenThrows())).toMatch(/^MILLRACE_SCHEMA_MISMATCH/);
  });

  test('something that is no handler module', async () => {
    const options = { events: SHOP_EVENTS };
    expect(await failureOf(() => specify(undefined as never, options))).toMatch(/^MILLRACE_INVALID_OPTION/);
    expect(await failureOf(() => specify((() => {}) as never, options))).toMatch(/^MILLRACE_INVALID_OPTION/);
  });
});
