import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where package.json sends `#zod` under the condition `millrace-bundled`. */
const FILE = fileURLToPath(new URL('../../.cache/zod.mjs', import.meta.url));

interface Bundler {
  rolldown(options: object): Promise<{ generate(options: object): Promise<{ output: [{ code: string }] }> }>;
}

/**
 * Makes one file of Zod, which the modules of test/handlers import as `#zod`. The suite starts thousands of lane threads,
 * and each imports such a module: from the hundred files of the package that takes 100 ms of CPU per thread, from one
 * file 35. Outside the test runner, without the condition, `#zod` is the package itself.
 */
export default async function bundleZod(): Promise<void> {
  const require = createRequire(import.meta.url);
  const { version } = require('zod/package.json') as { version: string };
  const banner = `// zod ${version}`;
  if (existsSync(FILE) && readFileSync(FILE, 'utf8').startsWith(banner)) return;
  // Vitest brings Vite, and Vite its bundler.
  const ofVitest = createRequire(require.resolve('vitest/package.json'));
  const ofVite = createRequire(ofVitest.resolve('vite/package.json'));
  const { rolldown } = (await import(ofVite.resolve('rolldown'))) as Bundler;
  const ENTRY = '\0entry';
  const bundle = await rolldown({
    input: ENTRY,
    plugins: [
      {
        name: 'entry',
        resolveId: (id: string) => (id === ENTRY ? id : undefined),
        load: (id: string) =>
          id === ENTRY ? `export { z } from ${JSON.stringify(require.resolve('zod'))};` : undefined,
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${banner}\n${output[0].code}`);
}
