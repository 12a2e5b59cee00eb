import { parseArgs } from 'node:util';
import { torture } from './loop.mjs';

const HELP = `npm run torture -- [options]

Kills engines with SIGKILL at random instants, half of them while they pack segments, reopens their stores, and checks
that every acknowledged event is there, that nothing is there twice and that nothing is out of order; that states and
timers are as far as the events; and that commands are replied the same when they are asked again.

  --kills N              how many (default: 1000)
  --seed S               a whole number; the same seed plans the same kills (default: a new one)
  --durability disk|os   only this one (default: both in turn)
  --help                 print this text

Exit codes: 0 nothing was found, 1 something was, 2 wrong usage.
`;

/** Kills between two lines of progress, where the terminal's line cannot be written anew. */
const LINE_EVERY = 50;

const { stdout, stderr } = process;

/** @param {string} name @param {string} text */
function wholeNumber(name, text) {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`--${name} is '${text}'; it must be a whole number.`);
}

/** @returns {import('./loop.mjs').TortureOptions | undefined} nothing when only help is wanted */
function readArguments() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 0x7fff_ffff)) },
      durability: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { durability } = values;
  if (durability !== undefined && durability !== 'disk' && durability !== 'os') {
    throw new Error(`--durability is '${durability}'; it must be disk or os.`);
  }
  const numbers = { kills: wholeNumber('kills', values.kills), seed: wholeNumber('seed', values.seed) };
  return values.help ? undefined : { ...numbers, durability };
}

/** @param {import('./loop.mjs').TortureOptions} options */
async function run(options) {
  const start = performance.now();
  stdout.write(`Seed ${options.seed}.\n`);
  for await (const { kills, recovered, acknowledged, commands, packing } of torture(options)) {
    const seconds = Math.round((performance.now() - start) / 1000);
    const events = acknowledged.toLocaleString('en-US');
    const line = `${kills}/${options.kills} kills, ${packing} while packing, ${recovered} recoveries, ${events} events and ${commands} commands acknowledged, ${seconds} s`;
    if (stdout.isTTY) stdout.write(`\r\x1b[2K${line}`);
    else if (kills % LINE_EVERY === 0 || kills === options.kills) stdout.write(`${line}\n`);
  }
  stdout.write(`${stdout.isTTY ? '\n' : ''}Nothing lost, nothing twice, nothing out of order.\n`);
}

/**
 * Prints the message alone: the cause of what the torture finds would be whole logs.
 *
 * @param {unknown} error
 * @param {number} code
 */
function end(error, code) {
  stderr.write(`\n${/** @type {Error} */ (error).message}\n`);
  process.exitCode = code;
}

try {
  const options = readArguments();
  if (options) await run(options).catch((error) => end(error, 1));
  else stdout.write(HELP);
} catch (error) {
  end(error, 2);
}
