import { createPublisher } from 'millrace/publisher';
import { createTestEngine, EventSpy, like } from 'millrace/testing';
import { millraceMatchers } from 'millrace/testing/vitest';
import { describe, expect, test } from 'vitest';
import { Deposited } from '../../handlers/events.mjs';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import {
  Flagged,
  Paid,
  Placed,
  payments,
  placed,
  risk,
  SHOP_EVENTS,
  Unheard,
} from '../../support/testing/shop.js';

expect.extend(millraceMatchers);

const open = () => createTestEngine({ events: SHOP_EVENTS, handlers: [risk, payments] });

/** What a failed expectation says. */
async function textOf(expectation: () => unknown): Promise<string> {
  try {
    await expectation();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('It did not fail.');
}

describe('on a spy', () => {
  const publisher = createPublisher({ events: SHOP_EVENTS });
  const spy = new EventSpy(publisher);
  publisher.publish(placed('o1', 1));
  publisher.publish(Paid({ order: 'o1' }));

  test('they pass', () => {
    expect(spy).toHavePublished(Placed);
    expect(spy).toHavePublished(Placed, 1);
    expect(spy).toHavePublished(like(Placed, { amount: 1 }));
    expect(spy).not.toHavePublished(Flagged);
    expect(spy).not.toHavePublished(Placed, 2);
    expect(spy).toHavePublishedInOrder([Placed, Paid]);
    expect(spy).not.toHavePublishedInOrder([Paid, Placed]);
    expect(spy).toHavePublishedExactly([Placed, Paid({ order: 'o1' })]);
    expect(spy).not.toHavePublishedExactly([Placed]);
  });

  test('they fail', async () => {
    expect(await textOf(() => expect(spy).toHavePublished(Flagged))).toMatchInlineSnapshot(`
      "Expected shop.flagged to be published; it was not.
      Published were:
        #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
    expect(await textOf(() => expect(spy).not.toHavePublished(placed('o1', 1), 1))).toMatchInlineSnapshot(
      `"Expected shop.placed { order: 'o1', customer: 'ann', amount: 1, tags: [] } not to be published 1 time."`,
    );
    expect(await textOf(() => expect(spy).toHavePublishedInOrder([Paid, Placed]))).toMatchInlineSnapshot(`
      "Expected 2 events in this order, with any others between them; they did not come so.
        - shop.paid
        = #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
          #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
    expect(await textOf(() => expect(spy).not.toHavePublishedInOrder([Placed, Paid]))).toMatchInlineSnapshot(
      `"Expected not to be published in this order: shop.placed, shop.paid."`,
    );
    expect(await textOf(() => expect(spy).toHavePublishedExactly([Placed]))).toMatchInlineSnapshot(`
      "Expected exactly 1 event; published were 2.
        = #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        + #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
    expect(await textOf(() => expect(spy).not.toHavePublishedExactly([Placed, Paid]))).toMatchInlineSnapshot(
      `"Expected other events than exactly these: shop.placed, shop.paid."`,
    );
  });

  test('they never pass by mistake', async () => {
    const small = new EventSpy(publisher, { limit: 1 });
    publisher.publish(placed('o2', 1));
    publisher.publish(placed('o3', 1));
    expect(await textOf(() => expect(small).not.toHavePublished(Paid))).toMatch(/nobody can tell/);
    expect(await textOf(() => expect(small).not.toHavePublished(Unheard))).toMatch(/not registered/);
    expect(await textOf(() => expect([]).not.toHavePublished(Paid))).toMatchInlineSnapshot(
      `"This matcher needs an engine, or for published events an EventSpy; it got []."`,
    );
    expect(await textOf(() => expect(spy).not.toHavePublished(undefined as never))).toMatch(/is undefined/);
  });
});

describe('on an engine', () => {
  test('they wait until it is quiescent', async () => {
    await using engine = await open();
    engine.offer(placed('o1', 500));
    await expect(engine).toHavePublished(Flagged, 1);
    await expect(engine).not.toHavePublished(Paid);
    await expect(engine).toHavePublishedInOrder([Placed, Flagged]);
    await expect(engine).toHavePublishedExactly([Placed, Flagged]);
    expect(await textOf(() => expect(engine).toHavePublished(Paid))).toMatch(/#2 shop.flagged/);
  });

  test('of another opening they look at the same log', async () => {
    const engine = await openTestEngine({ threads: 1, handlers: [handlers('account')] });
    engine.offer(Deposited({ account: 'a', amount: 1 }));
    await expect(engine).toHavePublished(({ type }) => type === 'audit.recorded', 1);
  });

  test('toHaveHandled', async () => {
    await using engine = await open();
    const handled = await engine.publish(placed('o1', 1));
    await expect(engine).toHaveHandled(handled);
    const dead = await engine.publish(placed('o2', -1));
    const behind = await engine.publish(placed('o3', 1));
    await expect(engine).not.toHaveHandled(dead);
    await expect(engine).not.toHaveHandled(behind.position);
    expect(await textOf(() => expect(engine).toHaveHandled(dead))).toMatchInlineSnapshot(
      `"The event at position 2 is a dead letter: key 'ann' behind #2 shop.placed, which handlers 'risk' failed 1 time: RangeError: amount -1 is below 0"`,
    );
    expect(await textOf(() => expect(engine).not.toHaveHandled(handled))).toMatchInlineSnapshot(
      `"Expected the event at position 1 not to be handled."`,
    );
    expect(await textOf(() => expect({}).toHaveHandled(1))).toMatch(/needs an engine/);
  });

  test('toHaveDeadLetter', async () => {
    await using engine = await open();
    await engine.publish(placed('o1', 1));
    await expect(engine).not.toHaveDeadLetter();
    expect(await textOf(() => expect(engine).toHaveDeadLetter())).toMatchInlineSnapshot(
      `"Expected a dead letter; there is none."`,
    );
    const dead = await engine.publish(placed('o2', -1));
    await expect(engine).toHaveDeadLetter();
    await expect(engine).toHaveDeadLetter(dead);
    await expect(engine).not.toHaveDeadLetter(1);
    expect(await textOf(() => expect(engine).toHaveDeadLetter(1))).toMatchInlineSnapshot(
      `"Expected a dead letter at position 1; there is none."`,
    );
    expect(await textOf(() => expect(engine).not.toHaveDeadLetter(dead))).toMatchInlineSnapshot(`
      "Expected no dead letter.
        parked: key 'ann' behind #2 shop.placed, which handlers 'risk' failed 1 time: RangeError: amount -1 is below 0"
    `);
  });
});
