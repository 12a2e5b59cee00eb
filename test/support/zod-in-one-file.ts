import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Where package.json sends `#zod` under the condition `millrace-bundled`. */
const FILE = fileURLToPath(new URL('../../.cache/zod.mjs', import.meta.url));

/** Messages in fifty languages, all of which a thread would build before it handles anything. */
const LANGUAGES = /\/zod\/v4\/locales\/index\.js$/;

/**
 * Makes one file of Zod, which the modules of test/handlers import as `#zod`. The suite starts thousands of lane threads,
 * and each imports such a module: from the hundred files of the package that takes 100 ms of CPU per thread, from one
 * file with English messages alone 15. Outside the test runner, without the condition, `#zod` is the package itself.
 */
export async function bundleZod(): Promise<void> {
  const require = createRequire(import.meta.url);
  const zod = require.resolve('zod/package.json');
  const { version } = require(zod) as { version: string };
  const banner = `// zod ${version}, in English`;
  if (existsSync(FILE) && readFileSync(FILE, 'utf8').startsWith(`${banner}\n`)) return;
  const ENTRY = '\0entry';
  const bundle = await rolldown({
    input: ENTRY,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => {
          if (id === ENTRY) return `export { z } from ${JSON.stringify(join(dirname(zod), 'index.js'))};`;
          return LANGUAGES.test(id) ? "export { default as en } from './en.js';" : undefined;
        },
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${banner}\n${output[0].code}`);
}
