import { type CommitBatch, createTestEngine, MemoryStore } from 'millrace/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Account } from '../../handlers/aggregates.mjs';
import { BANK, deposit, withdraw } from '../../support/aggregates.js';

/** A store whose commits wait until they are let go. */
class HeldStore extends MemoryStore {
  isHeld = false;
  #waiting: (() => void)[] = [];

  letGo(): void {
    this.isHeld = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  override async commit(batch: CommitBatch): Promise<void> {
    if (this.isHeld) await new Promise<void>((go) => this.#waiting.push(go));
    await super.commit(batch);
  }
}

async function openHeld() {
  const store = new HeldStore('test');
  const engine = await createTestEngine({ events: BANK, aggregates: [Account], store });
  onTestFinished(async () => {
    store.letGo();
    await engine.close();
  });
  return { store, engine };
}

test('no answer leaves before the commit of what it was decided on: no reply, no refusal, and none of a command without events', async () => {
  const { store, engine } = await openHeld();
  await deposit(engine, 'ann', 5);
  store.isHeld = true;
  const answered: string[] = [];
  const note = (name: string, answer: Promise<unknown>) =>
    answer.then(
      () => answered.push(name),
      () => answered.push(name),
    );
  const all = [
    note('reply', withdraw(engine, 'ann', 5)),
    note('refusal', withdraw(engine, 'ann', 1)),
    note('look', engine.execute(Account, 'ann', 'look', undefined)),
    note('repetition', withdraw(engine, 'ann', 1, { commandId: 'a' })),
  ];
  // A query waits for no disk; by then all of them have been decided.
  await expect.poll(() => engine.query(Account, 'ann', ({ balance }) => balance)).toBe(0);
  const soon = await withdraw(engine, 'ann', 1, { until: 'accepted' }).catch(({ code }) => code);
  expect(soon).toBe('MILLRACE_COMMAND_REFUSED');
  expect(answered).toEqual([]);
  store.letGo();
  await Promise.all(all);
  expect(answered.toSorted()).toEqual(['look', 'refusal', 'repetition', 'reply']);
});
