import type { DomainEvent, ReadOptions } from 'millrace';
import { NotRetainedError } from 'millrace/errors';
import { traceTree } from 'millrace/observe';
import { openStoreReader, type Trace, traceStory } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { traceInLog } from '../../../dist/src/engine/reading/trace.js';
import { MAX_TRACED_EVENTS } from '../../../dist/src/limits.js';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const START = Date.UTC(2024, 0, 1);

/** Position and type of each event, without times. */
const shape = ({ roots }: Trace) => traceTree(roots).replaceAll(/ {2}\+\S+ (ms|s)$/gm, '');

const STORY = `1  account.deposited  a v1
└─ 3  ledger.credited  ledger-a v1
   └─ 4  audit.recorded  audit-a v1`;

async function filled(durability: 'memory' | 'os') {
  const options = storeFor(durability);
  const engine = await openTestEngine({ ...options, run: 'r', handlers: [handlers('account')] });
  await engine.publishMany([
    Deposited({ account: 'a', amount: 1 }, { correlationId: 'story', occurredAt: START }),
    Noted({ note: 'x/y' }),
  ]);
  await engine.drain();
  return { engine, store: options.store };
}

describe.each(['memory', 'os'] as const)('engine.trace with durability %s', (durability) => {
  test('follows a story by correlation id, id and position, while the engine runs', async () => {
    const { engine } = await filled(durability);
    for (const query of [{ correlationId: 'story' }, { id: 'r/a/1' }, { position: 1 }]) {
      expect(shape(await engine.trace(query))).toBe(STORY);
    }
    expect(shape(await engine.trace({ id: 'r/ledger-a/1' }))).toBe(
      '3  ledger.credited  ledger-a v1\n└─ 4  audit.recorded  audit-a v1',
    );
    expect(shape(await engine.trace({ correlationId: 'r/x/y/1' }))).toBe('2  note.noted  x/y v1');
    await engine.publish(Noted({ note: 'later' }, { correlationId: 'story' }));
    expect(shape(await engine.trace({ correlationId: 'story' }))).toBe(`${STORY}\n5  note.noted  later v1`);
  });

  test('knows what it does not know', async () => {
    const { engine } = await filled(durability);
    expect(await engine.trace({ correlationId: 'none' })).toEqual({ roots: [], events: 0, truncated: false });
    for (const query of [{ id: 'none' }, { id: 'r/a/2' }, { position: 99 }, { position: 0 }]) {
      await expect(engine.trace(query)).rejects.toMatchObject({
        code: 'MILLRACE_INVALID_OPTION',
        message: expect.stringMatching(/^trace: /),
      });
    }
    await engine.close();
    await expect(engine.trace({ position: 1 })).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });

  test('has a limit, over many pages', async () => {
    const { engine } = await filled(durability);
    await engine.publishMany(
      Array.from({ length: MAX_TRACED_EVENTS + 1 }, (_, number) =>
        Noted({ note: `n${number % 7}` }, { correlationId: 'long' }),
      ),
    );
    const { events, truncated } = await engine.trace({ correlationId: 'long' });
    expect([events, truncated]).toEqual([MAX_TRACED_EVENTS, true]);
  });
});

test('says the same as the file afterwards', async () => {
  const { engine, store } = await filled('os');
  const live = await engine.trace({ correlationId: 'story' });
  await engine.close();
  using reader = openStoreReader(store ?? '');
  const after = traceStory(reader, { correlationId: 'story' });
  expect(traceTree(live.roots)).toBe(traceTree(after.roots));
});

describe('a log in memory that has dropped events', () => {
  /** The events from a position on; one more is dropped before each is read when `shrinking`. */
  async function dropped(first: number, shrinking = false) {
    const { engine } = await filled('memory');
    const events = await collect(engine);
    let kept = first;
    const refuse = () => {
      throw new NotRetainedError('dropped', { details: { firstPosition: kept } });
    };
    return async function* read({ aggregateId, fromPosition = 1 }: ReadOptions): AsyncGenerator<DomainEvent> {
      if (aggregateId !== undefined || fromPosition < kept) refuse();
      for (const event of events.filter(({ position }) => position >= fromPosition)) {
        if (event.position < kept) refuse();
        yield event;
        if (shrinking) kept = event.position + 2;
      }
    };
  }
  const trace = async (read: Awaited<ReturnType<typeof dropped>>, query: Parameters<typeof traceInLog>[3]) =>
    shape(await traceInLog(read, 'memory', 'r', query, Number.POSITIVE_INFINITY));

  test('still tells what is left of a story', async () => {
    const rest = '3  ledger.credited  ledger-a v1\n└─ 4  audit.recorded  audit-a v1';
    expect(await trace(await dropped(3), { correlationId: 'story' })).toBe(rest);
    expect(await trace(await dropped(3), { id: 'r/ledger-a/1' })).toBe(rest);
    expect(await trace(await dropped(3), { position: 3 })).toBe(rest);
  });

  test('may drop more while it is read', async () => {
    expect(await trace(await dropped(1, true), { correlationId: 'story' })).toBe(
      '1  account.deposited  a v1\n└─ 3  ledger.credited  ledger-a v1',
    );
  });

  test('says so when the event itself is gone', async () => {
    await expect(trace(await dropped(3), { position: 1 })).rejects.toMatchObject({
      code: 'MILLRACE_NOT_RETAINED',
    });
    await expect(trace(await dropped(3), { id: 'r/a/1' })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
    });
  });
});
