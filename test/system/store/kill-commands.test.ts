import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Account } from '../../handlers/aggregates.mjs';
import { openBank } from '../../support/aggregates.js';
import { Child } from '../../support/child.js';
import { collect } from '../../support/collect.js';
import { snapshotsIn } from '../../support/ledgers.js';
import { checkReplies, type Reply } from '../../support/replies.js';
import { tempStore } from '../../support/temp-folder.js';

interface Told extends Reply {
  readonly commandId: string;
}

function replyIn(line: string): Told {
  const [commandId = '', id = '', name, ...numbers] = line.split(' ');
  const [amount = 0, reply = 0, version = 0, position = 0] = numbers.map(Number);
  return { commandId, id, name: name as Reply['name'], amount, reply, version, position };
}

describe.each([
  ['os', 0],
  ['disk', 2],
] as const)('a process killed with SIGKILL while it has commands: %s, %i threads', (durability, threads) => {
  test('twice: every reply that left is true, and the same command gets it again', async () => {
    const store = tempStore();
    const told: Told[] = [];
    for (const [index, lines] of [100, 300].entries()) {
      const child = new Child('commands-until-killed.mjs', store, durability, String(threads), `run${index}`);
      await child.wrote(lines);
      await child.kill();
      // The last line may be cut off in its middle.
      told.push(...child.lines.slice(0, -1).map(replyIn));
    }
    expect(told.length).toBeGreaterThanOrEqual(390);
    expect(verifyStore(store)).toMatchObject({ problems: [] });
    // Ten accounts, of hundreds of events.
    expect(snapshotsIn(store)).toEqual([[1, 10]]);
    const engine = await openBank({ store, durability, threads });
    await checkReplies(engine, told);
    const { length } = await collect(engine);
    // Those of each account's newest events are known.
    for (const { commandId, id, name, amount, reply, version, position } of told.slice(-20)) {
      const again = await engine.execute(Account, id, name, { amount }, { commandId });
      expect(again).toEqual({ reply, version, position, isRepeated: true });
    }
    expect(await collect(engine)).toHaveLength(length);
  });
});
