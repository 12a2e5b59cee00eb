import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { didYouMean } from '../events/nearest.js';
import { MillraceError } from '../faces/errors.js';
import { messageOf } from '../kernel/thrown.js';
import { visible } from '../kernel/visible.js';
import { type Command, UsageError } from './command.js';
import { complain, print } from './output.js';

/** Loaded when asked for: `inspect` does not need the backtests. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly default: Command }>>> = {
  backtest: () => import('./backtest-command.js'),
  sweep: () => import('./sweep-command.js'),
  'walk-forward': () => import('./walk-forward-command.js'),
  report: () => import('./report-command.js'),
  candles: () => import('./candles-command.js'),
  inspect: () => import('./inspect-command.js'),
  read: () => import('./read-command.js'),
  sql: () => import('./sql-command.js'),
  export: () => import('./export-command.js'),
  import: () => import('./import-command.js'),
  trace: () => import('./trace-command.js'),
  verify: () => import('./verify-command.js'),
  profile: () => import('./profile-command.js'),
  'dead-letters': () => import('./dead-letters-command.js'),
};

const HELP = `millrace COMMAND [options]

  backtest CANDLES    run one strategy over a file of candles, and say what came of it
  sweep CANDLES       run it with many parameter sets on worker threads, every event into a SQLite file
  candles FILE        say what is understood of a file of candles or trades
  walk-forward        choose parameters in one part of the candles, and try them in the next
  report STORE        write the report of a sweep or backtest from its log alone
  inspect FILE        say what is in a store
  read FILE           print the events of a store
  sql FILE            ask a store in SQL, or at a prompt
  export FILE         write the events of a store for other programs: SQLite, JSON lines, CSV, Parquet
  import FILE         make a store of what 'export' wrote
  trace FILE          follow one story: an event and what it led to
  verify FILE         check that a store is whole
  profile -- CMD      run a program and see which handler on which thread burns the CPU
  dead-letters FILE   list, retry or discard the events whose handlers failed for good

  --help              print this text; 'millrace COMMAND --help' says more
  --version           print the version
`;

/**
 * Runs a command line, given without `millrace` itself, and prints what it says.
 *
 * @returns the exit code: 0, 1 for an error, 2 for wrong usage, and what the command says besides.
 */
export function runMillrace(args: readonly string[]): Promise<number> {
  return run(args).catch(report);
}

async function run(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') return printVersion();
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    // 'millrace help sweep' is what others write as well.
    if (name === 'help' && rest.length > 0) return run([...rest.slice(0, 1), '--help']);
    await print(HELP);
    return name === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    throw new UsageError(
      `There is no command '${name}'. ${didYouMean(name, Object.keys(COMMANDS), 'Commands')}`,
    );
  }
  const { default: command } = await load();
  // What comes behind '--' is the program's that is profiled, and no business of this one.
  const border = rest.indexOf('--');
  const own = border < 0 ? rest : rest.slice(0, border);
  if (own.includes('--help') || own.includes('-h')) {
    await print(command.help);
    return 0;
  }
  return command.run(rest);
}

async function printVersion(): Promise<number> {
  // By the package's own name, because the way up differs between source and dist.
  const text = readFileSync(new URL(import.meta.resolve('millrace/package.json')), 'utf8');
  await print(`${(JSON.parse(text) as { version: string }).version}\n`);
  return 0;
}

/** Says what went wrong in a form that a person and a script can read. @returns the exit code. */
function report(error: unknown): number {
  const message = visible(messageOf(error));
  if (error instanceof UsageError) {
    complain(`millrace: ${message}\nSee 'millrace --help'.\n`);
    return 2;
  }
  const prefix = error instanceof MillraceError ? error.code : 'millrace';
  complain(`${prefix}: ${message}\n`);
  if (process.env.MILLRACE_DEBUG) complain(`${inspect(error)}\n`);
  return 1;
}
