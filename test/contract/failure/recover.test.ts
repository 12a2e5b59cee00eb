import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import type { Notice } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Noted, Stopping } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { handledNumbers, numbered, openCurable } from '../../support/curable.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { Illness } from '../../support/illness.js';
import { endThreads, liveThreads } from '../../support/live-threads.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const FAILED = { code: 'MILLRACE_FAILED' };
const CLOSED = { code: 'MILLRACE_CLOSED' };
const MOVED = { code: 'MILLRACE_STORE_MOVED' };

const failures = (notices: readonly Notice[]) => notices.filter(({ kind }) => kind === 'failed').length;
const OTHERS = oneTo(50).map((number) => number + 200);
const stopping = (number: number) => Stopping({ id: 'stop', number });

describe.each(INLINE_AND_THREADS)('recover from a handler that stopped the engine: %i threads', (threads) => {
  /** An engine that its event number 5 has stopped, with others before and behind it. */
  async function failed(options = {}) {
    const opened = await openCurable(
      { threads, store: tempStore(), durability: 'os', ...options },
      new Illness(5),
    );
    const { engine } = opened;
    const heard: number[] = [];
    engine.subscribe(Noted, ({ data }) => heard.push(data.value as number));
    await engine.publish(Noted({ note: 'a', value: 1 }));
    await engine.publishMany([
      ...numbered('a', oneTo(4)),
      ...[4, 5, 6].map(stopping),
      ...numbered('b', OTHERS),
    ]);
    await expect(engine.drain()).rejects.toMatchObject(FAILED);
    return { ...opened, heard };
  }

  test('handles what was unfinished, once and in order; subscribers and listeners stay', async () => {
    const { engine, illness, notices, heard } = await failed();
    expect(engine.health()).toMatchObject({ status: 'UNHEALTHY' });
    expect(failures(notices)).toBe(1);
    illness.end(5);
    await engine.recover();
    await engine.recovered;
    expect(engine.stats().state).toBe('open');
    await engine.publish(Noted({ note: 'a', value: 2 }));
    await engine.publishMany([...numbered('a', [7]), stopping(7)], { until: 'handled' });
    expect(await handledNumbers(engine, 'a')).toEqual([1, 2, 3, 4, 7]);
    expect(await handledNumbers(engine, 'stop')).toEqual([4, 5, 6, 7]);
    expect(await handledNumbers(engine, 'b')).toEqual(OTHERS);
    expect(heard).toEqual([1, 2]);
    const positions = (await collect(engine)).map(({ position }) => position);
    expect(positions).toEqual(oneTo(engine.stats().lastPosition));
    expect(engine.stats()).toMatchObject({ inFlight: 0, parkedKeys: 0, failed: 1 });
    expect(engine.health().status).not.toBe('UNHEALTHY');
    expect(notices.findLast(({ kind }) => kind === 'health')).toMatchObject({ from: 'UNHEALTHY' });
    await engine.close();
    expect(liveThreads()).toEqual([]);
  });

  test('stops again while the event is still ill, and goes on when it is not', async () => {
    const { engine, illness, notices } = await failed();
    for (const round of [2, 3]) {
      // It may fail before everything that was unfinished is on its way, or after.
      await engine.recover().catch((error) => expect(error).toMatchObject(FAILED));
      await expect(engine.drain()).rejects.toMatchObject(FAILED);
      expect(failures(notices)).toBe(round);
    }
    illness.end(5);
    await engine.recover();
    await engine.drain();
    expect(await handledNumbers(engine, 'stop')).toEqual([4, 5, 6]);
  });

  test('twice at once is once', async () => {
    const { engine, illness } = await failed();
    illness.end(5);
    const recovering = engine.recover();
    expect(engine.recover()).toBe(recovering);
    await recovering;
    await engine.drain();
    expect(await handledNumbers(engine, 'stop')).toEqual([4, 5, 6]);
  });

  test('under a close: everything is let go of', async () => {
    const { engine, illness } = await failed();
    illness.end(5);
    const recovering = engine.recover();
    const closing = engine.close();
    await recovering;
    await closing;
    expect(engine.stats().state).toBe('closed');
    expect(liveThreads()).toEqual([]);
    await expect(engine.recover()).rejects.toMatchObject(CLOSED);
  });

  test('keeps parked keys parked, and their dead letters', async () => {
    const { engine, illness } = await failed();
    illness.end(5);
    illness.begin(109);
    await engine.recover();
    await engine.publishMany(numbered('parked', [109, 110]));
    await engine.drain();
    illness.begin(108);
    await engine.publishMany([stopping(108)]);
    await expect(engine.drain()).rejects.toMatchObject(FAILED);
    illness.end(108, 109);
    await engine.recover();
    await engine.drain();
    expect(engine.stats().parkedKeys).toBe(1);
    const [letter] = await engine.deadLetters.list();
    expect(letter).toMatchObject({ key: 'parked', attempts: 2 });
    await engine.deadLetters.retry(letter?.position ?? 0);
    await engine.drain();
    expect(await handledNumbers(engine, 'parked')).toEqual([109, 110]);
  });

  test('without a store says why it cannot', async () => {
    const { engine } = await failed({ store: undefined, durability: 'memory' });
    await expect(engine.recover()).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining("'memory'"),
    });
    expect(engine.stats().state).toBe('failed');
    await expect(engine.close()).rejects.toMatchObject(FAILED);
  });
});

describe('recover', () => {
  test('of a healthy engine does nothing', async () => {
    const engine = await openTestEngine({ store: tempStore() });
    await engine.publish(Noted({ note: 'a' }));
    const before = engine.stats();
    await engine.recover();
    expect(engine.stats()).toEqual(before);
    await engine.close();
    await expect(engine.recover()).rejects.toMatchObject(CLOSED);
  });

  test('from a writer that ended: nothing acknowledged is lost', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ store });
    await engine.publishMany(oneTo(20).map((value) => Noted({ note: 'a', value })));
    const failed = new Promise<Notice>((resolve) => {
      engine.onNotice((notice) => notice.kind === 'failed' && resolve(notice));
    });
    // No handlers and no threads of them: the writer is the only one.
    await endThreads();
    await expect(engine.publish(Noted({ note: 'a', value: 21 }))).rejects.toMatchObject({
      ...FAILED,
      cause: { code: 'MILLRACE_WRITER_CRASHED' },
    });
    await failed;
    await engine.recover();
    expect(await engine.publish(Noted({ note: 'a', value: 21 }))).toEqual({ position: 21, version: 21 });
    const values = (await collect(engine)).map(({ data }) => (data as { value: number }).value);
    expect(values).toEqual(oneTo(21));
  });

  /** An engine that failed because its store was moved away, and where it is now. */
  async function moved() {
    const store = tempStore();
    const away = `${tempFolder()}/away.db`;
    const engine = await openTestEngine({ store, durability: 'os' });
    await engine.publishMany(oneTo(3).map((value) => Noted({ note: 'a', value })));
    renameSync(store, away);
    await expect(engine.publish(Noted({ note: 'a', value: 4 }))).rejects.toMatchObject({ cause: MOVED });
    return { engine, store, away };
  }

  test('refuses to go on without its store, and makes no new one; with it, it goes on', async () => {
    const { engine, store, away } = await moved();
    for (const _try of [1, 2]) {
      await expect(engine.recover()).rejects.toMatchObject(MOVED);
      expect(existsSync(store)).toBe(false);
      expect(engine.stats().state).toBe('failed');
      await expect(engine.publish(Noted({ note: 'a' }))).rejects.toMatchObject(FAILED);
    }
    for (const suffix of ['-wal', '-shm']) rmSync(store + suffix, { force: true });
    renameSync(away, store);
    await engine.recover();
    // The fourth was refused, though it may be in the moved file: nobody was told that it is not.
    const last = engine.stats().lastPosition;
    expect(last).toBeGreaterThanOrEqual(3);
    expect((await engine.publish(Noted({ note: 'a', value: 5 }))).position).toBe(last + 1);
    await engine.close();
  });

  test('refuses another log in the place of its own', async () => {
    const { engine, store } = await moved();
    for (const suffix of ['-wal', '-shm']) rmSync(store + suffix, { force: true });
    const foreign = tempStore();
    const stranger = await openTestEngine({ store: foreign, durability: 'os' });
    await stranger.publishMany(oneTo(9).map((value) => Noted({ note: 'b', value })));
    await stranger.close();
    copyFileSync(foreign, store);
    await expect(engine.recover()).rejects.toMatchObject(MOVED);
    expect(engine.stats().state).toBe('failed');
    await expect(engine.close()).rejects.toMatchObject(FAILED);
    expect(liveThreads()).toEqual([]);
  });

  test('refuses an older copy of its log: it would lack what was acknowledged', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ store, durability: 'os' });
    await engine.publish(Noted({ note: 'a', value: 1 }));
    await engine.close();
    const backup = `${tempFolder()}/backup.db`;
    copyFileSync(store, backup);
    const again = await openTestEngine({ store, durability: 'os' });
    await again.publish(Noted({ note: 'a', value: 2 }));
    renameSync(store, `${tempFolder()}/away.db`);
    await expect(again.publish(Noted({ note: 'a', value: 3 }))).rejects.toMatchObject({ cause: MOVED });
    for (const suffix of ['-wal', '-shm']) rmSync(store + suffix, { force: true });
    copyFileSync(backup, store);
    await expect(again.recover()).rejects.toMatchObject(MOVED);
  });
});
