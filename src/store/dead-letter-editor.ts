import { checkWhole } from '../kernel/check.js';
import { DeadLetterNotFoundError, InvalidOptionError, StoreLockedError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { LANES, type SettledLetter } from './dead-letter.js';
import { finishLate } from './late-consumers.js';
import { leaveWal, openForWriting, type WritableStore } from './open-store.js';
import { Ownership } from './ownership.js';
import { Progress } from './progress.js';
import { inTransaction, type Sqlite, toStoreError } from './sqlite.js';
import { checkStorePath } from './store-path.js';
import { DeadLetterReader, DeadLetterWriter } from './tables/dead-letter-table.js';
import { ProgressTable } from './tables/progress-table.js';

/**
 * Has dead letters tried again by the next engine that opens the store: first thing, a parked one with everything
 * that waits behind it. For a store that no engine has open; in a running program use `engine.deadLetters`.
 *
 * @param positions which ones, or all of them. One that is not there: nothing is changed.
 * @returns the positions of the dead letters that will be tried again.
 * @throws InvalidOptionError, DeadLetterNotFoundError, StoreLockedError, and the errors of `openStoreReader`.
 */
export function retryDeadLetters(path: string, positions: readonly number[] | 'all'): number[] {
  return edit(path, positions, (store, letters) => {
    const reader = new DeadLetterReader(store);
    const writer = new DeadLetterWriter(store);
    for (const { position } of letters) {
      const letter = reader.find(position);
      if (letter) writer.apply({ put: [{ ...letter, retry: true }], remove: [] });
    }
  });
}

/**
 * Gives dead letters up. The event of a parked one counts as finished for those who failed on it, and what waits behind it
 * is handled when an engine opens the store. For a store that no engine has open; in a running program use `engine.deadLetters`.
 *
 * @param positions which ones, or all of them. One that is not there: nothing is changed.
 * @returns the positions of the dead letters that are gone.
 * @throws InvalidOptionError, DeadLetterNotFoundError, StoreLockedError, and the errors of `openStoreReader`.
 */
export function discardDeadLetters(path: string, positions: readonly number[] | 'all'): number[] {
  return edit(path, positions, (store, letters) => {
    const table = new ProgressTable(store);
    const progress = new Progress(table.mark, table.chunks);
    const discard = store.prepare('DELETE FROM dead_letters WHERE position = ?');
    for (const { position, owners } of letters) {
      // The event of a skipped one was finished when it was skipped.
      if (owners.includes(LANES)) progress.finish(position);
      discard.run(position);
    }
    if (progress.changed) table.save(progress.take());
    finishLate(store, letters);
  });
}

/** Changes some dead letters of a closed store in one transaction. */
function edit(
  path: string,
  positions: readonly number[] | 'all',
  change: (store: Sqlite, letters: readonly SettledLetter[]) => void,
): number[] {
  checkStorePath(path, 'The path of a store');
  if (positions !== 'all' && !Array.isArray(positions)) {
    throw new InvalidOptionError(
      `Which dead letters is ${shown(positions)}; it must be 'all' or an array of positions.`,
    );
  }
  for (const position of positions === 'all' ? [] : positions) {
    checkWhole('Dead letters', 'position', position, 1);
  }
  const { database, close } = openClosed(path);
  try {
    database.pragma('synchronous = FULL');
    let changed: readonly SettledLetter[] = [];
    const ownership = new Ownership(database);
    inTransaction(database, () => {
      ownership.take();
      changed = find(path, database, positions);
      change(database, changed);
    });
    leaveWal(database);
    return changed.map(({ position }) => position);
  } catch (error) {
    throw toStoreError(path, error);
  } finally {
    close();
  }
}

/** @throws StoreLockedError when the store is not closed. */
function openClosed(path: string): WritableStore {
  try {
    return openForWriting(path, { mustExist: true });
  } catch (error) {
    if (!(error instanceof StoreLockedError)) throw error;
    throw new StoreLockedError(
      `Store ${path} is open in an engine, which alone may change its dead letters. Use engine.deadLetters in that program, or close its engine first.`,
      { cause: error },
    );
  }
}

function find(path: string, store: Sqlite, positions: readonly number[] | 'all'): readonly SettledLetter[] {
  const letters = new DeadLetterReader(store);
  if (positions === 'all') return letters.settled();
  return [...new Set(positions)].map((position) => {
    const found = letters.find(position);
    if (found) return found;
    throw new DeadLetterNotFoundError(
      `Store ${path} has no dead letter at position ${position}. List them with 'millrace dead-letters ${path} list'.`,
      { details: { position } },
    );
  });
}
