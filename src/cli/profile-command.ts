import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { diffProfiles } from '../index.js';
import { PROFILE_INTERVAL_MICROS_MAX, PROFILE_INTERVAL_MICROS_MIN, PROFILE_SECONDS_MAX } from '../limits.js';
import { ATTACH_VARIABLE, type AttachMessage, type AttachSettings } from './attach-settings.js';
import { type Command, parseCommand, UsageError, wholeNumber } from './command.js';
import { complain, jsonLine, print } from './output.js';

const help = `millrace profile [options] -- node app.js [arguments]

Runs a program and profiles every Millrace engine that it opens, on all its threads at once: nothing in the program
changes. The report is written when the time is over, or when the engine closes. Open report.html in a browser.

  --seconds N    how long, from the opening of an engine (default: until it closes)
  --out DIR      folder for the report and the profiles (default: profile/<instant>)
  --interval N   microseconds between two CPU samples, ${PROFILE_INTERVAL_MICROS_MIN} to ${PROFILE_INTERVAL_MICROS_MAX} (default 1000)
  --no-cpu       leave out CPU sampling
  --no-heap      leave out allocation sampling
  --help         print this text

millrace profile diff BEFORE AFTER [options]

Compares two such folders: microseconds and bytes per event of each handler, throughput, and how busy threads are.

  --threshold P  percent of change that counts as worse (default 10); exit code 1 when something is
  --json         the comparison as JSON
`;

async function run(args: readonly string[]): Promise<number> {
  if (args[0] === 'diff') return diff(args.slice(1));
  const { settings, program } = parse(args);
  const reports: string[] = [];
  const code = await runProgram(program, settings, (message) => {
    if (message.kind === 'reported') {
      reports.push(message.text);
      complain(message.text);
    } else complain(`millrace: the profile failed: ${message.text}\n`);
  });
  if (reports.length > 0) return code;
  complain(
    'millrace: there is no profile, because the program opened no engine, or ended without closing it.\n',
  );
  return code === 0 ? 1 : code;
}

async function diff(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: { threshold: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const [before, after, extra] = positionals;
  if (!before || !after || extra !== undefined) {
    throw new UsageError("'profile diff' needs two folders: millrace profile diff BEFORE AFTER");
  }
  const percent = values.threshold ?? '10';
  const result = await diffProfiles(before, after, {
    threshold: wholeNumber(percent, '--threshold', 0, 1_000_000) / 100,
  });
  await print(values.json ? `${jsonLine(result)}\n` : `${result.text.trimEnd()}\n`);
  return result.regressions.length > 0 ? 1 : 0;
}

function parse(args: readonly string[]): { settings: AttachSettings; program: readonly string[] } {
  const border = args.indexOf('--');
  const { values, positionals } = parseCommand({
    args: border < 0 ? [...args] : args.slice(0, border),
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      out: { type: 'string' },
      interval: { type: 'string' },
      'no-cpu': { type: 'boolean', default: false },
      'no-heap': { type: 'boolean', default: false },
    },
  });
  const program = border < 0 ? [] : args.slice(border + 1);
  if (positionals.length > 0 || program.length === 0) {
    throw new UsageError("'profile' needs a program behind '--': millrace profile -- node app.js");
  }
  const { seconds, interval, out = `profile/${new Date().toISOString().replace(/[:.]/g, '-')}` } = values;
  const settings = {
    directory: resolve(out),
    cpu: !values['no-cpu'],
    heap: !values['no-heap'],
    seconds: seconds === undefined ? undefined : wholeNumber(seconds, '--seconds', 1, PROFILE_SECONDS_MAX),
    intervalMicros:
      interval === undefined
        ? undefined
        : wholeNumber(interval, '--interval', PROFILE_INTERVAL_MICROS_MIN, PROFILE_INTERVAL_MICROS_MAX),
  };
  return { settings, program };
}

/** Runs the program with the profiler attached. @returns its exit code. */
function runProgram(
  [command = '', ...args]: readonly string[],
  settings: AttachSettings,
  onMessage: (message: AttachMessage) => void,
): Promise<number> {
  const { NODE_OPTIONS = '' } = process.env;
  const attach = new URL('./attach.js', import.meta.url).href;
  const child = spawn(command, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      NODE_OPTIONS: `${NODE_OPTIONS} --import=${attach}`,
      [ATTACH_VARIABLE]: JSON.stringify({ ...settings, nodeOptions: NODE_OPTIONS }),
    },
  });
  child.on('message', (message) => onMessage(message as AttachMessage));
  return new Promise((resolveCode, reject) => {
    const release = passSignalsTo(child);
    child.on('error', (error) => {
      release();
      reject(new UsageError(`'${command}' cannot be run: ${error.message}.`));
    });
    child.on('close', (code, signal) => {
      release();
      resolveCode(code ?? 128 + constants.signals[signal as NodeJS.Signals]);
    });
  });
}

/** A terminal sends Ctrl-C to both; whoever kills this process alone means the program. */
function passSignalsTo(child: ChildProcess): () => void {
  const ignore = () => {};
  const pass = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore);
  process.on('SIGTERM', pass);
  return () => {
    process.off('SIGINT', ignore);
    process.off('SIGTERM', pass);
  };
}

export default { help, run } satisfies Command;
