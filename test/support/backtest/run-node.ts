import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { tempFolder } from '../temp-folder.js';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node.js with arguments in a folder of its own, to its end. */
export async function runNode(args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, args, { cwd: tempFolder(), stdio: ['ignore', 'pipe', 'pipe'] });
  const streams = [text(child.stdout), text(child.stderr), once(child, 'close')] as const;
  const [stdout, stderr, [code]] = await Promise.all(streams);
  return { code, stdout, stderr };
}
