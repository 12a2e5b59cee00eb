import { checkEventOptions, type EventOptions, type NewEvent } from '../../events/define-event.js';
import type { EmissionBuffer } from '../../events/emission.js';
import { checkMetadata } from '../../events/payload-check.js';
import { storedMetadata } from '../../events/stored-metadata.js';
import { givenTime } from '../../events/time.js';
import { InvalidNameError, NotDeterministicError } from '../../kernel/errors.js';
import { withCarrier } from '../../observe/tracing.js';
import type { EmittedTypes } from '../emitted-types.js';
import { BrokenRule } from './broken-rule.js';
import { named } from './command-ids.js';
import { DecidedEvent } from './decided-event.js';
import type { CommandOrder } from './protocol.js';

/** Checks and encodes what commands decide, as `append` would. */
export class DecidedEvents {
  readonly #rules: EmittedTypes;
  readonly #emissions: EmissionBuffer;

  constructor(rules: EmittedTypes, emissions: EmissionBuffer) {
    this.#rules = rules;
    this.#emissions = emissions;
  }

  /**
   * Adds the events of one command to those of the lane's answer. Returns them as the log will have them.
   *
   * @param version that they follow.
   * @param asked told that `evolve` looked at a position.
   * @throws as `append`, but BrokenRule for what is not deterministic; the buffer is to be rewound then.
   */
  add(
    order: CommandOrder,
    emitted: readonly NewEvent[],
    version: number,
    asked: () => void,
  ): readonly DecidedEvent[] {
    const events: DecidedEvent[] = [];
    let first: string | undefined;
    for (const event of named(emitted, order.commandId)) {
      const decided = this.#add(order, event, version + events.length + 1, asked);
      first ??= decided.key;
      if (this.#rules.setup.deterministic && decided.key !== first) {
        throw new BrokenRule(
          new NotDeterministicError(
            `A command of '${order.id}' emitted events of the keys ${first}, ${decided.key}: in deterministic mode an aggregate has one key.`,
          ),
        );
      }
      events.push(decided);
    }
    return events;
  }

  #add(order: CommandOrder, event: NewEvent, version: number, asked: () => void): DecidedEvent {
    const { setup, codec } = this.#rules;
    const type = this.#rules.typeOf(event, 'emit');
    checkEventOptions(event);
    const data = setup.validate ? type.parse(event.data) : event.data;
    const aggregateId = type.aggregateId(data);
    if (aggregateId !== order.id) {
      throw new InvalidNameError(
        `Event '${type.type}' belongs to aggregate '${aggregateId}', not to '${order.id}'.`,
      );
    }
    const key = type.partitionKey(data, aggregateId);
    checkMetadata(type.type, event.options?.metadata);
    const given = order.cause ? { ...order.cause, ...event.options } : event.options;
    const options = withCarrier(given, order.carrier);
    const occurredAt = timeOf(type.type, options, order);
    const stored = options && storedMetadata(options);
    const metadata = stored && codec.pack(stored, type.type);
    const start = this.#emissions.end;
    this.#emissions.add(
      type.type,
      {
        cause: order.number,
        type: type.id,
        occurredAt,
        aggregateId,
        partitionKey: key === aggregateId ? '' : key,
      },
      data,
      metadata,
    );
    const facts = {
      run: setup.run,
      type: type.type,
      aggregateId,
      key,
      version,
      occurredAt,
      data: this.#emissions.dataAt(start),
      stored: metadata && (codec.unpack(metadata) as typeof stored),
    };
    return new DecidedEvent(facts, asked);
  }
}

function timeOf(type: string, options: EventOptions | undefined, { time }: CommandOrder): number {
  const given = options?.occurredAt;
  if (given !== undefined) return givenTime(type, given);
  if (time !== undefined) return time;
  throw new BrokenRule(
    new NotDeterministicError(
      `Event '${type}' has no time. In deterministic mode time comes from the data: OrderPlaced(data, { occurredAt }).`,
    ),
  );
}
