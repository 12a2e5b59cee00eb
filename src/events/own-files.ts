import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BundledError } from '../kernel/errors.js';

/** The address of this very file. A bundle of CommonJS form has none. */
const HERE: string | undefined = import.meta.url;

/** The folder of this package's compiled files, as a URL with a slash at its end; undefined in a bundle without one. */
export const OWN_ROOT: string | undefined = HERE && new URL('../../', HERE).href;

/**
 * One of this package's own files that is loaded by its address: by a thread, or by the page of a report. Looked for
 * when it is needed, because whoever needs none of them may well bundle this package.
 *
 * @param path below `dist`: `workers/lane.js`.
 * @throws BundledError when it is not there.
 */
export function ownFile(path: string): URL {
  const url = OWN_ROOT === undefined ? undefined : new URL(path, OWN_ROOT);
  if (url && (url.protocol !== 'file:' || existsSync(fileURLToPath(url)))) return url;
  throw new BundledError(
    `Millrace's own file ${path} is not where it belongs, so Millrace was put into a bundle. Threads load files by their address: leave millrace out of the bundle (esbuild: --external:millrace, others: 'external'), and install it beside it.`,
    { details: { file: path } },
  );
}

/** Loads a CommonJS package when it is first needed. In a bundle without an address from the working directory. */
export function requireOnce(name: string): unknown {
  return createRequire(HERE ?? join(process.cwd(), 'package.json'))(name);
}
