// Runs the README's quick start word for word, each time from an empty folder and with a packed tarball in the place of
// the published package: as JavaScript, as TypeScript without a build, and as TypeScript that is compiled.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

const [tarball, scratch] = process.argv.slice(2).map((path) => resolve(path));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = new Map(
  [...readme.matchAll(/```\w+ title=(\S+)\n([\s\S]*?)```/g)].map(([, title, text]) => [title, text]),
);
const block = (title) => {
  const text = blocks.get(title);
  if (text === undefined) throw new Error(`The README has no block '${title}'.`);
  return text;
};
const SOURCES = ['events.js', 'risk.handlers.js', 'main.js'];

const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
// This very Node.js for every command, npm's own scripts included, and not the one that the machine happens to have.
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** The commands of a block of the README, with the versions that this repository is tested with. */
function shell(cwd, title) {
  const commands = block(title)
    .replace(/(?<=npm install .*)\bmillrace\b/, tarball)
    .replace(
      /(?<=npm install .*)(?<= )(zod|typescript|@types\/node)\b/g,
      (name) => `${name}@${devDependencies[name]}`,
    )
    .replaceAll('npm install', 'npm install --silent --no-audit --no-fund');
  return run(cwd, 'sh', '-e', '-c', commands);
}

/** A project made as the README says, in an empty folder of its own. */
function project(name, rename = (text) => text) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  shell(folder, 'install');
  const shop = join(folder, 'shop');
  for (const source of SOURCES) writeFileSync(join(shop, rename(source)), rename(block(source)));
  return shop;
}

const javascript = project('javascript');
check('JavaScript', run(javascript, 'node', 'main.js'));
console.log(run(javascript, 'npx', 'millrace', 'inspect', 'shop.db'));
// No test runner is installed here, and none may be needed.
for (const entry of ['millrace/testing', 'millrace/testing/vitest']) {
  run(javascript, 'node', '--input-type=module', '-e', `await import('${entry}')`);
}

const asTypeScript = (text) =>
  text.replace(/(\.\/[\w.]+)\.js'/g, "$1.ts'").replace(/^([\w.]+)\.js$/, '$1.ts');
check('TypeScript, no build', run(project('stripped', asTypeScript), 'node', 'main.ts'));

const compiled = project('compiled', (text) => text.replace(/^([\w.]+)\.js$/, '$1.ts'));
shell(compiled, 'typescript');
writeFileSync(join(compiled, 'tsconfig.json'), block('tsconfig.json'));
run(compiled, 'npx', 'tsc');
check('TypeScript, compiled', run(compiled, 'node', 'dist/main.js'));

function check(user, output) {
  if (output.trim() !== block('output').trim()) {
    throw new Error(
      `The quick start of a user (${user}) printed:\n${output}\ninstead of:\n${block('output')}`,
    );
  }
  console.log(`quick start, ${user}: as the README says`);
}
