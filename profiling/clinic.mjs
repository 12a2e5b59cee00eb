// Runs one of clinic's tools on the workload, on the main thread alone, and makes sure that a report came out.
//
//   npm run profile:flame | profile:doctor | profile:bubbleprof | profile:heap [-- --out DIR --events N --open]
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const TOOLS = { flame: 'flame', doctor: 'doctor', bubbleprof: 'bubbleprof', heap: 'heapprofiler' };

/** clinic writes an error page of some hundred bytes where it fails; its reports begin at 60 KB. */
const REPORT_BYTES_MIN = 20_000;

/** What clinic prints when it goes on without data, with exit code 0. */
const HOLLOW = /decoding error|seems to be empty|subprocess error|exited with exit code/i;

/** All four tools on the load of this folder. clinic itself is no longer maintained. */
const TRIED = '20.20, 22.23 and 26.10';

const INSTEAD = "Use 'npm run profile' instead: it sees every thread, on every Node.js.";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    events: { type: 'string', default: '20000' },
    open: { type: 'boolean', default: false },
  },
});
process.exitCode = await main(positionals[0] ?? '');

/** @param {string} name */
async function main(name) {
  const tool = TOOLS[/** @type {keyof typeof TOOLS} */ (name)];
  if (!tool) return fail(`'${name}' is none of clinic's tools here: ${Object.keys(TOOLS).join(', ')}.`, 2);
  const clinic =
    process.env.MILLRACE_CLINIC ??
    fileURLToPath(new URL('clinic/node_modules/clinic/bin.js', import.meta.url));
  if (!existsSync(clinic)) {
    return fail(
      'clinic is not installed: npm install --prefix profiling/clinic (154 MB, for this alone).',
      2,
    );
  }
  if (values.out === '') return fail('--out is empty. Pass the path of a folder.', 2);
  // A folder of its own: clinic leaves traces behind, and refuses to run beside those of an earlier run.
  const folder = resolve(values.out ?? `profile/clinic-${name}`);
  mkdirSync(folder, { recursive: true });
  removeEarlier(folder);
  const { code, output } = await run(clinic, tool, folder);
  removeTraces(folder);
  const report = reportIn(folder);
  if (code === 0 && report && !HOLLOW.test(output)) {
    console.log(`\nThe main thread alone, as ${tool} sees it. Open ${pathToFileURL(report)}`);
    return 0;
  }
  return fail(
    `clinic ${tool} gave no report that can be used on Node.js ${process.version}; it gave one on ${TRIED}. ${INSTEAD}`,
    1,
  );
}

/**
 * @param {string} clinic
 * @param {string} tool
 * @param {string} folder
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function run(clinic, tool, folder) {
  const workload = fileURLToPath(new URL('workload.mjs', import.meta.url));
  const program = [process.execPath, workload, '--memory', '--events', values.events];
  const child = spawn(
    process.execPath,
    [clinic, tool, `--open=${values.open}`, '--dest', folder, '--', ...program],
    // Without NO_INSIGHT clinic asks for consent, waits for ever, and ends with 0.
    { cwd: folder, env: { ...process.env, NO_INSIGHT: '1', NO_UPDATE_NOTIFIER: '1' } },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      // What it cannot decode it prints in full; the end tells what happened.
      output = (output + text).slice(-100_000);
      if (text.length < 2_000) process.stdout.write(text);
    });
  }
  return new Promise((done, reject) => {
    child.on('error', reject);
    child.on('close', (code) => done({ code, output }));
  });
}

/**
 * What clinic left there before, and nothing else.
 *
 * @param {string} folder
 */
function removeEarlier(folder) {
  for (const file of readdirSync(folder)) {
    if (/^\d+\.clinic[\w.-]*$/.test(file)) rmSync(join(folder, file), { recursive: true });
  }
  removeTraces(folder);
}

/** @param {string} folder */
function removeTraces(folder) {
  for (const file of readdirSync(folder)) {
    if (/^(node_trace|isolate).*\.log$/.test(file)) rmSync(join(folder, file));
  }
}

/** @param {string} folder */
function reportIn(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.html'))
    .map((file) => join(folder, file))
    .find((file) => statSync(file).size >= REPORT_BYTES_MIN);
}

/**
 * @param {string} message
 * @param {number} code
 */
function fail(message, code) {
  console.error(`\nprofile: ${message}`);
  return code;
}
