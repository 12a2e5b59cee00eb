import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface ScriptOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The root of the repository: from there scripts find the package by its own name. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs Node.js with arguments, and with a script on its stdin if there is one. */
export async function runNode(
  args: readonly string[],
  { input, env = {}, cwd = ROOT }: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<ScriptOutcome> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}
