import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test, vi } from 'vitest';
import { runNode } from '../../support/run-script.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

// Processes are started here, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

/** Where the package is, for programs that lie outside the repository. */
const INDEX = new URL('../../../dist/src/index.js', import.meta.url).href;

/** A program that stores an event, has it handled on a thread, and says where it lies. */
function program(store: string, millrace = 'millrace'): string {
  const events = new URL('../../handlers/events.mjs', import.meta.url).href;
  const handlers = new URL('../../handlers/account.mjs', import.meta.url).href;
  return `
    const { openEngine } = await import('${millrace}');
    const { Audited, Credited, Deposited } = await import('${events}');
    const engine = await openEngine({
      store: ${JSON.stringify(store)},
      events: [Audited, Credited, Deposited],
      threads: 1,
      handlers: [new URL('${handlers}')],
    });
    const { position } = await engine.publish(Deposited({ account: 'a', amount: 1 }), { until: 'handled' });
    console.log('handled at', position);
    await engine.close();
  `;
}

const inFunction = (code: string) => `(async () => { ${code} })()`;

describe('an engine with a store and a thread runs in a program that is started', () => {
  test.each<[string, (code: string) => [string[], { input?: string; env?: NodeJS.ProcessEnv }?]]>([
    ['with --input-type and -e', (code) => [['--input-type=module', '-e', code]]],
    ['with --input-type apart from its value', (code) => [['--input-type', 'module', '--eval', code]]],
    ['on stdin', (code) => [['--input-type=module'], { input: code }]],
    ['on stdin, named by a dash', (code) => [['--input-type=module', '-'], { input: code }]],
    ['with -e', (code) => [['-e', inFunction(code)]]],
    ['with -p', (code) => [['-p', inFunction(code)]]],
    [
      'with an --input-type of NODE_OPTIONS',
      (code) => [['-e', code], { env: { NODE_OPTIONS: '--no-warnings --input-type=module' } }],
    ],
    [
      'with arguments that no thread may have',
      (code) => [['--expose-gc', '--stack-trace-limit=5', '--input-type=module', '-e', code]],
    ],
  ])('%s', async (_how, start) => {
    const [args, options] = start(program(tempStore()));
    const { stdout, stderr } = await runNode(args, options);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^handled at 1$/m);
  });

  test.each([
    ['as an argument', (preload: string) => [['--import', preload], {}] as const],
    ['of NODE_OPTIONS', (preload: string) => [[], { NODE_OPTIONS: `--import=${preload}` }] as const],
  ])('with a preload %s, which does not run in threads that are the engine’s own', async (_how, given) => {
    const folder = tempFolder();
    const preload = join(folder, 'preload.mjs');
    writeFileSync(
      preload,
      `import { parentPort, threadName } from 'node:worker_threads';
      console.log('preload in', threadName || 'main or lane');
      for (const rubbish of [null, 'text', 7, {}, { kind: 'opened' }]) parentPort?.postMessage(rubbish);`,
    );
    const code = program(tempStore());
    const [args, env] = given(preload);
    const { stdout, stderr } = await runNode([...args, '--input-type=module', '-e', code], { env });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^handled at 1$/m);
    expect(stdout).toContain('preload in main or lane');
    expect(stdout).not.toMatch(/preload in (writer|checkpointer)/);
  });

  test('by the test runner of Node.js, in its own process', async () => {
    const file = join(tempFolder(), 'engine.test.mjs');
    writeFileSync(file, program(tempStore(), INDEX));
    const isolation = process.versions.node.startsWith('22.')
      ? '--experimental-test-isolation=none'
      : '--test-isolation=none';
    const { code, stdout } = await runNode(['--test', isolation, file]);
    expect(stdout).toContain('handled at 1');
    expect(code).toBe(0);
  });

  test('with --watch, whose messages are not taken for answers of threads', async () => {
    const file = join(tempFolder(), 'main.mjs');
    writeFileSync(file, program(tempStore(), INDEX));
    const child = spawn(process.execPath, ['--watch', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        if (/^handled at 1$|^Failed running/.test(line)) break;
      }
      expect(lines).toContain('handled at 1');
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });
});
