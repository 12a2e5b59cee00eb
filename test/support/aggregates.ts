import type { Engine } from 'millrace';
import { Account, Deposited, Noted, Peril, Withdrawn } from '../handlers/aggregates.mjs';
import { handlers, openTestEngine, type TestEngineOptions } from './open-test-engine.js';

export const BANK = [Deposited, Withdrawn, Noted];

/** An engine whose lanes have the aggregates of test/handlers/aggregates.mjs. */
export function openBank(options: TestEngineOptions = {}): Promise<Engine> {
  return openTestEngine({ events: BANK, aggregates: [handlers('aggregates')], ...options });
}

export function deposit(engine: Engine, id: string, amount = 1, options = {}) {
  return engine.execute(Account, id, 'deposit', { amount }, options);
}

export function withdraw(engine: Engine, id: string, amount = 1, options = {}) {
  return engine.execute(Account, id, 'withdraw', { amount }, options);
}

/** Puts a number into an aggregate that does what it should not. */
export function add(engine: Engine, id: string, amount = 1, options = {}) {
  return engine.execute(Peril, id, 'add', amount, options);
}
