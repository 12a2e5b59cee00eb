import { expect, test } from 'vitest';
import { rounds, SEED } from '../../support/property.js';
import { torture } from './loop.mjs';

const KILLS = rounds(25);

test(`${KILLS} engines killed with SIGKILL lose nothing, repeat nothing and reorder nothing`, async () => {
  let last = { kills: 0, acknowledged: 0, recovered: 0, commands: 0, timers: 0, packing: 0 };
  for await (const progress of torture({ kills: KILLS, seed: SEED })) last = { ...progress };
  expect(last.kills).toBe(KILLS);
  expect(last.recovered).toBeGreaterThanOrEqual(KILLS / 5);
  expect(last.acknowledged).toBeGreaterThan(KILLS * 10);
  expect(last.packing).toBeGreaterThanOrEqual(KILLS / 4);
  expect(last.timers).toBeGreaterThan(0);
}, 400_000);
