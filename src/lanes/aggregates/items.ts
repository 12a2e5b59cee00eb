import type { Actor } from './actor.js';
import { CommandFold, type Fold } from './fold.js';
import type { CommandOrder, ForgetOrder, QueryOrder, SnapshotWish } from './protocol.js';

/** An order for an aggregate, with its input still encoded. */
export interface Item {
  readonly order: CommandOrder | QueryOrder | ForgetOrder;
  readonly inputs: Buffer;
  readonly inputStart: number;
}

export interface AskingItem extends Item {
  readonly order: CommandOrder | QueryOrder;
}

export interface CommandItem extends Item {
  readonly order: CommandOrder;
}

/** An aggregate that waits for its events. */
export interface Wish {
  readonly actor: Actor<Item>;
  readonly item: AskingItem;
  /** What they are folded into: the state to be kept, or that of when the command was done before. */
  readonly fold: Fold | CommandFold;
  /** It is a query's own, beside a command that is awaited and goes on with what is kept. */
  readonly isAside?: true;
  /** Its snapshot could not be read. */
  readonly isFromFirst?: true;
}

/** What a wish asks of the log: events, and for its first ones a snapshot in their place. */
export function wantedFor({ item, fold, isFromFirst }: Wish): {
  readonly from: number;
  readonly snapshot?: SnapshotWish;
} {
  const isCommand = fold instanceof CommandFold;
  const from = (isCommand ? fold.seen : fold.version) + 1;
  if (from > 1 || isFromFirst || fold.aggregate.snapshotEvery === undefined) return { from };
  const { type } = item.order;
  return { from, snapshot: { type, ...(isCommand && { below: fold.doneAt }) } };
}
