import { defineHandlers } from 'millrace';
import { defineAggregate, handleCommand } from 'millrace/aggregates';
import { openTelemetry } from 'millrace/otel';
import { waitFor } from 'millrace/testing';
import { expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { makeBus, startBus } from '../bus/support.js';

/** Options of a class, as a program may have them: not one of them is an own property. */
const inherited = <Options extends object>(options: Options): Options => Object.create(options);

const story = { correlationId: 'story', occurredAt: 5, metadata: { by: 'a class' } };
const note = () => Noted({ note: 'a' }, inherited(story));
const stored = { occurredAt: 5, metadata: { correlationId: 'story', by: 'a class' } };

test('an event keeps the options that it has inherited, also when more are given to it', async () => {
  const plain = await openTestEngine();
  const Note = defineAggregate('note', {
    events: [Noted],
    initial: () => 0,
    evolve: (count) => count + 1,
    commands: { take: (_count, _input: undefined, ctx) => ctx.emit(note()) },
  });
  await plain.publish(note());
  await handleCommand(plain, Note, 'a', 'take', undefined);
  await handleCommand(plain, Note, 'a', 'take', undefined, { commandId: 'c' });
  expect(await collect(plain)).toMatchObject([
    stored,
    stored,
    { ...stored, metadata: { ...stored.metadata, eventId: 'c#0' } },
  ]);

  const traced = await openTestEngine({
    tracing: { ...openTelemetry(), carrier: () => ({ traceparent: 'x' }) },
  });
  await traced.publish(note());
  expect(await collect(traced)).toMatchObject([
    { ...stored, metadata: { ...stored.metadata, traceparent: 'x' } },
  ]);
});

test('an event that a subscriber of a bus publishes keeps them, too', async () => {
  const heard = Promise.withResolvers<unknown>();
  const bus = await startBus({}, (bus) => {
    bus.subscribe(Noted, async (event, ctx) => {
      if (event.aggregateId === 'a') heard.resolve(event);
      else await ctx.publish(note());
    });
  });
  await bus.publish(Noted({ note: 'first' }));
  expect(await heard.promise).toMatchObject(stored);
});

test('options that are looked at one by one are looked at when they are inherited', async () => {
  const refused = (words: string) =>
    expect.objectContaining({
      code: expect.stringMatching(/^MILLRACE_INVALID_/),
      message: expect.stringContaining(words),
    });
  expect(() => defineHandlers('noted', (on) => on(Noted, () => {}, inherited({ retries: -1 })))).toThrow(
    refused('retries'),
  );
  expect(() => makeBus().subscribe(Noted, () => {}, inherited({ priority: Number.NaN }))).toThrow(
    refused('priority'),
  );
  const engine = await openTestEngine();
  await expect(waitFor(engine, Noted, inherited({ timeout: -1 }))).rejects.toThrow(refused('timeout'));
});
