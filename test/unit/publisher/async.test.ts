import { HandlerError } from 'millrace/errors';
import { createPublisher } from 'millrace/publisher';
import { describe, expect, test } from 'vitest';
import { Closed, type Deferred, deferred, EVENTS, Opened } from './events.js';

const boom = new Error('boom');

/** A publisher whose subscribers of `Opened` wait until they are let go. */
function start() {
  const publisher = createPublisher({ events: EVENTS });
  const gates: Deferred[] = [];
  publisher.subscribe(Opened, () => {
    const gate = deferred();
    gates.push(gate);
    return gate.promise;
  });
  return { publisher, gates };
}

/** Whether a promise is settled by now: everything that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('settled', () => {
  test('waits for every promise and every retry', async () => {
    const { publisher, gates } = start();
    let tries = 0;
    publisher.subscribe(
      Closed,
      () => {
        if (++tries < 3) throw boom;
      },
      { retries: 2, retryDelayMs: 1 },
    );
    await publisher.settled();
    publisher.publish(Opened({ id: 'a' }));
    publisher.publish(Opened({ id: 'b' }));
    const settled = publisher.settled();
    gates[0]?.resolve();
    expect(await isSettled(settled)).toBe(false);
    publisher.publish(Closed({ id: 'a' }));
    gates[1]?.reject(boom);
    await settled;
    expect(tries).toBe(3);
    expect(publisher.subscriberFailures).toHaveLength(1);
  });

  test('waits for what begins meanwhile', async () => {
    const { publisher, gates } = start();
    publisher.publish(Opened({ id: 'a' }));
    const settled = publisher.settled();
    gates[0]?.promise.then(() => void publisher.publish(Opened({ id: 'b' })));
    gates[0]?.resolve();
    expect(await isSettled(settled)).toBe(false);
    gates[1]?.resolve();
    await settled;
  });

  test('stops waiting when its signal aborts', async () => {
    const { publisher, gates } = start();
    await publisher.settled({ signal: new AbortController().signal });
    await expect(publisher.settled({ signal: AbortSignal.abort(boom) })).rejects.toBe(boom);
    publisher.publish(Opened({ id: 'a' }));
    const controller = new AbortController();
    const [waiting, settled] = [publisher.settled({ signal: controller.signal }), publisher.settled()];
    controller.abort(boom);
    await expect(waiting).rejects.toBe(boom);
    gates[0]?.resolve();
    await settled;
  });
});

describe('publishAsync', () => {
  test('resolves with the event when its own subscribers have finished', async () => {
    const { publisher, gates } = start();
    publisher.publish(Opened({ id: 'other' }));
    const published = publisher.publishAsync(Opened({ id: 'a' }));
    expect(await isSettled(published)).toBe(false);
    gates[1]?.resolve();
    expect(await published).toMatchObject({ position: 2, data: { id: 'a' } });
    expect(await publisher.publishAsync(Closed({ id: 'b' }))).toMatchObject({ position: 3 });
    gates[0]?.resolve();
  });

  test('waits for retries, and fails only when they are used up', async () => {
    const publisher = createPublisher({ events: EVENTS });
    let tries = 0;
    const subscription = publisher.subscribe(
      Opened,
      async () => {
        if (++tries % 3 !== 0) throw boom;
      },
      { retries: 2, retryDelayMs: 1 },
    );
    await publisher.publishAsync(Opened({ id: 'a' }));
    expect(tries).toBe(3);
    subscription.unsubscribe();
    publisher.subscribe(Opened, () => Promise.reject(boom), { retries: 1, retryDelayMs: 1 });
    const error = await publisher.publishAsync(Opened({ id: 'a' })).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(HandlerError);
    expect(error).toMatchObject({ cause: boom, details: { attempts: 2, position: 2 } });
  });

  test('fails with all failures when there are several, after everybody has finished', async () => {
    const { publisher, gates } = start();
    publisher.subscribe(Opened, () => {
      throw boom;
    });
    publisher.subscribe(Opened, async () => {
      throw boom;
    });
    const published = publisher.publishAsync(Opened({ id: 'a' }));
    expect(await isSettled(published)).toBe(false);
    gates[0]?.resolve();
    const error = await published.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toMatchObject([{ cause: boom }, { cause: boom }]);
  });

  test('in a subscriber resolves after the delivery that it is part of', async () => {
    const publisher = createPublisher({ events: EVENTS });
    const heard: string[] = [];
    publisher.subscribe(Opened, async () => {
      await publisher.publishAsync(Closed({ id: 'a' }));
      heard.push('resolved');
    });
    publisher.subscribe(Closed, () => heard.push('closed'));
    await publisher.publishAsync(Opened({ id: 'a' }));
    expect(heard).toEqual(['closed', 'resolved']);
  });

  test('stops waiting when its signal aborts; the event stays published', async () => {
    const { publisher, gates } = start();
    await expect(
      publisher.publishAsync(Opened({ id: 'a' }), { signal: AbortSignal.abort(boom) }),
    ).rejects.toBe(boom);
    expect(gates).toEqual([]);
    const controller = new AbortController();
    const published = publisher.publishAsync(Opened({ id: 'a' }), { signal: controller.signal });
    controller.abort(boom);
    await expect(published).rejects.toBe(boom);
    expect(gates).toHaveLength(1);
    gates[0]?.resolve();
  });

  test('rejects for what publish throws', async () => {
    const publisher = createPublisher({ events: EVENTS });
    await expect(publisher.publishAsync({ type: 'shop.opened', data: {} })).rejects.toMatchObject({
      code: 'MILLRACE_SCHEMA_MISMATCH',
    });
  });
});
