import type { Engine, Notice } from 'millrace';
import { expect } from 'vitest';
import { Endangered } from '../handlers/events.mjs';
import { collect, oneTo } from './collect.js';
import { handlers, openTestEngine, type TestEngineOptions } from './open-test-engine.js';

export type Peril = NonNullable<Parameters<typeof Endangered>[0]['peril']>;

/** Far beyond what any event of these tests takes: a test that means to time out says so. */
export const NEVER_MS = 60_000;

const KEYS = 5;
const EACH = 20;

/** An engine whose handlers meet the perils of test/handlers/peril.mjs, and what it told its owner. */
export async function openPerilous({
  timeoutMs = NEVER_MS,
  ...options
}: TestEngineOptions & { readonly timeoutMs?: number }) {
  const module = handlers('peril');
  module.searchParams.set('timeoutMs', String(timeoutMs));
  const engine = await openTestEngine({ handlers: [module], ...options });
  const notices: Notice[] = [];
  engine.onNotice((notice) => notices.push(notice));
  const told = (kind: Notice['kind']) => notices.filter((notice) => notice.kind === kind);
  return { engine, told };
}

/** Harmless events of some keys, and in their midst three of a key for each peril, the second of which meets it. */
export function endangered(perils: readonly Peril[], tries?: number) {
  const neighbours = oneTo(EACH * KEYS).map((count) =>
    Endangered({ id: `k${count % KEYS}`, number: Math.ceil(count / KEYS) }),
  );
  const bad = perils.flatMap((peril) =>
    oneTo(3).map((number) =>
      Endangered({
        id: peril,
        number,
        ...(number === 2 && { peril, ...(tries !== undefined && { tries }) }),
      }),
    ),
  );
  return neighbours.toSpliced(neighbours.length / 2, 0, ...bad);
}

interface Survivor {
  readonly id: string;
  readonly number: number;
  readonly attempt: number;
}

/** `[number, attempt]` of what came through, in the order in which it did, by key. */
export async function survivors(engine: Engine): Promise<Map<string, [number, number][]>> {
  const byKey = new Map<string, [number, number][]>();
  for (const { data } of await collect(engine, { types: ['peril.survived'] })) {
    const { id, number, attempt } = data as Survivor;
    byKey.set(id, [...(byKey.get(id) ?? []), [number, attempt]]);
  }
  return byKey;
}

/** Every neighbour came through once, in order, on its first try. Returns what is left, the perils' own keys. */
export async function expectUnharmed(engine: Engine): Promise<Record<string, [number, number][]>> {
  const left = await survivors(engine);
  for (const key of oneTo(KEYS).map((count) => `k${count % KEYS}`)) {
    expect(left.get(key), key).toEqual(oneTo(EACH).map((number) => [number, 1]));
    left.delete(key);
  }
  return Object.fromEntries(left);
}
