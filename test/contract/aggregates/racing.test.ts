import type { Engine, Notice } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Account, Deposited, Peril } from '../../handlers/aggregates.mjs';
import { openBank } from '../../support/aggregates.js';
import { oneTo } from '../../support/collect.js';
import { storeFor } from '../../support/open-test-engine.js';
import { checkReplies, type Reply } from '../../support/replies.js';

const ACCOUNTS = oneTo(10).map((n) => `acc-${n}`);

/** Of a command that was answered, what it replied; of a refused one nothing, when the refusal is one. */
async function answerOf(engine: Engine, id: string, n: number): Promise<Reply | undefined> {
  const amount = (n * 7) % 13 || 1;
  const name = n % 3 === 0 ? 'deposit' : 'withdraw';
  try {
    const { reply, version, position } = await engine.execute(Account, id, name, { amount });
    return { id, name, amount, reply, version, position };
  } catch (error) {
    const { code, details } = error as { code: string; details: { balance: number } };
    expect(code).toBe('MILLRACE_COMMAND_REFUSED');
    expect(details.balance).toBeLessThan(amount);
    return undefined;
  }
}

describe.each([
  { threads: 2, durability: 'memory' },
  { threads: 2, durability: 'disk' },
] as const)('a thousand racing commands, $threads threads, $durability', ({ threads, durability }) => {
  test('keep every invariant and tell the truth, while lanes die and others publish', async () => {
    const engine = await openBank({ threads, ...storeFor(durability) });
    let deaths = 0;
    engine.onNotice((notice: Notice) => {
      if (notice.kind === 'lane-replaced') deaths++;
    });
    const answers: Promise<Reply | undefined>[] = [];
    const others: Promise<unknown>[] = [];
    let foreign = 0;
    for (const n of oneTo(1000)) {
      const id = ACCOUNTS[(n * 7) % 10] as string;
      answers.push(answerOf(engine, id, n));
      if (n % 250 === 100) others.push(engine.execute(Peril, `p${n}`, 'exit', undefined).catch(() => {}));
      if (n % 500 === 300)
        others.push(engine.execute(Peril, `p${n}`, 'exitLater', undefined).catch(() => {}));
      if (n % 20 === 0) {
        foreign++;
        others.push(engine.publish(Deposited({ account: id, amount: 1 })));
      }
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const replies = (await Promise.all(answers)).filter((reply) => reply !== undefined);
    await Promise.all(others);
    expect(deaths).toBeGreaterThanOrEqual(4);
    expect(replies.length).toBeGreaterThan(330);
    expect(engine.stats().lastPosition).toBe(replies.length + foreign);
    await checkReplies(engine, replies);
  });
});
