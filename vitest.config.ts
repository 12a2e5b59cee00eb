import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ramDisk } from './test/support/ram-disk.js';

// The suite's time is that of starting processes and threads, thousands of them. What they load is compiled once for
// all of them, and Zod is one file (see test/support/zod-in-one-file.ts).
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --conditions=millrace-bundled`.trim();
process.env.TMPDIR ??= ramDisk();

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each file in a process of its own: a worker thread that one leaves behind cannot hide in another's.
    pool: 'forks',
    maxWorkers: 2,
    // They only catch what hangs: on a busy machine opening a few dozen stores takes half a minute.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    globalSetup: ['test/support/zod-in-one-file.ts'],
    setupFiles: ['test/support/leak-check.ts'],
    // The built package is what users get, and what lane threads load: it is imported as it is.
    server: { deps: { external: [/\/dist\//] } },
  },
});
