import { defineEvent } from 'millrace';
import { AggregateRoot, type AppliedEvent, repository } from 'millrace/aggregates';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Noted } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

const Counted = defineEvent('count.counted', {
  schema: z.object({ count: z.string(), by: z.number(), note: z.any() }),
  aggregateId: ({ count }) => count,
});

class Count extends AggregateRoot {
  sum = 0;
  notes: unknown[] = [];

  add(by: number, note?: unknown): void {
    this.raise(Counted({ count: this.id, by, note }));
  }

  raiseThis(event: never): void {
    this.raise(event);
  }

  protected override apply({ data }: AppliedEvent): void {
    const { by, note } = data as { by: number; note: unknown };
    this.sum += by;
    if (note !== undefined) this.notes.push(note);
  }
}

const open = (options = {}) => openTestEngine({ events: [Counted], ...options });
const invalid = { code: 'MILLRACE_INVALID_DEFINITION' };

describe.each(['memory', 'disk'] as const)('an aggregate that is being saved, %s', (durability) => {
  test('is saved once by callers who do not wait for each other, and each one has what it has raised', async () => {
    const engine = await open(storeFor(durability));
    const counts = repository(engine, Count);
    const made = new Count('c');
    made.add(1);
    const first = counts.save(made);
    made.add(2);
    const second = counts.save(made);
    const third = counts.save(made);
    expect(await Promise.all([first, second, third])).toEqual([
      { position: 1, version: 1 },
      { position: 2, version: 2 },
      undefined,
    ]);
    expect(await counts.load('c')).toMatchObject({ sum: 3, version: 2 });
  });

  test('keeps what is raised after others were taken out', async () => {
    const engine = await open(storeFor(durability));
    const counts = repository(engine, Count);
    for (const takeOut of [(count: Count) => count.clearEvents(), (count: Count) => count.pullEvents()]) {
      const made = (await counts.load('c')) ?? new Count('c');
      made.add(1);
      const saving = counts.save(made);
      takeOut(made);
      made.add(2);
      await saving;
      expect(made.raised.map(({ data }) => data)).toMatchObject([{ by: 2 }]);
      await counts.save(made);
    }
    expect(await counts.load('c')).toMatchObject({ sum: 6, version: 4 });
  });

  test('has what was raised, whatever becomes of the payload meanwhile', async () => {
    const engine = await open(storeFor(durability));
    const counts = repository(engine, Count);
    const made = new Count('c');
    const data = { count: 'c', by: 1, note: ['first'] };
    made.raiseThis(Counted(data) as never);
    data.by = 50;
    data.note.push('second');
    (made.notes[0] as string[]).push('by apply');
    await counts.save(made);
    expect((await collect(engine)).map((event) => event.data)).toEqual([
      { count: 'c', by: 1, note: ['first'] },
    ]);
  });
});

test('events that a handler fails on are in the log, and are not saved again', async () => {
  const engine = await openTestEngine({ handlers: [handlers('throwing')] });
  class Account extends AggregateRoot {
    deposit(): void {
      this.raise(Noted({ note: this.id, value: 'foreign' }));
    }
    protected override apply(): void {}
  }
  const accounts = repository(engine, Account);
  const account = new Account('a');
  for (const [version, code] of [
    [1, 'MILLRACE_HANDLER_FAILED'],
    [2, 'MILLRACE_KEY_PARKED'],
  ] as const) {
    account.deposit();
    await expect(accounts.save(account, { until: 'handled' })).rejects.toMatchObject({ code });
    expect(account).toMatchObject({ version, raised: [] });
  }
  expect(await accounts.save(account)).toBeUndefined();
  expect(await collect(engine)).toHaveLength(2);
});

describe('a class that cannot be', () => {
  test('raises in apply: what is loaded would raise it again', async () => {
    const engine = await open();
    class Raising extends Count {
      protected override apply(event: AppliedEvent): void {
        super.apply(event);
        this.raise(Counted({ count: this.id, by: 100, note: undefined }));
      }
    }
    const made = new Raising('c');
    expect(() => made.add(1)).toThrow(expect.objectContaining(invalid));
    expect(made.raised).toEqual([]);
    await engine.publish(Counted({ count: 'c', by: 1, note: undefined }));
    await expect(repository(engine, Raising).load('c')).rejects.toMatchObject(invalid);
  });

  test('has an async apply', async () => {
    const engine = await open();
    class Later extends Count {
      protected override async apply(): Promise<void> {
        await Promise.reject(new Error('nobody hears it'));
      }
    }
    expect(() => new Later('c').add(1)).toThrow(expect.objectContaining(invalid));
    await engine.publish(Counted({ count: 'c', by: 1, note: undefined }));
    await expect(repository(engine, Later).load('c')).rejects.toMatchObject(invalid);
  });

  test('has a constructor that takes another id, or raises', async () => {
    const engine = await open();
    await engine.publish(Counted({ count: 'c', by: 1, note: undefined }));
    class Other extends Count {
      constructor(id: string) {
        super(`other ${id}`);
      }
    }
    class Eager extends Count {
      constructor(id: string) {
        super(id);
        this.add(1);
      }
    }
    await expect(repository(engine, Other).load('c')).rejects.toMatchObject(invalid);
    await expect(repository(engine, Eager).load('c')).rejects.toMatchObject(invalid);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['no function', {}],
    ['a function that is no class', () => {}],
    ['a class of something else', class {}],
  ])('is %s', async (_name, Root) => {
    const engine = await open();
    expect(() => repository(engine, Root as never)).toThrow(expect.objectContaining(invalid));
  });
});

test('what is no aggregate, no id and no option is refused', async () => {
  const engine = await open();
  await engine.publish(Counted({ count: 'c', by: 1, note: undefined }));
  const counts = repository(engine, Count);
  for (const root of [null, undefined, {}, 'c']) {
    await expect(counts.save(root as never)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  }
  for (const id of [undefined, null, '', 5]) {
    await expect(counts.load(id as never)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_NAME' });
  }
  class Options {
    get until(): never {
      return 'stored' as never;
    }
  }
  const made = new Count('d');
  await expect(counts.save(made, new Options())).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  made.add(1);
  await expect(counts.save(made, new Options())).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  expect(made.raised).toHaveLength(1);
});
