import { once } from 'node:events';
import { type Engine, openEngine } from 'millrace';
import { HandlerTimeoutError, LaneCrashedError } from 'millrace/errors';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Account, Deposited, Peril } from '../../handlers/aggregates.mjs';
import { add, BANK, deposit, openBank, withdraw } from '../../support/aggregates.js';
import { collect, oneTo } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const amounts = (engine: Engine, id: string) => engine.query(Peril, id, (all) => all);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** How often a lane was replaced. */
function replacements(engine: Engine): () => number {
  let count = 0;
  engine.onNotice(({ kind }) => {
    if (kind === 'lane-replaced') count++;
  });
  return () => count;
}

/** A limit that what ends at once keeps to also where the machine does other things. */
const ENOUGH_MS = 300;

describe.each(['memory', 'disk'] as const)('a lane that dies, %s', (durability) => {
  const open = (options = {}) => openBank({ threads: 2, ...storeFor(durability), ...options });

  test.each([
    'exit',
    'exitLater',
  ] as const)('of a command runs the others again, and that one fails alone: %s', async (name) => {
    const engine = await open();
    const replaced = replacements(engine);
    const others = (from: number) => oneTo(20).map((n) => add(engine, `p${n % 4}`, from + n));
    const before = others(0);
    const dying = ['p0', 'p1'].map((id) => engine.execute(Peril, id, name, undefined));
    const after = others(100);
    const outcomes = await Promise.allSettled(dying);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ reason: { code: 'MILLRACE_LANE_CRASHED' } });
    await Promise.all([...before, ...after]);
    for (const id of ['p0', 'p1', 'p2', 'p3']) {
      const own = oneTo(20).filter((n) => `p${n % 4}` === id);
      expect(await amounts(engine, id)).toEqual([...own, ...own.map((n) => 100 + n)]);
    }
    // Twice for each, and never for the others.
    expect(replaced()).toBeLessThanOrEqual(6);
    expect(engine.stats().state).toBe('open');
  });

  test('fails with the error of the thread, and the engine goes on', async () => {
    const engine = await open();
    await expect(engine.execute(Peril, 'p', 'exit', undefined)).rejects.toThrow(LaneCrashedError);
    for (const _ of oneTo(4)) {
      await expect(engine.execute(Peril, 'p', 'exit', undefined)).rejects.toThrow(LaneCrashedError);
    }
    expect((await add(engine, 'p')).version).toBe(1);
  });

  test('of a command in a loop, which handlerTimeoutMs ends', async () => {
    const engine = await open({ handlerTimeoutMs: ENOUGH_MS });
    const spinning = engine.execute(Peril, 'p', 'spin', undefined);
    const others = oneTo(4).map((n) => add(engine, `p${n}`, n));
    await expect(spinning).rejects.toThrow(HandlerTimeoutError);
    await Promise.all(others);
    expect((await add(engine, 'p')).version).toBe(1);
  });
});

describe.each([1, 2])('what evolve does to its thread, of %i', (threads) => {
  const peril = (account: string, amount: number) => Deposited({ account, amount });

  test('ends the query and the command that need the state, and none beside them', async () => {
    const engine = await openBank({ threads });
    await engine.publishMany([...oneTo(4).map((n) => peril(`exits${n}`, 671)), peril('p', 1)]);
    const deadly = Promise.allSettled(oneTo(4).map((n) => amounts(engine, `exits${n}`)));
    const beside = oneTo(4).map(() => amounts(engine, 'p'));
    for (const outcome of await deadly)
      expect(outcome).toMatchObject({ reason: { code: 'MILLRACE_LANE_CRASHED' } });
    expect(await Promise.all(beside)).toEqual([[1], [1], [1], [1]]);
    await expect(add(engine, 'exits1')).rejects.toThrow(LaneCrashedError);
    // What a command has emitted goes into the state at once.
    await expect(add(engine, 'p', 671)).rejects.toThrow(LaneCrashedError);
    expect(await amounts(engine, 'p')).toEqual([1]);
    expect(engine.stats().state).toBe('open');
  });

  test('ends them when it keeps the thread for longer than handlerTimeoutMs', async () => {
    const engine = await openBank({ threads, handlerTimeoutMs: ENOUGH_MS });
    await engine.publishMany([peril('loops', 672), peril('p', 1)]);
    const replaced = replacements(engine);
    const looping = amounts(engine, 'loops');
    const beside = amounts(engine, 'p');
    await expect(looping).rejects.toThrow(HandlerTimeoutError);
    expect(await beside).toEqual([1]);
    expect(replaced()).toBe(1);
    await expect(add(engine, 'loops')).rejects.toThrow(HandlerTimeoutError);
    await expect(add(engine, 'p', 672)).rejects.toThrow(HandlerTimeoutError);
    expect((await add(engine, 'p', 2)).version).toBe(2);
  });

  test('ends a query for which thread after thread dies of nothing known', async () => {
    const engine = await openBank({ threads });
    // More than a lane is sent at once, so it dies before it has them all.
    const left = oneTo(3000).map(() => peril('leaves', 673));
    await engine.publishMany([...left, peril('p', 1)]);
    await expect(amounts(engine, 'leaves')).rejects.toThrow(LaneCrashedError);
    expect(await amounts(engine, 'p')).toEqual([1]);
  });
});

describe.each([0, 1])('a command that does not end, %i threads', (threads) => {
  test('holds up its own aggregate alone', async () => {
    const engine = await openBank({ threads });
    const controller = new AbortController();
    const hanging = engine.execute(Peril, 'p', 'hang', undefined, { signal: controller.signal });
    const behind = [add(engine, 'p', 1), add(engine, 'p', 2)];
    expect((await add(engine, 'q')).version).toBe(1);
    // A query waits for no command.
    expect(await amounts(engine, 'p')).toEqual([]);
    controller.abort(new Error('enough'));
    await expect(hanging).rejects.toThrow('enough');
    expect((await Promise.all(behind)).map(({ version }) => version)).toEqual([1, 2]);
  });

  test('fails when handlerTimeoutMs is over, and its aggregate goes on', async () => {
    const engine = await openBank({ threads, handlerTimeoutMs: ENOUGH_MS });
    const hanging = engine.execute(Peril, 'p', 'hang', undefined);
    const behind = add(engine, 'p');
    await expect(hanging).rejects.toThrow(HandlerTimeoutError);
    expect((await behind).version).toBe(1);
  });
});

describe('commands', () => {
  test('go on in order while the threads become more and fewer', async () => {
    const engine = await openBank({ threads: 0, store: tempStore() });
    const replies: Promise<number>[] = [];
    for (const threads of [1, 3, 0, 2, 1]) {
      for (const _ of oneTo(60))
        replies.push(deposit(engine, `a${replies.length % 6}`).then(({ reply }) => reply));
      const slow = engine.execute(Peril, `p${threads}`, 'slow', { amount: 1, ms: 5 });
      await engine.setThreads(threads);
      await slow;
    }
    expect(await Promise.all(replies)).toEqual(oneTo(300).map((n) => Math.floor((n + 5) / 6)));
  });

  test('are waited for by drain and by close', async () => {
    const store = tempStore();
    const options = { events: BANK, aggregates: [handlers('aggregates')], store, threads: 1 };
    const engine = await openEngine(options);
    let isOver = false;
    const slow = engine.execute(Peril, 'p', 'slow', { amount: 1, ms: 40 }, { until: 'accepted' });
    slow.then(() => {
      isOver = true;
    });
    await engine.drain();
    expect(isOver).toBe(true);
    const last = engine.execute(Peril, 'p', 'slow', { amount: 2, ms: 40 });
    const behind = add(engine, 'p', 3);
    await engine.close();
    expect([(await last).version, (await behind).version]).toEqual([2, 3]);
    const again = await openTestEngine(options);
    expect(await amounts(again, 'p')).toEqual([1, 2, 3]);
  });

  test('wait for room, in order, and are refused it when the engine closes', async () => {
    const engine = await openEngine({
      events: BANK,
      aggregates: [handlers('aggregates')],
      threads: 1,
      maxInFlight: 4,
    });
    const all = await Promise.all(oneTo(50).map(() => deposit(engine, 'a')));
    expect(all.map(({ reply }) => reply)).toEqual(oneTo(50));
    // More than there is ever room for at once.
    const tooMany = engine.execute(Account, 'a', 'move', { amounts: oneTo(5) });
    await expect(tooMany).rejects.toMatchObject({ code: 'MILLRACE_APPEND_TOO_LARGE' });
    expect((await engine.execute(Account, 'a', 'move', { amounts: oneTo(4) })).version).toBe(54);
    await engine.close();
  });

  test('of a failed engine are refused, and go on when it has recovered', async () => {
    const engine = await openBank({
      threads: 1,
      store: tempStore(),
      handlers: [handlers('peril-bank')],
      shared: { stopped: new Int32Array(new SharedArrayBuffer(4)) },
    });
    await deposit(engine, 'a', 5);
    const waiting = engine.execute(Peril, 'p', 'hang', undefined);
    const failed = expect(waiting).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    const notice = new Promise((resolve) =>
      engine.onNotice(({ kind }) => kind === 'failed' && resolve(kind)),
    );
    await deposit(engine, 'stop', 1, { until: 'accepted' });
    await notice;
    await failed;
    await expect(withdraw(engine, 'a', 1)).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    await expect(engine.query(Account, 'a', () => 0)).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
    await engine.recover();
    expect(await withdraw(engine, 'a', 5)).toMatchObject({ reply: 0, version: 2 });
  });

  test('share their lanes with handlers, which get what follows from them', async () => {
    const engine = await openBank({ threads: 2, handlers: [handlers('follow-bank')], store: tempStore() });
    await Promise.all(oneTo(40).map((n) => deposit(engine, `a${n % 8}`, n, { until: 'handled' })));
    const noted = await collect(engine, { types: ['bank.noted'] });
    expect(noted).toHaveLength(40);
    // The handler has put an event into each aggregate, behind those of the commands or between them.
    expect((await engine.execute(Account, 'a1', 'look', undefined)).version).toBe(10);
  });

  test('keep the process alive until they are answered, and no longer', async () => {
    const { spawn } = await import('node:child_process');
    const script = `
      import { openEngine } from 'millrace';
      import { Deposited, Withdrawn, Noted, Peril } from './test/handlers/aggregates.mjs';
      const engine = await openEngine({
        events: [Deposited, Withdrawn, Noted], threads: 1,
        aggregates: [new URL('./test/handlers/aggregates.mjs', 'file://' + process.cwd() + '/')],
      });
      const { version } = await engine.execute(Peril, 'p', 'slow', { amount: 1, ms: 100 });
      await engine.close();
      console.log('version', version);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill());
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    const [code] = await once(child, 'exit');
    expect([code, text.trim()]).toEqual([0, 'version 1']);
  });

  test('that a thousand publishers are first to in vain are decided again, each once for each of them', async () => {
    const engine = await openBank({ threads: 1 });
    const published = (async () => {
      for (const _ of oneTo(300)) {
        // Between the sending of commands and their answers.
        await turn();
        await engine.publish(Deposited({ account: 'a', amount: 1 }), { until: 'accepted' });
      }
    })();
    const deposited: Awaited<ReturnType<typeof deposit>>[] = [];
    for (const _ of oneTo(100)) {
      deposited.push(
        ...(await Promise.all(oneTo(3).map(() => deposit(engine, 'a', 1, { until: 'accepted' })))),
      );
    }
    await published;
    const versions = deposited.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    // What each replied is true of the log.
    for (const { reply, version } of deposited) expect(reply).toBe(version);
    expect((await engine.execute(Account, 'a', 'look', undefined)).reply.balance).toBe(600);
  });
});
