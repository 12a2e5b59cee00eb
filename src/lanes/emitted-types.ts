import type { Codec } from '../events/codec.js';
import type { AnyEventType, NewEvent } from '../events/define-event.js';
import { RegisteredType } from '../events/registry.js';
import { UnknownEventTypeError } from '../kernel/errors.js';
import type { LaneSetup } from './protocol.js';

/** The types that handlers and commands of one lane may emit. */
export class EmittedTypes {
  readonly setup: LaneSetup;
  readonly codec: Codec;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #types = new Map<AnyEventType, RegisteredType>();

  constructor(setup: LaneSetup, codec: Codec) {
    this.setup = setup;
    this.codec = codec;
    this.#ids = new Map(setup.types.map((type) => [`${type.name}@${type.version}`, type.id]));
  }

  /** The registered type of an event that a handler wants to emit. @throws UnknownEventTypeError */
  typeOf(event: NewEvent, call: string): RegisteredType {
    const definition = event?.definition;
    if (!definition) {
      throw new UnknownEventTypeError(
        `ctx.${call} needs an event made by its event type: ctx.${call}(OrderPlaced({ … })${call === 'emit' ? '' : ', …'}).`,
      );
    }
    const known = this.#types.get(definition);
    if (known) return known;
    const id = this.#ids.get(`${definition.type}@${definition.version}`);
    if (id === undefined) {
      throw new UnknownEventTypeError(
        `Event type '${definition.type}' (version ${definition.version}) is not registered. Add it to 'events' in openEngine.`,
        { details: { type: definition.type } },
      );
    }
    const type = new RegisteredType(definition);
    type.id = id;
    this.#types.set(definition, type);
    return type;
  }
}
