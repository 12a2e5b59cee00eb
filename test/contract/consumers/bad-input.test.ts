import type { ConsumerOptions } from 'millrace/consumers';
import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { startHearing } from '../../support/heard.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';

const handle = () => {};

function explode(message: string): never {
  throw new Error(message);
}

/** What has a `then`, and is no promise. */
function thenable(get: () => unknown): object {
  return Object.defineProperty({}, 'then', { get });
}

describe('bad input to consumers', () => {
  test.each<[string, object, string]>([
    ['no name', { handle }, 'name'],
    ['an empty name', { name: '', handle }, 'name'],
    ['a name of 129 characters', { name: 'x'.repeat(129), handle }, 'name'],
    ['a name with a line break', { name: 'a\nb', handle }, 'name'],
    ['a lone surrogate', { name: '\ud800', handle }, 'name'],
    ['no handler', { name: 'c' }, 'handle'],
    ['a handler that is no function', { name: 'c', handle: {} }, 'handle'],
    ['from 0', { name: 'c', handle, from: 0 }, 'from'],
    ['from 1.5', { name: 'c', handle, from: 1.5 }, 'from'],
    ['from a position beyond the end', { name: 'c', handle, from: 3 }, 'from'],
    ['from a word', { name: 'c', handle, from: 'end' }, 'from'],
    ['concurrency 0', { name: 'c', handle, concurrency: 0 }, 'concurrency'],
    ['concurrency 257', { name: 'c', handle, concurrency: 257 }, 'concurrency'],
    ['retries 101', { name: 'c', handle, retries: 101 }, 'retries'],
    ['a negative pause', { name: 'c', handle, retryDelayMs: -1 }, 'retryDelayMs'],
    ['jitter 2', { name: 'c', handle, jitter: 2 }, 'jitter'],
    ['an unknown policy', { name: 'c', handle, onFailure: 'ignore' }, 'onFailure'],
    ['types that are no array', { name: 'c', handle, types: 'note.noted' }, 'types'],
    ['no type at all', { name: 'c', handle, types: [] }, 'types'],
    ['types that are null', { name: 'c', handle, types: null }, 'types'],
    ['a type that is null', { name: 'c', handle, types: [null] }, 'types[0]'],
    ['from null', { name: 'c', handle, from: null }, 'from'],
    ['concurrency null', { name: 'c', handle, concurrency: null }, 'concurrency'],
    ['retries null', { name: 'c', handle, retries: null }, 'retries'],
    ['a policy of null', { name: 'c', handle, onFailure: null }, 'onFailure'],
    ['an unknown place', { name: 'c', handle, where: 'lane' }, 'where'],
    ['a thread without a module', { name: 'c', where: 'thread' }, 'module'],
    ['a thread with a path', { name: 'c', where: 'thread', module: './mailer.js' }, 'module'],
    ['a thread with a file URL of a host', { name: 'c', where: 'thread', module: 'file://a.js' }, 'module'],
    [
      'a thread with a URL of a host',
      { name: 'c', where: 'thread', module: new URL('file://h/a.js') },
      'module',
    ],
    ['a thread with a slash in a name', { name: 'c', where: 'thread', module: 'file:///a%2fb.js' }, 'module'],
    ['a thread with what is no URL', { name: 'c', where: 'thread', module: { href: 7 } }, 'module'],
    ['a thread with a function', { name: 'c', where: 'thread', handle }, 'handle'],
    ['a module on the main thread', { name: 'c', handle, module: 'file:///a.js' }, 'module'],
    ["a name of Millrace's own", { name: 'millrace:bus', handle }, 'name'],
    ['a misspelt option', { name: 'c', handle, retry: 3 }, "no option 'retry'"],
  ])('%s is refused, and the option named', async (_what, options, named) => {
    const engine = await openTestEngine();
    await engine.publish(Noted({ note: 'n' }));
    await expect(engine.consumers.start(options as ConsumerOptions)).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
      message: expect.stringContaining(named),
    });
    expect(engine.consumers.list()).toEqual([]);
  });

  test('a type that is not registered is refused', async () => {
    const engine = await openTestEngine();
    await expect(engine.consumers.start({ name: 'c', handle, types: ['no.such'] })).rejects.toMatchObject({
      code: 'MILLRACE_UNKNOWN_EVENT_TYPE',
    });
  });

  test('a second one of a name is refused, also while the first is being started or removed', async () => {
    const engine = await openTestEngine(storeFor('os'));
    const first = engine.consumers.start({ name: 'c', handle });
    const refused = { code: 'MILLRACE_CONSUMER_RUNNING' };
    await expect(engine.consumers.start({ name: 'c', handle })).rejects.toMatchObject(refused);
    await first;
    const removed = engine.consumers.remove('c');
    await expect(engine.consumers.start({ name: 'c', handle })).rejects.toMatchObject(refused);
    await removed;
    await engine.consumers.start({ name: 'c', handle });
  });

  test.each([[0], [1.5], ['1'], [Number.NaN]])('a position of %s is refused', async (position) => {
    const engine = await openTestEngine();
    const { consumer } = await startHearing(engine);
    const refused = (call: string) => ({
      code: 'MILLRACE_INVALID_OPTION',
      message: expect.stringMatching(new RegExp(`^[^:]*${call}[^:]*: the position is .*from 1\\.$`)),
    });
    await expect(consumer.replay(position as number)).rejects.toMatchObject(refused('replay\\(\\)'));
    await expect(consumer.whenCaughtUp(position as number)).rejects.toMatchObject(refused('whenCaughtUp'));
    await expect(consumer.retry(position as number)).rejects.toMatchObject(refused('retry'));
    await expect(consumer.discard(position as number)).rejects.toMatchObject(refused('discard'));
  });

  test('types that are null are refused by every call that takes types', async () => {
    const engine = await openTestEngine();
    const refused = { code: 'MILLRACE_INVALID_OPTION', message: expect.stringContaining('types') };
    const types = null as never;
    await expect(
      (async () => {
        for await (const event of engine.read({ types })) expect.fail(event.id);
      })(),
    ).rejects.toMatchObject(refused);
  });

  test('a log has at most 256 consumers, those that do not run included', async () => {
    const engine = await openTestEngine();
    for (let number = 1; number <= 256; number++) {
      const consumer = await engine.consumers.start({ name: `c${number}`, handle });
      if (number % 2 === 0) await consumer.stop();
    }
    await expect(engine.consumers.start({ name: 'c257', handle })).rejects.toMatchObject({
      code: 'MILLRACE_TOO_MANY_CONSUMERS',
      details: { limit: 256 },
    });
    await engine.consumers.start({ name: 'c2', handle });
    await engine.consumers.remove('c4');
    await engine.consumers.start({ name: 'c257', handle });
    expect(engine.consumers.list()).toHaveLength(256);
  });

  test('a closed engine starts and removes none', async () => {
    const engine = await openTestEngine();
    await engine.close();
    const refused = { code: 'MILLRACE_CLOSED' };
    await expect(engine.consumers.start({ name: 'c', handle })).rejects.toMatchObject(refused);
    await expect(engine.consumers.remove('c')).rejects.toMatchObject(refused);
  });

  test.each([
    ['a thenable whose then throws', () => thenable(() => explode('odd'))],
    [
      'a rejected thenable',
      () => thenable(() => (_: unknown, reject: (why: unknown) => void) => reject(undefined)),
    ],
    ['a thrown undefined', () => Promise.reject(undefined)],
    [
      'a thrown object that cannot be looked at',
      () => Promise.reject(new Proxy({}, { get: () => explode('no') })),
    ],
  ])('a handler with %s has failed, like any other', async (_what, odd) => {
    const engine = await openTestEngine(storeFor('os'));
    const { consumer } = await startHearing(engine, { handle: odd });
    await engine.publish(Noted({ note: 'n' }));
    await consumer.whenCaughtUp();
    expect(consumer.failures()).toMatchObject([{ position: 1, state: 'parked' }]);
  });
});
