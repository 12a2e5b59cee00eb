import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** In the place of src/events/own-files.ts in unit tests, where the package's own files are its sources. */
export const OWN_ROOT = new URL('../../', import.meta.url).href;

export function ownFile(path: string): URL {
  const source = new URL(path.replace(/\.js$/, '.ts'), OWN_ROOT);
  if (!existsSync(source))
    throw new Error(`${source.pathname} is not there: what is built needs no unit test.`);
  return source;
}

export function requireOnce(name: string): unknown {
  return createRequire(pathToFileURL(`${process.cwd()}/package.json`))(name);
}
