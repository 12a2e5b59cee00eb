import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { ProfileOptions } from '../faces/profile.js';
// Types only: the program, and each of its workers, should not load the engine because of this.
import type { Engine } from '../index.js';
import { codeOf, messageOf } from '../kernel/thrown.js';
import { ENGINE_CHANNEL } from '../observe/engine-channel.js';
import {
  ATTACH_DESCRIPTOR,
  ATTACH_VARIABLE,
  type AttachEnvironment,
  type AttachMessage,
} from './attach-settings.js';

// Loaded by `millrace profile` before the program itself. Preloads run in every worker as well, and in the
// program's own child processes unless they are spared.
const text = process.env[ATTACH_VARIABLE];
if (isMainThread && text !== undefined) attach(JSON.parse(text) as AttachEnvironment);

function attach({
  directory,
  force,
  nodeOptions,
  seconds,
  intervalMicros,
  cpu,
  heap,
}: AttachEnvironment): void {
  delete process.env[ATTACH_VARIABLE];
  process.env.NODE_OPTIONS = nodeOptions;
  const ending = new AbortController();
  const running = new Set<Promise<void>>();
  let engines = 0;
  subscribe(ENGINE_CHANNEL, (message) => {
    engines++;
    const options: ProfileOptions = {
      directory: engines === 1 ? directory : join(directory, `engine-${engines}`),
      force,
      signal: ending.signal,
      cpu,
      heap,
      ...(seconds !== undefined && { seconds }),
      ...(intervalMicros !== undefined && { intervalMicros }),
    };
    const done = profile((message as { readonly engine: Engine }).engine, options).finally(() =>
      running.delete(done),
    );
    running.add(done);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) onSignal(signal, ending, running);
}

async function profile(engine: Engine, options: ProfileOptions): Promise<void> {
  try {
    const { report, summary } = await engine.profile(options);
    const verdicts = summary.verdicts.map(({ sentence, advice }) => `- ${sentence}\n  ${advice}\n`);
    tell({ kind: 'reported', text: `\n${verdicts.join('')}Report: ${report}\n` });
  } catch (error) {
    tell({ kind: 'failed', code: codeOf(error) ?? '', text: messageOf(error) });
  }
}

/** A program that takes a signal itself closes its engines. Else the profile is written before the program ends. */
function onSignal(
  signal: NodeJS.Signals,
  ending: AbortController,
  running: ReadonlySet<Promise<void>>,
): void {
  const end = async () => {
    if (process.listenerCount(signal) > 1) return;
    ending.abort();
    await Promise.all(running);
    process.off(signal, end);
    process.kill(process.pid, signal);
  };
  process.on(signal, end);
}

function tell(message: AttachMessage): void {
  try {
    writeSync(ATTACH_DESCRIPTOR, `${JSON.stringify(message)}\n`);
  } catch (error) {
    // Nobody listens any more: the command was ended, and the program goes on without it.
    process.stderr.write(`millrace: ${message.text} (${(error as Error).message})\n`);
  }
}
