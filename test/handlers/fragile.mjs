import { existsSync } from 'node:fs';
import { defineHandlers } from 'millrace/define';
import { Endangered, Survived } from './events.mjs';

/**
 * A module that loads, until the file named in its URL exists: then it throws (`mode=throws`), or it dies of a
 * timer that it armed while it was loaded (`mode=dies`).
 */
const { searchParams } = new URL(import.meta.url);
if (existsSync(searchParams.get('file') ?? '')) {
  if (searchParams.get('mode') === 'throws') throw new Error('It loads no more.');
  setTimeout(() => {
    throw new Error('armed while loading');
  });
  await new Promise(() => {});
}

export default defineHandlers('fragile', (on) => {
  on(Endangered, ({ data: { id, number, peril } }, ctx) => {
    if (peril === 'exit') process.exit(3);
    ctx.emit(Survived({ id, number, attempt: ctx.attempt, lane: ctx.lane }));
  });
});
