import type { Engine } from 'millrace';
import { openStoreReader } from 'millrace/store';
import { LEDGER_EVENTS, Ledger, ledger } from '../handlers/ledgers.mjs';
import { handlers, openTestEngine, type TestEngineOptions } from './open-test-engine.js';

export interface LedgerOptions {
  readonly version?: number;
  readonly snapshotEvery?: number;
  /** What an event counts: a changed `evolve`. */
  readonly weight?: number;
}

/** The option `aggregates` for ledgers: the definition itself, or the module that lanes load. */
export function ledgers(options: LedgerOptions, threads = 0): TestEngineOptions {
  const url = handlers('ledgers');
  for (const [name, value] of Object.entries(options)) url.searchParams.set(name, String(value));
  return { events: LEDGER_EVENTS, aggregates: [threads === 0 ? ledger(options) : url], threads };
}

export function openLedgers(options: LedgerOptions, engine: TestEngineOptions = {}): Promise<Engine> {
  return openTestEngine({ ...ledgers(options, engine.threads), ...engine });
}

export function step(engine: Engine, id: string, n = 1, how = 'add', options = {}) {
  return engine.execute(Ledger, id, 'step', { n, how }, options);
}

/** What a command sees: the version, and the state in words. */
export async function look(engine: Engine, id: string): Promise<unknown> {
  return (await engine.execute(Ledger, id, 'look', undefined)).reply;
}

/** Notices of snapshots that could not be read or made. */
export function snapshotNotices(engine: Engine): { readonly aggregateId: string; readonly error: Error }[] {
  const heard: { readonly aggregateId: string; readonly error: Error }[] = [];
  engine.onNotice((notice) => {
    if (notice.kind === 'snapshot-failed') heard.push(notice);
  });
  return heard;
}

/** Aggregates that have a snapshot in a file, by version of their definition. */
export function snapshotsIn(store: string): readonly (readonly [version: number, aggregates: number])[] {
  using reader = openStoreReader(store);
  return reader.summary().snapshots.map(({ version, aggregates }) => [version, aggregates]);
}
