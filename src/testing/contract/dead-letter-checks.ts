import { lateName } from '../../store/consumer.js';
import { LANES } from '../../store/dead-letter.js';
import type { DeadLetterRecord, SettledLetter } from '../store.js';
import { LogState, Rows } from './rows.js';
import { type MakeStore, RUN, type StoreCheck, same, sameEvents, Trial } from './trial.js';

/** A dead letter of the key numbered 1. */
export function letter(position: number, changes: Partial<DeadLetterRecord> = {}): DeadLetterRecord {
  return {
    position,
    key: 1,
    state: 'parked',
    attempts: 3,
    handler: 'risk',
    owners: [LANES],
    lane: 0,
    firstFailedAt: 1000,
    failedAt: 2000 + position,
    error: { name: 'RangeError', message: `at ${position}`, code: 'E_HIGH' },
    retry: false,
    ...changes,
  };
}

/** Letters that are one no more, of the owner that `letter` gives them or of others. */
function settled(position: number, owners: readonly string[] = [LANES]): SettledLetter {
  return { position, owners };
}

/** What every store must do with dead letters. */
export function deadLetterChecks(make: MakeStore): StoreCheck[] {
  const open = async () => {
    const trial = await Trial.open(make(RUN));
    const rows = new Rows(new LogState());
    for (let number = 0; number < 6; number++) rows.add({ aggregate: 'a', data: { number } });
    await trial.commit({ segments: rows.take() });
    return { trial, expected: rows.expected };
  };
  return [
    {
      name: 'dead letters come back as they went in, in position order and in pages',
      run: async () => {
        const { trial } = await open();
        await using _ = trial;
        const put = [letter(4), letter(1, { state: 'skipped' }), letter(6, { retry: true }), letter(3)];
        await trial.commit({ deadLetters: { put, remove: [] } });
        const sorted = [...put].sort((a, b) => a.position - b.position);
        const { reader } = trial;
        same(reader.deadLetters({ after: 0, limit: 3 }), sorted.slice(0, 3), 'the first page');
        same(reader.deadLetters({ after: 4, limit: 3 }), sorted.slice(3), 'the last page');
        same(reader.deadLetter(3), letter(3), 'deadLetter(3)');
        same(reader.deadLetter(2), undefined, 'deadLetter(2)');
      },
    },
    {
      name: 'a commit removes dead letters before it puts new ones, and commits follow each other',
      run: async () => {
        const { trial } = await open();
        await using _ = trial;
        const change = (put: readonly DeadLetterRecord[], remove: readonly number[]) =>
          trial.commit({ deadLetters: { put, remove: remove.map((position) => settled(position)) } });
        await Promise.all([
          change([letter(1), letter(2)], []),
          change([letter(2, { state: 'skipped' })], [1, 2]),
          change([letter(5)], [5]),
          change([letter(1, { attempts: 7 })], [99]),
          change([], [2]),
        ]);
        const expected = [letter(1, { attempts: 7 }), letter(5)];
        same(trial.reader.deadLetters({ after: 0, limit: 9 }), expected, 'dead letters');
      },
    },
    joinedCheck(open),
    {
      name: "a dead letter's event can be read by its position",
      run: async () => {
        const { trial, expected } = await open();
        await using _ = trial;
        await trial.commit({ deadLetters: { put: [letter(3)], remove: [] } });
        sameEvents(trial.reader.page({ from: 3, limit: 1 }), expected.slice(2, 3), 'at position 3');
      },
    },
  ];
}

function joinedCheck(open: () => Promise<{ readonly trial: Trial }>): StoreCheck {
  return {
    name: 'a dead letter in the place of another keeps its owners, and is gone with the last of them',
    run: async () => {
      const { trial } = await open();
      await using _ = trial;
      const late = [lateName('a.b', 'late', 4)];
      const both = [...late, LANES];
      const found = () => trial.reader.deadLetter(2);
      await trial.commit({ deadLetters: { put: [letter(2, { state: 'skipped' })], remove: [] } });
      await trial.commit({ deadLetters: { put: [letter(2, { owners: late, attempts: 7 })], remove: [] } });
      same(found(), letter(2, { owners: both, attempts: 7 }), 'the letter of both');
      await trial.commit({ deadLetters: { put: [letter(2, { owners: both })], remove: [] } });
      same(found(), letter(2, { owners: both }), 'the letter of both, once more');
      await trial.commit({ deadLetters: { put: [], remove: [settled(2), settled(5, late)] } });
      same(found(), letter(2, { owners: late }), 'the letter of one');
      await trial.commit({ deadLetters: { put: [letter(2)], remove: [settled(2, late)] } });
      same(found(), letter(2), 'the letter that came after it');
      await trial.commit({ deadLetters: { put: [], remove: [settled(2, both)] } });
      same(found(), undefined, 'a letter without owners');
    },
  };
}
