import Database from 'better-sqlite3';
import { openStoreReader, type StoreReadOptions, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { oneTo } from '../../support/collect.js';
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

describe('while another process keeps states of new types,', () => {
  const added = () => {
    const log = new LiveLog();
    log.add();
    log.keepState();
    return log;
  };

  test('verify finds them whole', () => {
    for (let wait = 0, looks = 0; wait <= looks; wait++) {
      using log = added();
      looks = 0;
      const report = meanwhile(
        () => looks++ >= wait && log.keepState(),
        () => verifyStore(log.path),
      );
      expect(report.problems).toEqual([]);
    }
  });

  test('a reader knows the names of all that it gives', () => {
    using log = added();
    using reader = openStoreReader(log.path);
    const states = meanwhile(
      () => log.keepState(),
      () => [...reader.states()],
    );
    expect(states.length).toBeGreaterThan(1);
    expect(states.map(({ name }) => name)).toEqual(states.map((_, index) => `state-${index + 1}`));
  });

  test('a fingerprint has the states of the events that it has, and no others', () => {
    using log = added();
    using reader = openStoreReader(log.path);
    const prints = [reader.fingerprint()];
    let isChanged = false;
    const during = meanwhile(
      () => {
        log.add();
        log.keepState();
        isChanged = true;
        using other = openStoreReader(log.path);
        prints.push(other.fingerprint());
      },
      () => reader.fingerprint(),
    );
    expect(isChanged).toBe(true);
    expect(prints).toContain(during);
  });
});

describe('what a reader says while another process writes is of one moment:', () => {
  test.each(STEPS)('summary, last and fingerprint, with a %s at each look', (step) => {
    using log = liveLog();
    using reader = openStoreReader(log.path);
    for (let round = 0; round < 2; round++) {
      const { summary, last, fingerprint } = meanwhile(
        () => {
          log[step]();
          log.finish();
        },
        () =>
          reader.atOnce(() => ({
            summary: reader.summary(),
            last: reader.last(3),
            fingerprint: reader.fingerprint(),
          })),
      );
      const { lastPosition, mark, unfinished, types, topAggregates, aggregates } = summary;
      expect([lastPosition, unfinished]).toEqual([mark, 0]);
      expect(types).toEqual([{ type: 'row.written', count: lastPosition }]);
      expect(topAggregates[0]?.count).toBeLessThan(lastPosition);
      expect(aggregates).toBeLessThan(lastPosition);
      expect(last.map(({ position }) => position)).toEqual([
        lastPosition - 2,
        lastPosition - 1,
        lastPosition,
      ]);
      expect(fingerprint).toMatch(/^[0-9a-f]+$/);
    }
  });

  test('summary by itself', () => {
    using log = liveLog();
    using reader = openStoreReader(log.path);
    const { lastPosition, mark, unfinished, types } = meanwhile(
      () => {
        log.add();
        log.finish();
      },
      () => reader.summary(),
    );
    expect([lastPosition, unfinished]).toEqual([mark, 0]);
    expect(types).toEqual([{ type: 'row.written', count: lastPosition }]);
  });

  test('a fingerprint is that of the log as it was at the call', () => {
    using log = liveLog();
    using reader = openStoreReader(log.path);
    const before = reader.fingerprint();
    let looks = 0;
    const during = meanwhile(
      () => ++looks > 1 && log.step(),
      () => reader.fingerprint(),
    );
    expect(looks).toBeGreaterThan(20);
    expect(during).toBe(before);
    expect(reader.fingerprint()).not.toBe(before);
  });

  test('what reads at one moment must do so within the call', async () => {
    using log = liveLog();
    using reader = openStoreReader(log.path);
    const failing = async () => {
      await null;
      throw new Error('nobody waits for it');
    };
    expect(() => reader.atOnce(failing)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION' }),
    );
    expect(reader.atOnce(() => reader.atOnce(() => reader.last(1)))).toHaveLength(1);
  });

  test('what the function of the caller throws comes through as it is, and closing within it does no harm', () => {
    using log = liveLog();
    using reader = openStoreReader(log.path);
    const own = Object.assign(new Error('mine'), { code: 'SQLITE_BUSY' });
    for (const thrown of [own, 'a text', undefined, new Database.SqliteError('mine', 'SQLITE_BUSY')]) {
      let caught: unknown = 'nothing';
      try {
        reader.atOnce(() => {
          reader.last(1);
          throw thrown;
        });
      } catch (error) {
        caught = error;
      }
      expect(caught).toBe(thrown);
    }
    expect(reader.last(1)).toHaveLength(1);
    expect(
      reader.atOnce(() => {
        reader.close();
        return 'closed';
      }),
    ).toBe('closed');
    expect(() => reader.last(1)).toThrow(expect.objectContaining({ code: 'MILLRACE_CLOSED' }));
  });
});

describe('reading goes on where it was while another process packs, merges and writes:', () => {
  test.each(
    STEPS.flatMap((step) => [0, 5].map((wait) => [step, wait] as const)),
  )('the whole log, some types and one aggregate, with a %s at each look after %d', (step, wait) => {
    using log = liveLog();
    using reader = openStoreReader(log.path);
    const first = log.events;
    const read = (options: StoreReadOptions) => {
      let looks = 0;
      // Not for ever: reading ends where the log does when it gets there.
      const act = () => looks++ >= wait && looks < wait + 30 && log[step]();
      return meanwhile(act, () => [...reader.read(options)]);
    };
    for (const options of [{}, { types: ['row.written'] }]) {
      const positions = read(options).map(({ position }) => position);
      expect(positions.length).toBeGreaterThanOrEqual(first);
      expect(positions).toEqual(oneTo(positions.length));
    }
    const versions = read({ aggregateId: 'a7' }).map(({ version }) => version);
    expect(versions.length).toBeGreaterThan(900);
    expect(versions).toEqual(oneTo(versions.length));
  });
});
