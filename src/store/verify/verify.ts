import { VERIFY_CACHE_KIB } from '../../limits.js';
import { checkStoreFile, noStore } from '../file-check.js';
import { openForReading } from '../open-store.js';
import type { Sqlite } from '../sqlite.js';
import { checkStorePath } from '../store-path.js';
import { verifyCommands } from './verify-commands.js';
import { verifyConsumers, verifyProcessing } from './verify-consumers.js';
import { verifyHeader } from './verify-header.js';
import { IndexVerifier } from './verify-index.js';
import { LogVerifier } from './verify-log.js';
import { NameVerifier } from './verify-names.js';
import { Problems, type StoreProblem } from './verify-problems.js';
import { verifySnapshots } from './verify-snapshots.js';
import { keyFinder, placeFinder, verifyDeadLetters, verifyProgress } from './verify-state.js';
import { verifyStates } from './verify-states.js';
import { readFacts, verifyStructure } from './verify-structure.js';
import { verifyTimers } from './verify-timers.js';

/** What a verification has found. */
export interface StoreReport {
  readonly path: string;
  /** Whether nothing is wrong. */
  readonly ok: boolean;
  /** Events that were read, and the aggregates that they belong to. */
  readonly events: number;
  readonly aggregates: number;
  readonly problems: readonly StoreProblem[];
  /** How many more problems there are than `problems` describes. */
  readonly more: number;
  /** The first event that something is wrong with. Everything before it is as it was written. */
  readonly firstBadPosition?: number;
  /** What to do about the problems; left out when there are none. */
  readonly advice?: string;
}

/**
 * Reads a whole store and compares it with its checksums: SQLite's pages, every event, their chain,
 * the index, the progress, the dead letters, the consumers, the states, the timers, the snapshots and the commands of
 * handlers. It only reads, also while an engine has the file open, and needs
 * little memory: a few bytes for each aggregate. It blocks the thread that calls it, for a few seconds a million
 * events.
 *
 * @throws StorePathError, ForeignStoreError, NewerStoreError or OlderStoreError when the file is no store that can be verified, and
 * StoreIoError or StoreLockedError when it cannot be read. Damage is not thrown but reported.
 */
export function verifyStore(path: string): StoreReport {
  checkStorePath(path, 'The path of a store');
  if (!checkStoreFile(path)) throw noStore(path);
  const problems = new Problems(path);
  const counts = { events: 0, aggregates: 0, isRead: false };
  verifyHeader(path, problems);
  problems.reading('structure', () => {
    const database = openForReading(path, 'report');
    try {
      database.pragma(`cache_size = -${VERIFY_CACHE_KIB}`);
      verifyStructure(database, problems);
      // What is in the place of a table may have no end.
      if (problems.list.some(({ kind }) => kind === 'schema')) return;
      Object.assign(counts, verifyContents(database, problems));
    } finally {
      database.close();
    }
  });
  const { list, more, firstPosition } = problems;
  const { events, aggregates, isRead } = counts;
  const advice = list.length === 0 ? undefined : adviceFor(path, problems, isRead);
  return {
    path,
    ok: list.length === 0,
    events,
    aggregates,
    problems: list,
    more,
    ...(firstPosition !== undefined && { firstBadPosition: firstPosition }),
    ...(advice !== undefined && { advice }),
  };
}

/** When only SQLite's own structure is damaged, a copy of the contents has it anew. */
function adviceFor(path: string, { list, more }: Problems, isRead: boolean): string {
  if (!isRead || more > 0 || list.some(({ kind }) => kind !== 'structure'))
    return 'Restore the store from a backup.';
  return `Every event was read and is as it was written. With no engine open, have SQLite save them in a new file, verify that, and put it in the place of this one: sqlite3 ${path} "VACUUM INTO '${path}.saved'". Or restore the store from a backup.`;
}

function verifyContents(
  database: Sqlite,
  problems: Problems,
): { events: number; aggregates: number; isRead: boolean } {
  const names = new NameVerifier(database, problems);
  const facts = readFacts(database, names, problems);
  const log = new LogVerifier(database, facts, names, problems);
  const isRead = problems.reading(
    'event',
    () => log.run(),
    () => log.position,
  );
  if (isRead) {
    const indexed = facts.progress?.indexed ?? 0;
    problems.reading('index', () =>
      database.transaction(() => new IndexVerifier(database, indexed, problems).events(log.indexed))(),
    );
  }
  problems.reading('progress', () => verifyProgress(facts, problems));
  problems.reading('dead-letter', () => verifyDeadLetters(database, facts, problems));
  problems.reading('consumer', () => verifyConsumers(database, problems));
  problems.reading('consumer', () => verifyProcessing(database, problems));
  problems.reading('state', () => verifyStates(database, facts, keyFinder(database), problems));
  problems.reading('timer', () => verifyTimers(database, facts, keyFinder(database), problems));
  problems.reading('snapshot', () => verifySnapshots(database, placeFinder(database), problems));
  problems.reading('command', () => verifyCommands(database, facts, keyFinder(database), problems));
  return { events: log.events, aggregates: log.aggregates, isRead };
}
