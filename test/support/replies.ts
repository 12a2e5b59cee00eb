import type { Engine } from 'millrace';
import { expect } from 'vitest';
import { collect } from './collect.js';

/** What a command of an account replied. */
export interface Reply {
  readonly id: string;
  readonly name: 'deposit' | 'withdraw';
  readonly amount: number;
  readonly reply: number;
  readonly version: number;
  readonly position: number;
}

/** Each reply must be true of the log, and no account may ever have had less than nothing. */
export async function checkReplies(engine: Engine, replies: readonly Reply[]): Promise<void> {
  const events = await collect(engine);
  const balances = new Map<string, number>();
  const found = new Map<
    string,
    { readonly balance: number; readonly type: string; readonly position: number }
  >();
  for (const { aggregateId: id, type, data, version, position } of events) {
    const { amount } = data as { amount: number };
    const balance = (balances.get(id) ?? 0) + (type === 'bank.deposited' ? amount : -amount);
    expect(balance, `${id} at version ${version}`).toBeGreaterThanOrEqual(0);
    balances.set(id, balance);
    found.set(`${id}/${version}`, { balance, type, position });
  }
  for (const { id, version, reply, name, position } of replies) {
    const type = name === 'deposit' ? 'bank.deposited' : 'bank.withdrawn';
    expect(found.get(`${id}/${version}`), `${id}/${version}`).toEqual({ balance: reply, type, position });
  }
  expect(new Set(replies.map(({ id, version }) => `${id}/${version}`)).size).toBe(replies.length);
}
