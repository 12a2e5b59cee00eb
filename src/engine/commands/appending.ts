import type { Codec } from '../../events/codec.js';
import type { Emission } from '../../events/emission.js';
import type { RegisteredType } from '../../events/registry.js';
import { decodeError } from '../../kernel/error-codec.js';
import { ConcurrencyError, EngineFailedError, NotDeterministicError } from '../../kernel/errors.js';
import { isThenable } from '../../kernel/thenable.js';
import type { CommandResult } from '../../lanes/aggregates/command-types.js';
import type { CheckedOptions } from '../check-options.js';
import { needOf } from '../intake/append.js';
import type { IntakeFlow, IntakeParts } from '../intake/intake-flow.js';
import { enter, takeTogether, whenAt } from '../intake/taking.js';
import type { Receipt } from '../options.js';
import type { Directory } from '../sequence/directory.js';
import type { Prepared } from '../sequence/row-facts.js';
import type { Outcome, PendingCommand } from './command.js';
import type { CommandSender } from './command-sender.js';
import { MAX_COMMAND_RUNS } from './limits.js';
import type { Snapshots } from './snapshots.js';

/** What commands ask of the flow besides what taking events in does. */
export interface CommandFlow {
  /** What follows when there may be room for something. */
  pump(): void;
}

/** What settling commands works with. */
export interface AppendingParts extends IntakeParts {
  readonly hub: IntakeFlow & CommandFlow;
  readonly directory: Directory;
  readonly options: CheckedOptions;
  readonly codec: Codec;
  readonly snapshots: Snapshots;
  /** By stored type id. */
  readonly types: readonly (RegisteredType | undefined)[];
}

/** What becomes of a decided command. */
export interface AppendingEvents {
  /** Nothing takes it back. Its caller hears of it from here. */
  accepted(command: PendingCommand): void;
  /** Its aggregate has moved on since it decided. */
  inVain(command: PendingCommand): void;
  failed(command: PendingCommand, error: unknown): void;
}

type Decided = Outcome & { readonly kind: 'decided' };

/** Why a decision is not appended. */
const MOVED = Symbol('moved');
const STALE = Symbol('stale');

const NO_ROOM = { events: 0, bytes: 0 };

/** Makes decisions count: appends what follows from them at the version that they were made on, and tells the callers. */
export class Appending {
  readonly #parts: AppendingParts;
  readonly #events: AppendingEvents;

  constructor(parts: AppendingParts, events: AppendingEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /**
   * Calls `go` when a command may decide: in deterministic mode in the order of all calls, when everything before it in its
   * key is in the log.
   */
  hold(command: PendingCommand, go: () => void, refuse: (error: unknown) => void): void {
    const { options, entrance, directory } = this.#parts;
    // A handler's command has its key already.
    if (!options.deterministic || command.call.sender) {
      go();
      return;
    }
    const { call, wave } = command;
    const hold = () => {
      const key = directory.keyNameOf(call.id);
      const held = () => {
        command.heldKey = key;
        go();
      };
      entrance.hold(key, held, refuse);
    };
    // It takes no room, but publishers that were there before it may wait for some.
    if (entrance.admission.isOpenFor(NO_ROOM)) hold();
    else entrance.whenRoom(hold, call.signal, { need: NO_ROOM, wave }).catch(refuse);
  }

  /** The command is over: its key is for others again. */
  letGo(command: PendingCommand): void {
    const { heldKey } = command;
    if (heldKey === undefined) return;
    command.heldKey = undefined;
    const { entrance, hub } = this.#parts;
    entrance.letGo(heldKey);
    queueMicrotask(() => hub.pump());
  }

  /** Makes the first decided command of an aggregate count, or says that it is to decide again. */
  settle(command: PendingCommand): void {
    const outcome = command.outcome as Outcome;
    if (outcome.kind === 'repeated') this.#settleAt(command, outcome);
    else if (outcome.kind === 'decided' && outcome.emissions.length > 0) this.#append(command, outcome);
    else if (outcome.version === undefined || outcome.version === this.#versionOf(command)) {
      // What it saw may not be in the store yet; its caller must not know more than that.
      const position = outcome.version === undefined ? 0 : this.#parts.directory.positionOf(command.call.id);
      this.#settleAt(command, { position, version: outcome.version ?? 0 });
    } else this.#inVain(command);
  }

  #versionOf({ call }: PendingCommand): number {
    return this.#parts.directory.versionOf(call.id);
  }

  #settleAt(command: PendingCommand, receipt: Receipt): void {
    const { until } = command.call;
    this.#events.accepted(command);
    const at = whenAt(this.#parts, receipt, until === 'handled' ? 'durable' : until);
    if (isThenable(at)) at.then(() => this.#tell(command, receipt), command.reject);
    else this.#tell(command, receipt);
  }

  #append(command: PendingCommand, outcome: Decided): void {
    const { queue, call, number, wave } = command;
    let isAccepted = false;
    const refused = (error: unknown) => {
      if (isAccepted) command.reject(error);
      else if (error === MOVED) this.#inVain(command);
      else if (error !== STALE) this.#events.failed(command, error);
    };
    queue.isAppending = true;
    let entered: Receipt | Promise<Receipt>;
    try {
      const prepared = outcome.emissions.map((emission) => this.#prepared(emission, outcome, call.sender));
      const accept = (): Receipt | Promise<Receipt> => {
        // It was taken back while it waited for room.
        if (command.number !== number || command.isSettled) throw STALE;
        if (outcome.version !== this.#versionOf(command)) throw MOVED;
        this.#parts.directory.checkRoom(prepared);
        const taken = takeTogether(this.#parts, prepared, call.until);
        if (outcome.snapshot) this.#parts.snapshots.accepted(call.type, call.id, outcome.snapshot);
        isAccepted = true;
        this.#events.accepted(command);
        return taken;
      };
      entered = this.#parts.waves.within(wave, () => this.#enter(command, prepared, accept));
    } catch (error) {
      refused(error);
      return;
    }
    const done = (receipt: Receipt) => this.#tell(command, receipt);
    if (isThenable(entered)) entered.then(done, refused);
    else done(entered);
  }

  #enter(
    command: PendingCommand,
    prepared: readonly Prepared[],
    accept: () => Receipt | Promise<Receipt>,
  ): Receipt | Promise<Receipt> {
    const { heldKey, call } = command;
    const [first] = prepared as [Prepared];
    // As what handlers emit: those that would have to make room may wait for it.
    if (call.sender) {
      checkKey(call.sender, first);
      return accept();
    }
    const need = needOf(prepared, this.#parts.options);
    // What waits for the key that it holds may be what the engine is full of. Of a new aggregate one behind it may hold the key.
    if (heldKey === first.partitionKey || isHeldBehind(command, first.partitionKey)) return accept();
    // When a command decides depends on the lanes, so its events do not move the time of the data.
    return enter(this.#parts, first, call.signal, accept, { ...need, latest: Number.NEGATIVE_INFINITY });
  }

  #prepared(emission: Emission, { bytes }: Decided, sender: CommandSender | undefined): Prepared {
    const {
      type: id,
      aggregateId,
      partitionKey,
      occurredAt,
      dataOffset,
      dataLength,
      metadataLength,
    } = emission;
    const type = this.#parts.types[id];
    if (!type || !bytes) {
      const error = new EngineFailedError(`A lane decided on an event of the unknown type ${id}.`);
      this.#parts.hub.fail(error);
      throw error;
    }
    return {
      type,
      aggregateId,
      partitionKey: partitionKey || aggregateId,
      occurredAt,
      causation: sender?.position ?? 0,
      bytes,
      start: dataOffset,
      dataLength,
      metadataLength,
    };
  }

  #inVain(command: PendingCommand): void {
    command.runs++;
    if (command.runs < MAX_COMMAND_RUNS) {
      this.#events.inVain(command);
      return;
    }
    const { id, name } = command.call;
    const error = new ConcurrencyError(
      `Command '${name}' of '${id}' decided ${command.runs} times, and each time something else had been appended to the aggregate meanwhile. Publish less to it beside its commands.`,
      { details: { aggregateId: id, command: name, actual: this.#versionOf(command) } },
    );
    this.#events.failed(command, error);
  }

  #tell({ outcome, resolve, reject }: PendingCommand, { position, version }: Receipt): void {
    if (outcome?.kind === 'failed') reject(decodeError(outcome.error));
    else if (outcome) {
      const { codec } = this.#parts;
      const reply = outcome.reply && codec.unpack(outcome.reply);
      const hasEvents = outcome.kind === 'repeated' || outcome.emissions.length > 0;
      const result: CommandResult = {
        reply,
        version,
        position: hasEvents ? position : 0,
        isRepeated: outcome.kind === 'repeated',
      };
      resolve(result);
    }
  }
}

/** Whether another command of the aggregate, which waits for this one, keeps the key quiet. Only in deterministic mode are keys held. */
function isHeldBehind({ heldKey, queue }: PendingCommand, key: string): boolean {
  return heldKey !== undefined && queue.items.some((one) => one.heldKey === key);
}

/** @throws NotDeterministicError when a handler's command would write to another key than the event's that led to it. */
function checkKey({ heldKey }: CommandSender, { type, partitionKey }: Prepared): void {
  if (heldKey === undefined || heldKey === partitionKey) return;
  throw new NotDeterministicError(
    `A command of an event of key '${heldKey}' emitted '${type.type}' to key '${partitionKey}'. In deterministic mode a handler sends commands to aggregates of the key of its own event: events of two keys meet in an order that depends on timing.`,
    { details: { key: heldKey, other: partitionKey } },
  );
}
