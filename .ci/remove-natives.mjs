// Removes the optional native parts of msgpackr and piscina, which Millrace does not use: msgpackr's string extractor
// cannot read shared memory, and piscina's is for `niceIncrement`. npm has no setting for leaving out the optional
// dependencies of a dependency. Runs as `prepare`: after `npm ci` in a clone, and before the package is packed, so that
// they are not bundled with msgpackr and piscina (package.json, bundleDependencies).
import { rmSync } from 'node:fs';

for (const name of [
  'msgpackr-extract',
  '@msgpackr-extract',
  '@napi-rs',
  'node-gyp-build-optional-packages',
]) {
  rmSync(new URL(`../node_modules/${name}`, import.meta.url), { recursive: true, force: true });
}
