import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { openTelemetry } from 'millrace/otel';
import { afterEach, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { broken } from '../../handlers/tracer.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

const BREAKABLE = [
  // First: each thread asks for its tracer once.
  'getTracer',
  'startSpan',
  'end',
  'end later',
  'startSpan later',
  'inject later',
  'extract later',
  'setAttribute',
  'setStatus',
  'recordException',
  'inject',
  'extract',
  'active',
  'with',
  'with afterwards',
  'garbage',
];

afterEach(() => {
  broken.what = '';
});

describe.each(INLINE_AND_THREADS)('with %i threads', (threads) => {
  test.each(
    BREAKABLE,
  )('a tracer that throws in %s touches no event, and its failures are counted', async (what) => {
    const engine = await openTestEngine({
      threads,
      durability: 'memory',
      handlers: [handlers('broken-tracer')],
      tracing: openTelemetry(),
    });
    await engine.broadcast(what);
    broken.what = '';
    const active = trace.setSpan(
      ROOT_CONTEXT,
      trace.getTracer('user').startSpan('request', {}, ROOT_CONTEXT),
    );
    const publishAll = () =>
      ['fine', 'async', 'throws', 'rejects'].map((value) => engine.publish(Noted({ note: value, value })));
    const published = context.with(active, () => {
      broken.what = what;
      const publishing = publishAll();
      broken.what = '';
      return publishing;
    });
    // Its own thread is that of the handlers when there are no others.
    broken.what = what;
    await Promise.all(published);
    await engine.drain();
    const audits = await collect(engine, { types: ['audit.recorded'] });
    expect(audits.map(({ aggregateId }) => aggregateId).sort()).toEqual(['audit-async', 'audit-fine']);
    const letters = await engine.deadLetters.list();
    expect(letters.map(({ aggregateId, error }) => [aggregateId, error.name, error.message])).toEqual([
      ['throws', 'RangeError', 'the real error'],
      ['rejects', 'RangeError', 'the real error'],
    ]);
    // Garbage is left out, which is no failure.
    if (what !== 'garbage') expect(engine.stats().subscriberErrors).toBeGreaterThan(0);
    broken.what = '';
  });
});

test('a lane module that throws, hangs or calls its handler late leaves the outcome to the handler', async () => {
  const engine = await openTestEngine({
    durability: 'memory',
    handlers: [handlers('broken-tracer')],
    tracing: { carrier: () => JSON.parse('{'), laneModule: handlers('odd-lane-tracer').href },
  });
  await engine.publishMany(['fine', 'throws', 'rejects'].map((value) => Noted({ note: value, value })));
  await engine.drain();
  expect(await collect(engine, { types: ['audit.recorded'] })).toHaveLength(1);
  expect(await engine.deadLetters.list()).toMatchObject([
    { error: { message: 'the real error' } },
    { error: { message: 'the real error' } },
  ]);
});
