import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { LiveLog } from '../../support/live-log.js';
import { meanwhile } from '../../support/meanwhile.js';

/** A log of which much can be packed, with some runs of its index and events that are in none. */
function liveLog(): LiveLog {
  const log = new LiveLog();
  for (let commit = 0; commit < 10; commit++) log.add(1000);
  for (let run = 0; run < 3; run++) {
    log.add(700);
    log.index();
  }
  log.add(700);
  return log;
}

const STEPS = ['pack', 'add', 'index', 'merge', 'step'] as const;

/** Looks at the file before the first step: what is done behind a reader's back must meet it where it stands. */
const WAITS = [0, 20, 45, 90];

describe('while another process writes into a store, a look at it that is many looks finds it whole:', () => {
  test.each(
    STEPS.flatMap((step) => WAITS.map((wait) => [step, wait] as const)),
  )('verify, with a %s at each look after %d', (step, wait) => {
    using log = liveLog();
    const first = log.events;
    let looks = 0;
    const report = meanwhile(
      () => looks++ >= wait && log[step](),
      () => verifyStore(log.path),
    );
    expect(report.problems).toEqual([]);
    expect(report.events).toBeGreaterThanOrEqual(first);
    expect(looks).toBeGreaterThan(wait);
    expect(verifyStore(log.path)).toMatchObject({ ok: true, events: log.events });
  });

  test('verify, with a handler that comes late and parks a key in between', () => {
    for (let wait = 0, looks = 0; wait <= looks; wait++) {
      using log = new LiveLog();
      log.add();
      log.finish();
      looks = 0;
      const report = meanwhile(
        () => looks++ === wait && log.parkLate(),
        () => verifyStore(log.path),
      );
      expect(report.problems).toEqual([]);
    }
  });
});
