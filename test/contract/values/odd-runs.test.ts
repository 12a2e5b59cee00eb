import { openStoreReader, traceStory } from 'millrace/store';
import { expect, test } from 'vitest';
import { eventLine } from '../../../dist/src/cli/event-line.js';
import { Posted } from '../../handlers/posted.mjs';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

test.each([
  ['a run', { run: 'team/run/1' }],
  ['a seed', { seed: 'team/seed', deterministic: true }],
])('the story of an event is found when %s has slashes', async (_what, options) => {
  const store = tempStore();
  const engine = await openTestEngine({
    events: [Posted],
    handlers: [handlers('posted')],
    store,
    durability: 'os',
    ...options,
  });
  const event = Posted({ id: 'a/b', key: 'k', emit: ['c/1'] }, { occurredAt: 1 });
  await engine.publish(event, { until: 'handled' });
  const [root] = (await engine.trace({ position: 1 })).roots;
  const id = root?.event.id ?? '';
  const query = { id };
  const tracing = engine.trace(query);
  query.id = 'another';
  expect(await tracing).toMatchObject({ events: 2, roots: [{ event: { id, aggregateId: 'a/b' } }] });
  expect(await engine.trace({ correlationId: id })).toMatchObject({ events: 2 });
  await expect(engine.trace({ id: `${id}0` })).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  await engine.close();
  using reader = openStoreReader(store);
  expect(traceStory(reader, { id })).toMatchObject({ events: 2 });
});

test('a stored time that no Date can hold is shown as its number', () => {
  const event = { position: 1, occurredAt: 9e15, type: 'a.b', aggregateId: 'x', version: 1, data: 1 };
  expect(eventLine(event as never)).toBe('1  9000000000000000  a.b  x v1  1');
});
