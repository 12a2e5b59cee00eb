import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { fromSource } from './test/support/from-source.js';
import { ramDisk } from './test/support/ram-disk.js';
import { bundleZod } from './test/support/zod-in-one-file.js';

// The suite's time is that of starting processes and threads, thousands of them. What they load is compiled once for
// all of them, and Zod is one file.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --conditions=millrace-bundled`.trim();
await bundleZod();

const memory = ramDisk();

/**
 * Tests of the contract that need a process of their own: one counts what others would change, one loads its tracer once,
 * one counts the objects of a heap, which must not have those of a thousand tests.
 */
const OWN_PROCESS = [
  'test/contract/engine/tasks.test.ts',
  'test/contract/observe/broken-tracer.test.ts',
  'test/contract/profile/consumer-threads.test.ts',
];

/** Tests with a process of their own that ask nothing of a disk: they damage bytes, measure, and run commands. */
const OFF_DISK = [
  ...OWN_PROCESS,
  'test/system/{backtest,examples,fuzz,profile,publisher,simulation}/**/*.test.ts',
  'test/system/**/*-flips*.test.ts',
];

const inMemory = memory === undefined ? {} : { env: { TMPDIR: memory } };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // They only catch what hangs: on a busy machine opening a few dozen stores takes half a minute.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // What is waited for comes; on a busy machine a second is no time, not even for a thread to start.
    expect: { poll: { timeout: 60_000, interval: 10 } },
    setupFiles: ['test/support/leak-check.ts'],
    // The built package is what users get, and what lane threads load: it is imported as it is.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        resolve: { alias: fromSource() },
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], isolate: false },
      },
      { extends: true, test: { name: 'style', include: ['test/style/**/*.test.ts'], isolate: false } },
      {
        extends: true,
        test: {
          name: 'contract',
          include: ['test/{contract,docs}/**/*.test.ts'],
          exclude: OWN_PROCESS,
          // What a file leaves behind fails it (see the setup file), so that nothing of it is left in the next one.
          isolate: false,
          ...inMemory,
        },
      },
      // Each file in a process of its own: what it kills, fills or measures is its own.
      { extends: true, test: { name: 'system', include: OFF_DISK, ...inMemory } },
      { extends: true, test: { name: 'disk', include: ['test/system/**/*.test.ts'], exclude: OFF_DISK } },
    ],
  },
});
