import type { TypedShape } from '../../events/emission.js';
import type { Shape } from '../../events/shape-index.js';
import type { WireError } from '../../kernel/error-codec.js';

/** An aggregate that a lane has loaded, as it tells the main thread. */
export interface LoadedAggregate {
  readonly name: string;
  readonly commands: readonly string[];
  /** Version of the definition. */
  readonly version: number;
  /** Events between two snapshots; left out: it has none. */
  readonly snapshotEvery?: number;
}

/** An aggregate's state that is to be saved, or was. */
export interface StateSnapshot {
  /** The aggregate's version that the state is of. */
  readonly version: number;
  /** A payload. */
  readonly state: Uint8Array;
  /** A payload, for lanes alone. */
  readonly notes: Uint8Array;
}

/** What a lane says of snapshots unasked. */
export type SnapshotNews =
  /** One that is made of durable events alone. */
  | {
      readonly kind: 'made';
      readonly type: number;
      readonly id: string;
      /** Of the event that it is of. */
      readonly position: number;
      readonly snapshot: StateSnapshot;
    }
  /** One cannot be read or made; the aggregate is read from its events. */
  | { readonly kind: 'failed'; readonly type: number; readonly id: string; readonly error: WireError };

/** Which snapshot will do in the place of an aggregate's first events. */
export interface SnapshotWish {
  /** Index of the aggregate's definition. */
  readonly type: number;
  /** It must be of a lower version; left out: any. */
  readonly below?: number;
}

/** A command on its way to its lane. */
export interface CommandOrder {
  readonly kind: 'command';
  /** Number of this sending. */
  readonly number: number;
  /** Index of the aggregate's definition among those of the lane. */
  readonly type: number;
  readonly id: string;
  readonly name: string;
  /** The version that the aggregate has on the main thread, at least. */
  readonly version: number;
  /** The time of its events, in epoch milliseconds; undefined when each must have its own. */
  readonly time: number | undefined;
  readonly commandId: string | undefined;
  /** Text fields for the metadata of its events, of a trace. */
  readonly carrier: Readonly<Record<string, string>> | undefined;
  /** Of a handler's: the event that led to it, and that one's story. */
  readonly cause?: { readonly causationId: string; readonly correlationId: string } | undefined;
  /** Where its input ends in the message's bytes; it begins where the one before ends. */
  readonly inputEnd: number;
}

/** Asks for a copy of an aggregate's state. */
export interface QueryOrder {
  readonly kind: 'query';
  readonly number: number;
  readonly type: number;
  readonly id: string;
  readonly version: number;
}

/**
 * What the lane has made of an aggregate by now is not in the log: it begins anew from what is. A command that it awaits
 * there need not be awaited any more if it is `first` or came behind that.
 */
export interface ForgetOrder {
  readonly kind: 'forget';
  readonly id: string;
  readonly first: number;
}

/** Events of one aggregate as they lie in the log, in columns; their versions have no gaps. */
export interface RawEvents {
  readonly firstVersion: number;
  readonly types: Uint32Array;
  readonly positions: Float64Array;
  readonly times: Float64Array;
  /** Two for each event: where its payload ends in `bytes`, and its metadata. */
  readonly ends: Uint32Array;
  readonly bytes: Uint8Array;
  /** Left out when all are the aggregate's id. */
  readonly keys?: readonly string[];
}

/** The next events of an aggregate that a lane has asked for. */
export interface PageOrder {
  readonly kind: 'page';
  /** Number of the wish. */
  readonly number: number;
  readonly page:
    | {
        readonly kind: 'events';
        readonly events: RawEvents;
        readonly hasMore: boolean;
        readonly snapshot?: StateSnapshot;
      }
    | { readonly kind: 'failed'; readonly error: WireError };
}

/** What the main thread tells a lane of commands, in order. */
export interface CommandMail {
  readonly kind: 'commands';
  /** All payload shapes, when there are more than the lane was told of here. */
  readonly shapes?: readonly Shape[];
  readonly orders: readonly (CommandOrder | QueryOrder | ForgetOrder | PageOrder)[];
  /** The inputs of the commands, one behind the other. */
  readonly inputs: Uint8Array;
}

/**
 * Why a command came to nothing: its aggregate refused it, something threw, or it breaks a rule that it would break at every
 * try. The lane's own code says so; the code that an error bears is only what its thrower says.
 */
export type CommandFault = 'refused' | 'failed' | 'final';

/** What a lane says of one order, or asks for. */
export type CommandOutcome =
  /** So many events of the answer's are its own, the next ones. */
  | {
      readonly kind: 'decided';
      readonly number: number;
      /** The version that it was decided on. */
      readonly version: number;
      readonly events: number;
      /** Where the reply ends in the answer's replies. */
      readonly replyEnd: number;
      /** The state behind its events, when one is to be saved. */
      readonly snapshot?: StateSnapshot;
    }
  /** It was done before, under its id. */
  | {
      readonly kind: 'repeated';
      readonly number: number;
      /** The place of its last event then. */
      readonly version: number;
      readonly position: number;
      readonly replyEnd: number;
    }
  | {
      readonly kind: 'failed';
      readonly number: number;
      /** The version that it was decided on; undefined when it came to no decision. */
      readonly version: number | undefined;
      readonly fault: CommandFault;
      readonly error: WireError;
    }
  /** The state for a query, as `v8.serialize` writes it. */
  | { readonly kind: 'state'; readonly number: number; readonly version: number; readonly state: Uint8Array }
  /** The lane needs the events of an aggregate from a version on, or a snapshot and the events behind it. */
  | {
      readonly kind: 'wanted';
      readonly number: number;
      readonly id: string;
      readonly from: number;
      readonly snapshot?: SnapshotWish;
    };

/** What has come of some orders. */
export interface CommandAnswer {
  readonly kind: 'commands';
  readonly outcomes: readonly CommandOutcome[];
  /** As in `LaneAnswer`; the cause of each is the number of its command. */
  readonly emitted: Uint8Array | undefined;
  readonly unknownShapes: readonly TypedShape[];
  readonly replies: Uint8Array;
  readonly snapshots?: readonly SnapshotNews[];
}

/** The way of commands to a lane and back, first in, first out both ways. */
export interface CommandLane {
  readonly loaded: readonly LoadedAggregate[];
  /** Set by the lane's owner: hears of everything that comes of orders. */
  answered: (answer: CommandAnswer) => void;
  take(mail: CommandMail): void;
}
