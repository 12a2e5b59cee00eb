import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { startHearing } from '../../support/heard.js';
import { liveThreads } from '../../support/live-threads.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { runNode } from '../../support/run-script.js';
import { tempFolder } from '../../support/temp-folder.js';

const ENDS: [string, (engine: Engine) => Promise<void>][] = [
  ['engine.close()', (engine) => engine.close()],
  ['remove()', (engine) => engine.consumers.remove('c')],
];

/** A module that never ends being loaded, and a file that is there as soon as it is being loaded. */
function endless() {
  const begun = join(tempFolder(), 'begun');
  const module = `data:text/javascript,
    import { writeFileSync } from 'node:fs';
    writeFileSync(${JSON.stringify(begun)}, '');
    await new Promise(() => {});
    export default () => {};`;
  return { module, begun: () => existsSync(begun) };
}

describe.each([
  'memory',
  'os',
] as const)('a consumer that is ended while it is being started: %s', (durability) => {
  test.each(
    ENDS,
  )('by %s, on a thread whose module is never loaded, rejects and leaves no thread', async (_what, end) => {
    const engine = await openTestEngine(storeFor(durability));
    const threads = liveThreads().length;
    const { module, begun } = endless();
    const started = engine.consumers.start({ name: 'c', where: 'thread', module });
    const refused = expect(started).rejects.toMatchObject({
      code: 'MILLRACE_CONSUMER_STOPPED',
      details: { consumer: 'c', state: 'stopped' },
    });
    await expect.poll(begun).toBe(true);
    await end(engine);
    await refused;
    await expect.poll(() => liveThreads().length).toBeLessThanOrEqual(threads);
  });

  test.each(
    ENDS,
  )('by %s, on the main thread, rejects, and its handler is never called', async (_what, end) => {
    const engine = await openTestEngine(storeFor(durability));
    await engine.publish(Noted({ note: 'n' }));
    const calls: number[] = [];
    const started = engine.consumers.start({
      name: 'c',
      handle: ({ position }) => void calls.push(position),
    });
    const refused = expect(started).rejects.toMatchObject({ code: 'MILLRACE_CONSUMER_STOPPED' });
    await end(engine);
    await refused;
    expect(calls).toEqual([]);
  });

  test('by remove() is forgotten by the log, and its name is free', async () => {
    const engine = await openTestEngine(storeFor(durability));
    const { module, begun } = endless();
    const started = engine.consumers.start({ name: 'c', where: 'thread', module });
    const refused = expect(started).rejects.toMatchObject({ code: 'MILLRACE_CONSUMER_STOPPED' });
    await expect.poll(begun).toBe(true);
    await engine.consumers.remove('c');
    expect(engine.consumers.list()).toEqual([]);
    const { consumer, heard } = await startHearing(engine);
    await refused;
    await engine.publish(Noted({ note: 'n' }));
    await consumer.whenCaughtUp();
    expect(heard.positions).toEqual([1]);
    expect(engine.consumers.list()).toMatchObject([{ name: 'c', state: 'running', position: 1 }]);
  });
});

test('a consumer that is loading its module handles nothing before its start has resolved', async () => {
  const engine = await openTestEngine(storeFor('os'));
  const file = join(tempFolder(), 'go');
  const module = `data:text/javascript,
    import { existsSync } from 'node:fs';
    while (!existsSync(${JSON.stringify(file)})) await new Promise((next) => setTimeout(next, 1));
    export default () => {};`;
  await engine.publish(Noted({ note: 'n' }));
  const started = engine.consumers.start({ name: 'c', where: 'thread', module });
  await engine.publish(Noted({ note: 'n' }));
  expect(engine.consumers.list()).toMatchObject([{ name: 'c', inFlight: 0, position: 0 }]);
  writeFileSync(file, '');
  const consumer = await started;
  await consumer.whenCaughtUp();
  expect(consumer.status()).toMatchObject({ handled: 2 });
});

test('a thread that is ended in the moment that its module is loaded keeps the process until it has ended', async () => {
  const [begun, go, loaded] = ['begun', 'go', 'loaded'].map((name) => join(tempFolder(), name));
  const module = `data:text/javascript,
    import { existsSync, writeFileSync } from 'node:fs';
    writeFileSync(${JSON.stringify(begun)}, '');
    while (!existsSync(${JSON.stringify(go)}));
    setTimeout(() => writeFileSync(${JSON.stringify(loaded)}, ''), 20);
    export default () => {};`;
  // No engine: what keeps a process alive besides would hide it.
  const input = `
    import { existsSync, writeFileSync } from 'node:fs';
    import { setTimeout } from 'node:timers/promises';
    import { ThreadWorker } from './dist/src/consumers/thread-worker.js';
    const worker = new ThreadWorker('c', () => {});
    const opened = worker.open(${JSON.stringify(module)});
    while (!existsSync(${JSON.stringify(begun)})) await setTimeout(1);
    writeFileSync(${JSON.stringify(go)}, '');
    // The answer is there, and nobody has looked at it, when the thread is ended. A module cannot see when it is sent:
    // on a busy machine the thread may end before, and then the start is refused. The process must see either.
    while (!existsSync(${JSON.stringify(loaded)}));
    await worker.end();
    await opened.catch((error) => {
      if (error.code !== 'MILLRACE_CONSUMER_THREAD') throw error;
    });
    console.log('ended');`;
  expect(await runNode(['--input-type=module'], { input })).toEqual({
    code: 0,
    stdout: 'ended\n',
    stderr: '',
  });
});
