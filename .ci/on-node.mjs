// Runs tests on another Node.js than the clone's own: `npm run test:node -- 22 [test folders]`.
// The runtime comes from the npm registry, as a package of its own, into node_modules/.cache. Without folders: the tests
// of what users see of the engine and of the file, and the quick start; with --part=1/4 a quarter of their files. On
// Node.js 20, which is too old, it checks that every way in ends with the coded error.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSIONS = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.12.1' };
const FOLDERS = [
  'test/contract/engine',
  'test/contract/consumers',
  'test/contract/store',
  'test/contract/failure',
  'test/system/store',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const [major = '', ...rest] = process.argv.slice(2);
const [, part] = rest.map((argument) => /^--part=(\d+\/\d+)$/.exec(argument)).find(Boolean) ?? [];
const folders = rest.filter((argument) => !argument.startsWith('--'));
const version = VERSIONS[major];
if (!version) {
  console.error(`Name one of ${Object.keys(VERSIONS).join(', ')}: npm run test:node -- 22 [test folders]`);
  process.exit(2);
}

const node = install(version);
const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
console.log(`on Node.js ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`);
if (major === '20') refusedOnOldNode();
else {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const shard = part === undefined ? [] : [`--shard=${part}`];
  run(node, [vitest, 'run', ...(folders.length > 0 ? folders : FOLDERS), ...shard]);
  if (folders.length === 0) quickStart();
}

/** @returns the path of the program. */
function install(exact) {
  const { platform, arch } = process;
  const system = platform === 'win32' ? 'win' : platform;
  const name = `${system === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${system}-${arch}`;
  const folder = join(root, 'node_modules/.cache', `node-${exact}`);
  const program = join(folder, 'node_modules', name, 'bin', system === 'win' ? 'node.exe' : 'node');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', `${name}@${exact}`], {
      cwd: folder,
      stdio: 'inherit',
    });
  }
  return program;
}

/** What a user of that Node.js does: installs the packed package into an empty project, and runs the README's example. */
function quickStart() {
  const scratch = mkdtempSync(join(tmpdir(), 'quick-start-'));
  try {
    run('npm', ['pack', '--silent', '--pack-destination', scratch]);
    const [tarball = ''] = readdirSync(scratch);
    run(node, [join(root, '.ci/quick-start.mjs'), join(scratch, tarball), scratch]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Every way in ends with MILLRACE_NODE_TOO_OLD; the publisher and the definitions work. */
function refusedOnOldNode() {
  const scratch = mkdtempSync(join(tmpdir(), 'old-node-'));
  const store = join(scratch, 'x.db');
  const from = (entry) =>
    `await import('${entry}'); const options = { events: [], store: ${JSON.stringify(store)} };`;
  const opening = from('millrace');
  const ways = {
    openEngine: `const { openEngine } = ${opening} await openEngine(options);`,
    'openEngine in memory': `const { openEngine } = ${opening} await openEngine({ events: [] });`,
    verifyStore: `const { verifyStore } = ${from('millrace/store')} await verifyStore(options.store);`,
    openStoreReader: `const { openStoreReader } = ${from('millrace/store')} openStoreReader(options.store);`,
    createEventBus: `const { createEventBus } = ${from('millrace/bus')} await createEventBus(options).start();`,
    createEventStorage: `const { createEventStorage } = ${from('millrace/bus')} await createEventStorage({ events: [], path: options.store });`,
  };
  const cli = join(root, 'dist/src/cli/millrace.js');
  const commands = [
    ['inspect', store],
    ['verify', store],
    ['dead-letters', store, 'list'],
    ['sweep'],
    ['backtest', 'none.csv', '--strategy', 'rsi'],
    ['candles', 'none.csv'],
    ['--version'],
  ];
  try {
    // There is a store to open: made by the Node.js that runs this script.
    const make = `const { openEngine } = ${opening} await (await openEngine(options)).close();`;
    run(process.execPath, ['--input-type=module', '-e', make]);
    for (const [name, code] of Object.entries(ways)) refused(name, ['--input-type=module', '-e', code]);
    for (const args of commands) refused(`millrace ${args[0]}`, [cli, ...args]);
    for (const file of readdirSync(join(root, 'test/docs/pages/publisher'))) {
      run(node, [join(root, 'test/docs/pages/publisher', file)]);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function refused(name, args) {
  const { status, stderr } = spawnSync(node, args, { cwd: root, env, encoding: 'utf8' });
  if (status !== 1 || !stderr.includes('MILLRACE_NODE_TOO_OLD')) {
    throw new Error(`${name} on an old Node.js ended with ${status}: ${stderr}`);
  }
  console.log(`${name}: MILLRACE_NODE_TOO_OLD`);
}
