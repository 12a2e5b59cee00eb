import type { Emission } from '../../events/emission.js';
import type { WireError } from '../../kernel/error-codec.js';
import type { CommandResult } from '../../lanes/aggregates/command-types.js';
import type { CommandFault, StateSnapshot } from '../../lanes/aggregates/protocol.js';
import type { LaneSeat } from '../dispatch/lane-seat.js';
import type { Wave } from '../intake/waves.js';
import type { PublishOptions } from '../options.js';
import type { CommandSender } from './command-sender.js';

/** What a caller asks of an aggregate. */
export interface CommandCall {
  readonly kind: 'command';
  /** Index of the aggregate's definition on lanes. */
  readonly type: number;
  readonly id: string;
  readonly name: string;
  /** Encoded; undefined: the input is. */
  readonly input: Buffer | undefined;
  readonly commandId: string | undefined;
  /** The time of its events, in epoch milliseconds; undefined when each must have its own. */
  readonly time: number | undefined;
  readonly until: PublishOptions['until'];
  readonly signal: AbortSignal | undefined;
  /** Fields of the caller's trace. */
  readonly carrier: Readonly<Record<string, string>> | undefined;
  /** The handlers that sent it; left out when a caller of the engine did. */
  readonly sender?: CommandSender;
}

export interface QueryCall {
  readonly kind: 'query';
  readonly type: number;
  readonly id: string;
  readonly signal: AbortSignal | undefined;
}

/** What a lane has made of a command, with what is its own of the lane's answer. */
export type Outcome =
  | {
      readonly kind: 'decided';
      readonly version: number;
      readonly reply: Buffer | undefined;
      readonly emissions: readonly Emission[];
      /** Where the emitted events lie. */
      readonly bytes: Buffer | undefined;
      /** The state behind them, when one is to be saved. */
      readonly snapshot?: StateSnapshot | undefined;
    }
  | {
      readonly kind: 'repeated';
      readonly version: number;
      readonly position: number;
      readonly reply: Buffer | undefined;
    }
  | {
      readonly kind: 'failed';
      readonly version: number | undefined;
      readonly fault: CommandFault;
      readonly error: WireError;
    };

/** A command from when it has room until its caller hears of it. */
export class PendingCommand {
  readonly call: CommandCall;
  readonly queue: AggregateQueue;
  readonly wave: Wave;
  readonly resolve: (result: CommandResult | PromiseLike<CommandResult>) => void;
  readonly reject: (error: unknown) => void;
  /** It may be sent: in deterministic mode when its key is quiet, and kept so for it. */
  mayGo = false;
  heldKey: string | undefined;
  /** Number of its sending; 0 while it is on no lane, and none counts that was given before. */
  number = 0;
  /** The seat that it was sent to last. */
  seat: LaneSeat | undefined;
  outcome: Outcome | undefined;
  /** Times that it was decided in vain. */
  runs = 0;
  /** Lanes that died of it. */
  deaths = 0;
  /** Number of the lane on which it is to run alone: it may be what another one has died of. */
  suspectOn: number | undefined;
  /** Nothing can take it back any more, or it is over. */
  isSettled = false;
  /** Ends the listening to its signal. */
  leave: () => void = () => {};

  constructor(
    call: CommandCall,
    queue: AggregateQueue,
    wave: Wave,
    resolve: PendingCommand['resolve'],
    reject: PendingCommand['reject'],
  ) {
    this.call = call;
    this.queue = queue;
    this.wave = wave;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** A lane's answer to a query. */
export interface SeenState {
  readonly version: number;
  /** As `v8.serialize` writes it. */
  readonly state: Uint8Array;
}

/** A query from when it was asked until its caller hears of it. */
export class PendingQuery {
  readonly call: QueryCall;
  readonly queue: AggregateQueue;
  readonly wave: Wave;
  readonly resolve: (state: unknown) => void;
  readonly reject: (error: unknown) => void;
  number = 0;
  /** `generation` of the queue when it was sent. */
  generation = 0;
  /** Times that it saw what was not to be in the log. */
  runs = 0;
  /** Lanes that died of it, and lanes that had it and died of nothing known. */
  deaths = 0;
  unknownDeaths = 0;
  /** What it saw, which is not in the log yet, and may never be. */
  seen: SeenState | undefined;
  isOver = false;
  leave: () => void = () => {};

  constructor(
    call: QueryCall,
    queue: AggregateQueue,
    wave: Wave,
    resolve: PendingQuery['resolve'],
    reject: PendingQuery['reject'],
  ) {
    this.call = call;
    this.queue = queue;
    this.wave = wave;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** The commands of one aggregate that have not settled, in the order of their calls. */
export class AggregateQueue {
  readonly id: string;
  readonly items: PendingCommand[] = [];
  /** How many of them, from the first on, are on a lane or were. */
  sent = 0;
  /** The lane that has some of them, and how many orders it has not answered. */
  seat: LaneSeat | undefined;
  unanswered = 0;
  /** The first one is being appended. */
  isAppending = false;
  /** What was decided is being settled. */
  isAdvancing = false;
  /** Grows when a lane is told to forget the aggregate. */
  generation = 0;
  /** Queries that nobody has answered. */
  readonly queries = new Set<PendingQuery>();

  constructor(id: string) {
    this.id = id;
  }

  /** Whether nothing of what a lane has made of the aggregate up to a version waits to be appended. */
  isInLog(version: number): boolean {
    for (const { outcome } of this.items) {
      if (!outcome) return true;
      if (outcome.kind === 'decided' && outcome.emissions.length > 0) return outcome.version >= version;
    }
    return true;
  }

  get isOver(): boolean {
    return this.items.length === 0 && this.unanswered === 0 && this.queries.size === 0;
  }
}
