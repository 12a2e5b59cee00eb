import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { DomainEvent, Engine, NewEvent } from 'millrace';
import { ATTRIBUTES, openTelemetry } from 'millrace/otel';
import { describe, expect, test } from 'vitest';
import '../../handlers/tracer.mjs';
import { Audited, Deposited, Noted, Parking } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { hearSpans } from '../../support/heard-spans.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const root = new URL('../../..', import.meta.url).pathname;

/** Publishes inside a span of the user's own. */
async function publishInSpan(engine: Engine, event: NewEvent): Promise<Span> {
  const span = trace.getTracer('user').startSpan('request', {}, ROOT_CONTEXT);
  const active = trace.setSpan(ROOT_CONTEXT, span);
  await context.with(active, () => engine.publish(event));
  await engine.drain();
  span.end();
  return span;
}

/** What an event says of the span that it came from. */
function carried({ metadata }: DomainEvent): { traceId?: string; spanId?: string } {
  const [, traceId, spanId] = String(metadata.traceparent ?? '').split('-');
  return traceId && spanId ? { traceId, spanId } : {};
}

describe.each(INLINE_AND_THREADS)('with %i threads', (threads) => {
  test('a trace goes from the publisher through handlers and what they emit', async () => {
    const spans = hearSpans();
    const engine = await openTestEngine({
      threads,
      durability: 'memory',
      run: 'r',
      handlers: [handlers('traced'), handlers('account')],
      tracing: openTelemetry(),
    });
    const request = (await publishInSpan(engine, Deposited({ account: 'a', amount: 1 }))).spanContext();
    const ended = await spans.until(3);
    const deposit = ended.find(({ name }) => name === 'process account.deposited');
    const credit = ended.find(({ name }) => name === 'process ledger.credited');
    expect(deposit).toMatchObject({
      kind: SpanKind.CONSUMER,
      traceId: request.traceId,
      parentId: request.spanId,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'messaging.system': 'millrace',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'account.deposited',
        'messaging.destination.partition.id': expect.stringMatching(/^[01]$/),
        'messaging.message.id': 'r/a/1',
        'millrace.handler': 'account',
        'millrace.position': 1,
        'millrace.attempt': 1,
      },
    });
    expect(credit).toMatchObject({ traceId: request.traceId, parentId: deposit?.spanId });
    expect([deposit?.thread === threadId, credit?.thread === threadId]).toEqual(
      threads === 0 ? [true, true] : [false, false],
    );
    const [deposited, credited, audited] = await collect(engine);
    expect(carried(deposited as DomainEvent)).toEqual({
      traceId: request.traceId,
      spanId: request.spanId,
    });
    expect(carried(credited as DomainEvent)).toMatchObject({ spanId: deposit?.spanId });
    expect(carried(audited as DomainEvent)).toMatchObject({ spanId: credit?.spanId });
    expect(audited?.metadata).toMatchObject({ correlationId: 'r/a/1', causationId: 'r/ledger-a/1' });
  });

  test("a handler's own span is the parent of what it emits inside", async () => {
    const spans = hearSpans();
    const engine = await openTestEngine({
      threads,
      durability: 'memory',
      handlers: [handlers('traced')],
      tracing: openTelemetry(),
    });
    const request = (await publishInSpan(engine, Noted({ note: 'n' }))).spanContext();
    const ended = await spans.until(3);
    const process = ended.find(({ name }) => name === 'process note.noted');
    const score = ended.find(({ name }) => name === 'score');
    expect(score).toMatchObject({ traceId: request.traceId, parentId: process?.spanId });
    const [audited] = await collect(engine, { types: [Audited.type] });
    expect(carried(audited as DomainEvent)).toEqual({ traceId: request.traceId, spanId: score?.spanId });
  });

  test.each([false, true])('a try that fails says why in its span, async: %s', async (async) => {
    const spans = hearSpans();
    const engine = await openTestEngine({
      threads,
      durability: 'memory',
      handlers: [handlers('traced'), handlers('failing')],
      tracing: openTelemetry(),
    });
    await engine.publish(Parking({ id: 'p', number: 1, failures: 1, async }), { until: 'handled' });
    const ended = await spans.until(2);
    expect(ended.map(({ attributes }) => attributes[ATTRIBUTES.attempt])).toEqual([1, 2]);
    expect(ended[0]).toMatchObject({
      parentId: undefined,
      status: { code: SpanStatusCode.ERROR, message: 'try 1 of p' },
      exceptions: ['RangeError: try 1 of p'],
      attributes: { [ATTRIBUTES.errorType]: 'E_TRY' },
    });
    expect(ended[1]).toMatchObject({ status: { code: SpanStatusCode.UNSET }, exceptions: [] });
    expect(ended[1]?.attributes).not.toHaveProperty(ATTRIBUTES.errorType);
    expect(engine.stats()).toMatchObject({ failed: 1, retried: 1 });
  });
});

test('a span on the main thread is not under what happens to be active there', async () => {
  const spans = hearSpans();
  const engine = await openTestEngine({
    durability: 'memory',
    handlers: [handlers('account')],
    tracing: openTelemetry(),
  });
  await publishInSpan(engine, Deposited({ account: 'a', amount: 1 }, { metadata: { traceparent: 'none' } }));
  const [deposit] = await spans.until(3);
  expect(deposit).toMatchObject({ name: 'process account.deposited', parentId: undefined });
});

test('every way of publishing carries the context, in a file too; what the publisher sets himself stays', async () => {
  const engine = await openTestEngine({ ...storeFor('os'), tracing: openTelemetry() });
  const span = trace.getTracer('user').startSpan('request', {}, ROOT_CONTEXT);
  const { traceId, spanId } = span.spanContext();
  const own = '00-11111111111111111111111111111111-2222222222222222-01';
  await context.with(trace.setSpan(ROOT_CONTEXT, span), async () => {
    await engine.publish(Noted({ note: 'a' }, { correlationId: 'c', metadata: { user: 'ada' } }));
    await engine.publishMany([Noted({ note: 'b' })]);
    expect(engine.offer(Noted({ note: 'c' }))).toBe(true);
    await engine.append('d', [Noted({ note: 'd' })]);
    await engine.publish(Noted({ note: 'e' }, { metadata: { traceparent: own } }));
  });
  await engine.publish(Noted({ note: 'outside' }));
  const events = await collect(engine);
  expect(events.slice(0, 4).map(carried)).toEqual(Array(4).fill({ traceId, spanId }));
  expect(events[0]?.metadata).toMatchObject({ correlationId: 'c', user: 'ada' });
  expect(events[4]?.metadata.traceparent).toBe(own);
  expect(events[5]?.metadata).toEqual({ correlationId: events[5]?.id });
});

test('without the option no context is carried and no span made', async () => {
  const spans = hearSpans();
  const engine = await openTestEngine({
    durability: 'memory',
    handlers: [handlers('traced'), handlers('account')],
  });
  await publishInSpan(engine, Deposited({ account: 'a', amount: 1 }));
  expect((await spans.until(1)).map(({ name }) => name)).toEqual(['request']);
  expect((await collect(engine)).map(carried)).toEqual([{}, {}, {}]);
});

test('a deterministic log is the same with tracing and without', async () => {
  const prints: string[] = [];
  for (const tracing of [undefined, openTelemetry()]) {
    const engine = await openTestEngine({
      durability: 'memory',
      ...(tracing && { tracing }),
      deterministic: true,
    });
    await publishInSpan(engine, Noted({ note: 'a' }, { occurredAt: 1 }));
    prints.push(await engine.fingerprint());
  }
  expect(prints[0]).toBe(prints[1]);
});

test('only millrace/otel imports the package, and nothing imports millrace/otel', () => {
  const importing = (pattern: RegExp) =>
    ['src', 'workers'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(folder, name))
        .filter((name) => pattern.test(readFileSync(join(root, name), 'utf8')))
        .filter((name) => !name.startsWith(join('src', 'otel'))),
    );
  expect(importing(/from '@opentelemetry|import\('@opentelemetry/)).toEqual([]);
  expect(importing(/from '[^']*otel\//)).toEqual([]);
  expect(importing(/from '\.\.\/observe\/tracing\.js'/).length).toBeGreaterThan(1);
});

test.each([
  [null, 'MILLRACE_INVALID_OPTION'],
  [{ carrier: 1, laneModule: 'file:///a.js' }, 'MILLRACE_INVALID_OPTION'],
  [{ carrier: () => undefined, laneModule: 'a.js' }, 'MILLRACE_INVALID_OPTION'],
  [{ carrier: () => undefined, laneModule: 'file:///none.js' }, 'MILLRACE_HANDLER_MODULE_FAILED'],
  [{ carrier: () => undefined, laneModule: handlers('account').href }, 'MILLRACE_HANDLER_MODULE_INVALID'],
])('tracing of %j is refused with %s', async (tracing, code) => {
  await expect(openTestEngine({ tracing: tracing as never })).rejects.toMatchObject({ code });
});
