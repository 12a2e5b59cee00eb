// Removes the optional native parts of msgpackr and piscina, which Millrace does not use: msgpackr's string extractor
// cannot read shared memory, and piscina's is for `niceIncrement`. npm has no setting for leaving out the optional
// dependencies of a dependency. Runs at the begin of every build, so also before the package is packed, that they are not
// bundled with msgpackr and piscina (package.json, bundleDependencies).
import { rmSync } from 'node:fs';

for (const name of [
  'msgpackr-extract',
  '@msgpackr-extract',
  '@napi-rs',
  'node-gyp-build-optional-packages',
]) {
  rmSync(new URL(`../node_modules/${name}`, import.meta.url), { recursive: true, force: true });
}
