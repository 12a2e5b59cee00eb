import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { defineHandlers } from 'millrace/define';
import { Deposited } from './events.mjs';

// Loads only where so many threads load it at the same time: each waits for the others.
const { searchParams } = new URL(import.meta.url);
const folder = searchParams.get('folder') ?? '';
writeFileSync(join(folder, `thread-${threadId}`), '');
while (readdirSync(folder).length < Number(searchParams.get('threads'))) await setTimeout(5);

export default defineHandlers('meeting', (on) => {
  on(Deposited, () => {});
});
