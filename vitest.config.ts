import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each file in a process of its own: a worker thread that one leaves behind cannot hide in another's.
    pool: 'forks',
    maxWorkers: 2,
    // They only catch what hangs: on a busy machine opening a few dozen stores takes half a minute.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    setupFiles: ['test/support/leak-check.ts'],
    // The built package is what users get, and what lane threads load: it is imported as it is.
    server: { deps: { external: [/\/dist\//] } },
  },
});
