import { describe, expect, test } from 'vitest';
import { oneTo } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, storeFor } from '../../support/open-test-engine.js';
import { asked, boxesOf, openSaga } from '../../support/sagas.js';

describe.each(INLINE_AND_THREADS)('commands of handlers that come later, on %d threads', (threads) => {
  test('are done beside those that their own module has sent to the same aggregate when the event was new', async () => {
    const options = { threads, ...storeFor('os') };
    const first = await openSaga(options);
    for (const n of [1, 2, 3]) await first.publish(asked('k', [{ to: 'a', n }]), { until: 'handled' });
    await first.drain();
    await first.close();

    const grown = await openSaga({ ...options, handlers: [handlers('saga-grown')] });
    await grown.publish(asked('k', [{ to: 'a', n: 4 }]));
    await grown.drain();
    expect(await boxesOf(grown)).toEqual({ a: [1, 2, 3, -1, -2, -3, 4, -4] });
    await grown.close();

    const again = await openSaga({ ...options, handlers: [handlers('saga-grown')] });
    await again.drain();
    expect(await boxesOf(again)).toEqual({ a: [1, 2, 3, -1, -2, -3, 4, -4] });
  });

  test('are sent once more when their old events are handled once more', async () => {
    const options = { threads, ...storeFor('os') };
    const first = await openSaga({ ...options, handlers: [handlers('saga-late')] });
    await first.publishMany(oneTo(3).map((n) => asked('k', [{ to: 'a', n }])));
    await first.drain();
    expect(await boxesOf(first)).toEqual({ 'a-late': [1, 2, 3] });
    await first.close();

    const without = await openSaga({ ...options, handlers: [] });
    const [late] = without.consumers.list();
    await without.consumers.remove(late?.name as string);
    await without.close();

    const again = await openSaga({ ...options, handlers: [handlers('saga-late')] });
    await again.drain();
    expect(await boxesOf(again)).toEqual({ 'a-late': [1, 2, 3, 1, 2, 3] });
  });
});
