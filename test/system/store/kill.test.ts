import { describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { Child } from '../../support/child.js';
import { collect, oneTo } from '../../support/collect.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

type Amount = { readonly amount: number };
const amounts = (events: readonly { readonly data: unknown }[]) =>
  events.map(({ data }) => (data as Amount).amount).sort((a, b) => a - b);

describe.each([
  ['os', 0],
  ['os', 2],
  ['disk', 2],
] as const)('a process killed with SIGKILL: %s, %i threads', (durability, threads) => {
  test('twice: every acknowledged event is there, without gaps, and each is handled once', async () => {
    const store = tempStore();
    const acknowledged = new Map<number, number>();
    for (const lines of [150, 700]) {
      const child = new Child('publish-until-killed.mjs', store, durability, String(threads));
      await child.wrote(lines);
      await child.kill();
      // The last line may be cut off in its middle.
      for (const line of child.lines.slice(1, -1)) {
        const [position = 0, amount = 0] = line.split(' ').map(Number);
        acknowledged.set(position, amount);
      }
    }
    const engine = await openTestEngine({ store, durability, threads, handlers: [handlers('account')] });
    await engine.publish(Noted({ note: 'after' }));
    await engine.drain();

    const events = await collect(engine);
    expect(events.map(({ position }) => position)).toEqual(oneTo(events.length));
    expect(acknowledged.size).toBeGreaterThan(800);
    for (const [position, amount] of acknowledged) {
      expect(events[position - 1]).toMatchObject({ type: 'account.deposited', data: { amount } });
    }
    const versions = new Map<string, number>();
    for (const { aggregateId, version } of events) {
      expect(version, aggregateId).toBe((versions.get(aggregateId) ?? 0) + 1);
      versions.set(aggregateId, version);
    }
    const deposits = events.filter(({ type }) => type === 'account.deposited');
    expect(amounts(events.filter(({ type }) => type === 'ledger.credited'))).toEqual(amounts(deposits));
    expect(amounts(events.filter(({ type }) => type === 'audit.recorded'))).toEqual(amounts(deposits));
  });
});
