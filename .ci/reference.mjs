// Writes docs/reference from the built package: `npm run reference`. With --check it changes nothing, and fails when a
// page is not as it should be.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HAND_WRITTEN, referencePages } from './reference/pages.mjs';

const folder = fileURLToPath(new URL('../docs/reference/', import.meta.url));
mkdirSync(folder, { recursive: true });
const pages = await referencePages();
const present = readdirSync(folder).filter((name) => !HAND_WRITTEN.includes(name));
const stale = [
  ...[...pages.keys()].filter(
    (name) => !present.includes(name) || readFileSync(join(folder, name), 'utf8') !== pages.get(name),
  ),
  ...present.filter((name) => !pages.has(name)),
];
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    console.error(`docs/reference is not up to date (${stale.join(', ')}): run \`npm run reference\`.`);
    process.exitCode = 1;
  }
} else {
  for (const name of stale) {
    const page = pages.get(name);
    if (page === undefined) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), page);
  }
  console.log(stale.length === 0 ? 'docs/reference is up to date.' : `Written: ${stale.join(', ')}.`);
}
