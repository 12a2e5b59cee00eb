// Installs a packed tarball into empty projects and runs the README's quick start there, word for word:
// once as JavaScript and once as TypeScript.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [tarball, scratch] = process.argv.slice(2).map((path) => resolve(path));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const files = [...readme.matchAll(/```js title=(\S+)\n([\s\S]*?)```/g)].map(([, name, text]) => ({
  name,
  text,
}));
const [, expected] = readme.match(/```text title=output\n([\s\S]*?)```/) ?? [];
const tsconfig = readme.match(/```json title=tsconfig\.json\n([\s\S]*?)```/)?.[1];
if (files.length < 3 || !expected || !tsconfig) throw new Error('The README has no quick start to run.');

const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const project = join(scratch, 'user');
mkdirSync(project);
writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
console.log(run(project, 'npm', 'install', '--silent', tarball, `zod@${devDependencies.zod}`));
for (const { name, text } of files) writeFileSync(join(project, name), text);
check('JavaScript', run(project, 'node', 'main.js'));
console.log(run(project, 'npx', 'millrace', 'inspect', 'shop.db'));
// No test runner is installed here, and none may be needed.
for (const entry of ['millrace/testing', 'millrace/testing/vitest']) {
  run(project, 'node', '--input-type=module', '-e', `await import('${entry}')`);
}

const source = join(project, 'ts');
mkdirSync(source);
run(
  project,
  'npm',
  'install',
  '--silent',
  '--save-dev',
  `typescript@${devDependencies.typescript}`,
  `@types/node@${devDependencies['@types/node']}`,
);
writeFileSync(join(source, 'package.json'), JSON.stringify({ name: 'ts', private: true, type: 'module' }));
writeFileSync(join(source, 'tsconfig.json'), tsconfig);
for (const { name, text } of files) writeFileSync(join(source, name.replace(/\.js$/, '.ts')), text);
run(source, 'npx', 'tsc');
check('TypeScript', run(source, 'node', 'dist/main.js'));

function check(user, output) {
  if (output.trim() !== expected.trim()) {
    throw new Error(`The quick start of a ${user} user printed:\n${output}\ninstead of:\n${expected}`);
  }
  console.log(`quick start, ${user} user: as the README says`);
}
