import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { HandlerModule } from '../index.js';
import { loadHandlers } from '../lanes/load-handlers.js';

let instances = 0;

/**
 * Another instance of a handler module: what it keeps in its variables is as when it was first loaded. Modules that it
 * imports are those that are there already.
 *
 * @throws as `loadHandlers`.
 */
export async function freshModule(url: string): Promise<HandlerModule> {
  const own = new URL(url);
  // Node.js keeps one instance for each address, and one of a CommonJS module for its file.
  own.hash = `${own.hash}:${++instances}`;
  if (own.protocol === 'file:') delete createRequire(own).cache[fileURLToPath(own)];
  const [module] = await loadHandlers([own.href]);
  return module as HandlerModule;
}
