// Takes the optional native parts of msgpackr and piscina out of node_modules. Millrace does not use them: msgpackr's string
// extractor cannot read shared memory, and piscina's is for `niceIncrement`. npm has no setting for leaving out the
// optional dependencies of a dependency, and one of them has an install script. Runs at the begin of every build, so also
// before the package is packed: what is bundled with it (package.json, bundleDependencies) does not name them any more.
// If it did, `npm ci` of a user would miss them in the user's lock file and refuse.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const MODULES = new URL('../node_modules/', import.meta.url);

for (const bundled of ['msgpackr', 'piscina']) {
  const file = new URL(`${bundled}/package.json`, MODULES);
  const { optionalDependencies, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  if (optionalDependencies) writeFileSync(file, `${JSON.stringify(rest, null, 2)}\n`);
}
for (const native of [
  'msgpackr-extract',
  '@msgpackr-extract',
  'node-gyp-build-optional-packages',
  '@napi-rs',
]) {
  rmSync(new URL(native, MODULES), { recursive: true, force: true });
}
