import type { Life } from './life.js';

/**
 * A process ends as it should, in the middle of whatever it is at: its engine is closed, all that waits for it is answered,
 * and another process comes.
 */
export async function leave(life: Life): Promise<void> {
  const { engine, steps, pending } = life;
  steps.note('close');
  const closed = engine.close().catch((error: Error) => steps.note(`close: ${error.message}`));
  await life.until(closed, 'close of a process');
  await life.until(Promise.allSettled(pending), 'decisions and publishers of a closed engine');
  await life.kill(false);
}
