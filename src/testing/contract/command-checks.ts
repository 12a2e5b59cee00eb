import type { CommandChange, StoredCommand } from '../store.js';
import { type MakeStore, type StoreCheck, same, type Trial } from './trial.js';
import { openWithEvents } from './with-events.js';

/** A handler's command of a check. */
export function command(number: number, input?: string): StoredCommand {
  const names = { handler: 'h', aggregate: 'box', aggregateId: `box ${number}`, command: 'add' };
  const ids = { causationId: 'event \ud800', correlationId: 'story' };
  const carrier = number % 2 === 0 ? { carrier: { traceparent: '00-01' } } : {};
  return { number, key: 1, position: 1, index: number - 1, time: 5.5, ...names, ...ids, ...carrier, input };
}

/** A change as a store is given it. */
export function commandChange(put: readonly StoredCommand[], remove: readonly number[] = []): CommandChange {
  return { put, remove };
}

/** The commands that a trial has, in pages of two. */
export function commandsIn({ reader }: Trial): StoredCommand[] {
  const found: StoredCommand[] = [];
  for (let page = reader.commands({ after: 0, limit: 2 }); page.length > 0; ) {
    found.push(...page);
    page = reader.commands({ after: page.at(-1)?.number ?? 0, limit: 2 });
  }
  return found;
}

/** What every store must do with handlers' commands. */
export function commandChecks(make: MakeStore): StoreCheck[] {
  return [
    {
      name: 'handlers’ commands come in the order of their numbers, page by page, and those that are removed are gone',
      run: async () => {
        await using trial = await openWithEvents(make);
        same(commandsIn(trial), [], 'commands before there are any');
        // Bytes of each kind: they are no text.
        const all = [command(1, ''), command(2, '\u0000\u00ff'), command(3), command(5, 'x')];
        await trial.commit({ commands: commandChange([...all].reverse()) });
        same(commandsIn(trial), all, 'commands');
        await trial.commit({ commands: commandChange([command(6)], [2, 5, 99]) });
        same(commandsIn(trial), [command(1, ''), command(3), command(6)], 'commands when some are removed');
        await trial.commit({ commands: commandChange([], [1, 3, 6]) });
        same(commandsIn(trial), [], 'commands when all are removed');
      },
    },
  ];
}
