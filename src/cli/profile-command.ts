import { basename, join, resolve } from 'node:path';
import { diffProfiles } from '../faces/profile.js';
import { refuseInputs } from '../files/inputs.js';
import { PROFILE_INTERVAL_MICROS_MAX, PROFILE_INTERVAL_MICROS_MIN, PROFILE_SECONDS_MAX } from '../limits.js';
import { isProfileFile, openProfileFolder } from '../report/profile-folder.js';
import type { AttachSettings } from './attach-settings.js';
import { type Command, parseCommand, refuseIdle, UsageError, wholeNumber } from './command.js';
import { complain, jsonLine, print } from './output.js';
import { runProgram } from './profiled-program.js';

const help = `millrace profile [options] -- node app.js [arguments]

Runs a program and profiles every Millrace engine that it opens, on all its threads at once: nothing in the program
changes. The report is written when the time is over, or when the engine closes. Open report.html in a browser.

  --seconds N    how long, from the opening of an engine (default: until it closes)
  --out DIR      folder for the report and the profiles (default: profile/<instant>)
  --force        replace files in DIR that are of no earlier profile, and follow a link
  --interval N   microseconds between two CPU samples, ${PROFILE_INTERVAL_MICROS_MIN} to ${PROFILE_INTERVAL_MICROS_MAX} (default 1000)
  --no-cpu       leave out CPU sampling
  --no-heap      leave out allocation sampling
  --help         print this text

millrace profile diff BEFORE AFTER [options]

Compares two such folders: microseconds and bytes per event of each handler, throughput, and how busy threads are.

  --threshold P  percent of change that counts as worse (default 10); exit code 1 when something is
  --json         the comparison as JSON
`;

/** Programs that start Node.js in a process of its own, which nobody profiles then. */
const LAUNCHERS: ReadonlySet<string> = new Set(['npm', 'npx', 'yarn', 'pnpm', 'pnpx', 'corepack']);

async function run(args: readonly string[]): Promise<number> {
  if (args[0] === 'diff') return diff(args.slice(1));
  const { settings, program } = parse(args);
  // Before the program runs: a folder that cannot be written should not cost a profile.
  const folder = openProfileFolder(settings.directory, settings.force);
  let reports = 0;
  let failures = 0;
  try {
    const code = await runProgram(program, settings, (message) => {
      if (message.kind === 'reported') {
        reports++;
        complain(message.text);
        return;
      }
      failures++;
      const label = message.code === '' ? '' : `${message.code}: `;
      complain(`millrace: the profile failed: ${label}${message.text}\n`);
    });
    if (reports > 0 && failures === 0) return code;
    if (failures === 0) complain(NOTHING);
    return code === 0 ? 1 : code;
  } finally {
    folder.removeIfEmpty();
  }
}

const NOTHING =
  'millrace: there is no profile, because the program opened no engine, or ended without closing it. ' +
  'Where it starts another process that does, as runners and launchers do, name that one: millrace profile -- node app.js\n';

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
      force: { type: 'boolean', default: false },
      interval: { type: 'string' },
      'no-cpu': { type: 'boolean', default: false },
      'no-heap': { type: 'boolean', default: false },
    },
  });
  const program = border < 0 ? [] : args.slice(border + 1);
  if (positionals.length > 0 || program.length === 0) {
    throw new UsageError("'profile' needs a program behind '--': millrace profile -- node app.js");
  }
  checkProgram(program);
  if (values['no-cpu']) {
    refuseIdle(
      { interval: values.interval },
      'is the time between two CPU samples, and has no effect with --no-cpu',
    );
  }
  if (values.out === '') throw new UsageError('--out is empty. Pass the path of a folder.');
  const { seconds, interval, out = `profile/${new Date().toISOString().replace(/[:.]/g, '-')}` } = values;
  const settings = {
    directory: resolve(out),
    force: values.force,
    cpu: !values['no-cpu'],
    heap: !values['no-heap'],
    seconds: seconds === undefined ? undefined : wholeNumber(seconds, '--seconds', 1, PROFILE_SECONDS_MAX),
    intervalMicros:
      interval === undefined
        ? undefined
        : wholeNumber(interval, '--interval', PROFILE_INTERVAL_MICROS_MIN, PROFILE_INTERVAL_MICROS_MAX),
  };
  // A file that the program is given, such as that of an earlier profile, is not replaced by this one.
  const written = program.map((word) => basename(word)).filter(isProfileFile);
  refuseInputs(
    [...new Set(written)].map((name) => ['A file of the profile', join(settings.directory, name)]),
    program.map((word) => [`'${word}' of the program`, word]),
  );
  return { settings, program };
}

/** @throws UsageError for a launcher, whose own process runs nothing of the program. */
function checkProgram([command = '']: readonly string[]): void {
  const name = basename(command).replace(/\.(?:cmd|exe|js|cjs)$/i, '');
  if (!LAUNCHERS.has(name)) return;
  throw new UsageError(
    `'${name}' starts the program as a process of its own, which would not be profiled. Name the program itself: millrace profile -- node app.js`,
  );
}

export default { help, run } satisfies Command;
