import { describe, expect, test } from 'vitest';
import { SqliteReader } from '../../../dist/src/store/sqlite-reader.js';
import { oneTo } from '../../support/collect.js';
import { handledNumbers, numbered, openCurable } from '../../support/curable.js';
import { Gate } from '../../support/gate.js';
import { Illness } from '../../support/illness.js';
import { handlers } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const KEYS = oneTo(60).map((number) => `bad${number}`);

/** Counts the pages that are read while `work` runs, those of one event left out. */
async function pagesOf(work: () => Promise<unknown>): Promise<number> {
  const { page } = SqliteReader.prototype;
  let pages = 0;
  SqliteReader.prototype.page = function (query) {
    if (query.limit > 1) pages++;
    return page.call(this, query);
  };
  try {
    await work();
  } finally {
    SqliteReader.prototype.page = page;
  }
  return pages;
}

describe.each([0, 2])('many dead letters at once: %i threads', (threads) => {
  test('are retried with one reading of the log, and each key goes on in its order', async () => {
    const store = { store: tempStore(), durability: 'os', threads } as const;
    const illness = new Illness(1);
    const { engine: first } = await openCurable(store, illness);
    await first.publishMany(KEYS.flatMap((key) => numbered(key, oneTo(20))));
    await first.drain();
    await first.close();
    const { engine } = await openCurable(store, new Illness());
    expect(engine.stats().parkedKeys).toBe(KEYS.length);
    const letters = await engine.deadLetters.list();
    const pages = await pagesOf(async () => {
      await Promise.all(letters.map(({ position }) => engine.deadLetters.retry(position)));
      await engine.drain();
    });
    // 1,200 unfinished events are three pages, so one reading for each key is 180. What was not asked for in the same turn
    // takes another reading; how many turns there are is a matter of the machine.
    expect(pages).toBeLessThan(KEYS.length);
    for (const key of KEYS) expect(await handledNumbers(engine, key)).toEqual(oneTo(20));
    expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0 });
  });

  test('close waits for a key that is being resumed when its feeder waits for room', async () => {
    const gate = new Gate();
    const illness = new Illness(1);
    const { engine } = await openCurable(
      {
        store: tempStore(),
        durability: 'os',
        threads,
        maxInFlight: 2,
        shared: { ...illness.shared, ...gate.shared },
      },
      illness,
    );
    await engine.publishMany(numbered('bad', [1]));
    await engine.drain();
    await engine.publishMany(
      numbered(
        'bad',
        oneTo(20).map((number) => number + 1),
        true,
      ),
    );
    illness.end(1);
    await engine.deadLetters.retry(1);
    const closing = engine.close();
    gate.open();
    await closing;
    expect(engine.stats()).toMatchObject({ handled: 42, inFlight: 0 });
  });

  test('are listed, and retried, by the listener that hears of one', async () => {
    const illness = new Illness(1);
    const { engine } = await openCurable(
      { store: tempStore(), durability: 'os', threads, handlers: [handlers('curable')] },
      illness,
    );
    await engine.publish(numbered('warm', [2])[0] as never, { until: 'handled' });
    await engine.deadLetters.list();
    const listed = new Promise<number>((resolve, reject) => {
      engine.onNotice((notice) => {
        if (notice.kind !== 'dead-letter') return;
        illness.end(1);
        const letters = engine.deadLetters.list();
        const retried = engine.deadLetters.retry(notice.position);
        Promise.all([letters, retried]).then(([{ length }]) => resolve(length), reject);
      });
    });
    await engine.publishMany(numbered('bad', [1, 3]));
    expect(await listed).toBe(1);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual([1, 3]);
  });
});
