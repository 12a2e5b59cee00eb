import { checkDeterminism } from 'millrace/testing';
import { expect, test } from 'vitest';
import { STATE_EVENTS, Stepped } from '../../handlers/state-events.mjs';
import { handlers } from '../../support/open-test-engine.js';

const steps = Array.from({ length: 24 }, (_, index) => Stepped({ key: `k${index % 4}`, n: index }));
const options = { events: STATE_EVENTS };

test('handlers with a state come to the same result on any number of threads', async () => {
  const report = await checkDeterminism([handlers('stateful')], steps, options);
  expect(report.threads).toEqual([0, 1, 2, 4]);
  expect(report.fingerprint).toMatch(/^[0-9a-f]{64}$/);
});

test('a Map in a module is found, with the key and the event', async () => {
  const checked = checkDeterminism([handlers('forgetful')], steps, { ...options, threads: [1, 2] });
  await expect(checked).rejects.toMatchObject({
    code: 'MILLRACE_TEST_ASSERTION',
    message: expect.stringMatching(
      /on 1 threads and on 2 threads\. Event 4 of key 'k\d' .*\n {2}it\.data\.(sum|count).*[\s\S]*use defineState/,
    ),
  });
});

test.each([[[1]], [[0, -1]], ['2'], [[0, 1.5]]])('threads %o are refused', async (threads) => {
  await expect(checkDeterminism([], steps, { threads: threads as never })).rejects.toMatchObject({
    code: 'MILLRACE_INVALID_OPTION',
  });
});
