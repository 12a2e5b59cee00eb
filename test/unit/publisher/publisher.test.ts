import { createPublisher, type PublishedEvent, type Publisher } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';

const events = [Deposited, Noted];

describe('a publisher without an engine', () => {
  test('numbers its events and calls the subscribers of their type, higher priorities first', () => {
    const publisher = createPublisher({ events });
    const calls: string[] = [];
    publisher.subscribe(Noted, ({ position, data }) => calls.push(`low ${position} ${data.note}`));
    publisher.subscribe(Noted, () => calls.push('high'), { priority: 5 });
    publisher.subscribeAll(({ type }) => calls.push(type), { filter: ({ type }) => type !== Noted.type });
    publisher.publish(Noted({ note: 'a' }));
    publisher.publish(Deposited({ account: 'b', amount: 1 }));
    expect(calls).toEqual(['high', 'low 1 a', 'account.deposited']);
  });

  test('gives an event its id, aggregate, time and metadata', () => {
    const publisher = createPublisher({ events });
    const options = { occurredAt: new Date(5), correlationId: 'story', metadata: { by: 'ada' } };
    const event = publisher.publish(Noted({ note: 'a' }, options));
    expect(event).toMatchObject({ position: 1, aggregateId: 'a', occurredAt: 5, data: { note: 'a' } });
    expect(event.id).toMatch(/^[0-9a-f]{12}\/1$/);
    expect(event.metadata).toEqual({ correlationId: 'story', by: 'ada' });
    expect(publisher.publish(Noted({ note: 'b' })).metadata.correlationId).toMatch(/\/2$/);
  });

  test('a subscriber that throws or rejects touches no other, and is reported', async () => {
    const reported: [unknown, PublishedEvent][] = [];
    const publisher = createPublisher({ events, onError: (error, event) => reported.push([error, event]) });
    const boom = new Error('boom');
    const seen: number[] = [];
    publisher.subscribe(Noted, () => {
      throw boom;
    });
    publisher.subscribe(Noted, () => Promise.reject(boom));
    publisher.subscribe(Noted, ({ position }) => seen.push(position));
    const event = publisher.publish(Noted({ note: 'a' }));
    await Promise.resolve();
    expect(seen).toEqual([1]);
    expect(reported).toEqual([
      [boom, event],
      [boom, event],
    ]);
    expect(publisher.errors).toBe(2);
  });

  test('an ended subscription hears nothing more', () => {
    const publisher = createPublisher({ events });
    let calls = 0;
    {
      using _subscription = publisher.subscribe(Noted, () => calls++);
      publisher.publish(Noted({ note: 'a' }));
    }
    publisher.publish(Noted({ note: 'b' }));
    expect(calls).toBe(1);
  });

  test('refuses what an engine would refuse', () => {
    const publisher: Publisher = createPublisher({ events: [Noted] });
    const code = (name: string) => expect.objectContaining({ code: `MILLRACE_${name}` });
    expect(() => publisher.publish(Deposited({ account: 'a', amount: 1 }))).toThrow(
      code('UNKNOWN_EVENT_TYPE'),
    );
    expect(() => publisher.publish({ type: Noted.type, data: {} })).toThrow(code('SCHEMA_MISMATCH'));
    expect(() => publisher.publish(Noted({ note: 'a', value: () => 1 }))).toThrow(
      code('UNSUPPORTED_PAYLOAD'),
    );
  });
});
