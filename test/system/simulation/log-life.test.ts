import { expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.js';
import { liveLogs } from './log-life.js';
import { LOG_MUTATIONS } from './log-mutations.js';

const FIRST = Number(process.env.MILLRACE_SEED ?? 1);

test('in lives of commits, packs, merges and power cuts, every event, history and name is found', () => {
  const counts = liveLogs(tempFolder(), FIRST, 25);
  // The lives were not quiet ones.
  for (const [name, count] of Object.entries(counts)) expect(count, name).toBeGreaterThan(20);
});

test.each(LOG_MUTATIONS)('finds a bug that was put in: $name', ({ apply }) => {
  const undo = apply();
  try {
    expect(() => liveLogs(tempFolder(), 1, 40)).toThrow(/^seed/);
  } finally {
    undo();
  }
});
