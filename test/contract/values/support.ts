import type { Engine, EngineOptions } from 'millrace';
import { onTestFinished } from 'vitest';
import { checkOptions } from '../../../dist/src/engine/check-options.js';
import { openIn, realWorld } from '../../../dist/src/engine/open.js';
import { Posted } from '../../handlers/posted.mjs';
import { handlers } from '../../support/open-test-engine.js';

/** An engine that keeps only so many names in memory, inline and with the handlers of `Posted`. */
export async function openWithNames(maxNames: number, options: Partial<EngineOptions> = {}): Promise<Engine> {
  const checked = checkOptions({ events: [Posted], handlers: [handlers('posted')], threads: 0, ...options });
  const engine = await openIn(checked, { ...realWorld(checked), maxNames });
  onTestFinished(() => engine.close().catch(() => {}));
  return engine as unknown as Engine;
}

/** Names `prefix 1`, `prefix 2`, … */
export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`);
}
