import { defineEvent, openEngine } from 'millrace';
import { NotRetainedError } from 'millrace/errors';
import { expect, test } from 'vitest';
import { z } from 'zod';

const Noted = defineEvent('note.noted', {
  schema: z.object({ note: z.string() }),
  aggregateId: () => 'notes',
});

test('a log in memory keeps as much of its newest events as memoryBytes says, and all of them without', async () => {
  const note = 'x'.repeat(1000);
  const positions = async (memoryBytes?: number) => {
    await using engine = await openEngine({
      events: [Noted],
      threads: 0,
      ...(memoryBytes !== undefined && { memoryBytes }),
    });
    for (let count = 0; count < 40; count++) {
      await engine.publishMany(
        Array.from({ length: 50 }, (_, at) => Noted({ note: `${note}${count % 3}${at}` })),
      );
    }
    expect(engine.stats().lastPosition).toBe(2000);
    const kept: number[] = [];
    try {
      for await (const { position } of engine.read({ fromPosition: 1 })) kept.push(position);
    } catch (error) {
      expect(error).toBeInstanceOf(NotRetainedError);
      return undefined;
    }
    return kept;
  };
  expect((await positions())?.length).toBe(2000);
  // What is read from the beginning is there no more.
  expect(await positions(1_000_000)).toBeUndefined();
});
