import { appendFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

/**
 * Writes down what it has handled, then does what the payload says.
 *
 * @type {import('millrace/consumers').ConsumerHandler}
 */
const handle = async ({ position, key, data }, { signal, attempt, consumer }) => {
  const { value } = /** @type {{ value: { file: string, act?: string } }} */ (data);
  const { file, act = 'note' } = value;
  if (act === 'exit') process.exit(7);
  if (act === 'throw')
    throw Object.assign(new RangeError(`try ${attempt} of ${consumer}`), { code: 'E_TRY' });
  if (act === 'hang') {
    appendFileSync(file, `hangs ${position}\n`);
    while (Date.now() > 0);
  }
  if (act === 'wait') {
    appendFileSync(file, `waits ${position}\n`);
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
  if (act === 'later') await new Promise((resolve) => setImmediate(resolve));
  appendFileSync(file, `${position} ${key} ${threadId}\n`);
};

export default handle;
