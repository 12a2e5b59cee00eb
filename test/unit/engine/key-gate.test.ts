import { expect, test } from 'vitest';
import { Waves } from '../../../dist/src/engine/intake/waves.js';
import { KeyGate, type KeyGateParts } from '../../../dist/src/engine/sequence/key-gate.js';
import type { DataTimers } from '../../../dist/src/engine/timers/data-timers.js';

/** A gate whose keys are busy until they are said to be quiet. */
function gateOf() {
  let isBusy = true;
  const parts: Partial<KeyGateParts> = {
    waves: new Waves(),
    timers: { now: 0 } as DataTimers,
    hasBacklog: () => isBusy,
  };
  const gate = new KeyGate(parts as KeyGateParts);
  return {
    gate,
    quiet: () => {
      isBusy = false;
      gate.recheck();
      gate.advance();
    },
  };
}

// With work for each one that waits already, this would take minutes.
test('many commands of one key wait without looking at each other, and go before what callers asked for', () => {
  const { gate, quiet } = gateOf();
  const count = 200_000;
  const gone: number[] = [];
  const enter = (number: number) => () => {
    gone.push(number);
    gate.letGo('k');
  };
  gate.hold('k', enter(count), () => {});
  for (let number = 0; number < count; number++) gate.holdFirst('k', enter(number));
  quiet();
  gate.advance();
  expect(gone.length).toBe(count + 1);
  expect(gone.every((number, index) => number === index)).toBe(true);
});
