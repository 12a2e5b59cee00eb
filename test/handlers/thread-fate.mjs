import { appendFileSync, existsSync, writeFileSync } from 'node:fs';

const after = (/** @type {number} */ ms) => new Promise((next) => setTimeout(next, ms));

/**
 * Meets the fate of its event, most of them once only, and writes down what it has handled.
 *
 * @type {import('millrace/consumers').ConsumerHandler}
 */
const handle = async ({ position, key, data }, { signal }) => {
  const { value } = /** @type {{ value: { file: string, fate: string, ms: number } }} */ (data);
  const { file, fate, ms } = value;
  const mark = `${file}.${position}`;
  const isFirst = !existsSync(mark);
  if (fate === 'fails') throw new Error('never handled');
  if (fate === 'deadly') process.exit(7);
  if (isFirst) writeFileSync(mark, '');
  if (fate === 'exits' && isFirst) {
    await after(ms);
    process.exit(7);
  }
  if ((fate === 'hears' || fate === 'exits when told') && isFirst) {
    appendFileSync(`${file}.waits`, '.');
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => (fate === 'hears' ? reject(signal.reason) : process.exit(7)));
    });
  }
  if (fate === 'waits') await after(ms);
  appendFileSync(file, `${position} ${key}\n`);
  if (fate === 'leaves an exit' && isFirst) setTimeout(() => process.exit(7), ms);
};

export default handle;
