import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/**
 * What an event does when it comes for the first time; after that it is written down, like any other.
 *
 * @type {Record<string, (told: { file: string, position: number, signal: AbortSignal, says: (text: string) => void }) => unknown>}
 */
const PERILS = {
  /** Is done, and leaves behind what ends the thread as soon as another event is under way on it. */
  'leave-exit': ({ file, says, position }) => {
    says(String(position));
    setInterval(() => hasBegun(file) && process.exit(7), 1);
  },
  /** Fails, and leaves the same behind. */
  'throw-and-leave-exit': ({ file }) => {
    setInterval(() => hasBegun(file) && process.exit(7), 1);
    throw new Error('failed, and left something behind');
  },
  /** Is under way until the thread dies. */
  outlast: ({ says, position }) => {
    says(`begun ${position}`);
    return new Promise(() => {});
  },
  'exit-at-abort': ({ says, position, signal }) => {
    says(`begun ${position}`);
    return new Promise(() => signal.addEventListener('abort', () => process.exit(7)));
  },
  /** Ends the thread as soon as another event is under way on it. */
  'exit-with-another': async ({ file }) => {
    while (!hasBegun(file)) await new Promise((next) => setTimeout(next, 1));
    process.exit(7);
  },
  /** Writes to the parent port what is nobody's. */
  post: ({ says, position }) => {
    for (const rubbish of [
      null,
      undefined,
      'text',
      7,
      [],
      {},
      { kind: 'opened' },
      { kind: 'ended', call: 2 },
    ])
      parentPort?.postMessage(rubbish);
    parentPort?.removeAllListeners();
    says(String(position));
  },
};

const hasBegun = (/** @type {string} */ file) => readFileSync(file, 'utf8').includes('begun');

/** @type {import('millrace/consumers').ConsumerHandler} */
const handle = ({ position, data }, { signal }) => {
  const { value } = /** @type {{ value: { file: string, act: string } }} */ (data);
  const { file, act } = value;
  const says = (/** @type {string} */ text) => appendFileSync(file, `${text}\n`);
  if (act === 'throw') throw new Error('not handled');
  // Never ends, whatever its signal says.
  if (act === 'stuck') {
    says(`begun ${position}`);
    return new Promise(() => {});
  }
  const mark = `${file}.${position}`;
  const peril = PERILS[act];
  if (!peril || existsSync(mark)) return says(String(position));
  writeFileSync(mark, '');
  return peril({ file, position, signal, says });
};

export default handle;
