import type { Engine, Notice } from 'millrace';
import { createPublisher } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { request } from '../../handlers/context.mjs';
import { Noted } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { ENGINES } from '../../support/executors.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { startBus } from '../bus/support.js';

const WHO = ['A', 'B'] as const;

/** Twenty events of each, published in turn in their own contexts, and then everything that they lead to. */
async function publishAsBoth(engine: Engine, value: string): Promise<void> {
  const publish = (who: string, at: number) =>
    request.run(who, () => engine.publish(Noted({ note: `${who}${at}`, value })));
  await Promise.all(Array.from({ length: 20 }, (_, at) => WHO.map((who) => publish(who, at))).flat());
  await engine.drain();
}

describe.each(ENGINES)('an engine with $threads threads, $durability', ({ threads, durability }) => {
  test.each([
    'sync',
    'async',
  ])('%s handlers, subscribers and their retries run in nobody’s async context', async (value) => {
    const engine = await openTestEngine({
      threads,
      handlers: [handlers('context')],
      ...storeFor(durability),
    });
    const seen: unknown[] = [];
    engine.subscribe(
      Noted,
      () => {
        seen.push(request.getStore());
        if (seen.length <= 2) throw new Error('again');
      },
      { retries: 1, retryDelayMs: 1 },
    );
    engine.subscribeAll(
      async () => {
        await null;
        seen.push(request.getStore());
      },
      { filter: () => request.getStore() === undefined },
    );
    await publishAsBoth(engine, value);
    await engine.settled();
    expect(new Set(seen)).toEqual(new Set([undefined]));
    const audits = await collect(engine, { types: ['audit.recorded'] });
    expect(audits).toHaveLength(40);
    expect(audits.filter(({ aggregateId }) => !aggregateId.endsWith('saw nobody'))).toEqual([]);
  });

  test('notices and the logger run in nobody’s, and who waits goes on in its own', async () => {
    const seen: unknown[] = [];
    const note = () => void seen.push(request.getStore());
    const engine = await request.run('opener', () =>
      openTestEngine({
        threads,
        handlers: [handlers('context')],
        maxInFlight: 4,
        logger: { debug: note, info: () => {}, warn: note, error: note },
        ...storeFor(durability),
      }),
    );
    const kinds: Notice['kind'][] = [];
    request.run('listener', () =>
      engine.onNotice(({ kind }) => {
        kinds.push(kind);
        note();
      }),
    );
    const own = await Promise.all(
      WHO.flatMap((who) =>
        Array.from({ length: 8 }, (_, at) =>
          request.run(who, async () => {
            await engine.publish(Noted({ note: `${who}${at}`, value: 'throws' }));
            await engine.ready();
            return request.getStore() === who;
          }),
        ),
      ),
    );
    await engine.drain();
    expect(own).toEqual(own.map(() => true));
    expect(new Set(kinds)).toContain('dead-letter');
    expect(new Set(kinds)).toContain('pressure');
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});

test('subscribers of a bus, their retries and what they publish run in nobody’s async context', async () => {
  const seen: unknown[] = [];
  const bus = await startBus({ maxQueueSize: 4, workers: 2 }, (made) => {
    made.subscribe(
      Noted,
      async ({ data }, context) => {
        seen.push(request.getStore());
        request.enterWith('left behind');
        if (context.attempt === 1) throw new Error('again');
        if (data.value === 'first') await context.publish(Noted({ note: data.note, value: 'second' }));
      },
      { retries: 1, retryDelayMs: 1 },
    );
    made.onNotice(() => seen.push(request.getStore()));
  });
  const publish = (who: string, at: number) =>
    request.run(who, () => bus.publish(Noted({ note: `${who}${at % 3}`, value: 'first' })));
  await Promise.all(Array.from({ length: 20 }, (_, at) => WHO.map((who) => publish(who, at))).flat());
  await bus.drain();
  expect(seen.length).toBeGreaterThan(160);
  expect(new Set(seen)).toEqual(new Set([undefined]));
});

test('functions of an event type run in their publisher’s context, also when a bus was full', async () => {
  const seen = new Set<string>();
  const carrier = () => ({ who: String(request.getStore()) });
  const tracing = { carrier, laneModule: handlers('odd-lane-tracer').href };
  const bus = await startBus({ maxQueueSize: 2, tracing });
  const publish = (who: string, at: number) =>
    request.run(who, () => bus.publish(Noted({ note: `${who}${at}` })));
  await Promise.all(Array.from({ length: 20 }, (_, at) => WHO.map((who) => publish(who, at))).flat());
  for (const { aggregateId, metadata } of await collect(bus.engine)) {
    expect(metadata.who).toBe(aggregateId[0]);
    seen.add(String(metadata.who));
  }
  expect(seen).toEqual(new Set(WHO));
});

test('subscribers of a publisher run in the context of the event’s publisher, those of what a subscriber publishes in the outermost one’s', async () => {
  const publisher = createPublisher({ events: [Noted] });
  const seen: unknown[] = [];
  publisher.subscribe(
    Noted,
    ({ data }) => {
      seen.push(request.getStore());
      if (data.value === 'first') request.run('C', () => publisher.publish(Noted({ note: 'c' })));
      if (data.value === 'retried' && seen.length === 3) throw new Error('again');
    },
    { retries: 1, retryDelayMs: 1 },
  );
  request.run('A', () => publisher.publish(Noted({ note: 'a', value: 'first' })));
  await request.run('B', () => publisher.publishAsync(Noted({ note: 'b', value: 'retried' })));
  expect(seen).toEqual(['A', 'A', 'B', 'B']);
});
