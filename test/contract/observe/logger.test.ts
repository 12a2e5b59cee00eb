import { describe, expect, test } from 'vitest';
import { EngineLog } from '../../../dist/src/engine/watch/logger.js';
import { type Notice, Notices } from '../../../dist/src/engine/watch/notices.js';
import { Deposited, Parking, Stopping } from '../../handlers/events.mjs';
import { numbered, openCurable } from '../../support/curable.js';
import { Illness } from '../../support/illness.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

type Level = 'debug' | 'info' | 'warn' | 'error';

interface Line {
  readonly level: Level;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Its methods need their `this`, as pino's do. */
class Recorder {
  readonly #lines: Line[] = [];
  #write(level: Level, fields: object, message: string): void {
    this.#lines.push({ level, fields: fields as Line['fields'], message });
  }
  debug(fields: object, message: string): void {
    this.#write('debug', fields, message);
  }
  info(fields: object, message: string): void {
    this.#write('info', fields, message);
  }
  warn(fields: object, message: string): void {
    this.#write('warn', fields, message);
  }
  error(fields: object, message: string): void {
    this.#write('error', fields, message);
  }
  get lines(): readonly Line[] {
    return this.#lines;
  }
  of(event: string): Line | undefined {
    return this.#lines.find(({ fields }) => fields.event === event);
  }
}

const broken = () => {
  throw new Error('the log is full');
};
const rejecting = () => Promise.reject(new Error('the log is gone'));

const error = new Error('boom');
const fill = { inFlight: 9, maxInFlight: 10, bytes: 1, maxBytes: 100 };

describe('notices', () => {
  test.each<[Level, Notice, RegExp]>([
    ['warn', { kind: 'pressure', ...fill }, /nearly full/],
    ['info', { kind: 'relieved', ...fill }, /has room again/],
    [
      'error',
      { kind: 'dead-letter', position: 7, key: 'a', state: 'parked', attempts: 3, error },
      /^Event 7 failed for good and is parked/,
    ],
    ['warn', { kind: 'lane-replaced', lane: 1, error }, /^Lane 1 .*boom/],
    [
      'error',
      { kind: 'subscriber-failed', subscription: 1, topic: 'a.b', position: 7, attempts: 1, error },
      /^A subscriber of 'a\.b' failed on event 7/,
    ],
    [
      'warn',
      { kind: 'health', from: 'HEALTHY', status: 'DEGRADED', reasons: ['1 key is parked.'] },
      /^Health is DEGRADED, after HEALTHY\. 1 key is parked\./,
    ],
    ['error', { kind: 'health', from: 'DEGRADED', status: 'UNHEALTHY', reasons: [] }, /UNHEALTHY/],
    ['info', { kind: 'health', from: 'DEGRADED', status: 'HEALTHY', reasons: [] }, /HEALTHY/],
    ['error', { kind: 'failed', error }, /boom/],
  ])('at level %s: %j', (level, notice, message) => {
    const logger = new Recorder();
    const notices = new Notices(broken);
    new EngineLog(logger, 'a.db', broken).listenTo(notices);
    notices.send(notice);
    const { kind, ...facts } = notice;
    const fields: Record<string, unknown> = { component: 'millrace', event: kind, store: 'a.db', ...facts };
    if ('error' in fields) {
      fields.err = fields.error;
      delete fields.error;
    }
    expect(logger.lines).toEqual([{ level, fields, message: expect.stringMatching(message) }]);
  });
});

test('an engine logs its opening, what goes wrong, and its close', async () => {
  const logger = new Recorder();
  const options = { ...storeFor('os'), logger, run: 'r', handlers: [handlers('failing')] };
  const engine = await openTestEngine(options);
  expect(logger.lines).toEqual([
    {
      level: 'info',
      message: 'The engine has been opened.',
      fields: {
        component: 'millrace',
        event: 'opened',
        store: options.store,
        run: 'r',
        durability: 'os',
        threads: 0,
        lastPosition: 0,
      },
    },
  ]);
  await engine.publish(Parking({ id: 'p', number: 1, failures: 1000 }));
  await engine.drain();
  expect(logger.of('dead-letter')?.fields).toMatchObject({ position: 1, key: 'p', state: 'parked' });
  await engine.close();
  expect(logger.of('closing')?.level).toBe('debug');
  expect(logger.lines.at(-1)).toMatchObject({
    level: 'info',
    message: 'The engine has been closed.',
    fields: { event: 'closed', store: options.store, accepted: 1, handled: 0, lastPosition: 1 },
  });
});

test('an engine logs its failure, its recovery, and a close with errors', async () => {
  const logger = new Recorder();
  const { engine, illness } = await openCurable(
    { store: tempStore(), durability: 'os', logger },
    new Illness(1),
  );
  const stopping = Stopping({ id: 'stop', number: 1 });
  await engine.publishMany([stopping, ...numbered('a', [2])]);
  await expect(engine.drain()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  expect(logger.of('failed')?.fields.err).toMatchObject({ code: 'MILLRACE_FAILED' });
  illness.end(1);
  await engine.recover();
  await engine.recovered;
  expect(logger.of('recovered')?.fields).toMatchObject({ lastPosition: expect.any(Number) });
  illness.begin(1);
  await engine.publish(stopping);
  await expect(engine.close()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  expect(logger.lines.at(-1)).toMatchObject({
    level: 'error',
    fields: { event: 'closed', err: { code: 'MILLRACE_FAILED' } },
  });
});

test.each([
  ['throws', broken],
  ['rejects', rejecting],
])('a logger that %s touches nobody', async (_what, write) => {
  const logger = { debug: write, info: write, warn: write, error: write };
  const engine = await openTestEngine({ durability: 'memory', logger, handlers: [handlers('account')] });
  await engine.publish(Deposited({ account: 'a', amount: 1 }), { until: 'handled' });
  await engine.close();
  // Opened, closing and closed.
  expect(engine.stats()).toMatchObject({ state: 'closed', subscriberErrors: 3 });
});

test.each([
  [null, 'debug(), info(), warn(), error()'],
  ['info', 'debug(), info(), warn(), error()'],
  [{ debug: broken, info: broken, error: 'no' }, 'warn(), error()'],
])('%j is no logger', async (logger, missing) => {
  await expect(openTestEngine({ logger: logger as never })).rejects.toMatchObject({
    code: 'MILLRACE_INVALID_OPTION',
    message: expect.stringContaining(`Option logger has no ${missing};`),
  });
});
