import { StrategyImpureError } from '../broker/strategy-mistake.js';

/** What a strategy must not use, by its owner, and what to use instead. */
const FORBIDDEN: readonly (readonly [owner: object, prefix: string, name: string, instead: string])[] = [
  [Math, 'Math.', 'random', 'ctx.random()'],
  [performance, 'performance.', 'now', 'ctx.now()'],
  [process, 'process.', 'hrtime', 'ctx.now()'],
  [crypto, 'crypto.', 'randomUUID', 'ctx.random()'],
  [crypto, 'crypto.', 'getRandomValues', 'ctx.random()'],
  [globalThis, '', 'setTimeout', 'ctx.index, which counts candles'],
  [globalThis, '', 'setInterval', 'ctx.index, which counts candles'],
  [globalThis, '', 'setImmediate', 'ctx.index, which counts candles'],
  [globalThis, '', 'fetch', 'data that is loaded before the run'],
];

type AnyFunction = (...args: readonly unknown[]) => unknown;

/** Whether a strategy's code is running. */
let active = false;

function refuse(what: string, instead: string): never {
  throw new StrategyImpureError(
    `A strategy must not use ${what}: its result would change from run to run. Use ${instead}.`,
    { details: { used: what, instead } },
  );
}

const TheDate = Date;

function guardedNow(): number {
  return active ? refuse('Date.now', 'ctx.now()') : TheDate.now();
}

/** It is a clock only without arguments; dates that are told a time are as pure as numbers. */
const GuardedDate = new Proxy(TheDate, {
  construct: (target, args, newTarget) =>
    active && args.length === 0
      ? refuse('new Date()', 'new Date(ctx.now())')
      : Reflect.construct(target, args, newTarget),
  apply: (target) => (active ? refuse('Date()', 'new Date(ctx.now())') : target()),
  get: (target, name) => (name === 'now' ? guardedNow : Reflect.get(target, name)),
});

/**
 * Runs a strategy's code, which is synchronous, while clocks, chance, timers and the network throw. Everything is as
 * before when it returns, so nothing else in the process notices.
 */
export function guarded<Result>(run: () => Result): Result {
  if (globalThis.Date === GuardedDate) return run();
  const before = FORBIDDEN.map(([owner, , name]) => Object.getOwnPropertyDescriptor(owner, name));
  for (const [owner, prefix, name, instead] of FORBIDDEN) {
    const original = Reflect.get(owner, name) as AnyFunction;
    const value: AnyFunction = (...args) =>
      active ? refuse(prefix + name, instead) : Reflect.apply(original, owner, args);
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  }
  globalThis.Date = GuardedDate;
  active = true;
  try {
    return run();
  } finally {
    active = false;
    globalThis.Date = TheDate;
    FORBIDDEN.forEach(([owner, , name], index) => {
      const descriptor = before[index];
      if (descriptor === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, descriptor);
    });
  }
}

/** Runs code that is not the strategy's from within: what takes its events. */
export function unguarded<Result>(run: () => Result): Result {
  const was = active;
  active = false;
  try {
    return run();
  } finally {
    active = was;
  }
}
