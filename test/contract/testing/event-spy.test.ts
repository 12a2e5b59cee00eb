import { createPublisher } from 'millrace/publisher';
import { createTestEngine, EventSpy, like } from 'millrace/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { failureOf } from '../../support/testing/failure.js';
import { Flagged, Paid, Placed, placed, risk, SHOP_EVENTS, Unheard } from '../../support/testing/shop.js';

function spyOnPublisher() {
  const publisher = createPublisher({ events: SHOP_EVENTS });
  return { publisher, spy: new EventSpy(publisher) };
}

describe('an EventSpy', () => {
  test('sees what an engine stores, emitted events too', async () => {
    await using engine = await createTestEngine({ events: SHOP_EVENTS, handlers: [risk] });
    const spy = new EventSpy(engine);
    await engine.publish(placed('o1', 500), { until: 'handled' });
    await engine.publish(placed('o2', 5), { until: 'handled' });
    await engine.drain();
    expect(spy.events.map(({ type, position }) => [type, position])).toEqual([
      ['shop.placed', 1],
      ['shop.flagged', 2],
      ['shop.placed', 3],
    ]);
    expect([spy.count(), spy.count(Placed), spy.count(Paid)]).toEqual([3, 2, 0]);
    expect(spy.of(Flagged).map(({ data }) => data.reason)).toEqual(['amount 500']);
  });

  test('sees what a publisher delivers, a cause before what a subscriber publishes for it', () => {
    const publisher = createPublisher({ events: SHOP_EVENTS });
    publisher.subscribe(Placed, ({ data }) => publisher.publish(Paid({ order: data.order })), {
      priority: 1000,
    });
    using spy = new EventSpy(publisher);
    publisher.publish(placed('o1', 1));
    spy.assertExactly([Placed, Paid]);
  });

  test('sees nothing before its making and after its end', () => {
    const publisher = createPublisher({ events: SHOP_EVENTS });
    publisher.publish(placed('before', 1));
    const spy = new EventSpy(publisher);
    publisher.publish(placed('during', 1));
    spy[Symbol.dispose]();
    publisher.publish(placed('after', 1));
    expect(spy.events.map(({ aggregateId }) => aggregateId)).toEqual(['during']);
  });

  test('gives copies of its list, and can forget', () => {
    const { publisher, spy } = spyOnPublisher();
    publisher.publish(placed('o1', 1));
    const before = spy.events;
    publisher.publish(placed('o2', 1));
    expect(before).toHaveLength(1);
    spy.clear();
    spy.assertNothingPublished();
  });

  test('keeps the newest events up to its limit, and does not guess about the others', async () => {
    const publisher = createPublisher({ events: SHOP_EVENTS });
    const spy = new EventSpy(publisher, { limit: 2 });
    for (const amount of [1, 2, 3, 4]) publisher.publish(placed('o1', amount));
    expect(spy.events.map(({ position }) => position)).toEqual([3, 4]);
    expect(spy.dropped).toBe(2);
    spy.assertPublished(Placed);
    spy.assertSequence([Placed, Placed]);
    expect(await failureOf(() => spy.assertNotPublished(Paid))).toMatchInlineSnapshot(
      `"MILLRACE_NOT_RETAINED: Only the newest 2 events are kept, and 2 events came before them, so nobody can tell. Use an EventSpy with a higher limit."`,
    );
    for (const assertion of [
      () => spy.assertPublished(Paid),
      () => spy.assertPublished(Placed, 2),
      () => spy.assertPublished(Placed, 4),
      () => spy.assertSequence([Placed, Placed, Placed]),
      () => spy.assertExactly([Placed, Placed]),
      () => spy.assertNothingPublished(),
    ]) {
      expect(await failureOf(assertion)).toMatch(/^MILLRACE_NOT_RETAINED: /);
    }
    // That there are more than one is certain all the same.
    expect(await failureOf(() => spy.assertPublished(Placed, 1))).toMatch(/^MILLRACE_TEST_ASSERTION: /);
    expect(await failureOf(() => new EventSpy(publisher, { limit: 0 }))).toMatchInlineSnapshot(
      `"MILLRACE_INVALID_OPTION: EventSpy: limit is 0; it must be a whole number from 1."`,
    );
  });

  test('can be asked when its engine is closed', async () => {
    const engine = await createTestEngine({ events: SHOP_EVENTS });
    onTestFinished(() => engine.close());
    await engine.publish(placed('o1', 1));
    await engine.close();
    engine.spy.assertPublished(Placed, 1);
    await expect(async () => new EventSpy(engine)).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });
});

describe('assertPublished', () => {
  test('passes', () => {
    const { publisher, spy } = spyOnPublisher();
    publisher.publish(placed('o1', 1));
    publisher.publish(placed('o2', 2));
    spy.assertPublished(Placed);
    spy.assertPublished(Placed, 2);
    spy.assertPublished(Paid, 0);
    spy.assertPublished(Placed({ order: 'o1', customer: 'ann', amount: 1 }), 1);
    spy.assertPublished(like(Placed, { amount: 2 }), 1);
    spy.assertPublished(
      like(Placed, ({ amount }) => amount > 1),
      1,
    );
    spy.assertPublished(({ aggregateId }) => aggregateId === 'o2', 1);
  });

  test('fails and shows what was published instead', async () => {
    const { publisher, spy } = spyOnPublisher();
    expect(await failureOf(() => spy.assertPublished(Placed))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected shop.placed to be published; it was not.
      No event was published."
    `);
    publisher.publish(placed('o1', 1));
    publisher.publish(Paid({ order: 'o1' }));
    expect(await failureOf(() => spy.assertPublished(Flagged))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected shop.flagged to be published; it was not.
      Published were:
        #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
    expect(await failureOf(() => spy.assertPublished(Placed, 2))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected shop.placed to be published 2 times; it was 1 time.
      Published were:
        #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
    expect(await failureOf(() => spy.assertPublished(placed('o1', 7)))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected shop.placed { order: 'o1', customer: 'ann', amount: 7, tags: [] } to be published; it was not.
      Nearest is #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        data.amount: expected 7, got 1
      Published were:
        #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
    const wanted = like(Placed, { amount: 7, tags: ['new'], customer: 'bob' });
    expect(await failureOf(() => spy.assertPublished(wanted))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected shop.placed like { amount: 7, tags: [ 'new' ], customer: 'bob' } to be published; it was not.
      Nearest is #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        data.amount: expected 7, got 1
        data.tags: expected [ 'new' ], got []
        data.customer: expected 'bob', got 'ann'
      Published were:
        #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
    const large = (event: { position: number }) => event.position > 10;
    expect(await failureOf(() => spy.assertPublished(large))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected an event for which 'large' is true to be published; it was not.
      Published were:
        #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        #2 shop.paid o1 { order: 'o1', tries: 0 }"
    `);
  });

  test('shows no more than a screen', async () => {
    const { publisher, spy } = spyOnPublisher();
    for (let number = 0; number < 500; number++) publisher.publish(placed(`o${number}`, number));
    const message = await failureOf(() => spy.assertPublished(Paid));
    expect(message.split('\n')).toHaveLength(23);
    expect(message).toContain('… 480 before');
    publisher.publish(placed('x'.repeat(1000), 1));
    const [longest = 0] = (await failureOf(() => spy.assertPublished(placed('y'.repeat(1000), 1))))
      .split('\n')
      .map((line) => line.length)
      .sort((a, b) => b - a);
    expect(longest).toBeLessThan(1300);
  });

  test('refuses what can never be published, or is no event', async () => {
    const { spy } = spyOnPublisher();
    expect(await failureOf(() => spy.assertNotPublished(Unheard))).toMatchInlineSnapshot(
      `"MILLRACE_UNKNOWN_EVENT_TYPE: Event type 'shop.unheard' is not registered. Add it to 'events' in openEngine; registered are: shop.placed, shop.flagged, shop.paid."`,
    );
    expect(await failureOf(() => spy.assertNotPublished(Unheard({ order: 'o1' })))).toMatch(/UNKNOWN_EVENT/);
    expect(await failureOf(() => spy.assertNotPublished(undefined as never))).toMatchInlineSnapshot(
      `"MILLRACE_INVALID_OPTION: An expected event is an event type, an event made by one, like(type, { … }) or a function; this is undefined."`,
    );
    expect(await failureOf(() => spy.assertPublished('shop.placed' as never))).toMatch(/INVALID_OPTION/);
    expect(await failureOf(() => like(undefined as unknown as typeof Paid, {}))).toMatch(/INVALID_OPTION/);
  });
});

describe('assertNotPublished and assertNothingPublished', () => {
  test('pass', () => {
    const { publisher, spy } = spyOnPublisher();
    spy.assertNothingPublished();
    publisher.publish(placed('o1', 1));
    spy.assertNotPublished(Paid);
    spy.assertNotPublished(placed('o1', 2));
  });

  test('fail and show what there was', async () => {
    const { publisher, spy } = spyOnPublisher();
    for (const order of ['o1', 'o2']) publisher.publish(Paid({ order }));
    expect(await failureOf(() => spy.assertNotPublished(Paid))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected shop.paid not to be published; it was 2 times.
        #1 shop.paid o1 { order: 'o1', tries: 0 }
        #2 shop.paid o2 { order: 'o2', tries: 0 }"
    `);
    expect(await failureOf(() => spy.assertNothingPublished())).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected no event to be published.
      Published were:
        #1 shop.paid o1 { order: 'o1', tries: 0 }
        #2 shop.paid o2 { order: 'o2', tries: 0 }"
    `);
  });
});

describe('assertSequence', () => {
  function story() {
    const { publisher, spy } = spyOnPublisher();
    for (const event of [placed('o1', 1), placed('o2', 200), Paid({ order: 'o1' }), placed('o3', 3)]) {
      publisher.publish(event);
    }
    return spy;
  }

  test('passes, whatever else there is', () => {
    const spy = story();
    spy.assertSequence([]);
    spy.assertSequence([Placed, Paid]);
    spy.assertSequence([placed('o2', 200), like(Placed, { order: 'o3' })]);
    spy.assertSequence([Placed, Placed, Paid, Placed]);
  });

  test('fails and shows where', async () => {
    const spy = story();
    const missing = [like(Placed, { order: 'o2' }), Flagged, Paid];
    expect(await failureOf(() => spy.assertSequence(missing))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected 3 events in this order, with any others between them; they did not come so.
          #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        = #2 shop.placed o2 { order: 'o2', customer: 'ann', amount: 200, tags: [] }
        - shop.flagged
        = #3 shop.paid o1 { order: 'o1', tries: 0 }
          #4 shop.placed o3 { order: 'o3', customer: 'ann', amount: 3, tags: [] }"
    `);
    expect(await failureOf(() => spy.assertSequence([Paid, placed('o2', 200)]))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected 2 events in this order, with any others between them; they did not come so.
        - shop.paid
          #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        = #2 shop.placed o2 { order: 'o2', customer: 'ann', amount: 200, tags: [] }
          #3 shop.paid o1 { order: 'o1', tries: 0 }
          #4 shop.placed o3 { order: 'o3', customer: 'ann', amount: 3, tags: [] }"
    `);
    expect(await failureOf(() => spy.assertSequence([Placed, Placed, Placed, Placed]))).toMatch(
      /- shop.placed$/m,
    );
  });

  test('exactly: passes', () => {
    story().assertExactly([Placed, placed('o2', 200), Paid, Placed]);
  });

  test('exactly: fails and shows where', async () => {
    const spy = story();
    expect(await failureOf(() => spy.assertExactly([Placed, Flagged, Paid]))).toMatchInlineSnapshot(`
      "MILLRACE_TEST_ASSERTION: Expected exactly 3 events; published were 4.
        = #1 shop.placed o1 { order: 'o1', customer: 'ann', amount: 1, tags: [] }
        - shop.flagged
        + #2 shop.placed o2 { order: 'o2', customer: 'ann', amount: 200, tags: [] }
        = #3 shop.paid o1 { order: 'o1', tries: 0 }
        + #4 shop.placed o3 { order: 'o3', customer: 'ann', amount: 3, tags: [] }"
    `);
    expect(await failureOf(() => spy.assertExactly([]))).toMatch(/exactly 0 events; published were 4/);
    expect(await failureOf(() => spy.assertExactly([Placed, Placed, Placed, Paid]))).toMatch(
      /published were 4/,
    );
  });

  test('is compared from the front when it is very long', async () => {
    const { publisher, spy } = spyOnPublisher();
    for (let number = 0; number < 1500; number++) publisher.publish(placed('o1', number));
    const wanted = Array.from({ length: 1500 }, (_, number) => (number === 700 ? Paid : Placed));
    const message = await failureOf(() => spy.assertExactly(wanted));
    expect(message).toContain('… 697 before');
    expect(message).toContain('= #700 shop.placed');
    expect(message).toContain('+ #701 shop.placed');
  });
});
