import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import {
  ATTACH_DESCRIPTOR,
  ATTACH_VARIABLE,
  type AttachMessage,
  type AttachSettings,
} from './attach-settings.js';
import { UsageError } from './command.js';

/**
 * Runs a program with the profiler attached.
 *
 * @returns its exit code.
 * @throws UsageError when it cannot be run.
 */
export function runProgram(
  [command = '', ...args]: readonly string[],
  settings: AttachSettings,
  onMessage: (message: AttachMessage) => void,
): Promise<number> {
  const child = start(command, args, settings);
  const answers = child.stdio[ATTACH_DESCRIPTOR] as Readable;
  createInterface({ input: answers }).on('line', (line) => {
    const message = messageIn(line);
    if (message) onMessage(message);
  });
  return new Promise((resolve, reject) => {
    const release = passSignalsTo(child);
    child.on('error', (error) => {
      release();
      reject(cannotRun(command, error));
    });
    child.on('close', (code, signal) => {
      release();
      resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]);
    });
  });
}

function start(command: string, args: readonly string[], settings: AttachSettings): ChildProcess {
  const { NODE_OPTIONS = '' } = process.env;
  const attach = new URL('./attach.js', import.meta.url).href;
  try {
    return spawn(command, args, {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: `${NODE_OPTIONS} --import=${attach}`,
        [ATTACH_VARIABLE]: JSON.stringify({ ...settings, nodeOptions: NODE_OPTIONS }),
      },
    });
  } catch (error) {
    // Most of what is wrong with a program (no name, a name too long, arguments too large) is thrown here, and only what
    // Node.js takes for usual (no such file, no right to run it) comes as an event of the child.
    throw cannotRun(command, error as Error);
  }
}

/** As much of a command's name as an error names: the name may be what is too long. */
const NAME_LENGTH = 200;

function cannotRun(command: string, error: Error): UsageError {
  const name = command.length > NAME_LENGTH ? `${command.slice(0, NAME_LENGTH)}…` : command;
  return new UsageError(`'${name}' cannot be run: ${error.message.replace(/\.$/, '')}.`, { cause: error });
}

/** A program may write to any descriptor that it finds open: what is no message of ours is none. */
function messageIn(line: string): AttachMessage | undefined {
  try {
    const value = JSON.parse(line) as AttachMessage | null;
    const known = value?.kind === 'reported' || value?.kind === 'failed';
    return known && typeof value.text === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A terminal sends Ctrl-C to both; whoever kills this process alone means the program. */
function passSignalsTo(child: ChildProcess): () => void {
  const ignore = () => {};
  const pass = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore);
  process.on('SIGTERM', pass);
  return () => {
    process.off('SIGINT', ignore);
    process.off('SIGTERM', pass);
  };
}
