import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));

/** A child that does not come to the report it is killed after has hung. */
const HUNG_MILLISECONDS = 180_000;

/**
 * An acknowledgement: `count` events from `number` on, in this order; the first one is at `position`, and those of
 * another publisher may lie between them.
 *
 * @typedef {object} Acknowledged
 * @property {boolean} handled
 * @property {number} position
 * @property {number} number
 * @property {number} count
 */

/**
 * What came of a command, as its client was told: no reply when it was refused.
 *
 * @typedef {object} Told
 * @property {number} number
 * @property {import('./check-ledger.mjs').Reply | undefined} reply
 */

/** The system calls by which SQLite changes what lies on the disk. */
const CHANGES = 'pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename';

/**
 * Runs the child, kills it with SIGKILL at the planned instant, and returns what it had reported by then.
 *
 * @param {import('./plan.mjs').Orders} orders
 * @param {import('./plan.mjs').Ending} ending
 * @returns {Promise<{ readonly acknowledged: Acknowledged[], readonly told: Told[], readonly opened: boolean,
 *   readonly killed: boolean }>} whether it had opened its engine; and not killed when it had ended by itself before.
 */
export async function runAndKill(orders, ending) {
  const command = [process.execPath, CHILD, JSON.stringify(orders)];
  if ('call' in ending) command.unshift(...tracer(ending.call));
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const complaints = text(/** @type {import('node:stream').Readable} */ (child.stderr));
  const kill = () => child.kill('SIGKILL');
  let timer = setTimeout(kill, HUNG_MILLISECONDS);
  let planned = 'call' in ending;
  /** @type {Acknowledged[]} */
  const acknowledged = [];
  /** @type {Told[]} */
  const told = [];
  let opened = false;
  const pipe = /** @type {import('node:stream').Readable} */ (child.stdio[3]);
  for await (const line of createInterface({ input: pipe })) {
    const [word = '', ...numbers] = line.split(' ');
    if ('after' in ending && word === ending.after && !planned) {
      clearTimeout(timer);
      timer = setTimeout(kill, ending.delay);
      planned = true;
    }
    if (word === 'open') opened = true;
    if (word === 'replied' || word === 'refused') {
      if (numbers.pop() === '.') told.push(toldOf(numbers.map(Number)));
      continue;
    }
    const [position, number, count] = numbers.map(Number);
    // A line that the kill cut off lacks its last number, or part of it: nobody was told so.
    if (position === undefined || number === undefined || count === undefined) continue;
    acknowledged.push({ handled: word === 'handled', position, number, count });
  }
  const [code, signal] = await closed;
  clearTimeout(timer);
  const end = `${JSON.stringify(ending)}, ended with ${code ?? signal}.\n${await complaints}`;
  if (!planned) throw new Error(`The child did not come to ${end}`);
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`The child, to be killed at ${end}`);
  return { acknowledged, told, opened, killed: signal === 'SIGKILL' };
}

/**
 * @param {readonly number[]} numbers of a line
 * @returns {Told}
 */
function toldOf([number = 0, version, position = 0, balance = 0]) {
  return { number, reply: version === undefined ? undefined : { number, version, position, balance } };
}

/**
 * What kills a process at one of its system calls, instead of making it. Each thread counts for itself.
 *
 * @param {number} call
 */
function tracer(call) {
  const inject = `inject=${CHANGES}:signal=SIGKILL:when=${call}`;
  return ['strace', '-f', '-qq', '-o', devNull, '-e', `trace=${CHANGES}`, '-e', inject];
}

/** Whether children can be killed at a system call here: strace may be missing, or forbidden. */
export function canTrace() {
  return (
    spawnSync('strace', ['-qq', '-o', devNull, '-e', 'trace=fsync', process.execPath, '--version']).status ===
    0
  );
}
