import { type Durability, type Engine, type EngineOptions, openEngine } from 'millrace';
import { onTestFinished } from 'vitest';
import { ALL_EVENTS } from '../handlers/events.mjs';
import { tempStore } from './temp-folder.js';

/** Options of a test engine; `events` are all test events unless a test says otherwise. */
export type TestEngineOptions = Partial<EngineOptions>;

/** The URL of a module in test/handlers. */
export function handlers(name: string): URL {
  return new URL(`../handlers/${name}.mjs`, import.meta.url);
}

/** The options that a durability needs: a store of its own, unless it is `memory`. */
export function storeFor(durability: Durability): Pick<EngineOptions, 'store' | 'durability'> {
  return durability === 'memory' ? { durability } : { durability, store: tempStore() };
}

/** Opens an engine with the test events; inline, unless a test says otherwise. */
export function openForTests(options: TestEngineOptions = {}): Promise<Engine> {
  return openEngine({ events: ALL_EVENTS, threads: 0, ...options });
}

/** `openForTests` within a test: what the test leaves open is closed after it. */
export async function openTestEngine(options: TestEngineOptions = {}): Promise<Engine> {
  const engine = await openForTests(options);
  // A failed engine rejects its close; whether it should have failed is for the test to say.
  onTestFinished(() => engine.close().catch(() => {}));
  return engine;
}
